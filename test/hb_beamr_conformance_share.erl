%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Contents of memories, tables and globals, from one instance to another. Throws
%%% `{cannot, {not_expressible, Why}}' where they cannot be read or written from outside.
-module(hb_beamr_conformance_share).

-export([offer/3]).
-export([is_short/1]).
-export([options/2]).
-export([limits/2]).
-export([complete/3]).
-export([copy/3]).

-export_type([offered/0]).

-type offered() :: {
    {Module :: binary(), Name :: binary()},
    Offer :: hb_beamr:offer() | none,
    Wanted :: hb_beamr_conformance_world:type()
}.
%% An import, what there is for it, and what it asks for.

-type exported() :: {pid(), Name :: binary() | none}.

-define(PAGE, 65536).
-define(MOST_PAGES, 65536).

%% What an instance exports, with its present contents, for the option `imports' of
%% `hb_beamr:start/2'.
-spec offer(hb_beamr_conformance_world:type(), pid(), binary() | none) -> term().
offer({memory, Index, _, Maximum}, Pid, _) ->
    Image = contents(Pid),
    {memory, #{
        index_type => Index,
        minimum => byte_size(Image) div ?PAGE,
        maximum => Maximum,
        image => Image
    }};
offer({table, Of, Index, _, Maximum}, Pid, Name) ->
    Elements = elements({Pid, Name}),
    Offer = #{type => Of, index_type => Index, minimum => length(Elements), maximum => Maximum},
    case lists:all(fun(Element) -> Element =:= null end, Elements) of
        true -> {table, Offer};
        false -> cannot(contents_of_a_table)
    end;
offer({global, Of, Mutability}, Pid, Name) ->
    {global, Of, Mutability, foreign(value({Pid, Name}))}.

%% An instance's own memory or table begins with the size that the import asks for: it may be less
%% than there is.
-spec is_short(offered()) -> boolean().
is_short({_, {memory, #{minimum := Size}}, {memory, _, Minimum, _}}) -> Size > Minimum;
is_short({_, {table, #{minimum := Size}}, {table, _, _, Minimum, _}}) -> Size > Minimum;
is_short(_) -> false.

%% Options of `hb_beamr:start/2' with these offers.
-spec options([offered()], hb_beamr:options()) -> hb_beamr:options().
options([], Options) ->
    Options;
options(Offers, Options) ->
    Imports = maps:from_list([
        {Name, beginning(Offer, Wanted)}
     || {Name, Offer, Wanted} <- Offers, Offer =/= none
    ]),
    Options#{imports => Imports, unresolved => refuse}.

%% An import may allow a larger memory than the one that is imported can become.
-spec limits([offered()], hb_beamr:options()) -> hb_beamr:options().
limits(Offers, Options) ->
    Limits = [
        Maximum * ?PAGE
     || {_, {memory, #{maximum := Maximum}}, _} <- Offers,
        is_integer(Maximum),
        Maximum < ?MOST_PAGES
    ],
    case Limits of
        [] -> Options;
        [Limit | _] -> Options#{max_memory => Limit}
    end.

-spec beginning(hb_beamr:offer(), hb_beamr_conformance_world:type()) -> hb_beamr:offer().
beginning({memory, #{image := Image} = Offer}, {memory, _, Minimum, _}) when
    byte_size(Image) > Minimum * ?PAGE
->
    {memory, Offer#{image := binary:part(Image, 0, Minimum * ?PAGE)}};
beginning(Offer, _) ->
    Offer.

%% Give an instance what it has not got yet of something short.
-spec complete(offered(), memory | table, exported()) -> ok.
complete({_, {memory, #{minimum := Size} = Offer}, {_, _, Minimum, _}}, memory, {Pid, _}) ->
    {ok, Minimum} = hb_beamr_io:grow(Pid, Size - Minimum),
    Image = maps:get(image, Offer, <<>>),
    Given = min(Minimum * ?PAGE, byte_size(Image)),
    <<_:Given/binary, Rest/binary>> = Image,
    ok = hb_beamr_io:write(Pid, Given, Rest);
complete({_, {table, #{minimum := Size}}, {_, _, _, Minimum, _}}, table, To) ->
    {Pid, Name} = exported(To),
    {ok, Minimum} = hb_beamr:table_grow(Pid, Name, Size - Minimum, null),
    ok.

-spec copy(memory | table | global, exported(), exported()) -> ok.
copy(memory, {From, _}, {To, _}) ->
    Contents = contents(From),
    {ok, Size} = hb_beamr_io:size(To),
    {ok, _} = hb_beamr_io:grow(To, (byte_size(Contents) - Size) div ?PAGE),
    ok = hb_beamr_io:write(To, 0, Contents);
copy(table, From, To) ->
    Elements = [foreign(Element) || Element <- elements(From)],
    {Pid, Name} = exported(To),
    {ok, Size} = hb_beamr:table_size(Pid, Name),
    {ok, _} = hb_beamr:table_grow(Pid, Name, length(Elements) - Size, null),
    lists:foreach(
        fun({Index, Element}) -> ok = hb_beamr:table_set(Pid, Name, Index, Element) end,
        lists:zip(lists:seq(0, length(Elements) - 1), Elements)
    );
copy(global, From, To) ->
    Value = foreign(value(From)),
    {Pid, Name} = exported(To),
    ok = hb_beamr:global_set(Pid, Name, Value).

-spec contents(pid()) -> binary().
contents(Pid) ->
    {ok, Contents} = hb_beamr:serialize(Pid),
    Contents.

-spec elements(exported()) -> [hb_beamr:value()].
elements(From) ->
    {Pid, Name} = exported(From),
    {ok, Size} = hb_beamr:table_size(Pid, Name),
    [element_at(Pid, Name, Index) || Index <- lists:seq(0, Size - 1)].

-spec element_at(pid(), binary(), non_neg_integer()) -> hb_beamr:value().
element_at(Pid, Name, Index) ->
    {ok, Element} = hb_beamr:table_get(Pid, Name, Index),
    Element.

-spec value(exported()) -> hb_beamr:value().
value(From) ->
    {Pid, Name} = exported(From),
    {ok, Value} = hb_beamr:global_get(Pid, Name, #{floats => bits}),
    Value.

-spec exported(exported()) -> {pid(), binary()}.
exported({_, none}) -> cannot(not_exported);
exported(Exported) -> Exported.

%% A function of one instance means nothing to another.
-spec foreign(Value) -> Value when Value :: hb_beamr:value().
foreign({funcref, _, _}) -> cannot(function_of_another_instance);
foreign(Value) -> Value.

-spec cannot(atom()) -> no_return().
cannot(Why) ->
    throw({cannot, {not_expressible, Why}}).

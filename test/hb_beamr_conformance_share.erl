%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Contents of memories, tables and globals, from one instance to another. Throws
%%% `{cannot, {not_expressible, Why}}' where they cannot be read or written from outside.
-module(hb_beamr_conformance_share).

-export([offer/3]).
-export([copy/3]).

-type exported() :: {pid(), Name :: binary() | none}.

-define(PAGE, 65536).

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

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc What `start' gets for a module's imports, as the driver wants it.
-module(hb_beamr_offer).

-export([encode/2]).

-define(FUNC, 0).
-define(GLOBAL, 1).
-define(TABLE, 2).
-define(MEMORY, 3).
-define(TAG, 4).

-define(MAX_64, 16#FFFFFFFFFFFFFFFF).

%% @doc All offers for an instance, or why one is none.
-spec encode(term(), pid()) -> {ok, [{Header :: binary(), Image :: binary()}]} | {error, iodata()}.
encode(Offers, Instance) when is_map(Offers) ->
    encode_all(maps:to_list(Offers), Instance, []);
encode(Offers, _Instance) ->
    {error, ["imports are a map, not ", hb_beamr_error:show(Offers)]}.

-spec encode_all([{term(), term()}], pid(), [{binary(), binary()}]) ->
    {ok, [{binary(), binary()}]} | {error, iodata()}.
encode_all([], _Instance, Encoded) ->
    {ok, Encoded};
encode_all([{Names, Offer} | Rest], Instance, Encoded) ->
    case {names(Names), offer(Offer, Instance)} of
        {error, _} ->
            Text = ["an import has the key {Module, Name}, not ", hb_beamr_error:show(Names)],
            {error, Text};
        {_, error} ->
            Shown = [hb_beamr_error:show(Term) || Term <- [Names, Offer]],
            {error, ["not an offer for an import: ", lists:join(" => ", Shown)]};
        {NamesData, {Header, Image}} ->
            encode_all(Rest, Instance, [{<<NamesData/binary, Header/binary>>, Image} | Encoded])
    end.

-spec names(term()) -> binary() | error.
names({Module, Name}) ->
    case {hb_beamr_name:utf8(Module), hb_beamr_name:utf8(Name)} of
        {error, _} -> error;
        {_, error} -> error;
        {M, N} -> <<(byte_size(M)):32/little, M/binary, (byte_size(N)):32/little, N/binary>>
    end;
names(_) ->
    error.

%% What follows the names: a type, a value, and the image of a memory.
-spec offer(term(), pid()) -> {binary(), binary()} | error.
offer(Image, _Instance) when is_binary(Image) ->
    {<<(no_type())/binary, (no_value())/binary>>, Image};
offer({func, Signature}, _Instance) ->
    signed(?FUNC, Signature);
offer({tag, Signature}, _Instance) ->
    signed(?TAG, Signature);
offer({memory, Options}, _Instance) when is_map(Options) ->
    limited(?MEMORY, $i, Options, [minimum, maximum, index_type, image]);
offer({table, #{type := Type} = Options}, _Instance) when Type =:= funcref; Type =:= externref ->
    limited(?TABLE, letter(Type), Options, [type, minimum, maximum, index_type]);
offer({global, Type, Mutability, Value}, Instance) when
    is_atom(Type), Mutability =:= const orelse Mutability =:= var
->
    Mutable =
        case Mutability of
            const -> 0;
            var -> 1
        end,
    case {letter(Type), value(Value, Instance)} of
        {error, _} -> error;
        {_, error} -> error;
        {Letter, Bytes} -> {<<(type(?GLOBAL, Letter, Mutable, <<>>))/binary, Bytes/binary>>, <<>>}
    end;
offer(Value, Instance) ->
    case value(Value, Instance) of
        error -> error;
        Bytes -> {<<(no_type())/binary, Bytes/binary>>, <<>>}
    end.

-spec signed(byte(), term()) -> {binary(), binary()} | error.
signed(Kind, Signature) ->
    case hb_beamr_name:utf8(Signature) of
        Text when is_binary(Text), byte_size(Text) =< 16#FFFF ->
            {<<(type(Kind, $i, 0, Text))/binary, (no_value())/binary>>, <<>>};
        _ ->
            error
    end.

-spec limited(byte(), byte(), map(), [atom()]) -> {binary(), binary()} | error.
limited(Kind, Letter, Options, Allowed) ->
    Minimum = maps:get(minimum, Options, 0),
    Maximum = maps:get(maximum, Options, none),
    Index = maps:get(index_type, Options, i32),
    Image = maps:get(image, Options, <<>>),
    Known = maps:size(maps:without(Allowed, Options)) =:= 0,
    case Known andalso is_binary(Image) andalso limits(Minimum, Maximum, Index) of
        false -> error;
        _ when not is_map_key(minimum, Options), Kind =:= ?MEMORY ->
            image(Options, Image);
        Limits -> {<<1, Kind, Letter, 0, Limits/binary, 0:16, (no_value())/binary>>, Image}
    end.

%% Nothing is said of its type.
-spec image(map(), binary()) -> {binary(), binary()} | error.
image(Options, Image) when
    not is_map_key(maximum, Options), not is_map_key(index_type, Options)
->
    {<<(no_type())/binary, (no_value())/binary>>, Image};
image(_, _) ->
    error.

-spec limits(term(), term(), term()) -> binary() | false.
limits(Minimum, Maximum, Index) when
    is_integer(Minimum),
    Minimum >= 0,
    Minimum =< ?MAX_64,
    Maximum =:= none orelse (is_integer(Maximum) andalso Maximum >= 0 andalso Maximum =< ?MAX_64),
    Index =:= i32 orelse Index =:= i64
->
    {HasMaximum, Most} =
        case Maximum of
            none -> {0, 0};
            _ -> {1, Maximum}
        end,
    Is64 =
        case Index of
            i32 -> 0;
            i64 -> 1
        end,
    <<Is64, HasMaximum, Minimum:64/little, Most:64/little>>;
limits(_, _, _) ->
    false.

-spec type(byte(), byte(), 0..1, binary()) -> binary().
type(Kind, Letter, Mutable, Signature) ->
    <<1, Kind, Letter, Mutable, 0, 0, 0:64, 0:64, (byte_size(Signature)):16/little,
        Signature/binary>>.

-spec no_type() -> binary().
no_type() -> <<0>>.

-spec no_value() -> binary().
no_value() -> <<0>>.

-spec value(term(), pid()) -> binary() | error.
value(Value, Instance) ->
    case hb_beamr_value:encode_one(Value, Instance) of
        error -> error;
        Bytes -> <<1, Bytes/binary>>
    end.

-spec letter(atom()) -> byte() | error.
letter(i32) -> $i;
letter(i64) -> $I;
letter(f32) -> $f;
letter(f64) -> $F;
letter(v128) -> $V;
letter(funcref) -> $p;
letter(externref) -> $r;
letter(_) -> error.

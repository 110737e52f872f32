%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Values of test scripts: as arguments of `hb_beamr:call/6', and what its results are to be.
%%%
%%% Floats are compared by their bits, so calls are made with `floats => bits'.
-module(hb_beamr_conformance_value).

-export([arguments/1]).
-export([match/2]).

-export_type([argument/0]).
-export_type([pattern/0]).

-type argument() ::
    {i32 | i64, integer()}
    | {f32 | f64, Bits :: non_neg_integer()}
    | {v128, <<_:128>>}
    | {extern | host, non_neg_integer()}
    | null
    | {other, argument}.

-type pattern() ::
    {i32 | i64, integer()}
    | {f32 | f64, float_bits()}
    | {v128, [{lane(), float_bits()}]}
    | {extern | host, non_neg_integer()}
    | extern
    | func
    | null
    | {either, [pattern()]}
    | {other, result}.

-type float_bits() :: non_neg_integer() | canonical | arithmetic.
-type lane() :: i8 | i16 | i32 | i64 | f32 | f64.

%% References of the host, and those of garbage collection, are nothing that this library has.
-spec arguments([argument()]) -> {ok, [hb_beamr:value()]} | error.
arguments(Arguments) ->
    case lists:any(fun is_foreign/1, Arguments) of
        true -> error;
        false -> {ok, [argument(Argument) || Argument <- Arguments]}
    end.

-spec is_foreign(argument()) -> boolean().
is_foreign({host, _}) -> true;
is_foreign({other, _}) -> true;
is_foreign(_) -> false.

-spec argument(argument()) -> hb_beamr:value().
argument({Type, Value}) when Type =:= i32; Type =:= i64 -> Value;
argument({Type, Bits}) when Type =:= f32; Type =:= f64 -> {Type, Bits};
argument({v128, Bytes}) -> Bytes;
argument({extern, Number}) -> {externref, Number};
argument(null) -> null.

%% Whether results are what a script expects.
-spec match([hb_beamr:value()], [pattern()]) -> boolean().
match(Values, Patterns) when length(Values) =:= length(Patterns) ->
    lists:all(fun({Value, Pattern}) -> matches(Value, Pattern) end, lists:zip(Values, Patterns));
match(_, _) ->
    false.

-spec matches(hb_beamr:value(), pattern()) -> boolean().
matches(Value, {either, Patterns}) ->
    lists:any(fun(Pattern) -> matches(Value, Pattern) end, Patterns);
matches(Value, {Type, Expected}) when Type =:= i32; Type =:= i64 ->
    Value =:= Expected;
matches({Type, Bits}, {Type, Pattern}) when Type =:= f32; Type =:= f64 ->
    is_float(Type, Bits, Pattern);
matches(<<Bytes:16/binary>>, {v128, Lanes}) ->
    lanes(Bytes, Lanes);
matches({externref, Number}, {extern, Expected}) ->
    Number =:= Expected;
matches({externref, _}, extern) ->
    true;
matches({funcref, _, _}, func) ->
    true;
matches(Value, null) ->
    Value =:= null;
matches(_, _) ->
    false.

-spec lanes(binary(), [{lane(), float_bits()}]) -> boolean().
lanes(<<>>, []) ->
    true;
lanes(Bytes, [{Type, Pattern} | Lanes]) ->
    Width = width(Type),
    <<Bits:Width/little, Rest/binary>> = Bytes,
    is_float(Type, Bits, Pattern) andalso lanes(Rest, Lanes).

-spec width(lane()) -> pos_integer().
width(i8) -> 8;
width(i16) -> 16;
width(i32) -> 32;
width(i64) -> 64;
width(f32) -> 32;
width(f64) -> 64.

%% A canonical not-a-number has the highest bit of its fraction and no other, an arithmetic one has
%% that bit.
-spec is_float(lane(), non_neg_integer(), float_bits()) -> boolean().
is_float(f32, Bits, canonical) -> Bits band 16#7FFFFFFF =:= 16#7FC00000;
is_float(f64, Bits, canonical) -> Bits band 16#7FFFFFFFFFFFFFFF =:= 16#7FF8000000000000;
is_float(f32, Bits, arithmetic) -> Bits band 16#7FC00000 =:= 16#7FC00000;
is_float(f64, Bits, arithmetic) -> Bits band 16#7FF8000000000000 =:= 16#7FF8000000000000;
is_float(_, Bits, Expected) -> Bits =:= Expected.

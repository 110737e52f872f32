%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Values of WebAssembly as Erlang terms, and back.
%%%
%%% In the protocol a value takes 9 bytes: its kind, then 64 bits. The driver knows the types that
%%% are wanted and converts; so an integer goes out as what it is, not as what it has to become.
%%%
%%% The clauses for one to four small integers build their binary in one go: a third of the time
%%% that appending value by value takes.
-module(hb_beamr_value).

-export([decode/1]).
-export([decode_unsigned/1]).
-export([encode/1]).
-export([encode/2]).
-export([count/1]).
-export([encode_one/1]).
-export([zeros/1]).

-export_type([value/0]).

-type value() :: integer() | float() | nan | '+inf' | '-inf'.
%% A number of any type of WebAssembly. Not-a-number and the infinities, which no Erlang float
%% can be, are atoms.

-define(I32, 0).
-define(I64, 1).
-define(F32, 2).
-define(F64, 3).
-define(UNSIGNED, 4).

-define(VALUE_BYTES, 9).
-define(MAX_VALUES, 16#FFFF).

-define(INTEGER(A), ?I64, A:64/little).
-define(FLOAT(A), ?F64, A:64/float-little).

%% Integers that the emulator keeps in one word: comparing them costs nothing.
-define(IS_SMALL(A), is_integer(A), A >= -(1 bsl 59), A < (1 bsl 59)).

%% @doc The values of an answer, in order.
-spec decode(binary()) -> [value()].
decode(<<?I32, Value:32/signed-little, _:32, Rest/binary>>) ->
    [Value | decode(Rest)];
decode(<<?I64, Value:64/signed-little, Rest/binary>>) ->
    [Value | decode(Rest)];
decode(<<?F64, Value:64/float-little, Rest/binary>>) ->
    [Value | decode(Rest)];
decode(<<?F32, Value:32/float-little, _:32, Rest/binary>>) ->
    [Value | decode(Rest)];
decode(<<>>) ->
    [];
decode(<<?F64, Bits:64/little, Rest/binary>>) ->
    [special(Bits band 16#FFFFFFFFFFFFF, Bits bsr 63) | decode(Rest)];
decode(<<?F32, Bits:32/little, _:32, Rest/binary>>) ->
    [special(Bits band 16#7FFFFF, Bits bsr 31) | decode(Rest)].

%% Erlang refuses to match what is neither: the exponent is known to be all ones.
-spec special(Fraction :: non_neg_integer(), Sign :: 0..1) -> nan | '+inf' | '-inf'.
special(0, 0) -> '+inf';
special(0, 1) -> '-inf';
special(_, _) -> nan.

%% @doc The same with integers unsigned, as addresses are.
-spec decode_unsigned(binary()) -> [value()].
decode_unsigned(<<?I32, Value:32/little, _:32, Rest/binary>>) ->
    [Value | decode_unsigned(Rest)];
decode_unsigned(<<?I64, Value:64/little, Rest/binary>>) ->
    [Value | decode_unsigned(Rest)];
decode_unsigned(<<Value:?VALUE_BYTES/binary, Rest/binary>>) ->
    decode(Value) ++ decode_unsigned(Rest);
decode_unsigned(<<>>) ->
    [].

%% @doc Values as the driver wants them, or `error' if one of the terms is none.
-spec encode(term()) -> binary() | error.
encode([A]) when ?IS_SMALL(A) ->
    <<?INTEGER(A)>>;
encode(Values) ->
    append(Values, <<>>, ?MAX_VALUES).

%% @doc The same behind the number of a function: the arguments of a call.
-spec encode(Function :: non_neg_integer(), term()) -> binary() | error.
encode(F, []) ->
    <<F:32/little>>;
encode(F, [A]) when ?IS_SMALL(A) ->
    <<F:32/little, ?INTEGER(A)>>;
encode(F, [A, B]) when ?IS_SMALL(A), ?IS_SMALL(B) ->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B)>>;
encode(F, [A, B, C]) when ?IS_SMALL(A), ?IS_SMALL(B), ?IS_SMALL(C) ->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B), ?INTEGER(C)>>;
encode(F, [A, B, C, D]) when ?IS_SMALL(A), ?IS_SMALL(B), ?IS_SMALL(C), ?IS_SMALL(D) ->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B), ?INTEGER(C), ?INTEGER(D)>>;
encode(F, [A]) when is_float(A) ->
    <<F:32/little, ?FLOAT(A)>>;
encode(F, [A, B]) when is_float(A), is_float(B) ->
    <<F:32/little, ?FLOAT(A), ?FLOAT(B)>>;
encode(F, Values) ->
    append(Values, <<F:32/little>>, ?MAX_VALUES).

%% @doc How many values these bytes are.
-spec count(binary()) -> non_neg_integer().
count(Bytes) ->
    byte_size(Bytes) div ?VALUE_BYTES.

-spec append(term(), binary(), non_neg_integer()) -> binary() | error.
append([A | Rest], Bytes, Left) when ?IS_SMALL(A), Left > 0 ->
    append(Rest, <<Bytes/binary, ?INTEGER(A)>>, Left - 1);
append([A | Rest], Bytes, Left) when is_float(A), Left > 0 ->
    append(Rest, <<Bytes/binary, ?FLOAT(A)>>, Left - 1);
append([Value | Rest], Bytes, Left) when Left > 0 ->
    case encode_one(Value) of
        error -> error;
        Encoded -> append(Rest, <<Bytes/binary, Encoded/binary>>, Left - 1)
    end;
append([], Bytes, _) ->
    Bytes;
append(_, _, _) ->
    error.

%% @doc One value.
-spec encode_one(term()) -> binary() | error.
encode_one(A) when is_float(A) ->
    <<?FLOAT(A)>>;
encode_one(A) when is_integer(A), A >= -16#8000000000000000, A =< 16#7FFFFFFFFFFFFFFF ->
    <<?INTEGER(A)>>;
encode_one(A) when is_integer(A), A > 0, A =< 16#FFFFFFFFFFFFFFFF ->
    <<?UNSIGNED, A:64/little>>;
encode_one(nan) ->
    <<?F64, 16#7FF8000000000000:64/little>>;
encode_one('+inf') ->
    <<?F64, 16#7FF0000000000000:64/little>>;
encode_one('-inf') ->
    <<?F64, 16#FFF0000000000000:64/little>>;
encode_one(_) ->
    error.

%% @doc `Count' values, all zero.
-spec zeros(non_neg_integer()) -> binary().
zeros(Count) ->
    binary:copy(<<?I64, 0:64>>, Count).

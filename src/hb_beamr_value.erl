%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Values of WebAssembly as Erlang terms, and back.
%%%
%%% In the protocol a value takes 9 bytes: its kind, then 64 bits; a v128 takes 17. The driver knows
%%% the types that are wanted and converts; so an integer goes out as what it is, not as what it has
%%% to become.
%%%
%%% The clauses for one to four small integers build their binary in one go: a third of the time
%%% that appending value by value takes.
-module(hb_beamr_value).

-export([decode/2]).
-export([decode/3]).
-export([decode_unsigned/1]).
-export([floats/1]).
-export([encode/2]).
-export([encode/3]).
-export([explain/2]).
-export([encode_one/2]).
-export([zeros/1]).

-export_type([value/0]).
-export_type([number_value/0]).
-export_type([vector/0]).
-export_type([ref/0]).
-export_type([funcref/0]).
-export_type([floats/0]).

-type value() :: number_value() | vector() | ref().

-type number_value() ::
    integer()
    | float()
    | nan
    | '+inf'
    | '-inf'
    | {f32, Bits :: 0..16#FFFFFFFF}
    | {f64, Bits :: 0..16#FFFFFFFFFFFFFFFF}.
%% A number of any type of WebAssembly. Not-a-number and the infinities, which no Erlang float
%% can be, are atoms; or any float is given by its bits.

-type vector() :: <<_:128>>.
%% A v128, as it is in memory: the lowest lane first, each lane little-endian.

-type ref() :: null | {externref, term()} | funcref().

-type funcref() :: {funcref, pid(), non_neg_integer()}.
%% A function of an instance.

-type floats() :: numbers | bits.
%% How floats come back: as Erlang floats and atoms, or as bits.

-define(I32, 0).
-define(I64, 1).
-define(F32, 2).
-define(F64, 3).
-define(UNSIGNED, 4).
-define(NULL, 5).
-define(FUNCREF, 6).
-define(EXTERNREF, 7).
-define(V128, 8).

%% Of a value that is no v128, and of a v128 without its kind.
-define(VALUE_BYTES, 9).
-define(V128_BYTES, 16).
-define(MAX_VALUES, 16#FFFF).

-define(INTEGER(A), ?I64, A:64/little).
-define(FLOAT(A), ?F64, A:64/float-little).

%% Integers that the emulator keeps in one word: comparing them costs nothing.
-define(IS_SMALL(A), is_integer(A), A >= -(1 bsl 59), A < (1 bsl 59)).

%% @doc The values that an instance gave, in order.
-spec decode(binary(), pid()) -> [value()].
decode(<<?I32, Value:32/signed-little, _:32, Rest/binary>>, Instance) ->
    [Value | decode(Rest, Instance)];
decode(<<?I64, Value:64/signed-little, Rest/binary>>, Instance) ->
    [Value | decode(Rest, Instance)];
decode(<<?F64, Value:64/float-little, Rest/binary>>, Instance) ->
    [Value | decode(Rest, Instance)];
decode(<<?F32, Value:32/float-little, _:32, Rest/binary>>, Instance) ->
    [Value | decode(Rest, Instance)];
decode(<<>>, _Instance) ->
    [];
decode(<<?F64, Bits:64/little, Rest/binary>>, Instance) ->
    [special(Bits band 16#FFFFFFFFFFFFF, Bits bsr 63) | decode(Rest, Instance)];
decode(<<?F32, Bits:32/little, _:32, Rest/binary>>, Instance) ->
    [special(Bits band 16#7FFFFF, Bits bsr 31) | decode(Rest, Instance)];
decode(<<?V128, Value:?V128_BYTES/binary, Rest/binary>>, Instance) ->
    [binary:copy(Value) | decode(Rest, Instance)];
decode(<<Kind, Bits:64/little, Rest/binary>>, Instance) ->
    [reference(Kind, Bits, Instance) | decode(Rest, Instance)].

%% @doc The same with floats as wanted.
-spec decode(binary(), pid(), floats()) -> [value()].
decode(Values, Instance, numbers) ->
    decode(Values, Instance);
decode(<<?F32, Bits:32/little, _:32, Rest/binary>>, Instance, bits) ->
    [{f32, Bits} | decode(Rest, Instance, bits)];
decode(<<?F64, Bits:64/little, Rest/binary>>, Instance, bits) ->
    [{f64, Bits} | decode(Rest, Instance, bits)];
decode(<<?V128, Value:?V128_BYTES/binary, Rest/binary>>, Instance, bits) ->
    [binary:copy(Value) | decode(Rest, Instance, bits)];
decode(<<Value:?VALUE_BYTES/binary, Rest/binary>>, Instance, bits) ->
    decode(Value, Instance) ++ decode(Rest, Instance, bits);
decode(<<>>, _Instance, bits) ->
    [].

%% @doc What the options of a call say of floats.
-spec floats(term()) -> floats().
floats(#{floats := bits}) -> bits;
floats(_) -> numbers.

-spec reference(byte(), non_neg_integer(), pid()) -> ref().
reference(?NULL, _, _Instance) -> null;
reference(?FUNCREF, Function, Instance) -> {funcref, Instance, Function};
reference(?EXTERNREF, Number, Instance) -> {externref, hb_beamr_externref:get(Instance, Number)}.

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
decode_unsigned(<<?V128, Value:?V128_BYTES/binary, Rest/binary>>) ->
    [binary:copy(Value) | decode_unsigned(Rest)];
decode_unsigned(<<Value:?VALUE_BYTES/binary, Rest/binary>>) ->
    decode(Value, self()) ++ decode_unsigned(Rest);
decode_unsigned(<<>>) ->
    [].

%% @doc Values as the driver wants them for an instance, or `error' if one of the terms is none;
%% `explain/2' says which.
-spec encode(term(), pid()) -> binary() | error.
encode([A], _Instance) when ?IS_SMALL(A) ->
    <<?INTEGER(A)>>;
encode(Values, Instance) ->
    append(Values, <<>>, ?MAX_VALUES, Instance).

%% @doc The same behind the number of a function: the arguments of a call.
-spec encode(Function :: non_neg_integer(), term(), pid()) -> binary() | error.
encode(F, [], _Instance) ->
    <<F:32/little>>;
encode(F, [A], _Instance) when ?IS_SMALL(A) ->
    <<F:32/little, ?INTEGER(A)>>;
encode(F, [A, B], _Instance) when ?IS_SMALL(A), ?IS_SMALL(B) ->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B)>>;
encode(F, [A, B, C], _Instance) when ?IS_SMALL(A), ?IS_SMALL(B), ?IS_SMALL(C) ->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B), ?INTEGER(C)>>;
encode(F, [A, B, C, D], _Instance) when
    ?IS_SMALL(A), ?IS_SMALL(B), ?IS_SMALL(C), ?IS_SMALL(D)
->
    <<F:32/little, ?INTEGER(A), ?INTEGER(B), ?INTEGER(C), ?INTEGER(D)>>;
encode(F, [A], _Instance) when is_float(A) ->
    <<F:32/little, ?FLOAT(A)>>;
encode(F, [A, B], _Instance) when is_float(A), is_float(B) ->
    <<F:32/little, ?FLOAT(A), ?FLOAT(B)>>;
encode(F, Values, Instance) ->
    append(Values, <<F:32/little>>, ?MAX_VALUES, Instance).

-spec append(term(), binary(), non_neg_integer(), pid()) -> binary() | error.
append([A | Rest], Bytes, Left, Instance) when ?IS_SMALL(A), Left > 0 ->
    append(Rest, <<Bytes/binary, ?INTEGER(A)>>, Left - 1, Instance);
append([A | Rest], Bytes, Left, Instance) when is_float(A), Left > 0 ->
    append(Rest, <<Bytes/binary, ?FLOAT(A)>>, Left - 1, Instance);
append([Value | Rest], Bytes, Left, Instance) when Left > 0 ->
    case encode_one(Value, Instance) of
        error -> error;
        Encoded -> append(Rest, <<Bytes/binary, Encoded/binary>>, Left - 1, Instance)
    end;
append([], Bytes, _, _Instance) ->
    Bytes;
append(_, _, _, _Instance) ->
    error.

%% @doc One value.
-spec encode_one(term(), pid()) -> binary() | error.
encode_one({externref, Term}, Instance) ->
    case hb_beamr_externref:put(Instance, Term) of
        full -> error;
        Number -> <<?EXTERNREF, Number:64/little>>
    end;
encode_one({funcref, Instance, Function}, Instance) when
    is_integer(Function), Function >= 0, Function < 16#FFFFFFFF
->
    <<?FUNCREF, Function:64/little>>;
encode_one(Value, _Instance) ->
    encode_plain(Value).

-spec encode_plain(term()) -> binary() | error.
encode_plain(A) when is_float(A) ->
    <<?FLOAT(A)>>;
encode_plain(A) when is_integer(A), A >= -16#8000000000000000, A =< 16#7FFFFFFFFFFFFFFF ->
    <<?INTEGER(A)>>;
encode_plain(A) when is_integer(A), A > 0, A =< 16#FFFFFFFFFFFFFFFF ->
    <<?UNSIGNED, A:64/little>>;
encode_plain(nan) ->
    <<?F64, 16#7FF8000000000000:64/little>>;
encode_plain('+inf') ->
    <<?F64, 16#7FF0000000000000:64/little>>;
encode_plain('-inf') ->
    <<?F64, 16#FFF0000000000000:64/little>>;
encode_plain({f32, Bits}) when is_integer(Bits), Bits >= 0, Bits =< 16#FFFFFFFF ->
    <<?F32, Bits:64/little>>;
encode_plain({f64, Bits}) when is_integer(Bits), Bits >= 0, Bits =< 16#FFFFFFFFFFFFFFFF ->
    <<?F64, Bits:64/little>>;
encode_plain(null) ->
    <<?NULL, 0:64>>;
encode_plain(<<Value:?V128_BYTES/binary>>) ->
    <<?V128, Value/binary>>;
encode_plain(_) ->
    error.

%% @doc Which of the terms is no value for the instance, as a sentence without its subject.
-spec explain(term(), pid()) -> binary().
explain(Values, Instance) ->
    explain(Values, Instance, 1).

-spec explain(term(), pid(), pos_integer()) -> binary().
explain([Value | Rest], Instance, Place) when Place =< ?MAX_VALUES ->
    case refusal(Value, Instance) of
        none -> explain(Rest, Instance, Place + 1);
        Why -> unicode:characters_to_binary([integer_to_list(Place), Why])
    end;
explain([_ | _], _Instance, _Place) ->
    <<"65536 is one too many">>;
explain(_, _Instance, _Place) ->
    <<"list expected">>.

-spec refusal(term(), pid()) -> none | iodata().
refusal({funcref, Other, Function}, Instance) when
    is_pid(Other), is_integer(Function), Other =/= Instance
->
    " is a funcref of another instance";
refusal({externref, _}, _Instance) ->
    none;
refusal(Value, _Instance) when is_binary(Value), byte_size(Value) =/= ?V128_BYTES ->
    [" is no value: a v128 has 16 bytes, not ", integer_to_list(byte_size(Value))];
refusal(Value, Instance) ->
    case encode_one(Value, Instance) of
        error -> [" is no value: ", hb_beamr_error:show(Value)];
        _ -> none
    end.

%% @doc `Count' values, all zero.
-spec zeros(non_neg_integer()) -> binary().
zeros(Count) ->
    binary:copy(<<?I64, 0:64>>, Count).

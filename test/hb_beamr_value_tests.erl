%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

-module(hb_beamr_value_tests).

-include_lib("eunit/include/eunit.hrl").

integers_keep_their_sign_and_width_test() ->
    [
        ?assertEqual([N], decode(encode([N])))
     || N <- [
            0,
            1,
            -1,
            16#7FFFFFFF,
            -16#80000000,
            16#FFFFFFFF,
            1 bsl 59,
            -(1 bsl 59) - 1,
            16#7FFFFFFFFFFFFFFF,
            -16#8000000000000000
        ]
    ].

integers_above_63_bits_are_marked_unsigned_test() ->
    ?assertEqual(<<4, -1:64>>, encode([1 bsl 64 - 1])),
    ?assertEqual(<<4, 0, 0, 0, 0, 0, 0, 0, 128>>, encode([1 bsl 63])).

floats_and_what_is_no_float_test() ->
    Values = [1.5, -0.0, 1.0e308, nan, '+inf', '-inf'],
    ?assertEqual(Values, decode(encode(Values))).

the_sign_of_zero_survives_test() ->
    ?assertEqual(<<3, 0:56, 16#80>>, encode([-0.0])).

any_number_of_values_test() ->
    [
        begin
            Values = lists:seq(1, Count),
            Encoded = encode(Values),
            ?assertEqual(Values, decode(Encoded)),
            ?assertEqual(<<7:32/little, Encoded/binary>>, encode(7, Values))
        end
     || Count <- [0, 1, 2, 3, 4, 5, 6, 100, 65535]
    ].

more_values_than_can_be_counted_are_refused_test() ->
    ?assertEqual(error, encode(lists:duplicate(65536, 0))).

mixed_values_test() ->
    Values = [1, 2.5, nan, -3, 1 bsl 62],
    ?assertEqual(Values, decode(encode(Values))).

all_kinds_of_the_driver_test() ->
    ?assertEqual(
        [-1, -2, 1.5, 2.5],
        decode(<<
            0, -1:64/little, 1, -2:64/little, 2, 1.5:32/float-little, 0:32, 3, 2.5:64/float-little
        >>)
    ),
    ?assertEqual(
        [nan, '+inf', '-inf'],
        decode(<<
            2, 16#7FC00000:64/little, 2, 16#7F800000:64/little, 2, 16#FF800000:64/little
        >>)
    ),
    %% Any not-a-number, also a signalling and a negative one.
    ?assertEqual(
        [nan, nan, nan],
        decode(<<
            2, 16#FF800001:64/little, 3, 16#FFF0000000000001:64/little, 3, -1:64
        >>)
    ).

addresses_are_unsigned_test() ->
    ?assertEqual(
        [16#FFFFFFF0, 16#FFFFFFFFFFFFFFF0, 1.5],
        hb_beamr_value:decode_unsigned(<<
            0, -16:64/little, 1, -16:64/little, 3, 1.5:64/float-little
        >>)
    ).

vectors_are_16_bytes_test() ->
    Low = <<1:64/little, 2:64/little>>,
    High = binary:copy(<<255>>, 16),
    ?assertEqual(<<8, Low/binary>>, encode([Low])),
    ?assertEqual(<<9:32/little, 8, Low/binary, 8, High/binary>>, encode(9, [Low, High])),
    Values = [1, Low, 2.5, High, nan, null],
    ?assertEqual(Values, decode(encode(Values))),
    ?assertEqual(Values, hb_beamr_value:decode_unsigned(encode(Values))),
    ?assertEqual(
        [1, Low, {f64, 16#4004000000000000}],
        hb_beamr_value:decode(encode([1, Low, 2.5]), self(), bits)
    ).

what_is_wrong_with_a_vector_is_told_test() ->
    Explain = fun(Values) -> hb_beamr_value:explain(Values, self()) end,
    ?assertEqual(<<"2 is no value: a v128 has 16 bytes, not 15">>, Explain([1, <<0:120>>])),
    ?assertEqual(<<"1 is no value: a v128 has 16 bytes, not 17">>, Explain([<<0:136>>])),
    ?assertEqual(<<"1 is no value: a v128 has 16 bytes, not 0">>, Explain([<<>>])),
    ?assertMatch(<<"1 is no value: <<", _/binary>>, Explain([<<0:127>>])).

terms_that_are_no_values_are_refused_test() ->
    Deep = lists:foldl(fun(_, Term) -> [Term] end, [], lists:seq(1, 1000000)),
    [
        begin
            ?assertEqual(error, encode(Values)),
            ?assertEqual(error, encode(7, Values))
        end
     || Values <- [
            [1 bsl 64],
            [-(1 bsl 63) - 1],
            [1 bsl 100000],
            [atom],
            [infinity],
            [<<1>>],
            [<<0:120>>],
            [<<0:136>>],
            [<<0:127>>],
            [<<0:129>>],
            [<<>>],
            ["1"],
            [[]],
            [{}],
            [#{}],
            [self()],
            [1 | 2],
            [1, 2 | atom],
            [1.0 | 2],
            [nan | nan],
            atom,
            <<1>>,
            1,
            {1, 2},
            [1, 2, 3, 4, x],
            [Deep],
            Deep
        ]
    ].

zeros_test() ->
    ?assertEqual([], decode(hb_beamr_value:zeros(0))),
    ?assertEqual([0, 0], decode(hb_beamr_value:zeros(2))).

decode(Bytes) -> hb_beamr_value:decode(Bytes, self()).

encode(Values) -> hb_beamr_value:encode(Values, self()).

encode(Function, Values) -> hb_beamr_value:encode(Function, Values, self()).

-module(sqlite_codec_tests).

-include_lib("eunit/include/eunit.hrl").

encode(Parameters) ->
    {ok, Data} = sqlite_codec:encode_parameters(Parameters),
    iolist_to_binary(Data).

values_have_a_tag_and_their_content_test() ->
    ?assertEqual(<<0, 0:32>>, encode([])),
    ?assertEqual(<<0, 1:32/little, 0>>, encode([null])),
    ?assertEqual(<<0, 1:32/little, 1, -2:64/little>>, encode([-2])),
    ?assertEqual(<<0, 1:32/little, 2, 1.5:64/float-little>>, encode([1.5])),
    ?assertEqual(<<0, 1:32/little, 3, 2:32/little, "ab">>, encode([<<"ab">>])),
    ?assertEqual(<<0, 1:32/little, 4, 1:32/little, 255>>, encode([{blob, <<255>>}])),
    ?assertEqual(<<0, 2:32/little, 1, 1:64/little, 1, 0:64>>, encode([true, false])).

names_may_be_atoms_binaries_and_strings_test() ->
    Expected = <<1, 1:32/little, 1:32/little, "a", 0>>,
    [?assertEqual(Expected, encode(#{Name => null})) || Name <- [a, <<"a">>, "a"]].

strings_are_text_in_utf8_test() ->
    ?assertEqual(encode([<<"h\x{e9}"/utf8>>]), encode(["h\x{e9}"])).

integers_of_more_than_64_bits_are_refused_test() ->
    ?assertMatch({ok, _}, sqlite_codec:encode_parameters([16#7FFFFFFFFFFFFFFF])),
    ?assertMatch({ok, _}, sqlite_codec:encode_parameters([-16#8000000000000000])),
    ?assertMatch({error, _}, sqlite_codec:encode_parameters([16#8000000000000000])),
    ?assertMatch({error, _}, sqlite_codec:encode_parameters([-16#8000000000000001])).

what_sql_does_not_have_is_refused_with_a_sentence_test_() ->
    [
        ?_assertMatch(
            {error, <<"unsupported parameter", _/binary>>},
            sqlite_codec:encode_parameters([Value])
        )
     || Value <- [self(), {1, 2}, undefined, #{}, <<255>>, <<1:1>>, [a], {blob, "list"}]
    ].

parameters_that_are_no_list_are_refused_test_() ->
    [
        ?_assertMatch({error, _}, sqlite_codec:encode_parameters(Parameters))
     || Parameters <- [foo, 1, {1}, [1 | 2], #{1 => 2}]
    ].

rows_come_back_as_they_were_sent_test() ->
    Values = [null, 1, -1, 0.5, <<"text">>, {blob, <<0, 255>>}, <<>>, '+inf', '-inf', nan],
    <<0, _:32, Row/binary>> = encode(Values),
    ?assertEqual({ok, list_to_tuple(Values)}, sqlite_codec:decode_row(Row)).

every_not_a_number_is_nan_test() ->
    [
        ?assertEqual({ok, {nan}}, sqlite_codec:decode_row(<<2, Bits:64/little>>))
     || Bits <- [16#7FF0000000000001, 16#FFFFFFFFFFFFFFFF]
    ].

malformed_bytes_are_an_error_test_() ->
    Rows = [<<1>>, <<5>>, <<3, 5:32/little, "abc">>, <<4, 16#FFFFFFFF:32>>, <<2, 0:32>>],
    Columns = [<<0>>, <<9:32/little, "abc">>],
    [?_assertEqual({error, malformed}, sqlite_codec:decode_row(Row)) || Row <- Rows] ++
        [?_assertEqual({error, malformed}, sqlite_codec:decode_columns(C)) || C <- Columns].

columns_are_strings_test() ->
    ?assertEqual({ok, []}, sqlite_codec:decode_columns(<<>>)),
    ?assertEqual(
        {ok, [<<"a">>, <<>>]}, sqlite_codec:decode_columns(<<1:32/little, "a", 0:32>>)
    ).

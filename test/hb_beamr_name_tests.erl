%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

-module(hb_beamr_name_tests).

-include_lib("eunit/include/eunit.hrl").

ascii_has_one_spelling_test() ->
    ?assertEqual(same, hb_beamr_name:respell("name")),
    ?assertEqual(same, hb_beamr_name:respell("")).

characters_become_utf8_test() ->
    ?assertEqual({ok, <<195, 169>>}, hb_beamr_name:respell([233])),
    ?assertEqual({ok, <<16#1F41D/utf8>>}, hb_beamr_name:respell([16#1F41D])).

what_is_no_text_has_none_test() ->
    [
        ?assertEqual(error, hb_beamr_name:respell(Name))
     || Name <- [[atom], [-1], [16#110000], [1.5], [$a | b], [16#D800]]
    ].

find_asks_only_for_names_test() ->
    Ask = fun(Name) -> {asked, iolist_to_binary(Name)} end,
    ?assertEqual({asked, <<"a">>}, hb_beamr_name:find("a", Ask)),
    ?assertEqual({asked, <<"a">>}, hb_beamr_name:find(<<"a">>, Ask)),
    ?assertEqual({asked, <<195, 169>>}, hb_beamr_name:find([233], Ask)),
    [
        ?assertEqual({error, invalid_name}, hb_beamr_name:find(Name, Ask))
     || Name <- [atom, 1, {}, [atom], #{}]
    ].

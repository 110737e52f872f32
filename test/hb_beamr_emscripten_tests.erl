%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

-module(hb_beamr_emscripten_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HELPERS, {1, 2, 3}).
-define(GLUE, {?HELPERS, #{<<"jj">> => 7}}).

imports_named_invoke_are_answered_here_test() ->
    ?assertEqual(
        {invoke, hb_beamr_value:zeros(0), none, ?HELPERS},
        hb_beamr_emscripten:role(<<"invoke_vii">>, "(iii)", ?GLUE)
    ),
    ?assertEqual(
        {invoke, hb_beamr_value:zeros(1), none, ?HELPERS},
        hb_beamr_emscripten:role(<<"invoke_ji">>, "(Ii)I", ?GLUE)
    ).

invoke_with_integers_in_two_parts_goes_through_the_function_for_that_test() ->
    ?assertEqual(
        {invoke, hb_beamr_value:zeros(1), 7, ?HELPERS},
        hb_beamr_emscripten:role(<<"invoke_jj">>, "(iii)i", ?GLUE)
    ).

invoke_without_an_element_is_an_ordinary_import_test() ->
    [
        ?assertEqual(ask, hb_beamr_emscripten:role(<<"invoke_x">>, Signature, ?GLUE))
     || Signature <- ["()", "()i", "(f)", "(Fi)i"]
    ].

throws_are_told_from_other_exceptions_test() ->
    ?assertEqual(
        longjmp, hb_beamr_emscripten:role(<<"_emscripten_throw_longjmp">>, "()", ?GLUE)
    ),
    ?assertEqual(throw, hb_beamr_emscripten:role(<<"__cxa_throw">>, "(iii)", ?GLUE)),
    ?assertEqual(ask, hb_beamr_emscripten:role(<<"exit">>, "(i)", ?GLUE)).

nothing_is_special_in_other_modules_test() ->
    [
        ?assertEqual(ask, hb_beamr_emscripten:role(Name, "(i)", none))
     || Name <- [<<"invoke_v">>, <<"_emscripten_throw_longjmp">>, <<"__cxa_throw">>]
    ].

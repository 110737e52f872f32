%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

-module(hb_beamr_emscripten_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HELPERS, {1, 2, 3}).

imports_named_invoke_are_answered_here_test() ->
    ?assertEqual(
        {invoke, hb_beamr_value:zeros(0), ?HELPERS},
        hb_beamr_emscripten:role(<<"invoke_vii">>, "(iii)", ?HELPERS)
    ),
    ?assertEqual(
        {invoke, hb_beamr_value:zeros(1), ?HELPERS},
        hb_beamr_emscripten:role(<<"invoke_ji">>, "(Ii)I", ?HELPERS)
    ).

invoke_without_an_element_is_an_ordinary_import_test() ->
    [
        ?assertEqual(ask, hb_beamr_emscripten:role(<<"invoke_x">>, Signature, ?HELPERS))
     || Signature <- ["()", "()i", "(f)", "(Fi)i"]
    ].

throws_are_told_from_other_exceptions_test() ->
    ?assertEqual(
        longjmp, hb_beamr_emscripten:role(<<"_emscripten_throw_longjmp">>, "()", ?HELPERS)
    ),
    ?assertEqual(throw, hb_beamr_emscripten:role(<<"__cxa_throw">>, "(iii)", ?HELPERS)),
    ?assertEqual(ask, hb_beamr_emscripten:role(<<"exit">>, "(i)", ?HELPERS)).

nothing_is_special_in_other_modules_test() ->
    [
        ?assertEqual(ask, hb_beamr_emscripten:role(Name, "(i)", none))
     || Name <- [<<"invoke_v">>, <<"_emscripten_throw_longjmp">>, <<"__cxa_throw">>]
    ].

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

-module(hb_beamr_error_tests).

-include_lib("eunit/include/eunit.hrl").

every_form_of_error_is_a_flat_string_test() ->
    [
        ?assert(io_lib:char_list(hb_beamr_error:format_error(Error)))
     || Error <- [
            {trap, #{message => <<"unreachable">>, kind => unreachable, frames => []}},
            {not_running, #{message => <<"instance is not running">>}},
            {invalid_args, [1, atom | {}]},
            {invalid_args, lists:seq(1, 100000)},
            "Exception: unreachable",
            anything_else
        ]
    ].

frames_are_listed_innermost_first_test() ->
    Reason =
        {trap, #{
            message => <<"unreachable">>,
            kind => unreachable,
            frames => [
                #{function => 3, offset => 26, name => <<"inner">>},
                #{function => 1, offset => 0, name => <<>>}
            ],
            truncated => false
        }},
    ?assertEqual(
        "Exception: unreachable\n  at inner+0x1a\n  at function 1+0x0", hb_beamr_error:format_error(Reason)
    ).

text_that_is_not_utf8_is_shown_all_the_same_test() ->
    ?assertEqual([255, $a], hb_beamr_error:text(<<255, $a>>)),
    ?assertEqual("unknown function: " ++ [255], hb_beamr_error:string(unknown_function, <<255>>)).

unicode_text_is_characters_test() ->
    ?assertEqual([16#1F41D], hb_beamr_error:text(<<16#1F41D/utf8>>)).

long_names_are_cut_test() ->
    Text = hb_beamr_error:string(unknown_function, binary:copy(<<"x">>, 100000)),
    ?assert(length(Text) < 300).

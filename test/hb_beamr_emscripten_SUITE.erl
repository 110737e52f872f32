%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The exception mechanism of emscripten: invoke_*, longjmp and C++ exceptions.
-module(hb_beamr_emscripten_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

%% Elements of the table of invoke.wat.
-define(NORMAL, 1).
-define(JUMPS, 2).
-define(TRAPS, 3).
-define(ASKS, 4).
-define(THROWS, 5).
-define(EXITS, 6).
-define(NESTED, 7).
-define(BURNS, 9).
-define(EMPTY, 11).

-define(STACK, 65536).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        a_call_that_returns,
        a_longjmp_is_caught,
        a_longjmp_within_one,
        a_longjmp_after_long_work,
        an_uncaught_longjmp_is_an_error,
        a_cpp_exception_is_caught,
        a_trap_goes_through,
        an_empty_element_is_a_trap,
        an_exit_goes_through,
        a_wrong_type_is_an_error,
        the_import_function_need_not_know,
        the_import_function_is_asked_inside,
        a_failing_import_function_unwinds_all,
        a_cancelled_call_is_not_caught,
        the_names_of_newer_versions,
        integers_in_two_parts,
        without_a_table_it_is_an_ordinary_import
    ].

%% An import function that must not be called.
forbidden() ->
    fun(_, Call, _) -> exit({asked, Call}) end.

a_call_that_returns(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertEqual({ok, [42, 0, ?STACK]}, hb_beamr:call(Invoke, "try", [?NORMAL])),
    ?assertEqual({ok, [5]}, hb_beamr:call(Invoke, "try_add", [2, 3])).

a_longjmp_is_caught(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    [
        begin
            ?assertEqual({ok, [0, 1, ?STACK]}, hb_beamr:call(Invoke, "try", [?JUMPS])),
            ?assertEqual({ok, [0.0]}, hb_beamr:call(Invoke, "try_float", []))
        end
     || _ <- lists:seq(1, 1000)
    ].

a_longjmp_within_one(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertEqual({ok, [101, 1, ?STACK]}, hb_beamr:call(Invoke, "try", [?NESTED])).

a_longjmp_after_long_work(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertEqual({ok, [0, 1, ?STACK]}, hb_beamr:call(Invoke, "try", [?BURNS])).

an_uncaught_longjmp_is_an_error(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertEqual({error, "Exception: longjmp"}, hb_beamr:call(Invoke, "jump_uncaught", [])),
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

a_cpp_exception_is_caught(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Throw = fun(S, #{func := "__cxa_throw", args := [1, 2, 3]}, _) ->
        {ok, {import_exception, "a C++ exception"}, [thrown | S]}
    end,
    ?assertEqual(
        {ok, [0, 1, ?STACK], [thrown]}, hb_beamr:call(Invoke, "try", [?THROWS], Throw, [])
    ).

a_trap_goes_through(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertEqual(
        {error, "Exception: unreachable", state},
        hb_beamr:call(Invoke, "try", [?TRAPS], forbidden(), state)
    ),
    ?assertMatch(
        {trap, #{kind := unreachable, frames := [#{name := <<"traps">>} | _]}},
        hb_beamr:last_error(Invoke)
    ),
    %% setThrew was not called.
    ?assertEqual({ok, [0]}, hb_beamr:call(Invoke, "threw", [])),
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

an_empty_element_is_a_trap(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    [
        ?assertMatch(
            {error, [_ | _], state}, hb_beamr:call(Invoke, "try", [E], forbidden(), state)
        )
     || E <- [0, ?EMPTY, 12, -1]
    ],
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

an_exit_goes_through(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Exit = fun(S, #{func := "exit", args := [1]}, _) ->
        {ok, {import_exception, "exit(1)"}, [exited | S]}
    end,
    ?assertEqual(
        {error, "Exception: exit(1)", [exited]}, hb_beamr:call(Invoke, "try", [?EXITS], Exit, [])
    ),
    ?assertEqual({ok, [0]}, hb_beamr:call(Invoke, "threw", [])).

a_wrong_type_is_an_error(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    ?assertMatch(
        {error, [_ | _], state}, hb_beamr:call(Invoke, "try_wrong_type", [], forbidden(), state)
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

the_import_function_need_not_know(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    [
        ?assertEqual(
            {ok, Results, state},
            hb_beamr:call(Invoke, "try", [Element], forbidden(), state)
        )
     || {Element, Results} <- [
            {?NORMAL, [42, 0, ?STACK]},
            {?JUMPS, [0, 1, ?STACK]},
            {?NESTED, [101, 1, ?STACK]}
        ]
    ].

the_import_function_is_asked_inside(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Ask = fun(S, #{func := "ask", args := [5], instance := Instance}, _) ->
        {ok, [7]} = hb_beamr:call(Instance, "seven", []),
        {ok, [0, 1, ?STACK]} = hb_beamr:call(Instance, "try", [?JUMPS]),
        {ok, [50], [asked | S]}
    end,
    ?assertEqual({ok, [50, 1, ?STACK], [asked]}, hb_beamr:call(Invoke, "try", [?ASKS], Ask, [])).

a_failing_import_function_unwinds_all(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Fail = fun(_, _, _) -> throw(reason) end,
    ?assertMatch(
        {error, throw, reason, [_ | _], state},
        hb_beamr:call(Invoke, "try", [?ASKS], Fail, state)
    ),
    TooFew = fun(S, _, _) -> {ok, [], S} end,
    {error, Text, state} = hb_beamr:call(Invoke, "try", [?ASKS], TooFew, state),
    ?assertNotEqual(nomatch, string:find(Text, "env.ask")),
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

a_cancelled_call_is_not_caught(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Cancel = fun(S, #{instance := Instance}, _) ->
        ok = hb_beamr:cancel(Instance),
        {ok, [1], S}
    end,
    ?assertEqual(
        {error, "Exception: terminated", state},
        hb_beamr:call(Invoke, "try", [?ASKS], Cancel, state)
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Invoke, "seven", [])).

the_names_of_newer_versions(_) ->
    Invoke = hb_beamr_test_lib:start(invoke_new_names),
    ?assertEqual({ok, [1, 65536], s}, hb_beamr:call(Invoke, "try", [], forbidden(), s)).

%% A 64-bit integer as two of 32 bits, for a host that has no larger ones.
integers_in_two_parts(_) ->
    Invoke = hb_beamr_test_lib:start(invoke_in_parts),
    Large = 16#0123456789ABCDEF,
    ?assertEqual({ok, [0, 1]}, hb_beamr:call(Invoke, "try", [2, Large])),
    Other = hb_beamr_test_lib:start(invoke_in_parts),
    ?assertEqual({ok, [Large + 1, 0]}, hb_beamr:call(Other, "try", [1, Large])).

without_a_table_it_is_an_ordinary_import(_) ->
    Invoke = hb_beamr_test_lib:start(invoke_without_table),
    Answer = fun(S, #{func := "invoke_i", args := [1]}, _) -> {ok, [9], S} end,
    ?assertEqual({ok, [9], state}, hb_beamr:call(Invoke, "try", [1], Answer, state)).

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Exceptions of WebAssembly, between guests, import functions and callers.
-module(hb_beamr_exceptions_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        the_guest_catches_its_own,
        one_that_nobody_catches,
        one_through_the_table,
        one_of_a_start_function,
        an_import_function_throws,
        one_of_an_import_that_nobody_catches,
        a_reply_that_throws,
        an_exception_after_a_reply,
        a_text_is_a_trap_and_is_not_caught,
        exceptions_that_an_import_cannot_throw,
        one_of_a_nested_call,
        a_deadline_within_a_try,
        tags_are_described,
        forced_lowering_changes_nothing
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

the_guest_catches_its_own(_) ->
    Instance = start(),
    ?assertEqual({ok, [-7]}, hb_beamr:call(Instance, "catch", [-7])),
    ok = hb_beamr:stop(Instance).

one_that_nobody_catches(_) ->
    Instance = start(),
    ?assertEqual(
        {error, "Exception: uncaught exception 'own' (5)"}, hb_beamr:call(Instance, "throw", [5])
    ),
    ?assertMatch(
        {trap, #{
            kind := exception,
            tag := <<"own">>,
            payload := [5],
            message := <<"uncaught exception 'own' (5)">>,
            frames := []
        }},
        hb_beamr:last_error(Instance)
    ),
    {error, _} = hb_beamr:call(Instance, "throw_foreign", []),
    ?assertMatch(
        {trap, #{tag := {<<"env">>, <<"foreign">>}, payload := [1, -2]}},
        hb_beamr:last_error(Instance)
    ),
    Term = {make_ref(), self()},
    {error, _} = hb_beamr:call(Instance, "throw_reference", [{externref, Term}]),
    ?assertMatch({trap, #{payload := [{externref, Term}]}}, hb_beamr:last_error(Instance)),
    %% Another process asks the driver.
    Told = hb_beamr_test_lib:run(fun() -> hb_beamr:last_error(Instance) end),
    ?assertMatch({ok, {trap, #{tag := <<"carries">>, payload := [{externref, Term}]}}}, Told),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "catch", [3])),
    ok = hb_beamr:stop(Instance).

one_through_the_table(_) ->
    Instance = start(),
    ?assertEqual(
        {error, "Exception: uncaught exception 'own' (6)"}, hb_beamr:call(Instance, 0, [6])
    ),
    ok = hb_beamr:stop(Instance).

one_of_a_start_function(_) ->
    Wasm = hb_beamr_test_lib:wasm(start_throws),
    ?assertEqual(
        {error, "Exception: uncaught exception 'own' (9) (in the start function)"},
        hb_beamr:start(Wasm)
    ),
    ?assertMatch(
        {error, {trap, #{kind := exception, tag := <<"own">>, payload := [9]}}},
        hb_beamr:start(Wasm, #{})
    ).

an_import_function_throws(_) ->
    Instance = start(),
    Throw = fun(Exception) ->
        fun(State, _, _) -> {ok, {import_exception, Exception}, [thrown | State]} end
    end,
    [
        ?assertEqual(
            {ok, [Result], [thrown]},
            hb_beamr:call(Instance, "ask_and_catch", [1], Throw(Exception), [])
        )
     || {Exception, Result} <- [
            {{"own", [11]}, 1011},
            {{<<"own">>, [-1]}, 999},
            {{{"env", "foreign"}, [12, 13]}, 2012},
            {{{<<"env">>, <<"foreign">>}, [12, -13]}, 2012},
            {{"carries", [{externref, self()}]}, -1}
        ]
    ],
    ok = hb_beamr:stop(Instance).

one_of_an_import_that_nobody_catches(_) ->
    Instance = start(),
    Throw = fun(State, _, _) -> {ok, {import_exception, {"own", [4]}}, State} end,
    ?assertEqual(
        {error, "Exception: uncaught exception 'own' (4)", state},
        hb_beamr:call(Instance, "ask", [1], Throw, state)
    ),
    ok = hb_beamr:stop(Instance).

a_reply_that_throws(_) ->
    Instance = start(),
    Test = self(),
    Replier = spawn_link(fun() ->
        receive
            {token, Token} ->
                Test ! {replied, hb_beamr:reply(Token, {import_exception, {"none", []}})},
                Test ! {replied, hb_beamr:reply(Token, {import_exception, {"own", [1.5]}})},
                Test ! {replied, hb_beamr:reply(Token, {import_exception, {"own", [21]}})}
        end
    end),
    Defer = fun(State, #{token := Token}, _) ->
        Replier ! {token, Token},
        {defer, State}
    end,
    ?assertEqual({ok, [1021], s}, hb_beamr:call(Instance, "ask_and_catch", [1], Defer, s)),
    Replies = [receive {replied, Reply} -> Reply end || _ <- lists:seq(1, 3)],
    ?assertMatch(
        [{error, {unknown_tag, #{message := <<"none">>}}}, {error, {bad_result, _}}, ok], Replies
    ),
    ok = hb_beamr:stop(Instance).

%% The first answer counts, and was told so.
an_exception_after_a_reply(_) ->
    Instance = start(),
    Both = fun(State, #{token := Token}, _) ->
        ok = hb_beamr:reply(Token, {ok, [5]}),
        {ok, {import_exception, {"own", [21]}}, State}
    end,
    ?assertEqual({ok, [5], s}, hb_beamr:call(Instance, "ask_and_catch", [1], Both, s)),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "catch", [3])),
    ok = hb_beamr:stop(Instance).

a_text_is_a_trap_and_is_not_caught(_) ->
    Instance = start(),
    Throw = fun(State, _, _) -> {ok, {import_exception, "no"}, State} end,
    ?assertEqual(
        {error, "Exception: no", s}, hb_beamr:call(Instance, "ask_and_catch", [1], Throw, s)
    ),
    ok = hb_beamr:stop(Instance).

exceptions_that_an_import_cannot_throw(_) ->
    Instance = start(),
    Call = fun(Exception) ->
        Throw = fun(State, _, _) -> {ok, {import_exception, Exception}, State} end,
        hb_beamr:call(Instance, "ask_and_catch", [1], Throw, s)
    end,
    ?assertEqual({error, "unknown tag: none", s}, Call({"none", []})),
    ?assertEqual({error, "unknown tag: foreign", s}, Call({"foreign", [1, 2]})),
    ?assertEqual({error, "unknown tag: own", s}, Call({{"env", "own"}, [1]})),
    ?assertEqual({error, result("the exception has 1 values, got 0"), s}, Call({"own", []})),
    ?assertEqual({error, result("the exception has 1 values, got 2"), s}, Call({"own", [1, 2]})),
    ?assertEqual({error, result("value 1 is not an i32"), s}, Call({"own", [1.5]})),
    ?assertEqual({error, result("value 1 does not fit an i32"), s}, Call({"own", [1 bsl 40]})),
    ?assertEqual(
        {error, "value of the exception: 1 is no value: no_value", s}, Call({"own", [no_value]})
    ),
    [
        ?assertMatch({error, error, {bad_import_return, _}, [], s}, Call(Exception))
     || Exception <- [{own, [1]}, {"own", [1], more}, {[-1], [1]}, {{"env", own}, [1]}, own]
    ],
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "catch", [3])),
    ok = hb_beamr:stop(Instance).

result(Text) ->
    "result of import env.ask (i)i: " ++ Text.

one_of_a_nested_call(_) ->
    Instance = start(),
    Nest = fun(State, #{instance := Same}, _) ->
        {error, "Exception: uncaught exception 'own' (2)"} = hb_beamr:call(Same, "throw", [2]),
        {ok, [8], State}
    end,
    ?assertEqual({ok, [8], s}, hb_beamr:call(Instance, "ask_and_catch", [1], Nest, s)),
    ok = hb_beamr:stop(Instance).

a_deadline_within_a_try(_) ->
    Instance = start(),
    ?assertEqual({error, timeout}, hb_beamr:call(Instance, "spin_in_try", [], #{timeout => 5})),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "catch", [3])),
    ok = hb_beamr:stop(Instance).

tags_are_described(_) ->
    Instance = start(),
    {ok, Imports, Exports} = hb_beamr:describe(Instance),
    ?assertEqual(
        [{func, "env", "ask", "(i)i"}, {tag, "env", "foreign", "(iI)"}], Imports
    ),
    ?assertEqual({tag, "own", "(i)"}, hd(Exports)),
    ok = hb_beamr:stop(Instance).

forced_lowering_changes_nothing(_) ->
    [
        begin
            {ok, Instance, _, _} = hb_beamr:start(
                hb_beamr_test_lib:wasm(values), #{exceptions => How}
            ),
            ?assertEqual({ok, [7]}, hb_beamr:call(Instance, "i32", [7])),
            ok = hb_beamr:stop(Instance)
        end
     || How <- [lower, force]
    ],
    ?assertMatch(
        {error, {invalid_option, _}},
        hb_beamr:start(hb_beamr_test_lib:wasm(values), #{exceptions => perhaps})
    ).

start() ->
    hb_beamr_test_lib:start(exceptions).

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Imports that are answered by Erlang functions.
-module(hb_beamr_imports_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        an_import_is_told_what_is_called,
        the_state_passes_from_import_to_import,
        all_types_pass_both_ways,
        the_function_runs_in_the_calling_process,
        the_stub_answers_for_call_3,
        surplus_results_are_ignored,
        an_integer_is_taken_for_a_float,
        too_few_results_name_the_import,
        wrong_results_name_the_import,
        a_function_that_fails,
        a_function_that_answers_nonsense,
        a_function_that_fails_late,
        an_exception_becomes_a_trap,
        memory_may_be_used,
        nested_calls,
        deeply_nested_calls,
        a_trap_in_a_nested_call,
        a_failing_function_in_a_nested_call,
        a_nested_call_of_another_instance,
        starting_and_stopping_others,
        stopping_the_instance_itself,
        cancelling_the_call_itself,
        messages_to_the_caller_are_left_alone,
        imports_that_come_from_the_background,
        a_full_mailbox,
        changing_instances_between_imports
    ].

an_import_is_told_what_is_called(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Self = fun(State, #{token := _} = Call, Opts) ->
        {ok, [42], {State, maps:remove(token, Call), Opts}}
    end,
    ?assertEqual(
        {ok, [42],
            {before,
                #{
                    instance => Imports,
                    module => "my_lib",
                    func => "mul",
                    args => [6, -7],
                    func_sig => "(ii)i"
                },
                some_options}},
        hb_beamr:call(Imports, "mul", [6, -7], Self, before, some_options)
    ).

the_state_passes_from_import_to_import(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Note = fun(Notes, #{args := [N]}, _) -> {ok, [], [N | Notes]} end,
    ?assertEqual({ok, [5], [1, 2, 3, 4, 5]}, hb_beamr:call(Imports, "count_down", [5], Note, [])),
    ?assertEqual({ok, [0], untouched}, hb_beamr:call(Imports, "count_down", [0], Note, untouched)).

all_types_pass_both_ways(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Echo = fun(_, #{args := Args}, _) -> {ok, Args, Args} end,
    [
        ?assertEqual({ok, Args, Args}, hb_beamr:call(Imports, "floats", Args, Echo))
     || Args <- [[1.5, -2.5], [nan, nan], ['+inf', '-inf'], [0.0, 1.0e308]]
    ],
    [
        ?assertEqual({ok, [N], [N]}, hb_beamr:call(Imports, "wide", [N], Echo))
     || N <- [0, -1, 1 bsl 40, 1 bsl 62, -(1 bsl 63)]
    ],
    Unsigned = fun(State, #{func := "wide"}, _) -> {ok, [1 bsl 64 - 1], State} end,
    ?assertMatch({ok, [-1], _}, hb_beamr:call(Imports, "wide", [0], Unsigned)),
    Pair = fun(State, #{func := "pair", args := []}, _) -> {ok, [16#FFFFFFFF, 1 bsl 63], State} end,
    ?assertMatch({ok, [-1, -16#8000000000000000], _}, hb_beamr:call(Imports, "pair", [], Pair)).

the_function_runs_in_the_calling_process(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Self = fun(_, _, _) -> {ok, [1], self()} end,
    ?assertEqual({ok, [1], self()}, hb_beamr:call(Imports, "mul", [1, 1], Self)).

the_stub_answers_for_call_3(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    ?assertEqual({ok, [0]}, hb_beamr:call(Imports, "mul", [6, 7])),
    ?assertEqual({ok, []}, hb_beamr:call(Imports, "note", [1])),
    ?assertEqual({ok, [0.0]}, hb_beamr:call(Imports, "f64", [])),
    Stub = fun hb_beamr:stub/3,
    ?assertEqual({ok, [0], state}, hb_beamr:call(Imports, "mul", [1, 1], Stub, state)).

surplus_results_are_ignored(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        ?assertEqual(
            {ok, [1], state},
            hb_beamr:call(Imports, "mul", [1, 1], fun(S, _, _) -> {ok, Results, S} end, state)
        )
     || Results <- [[1, 2], [1, 2.5], [1, nan], [1, surplus], [1, 1 bsl 100], [1 | improper]]
    ].

an_integer_is_taken_for_a_float(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    ?assertEqual(
        {ok, [3.0], state},
        hb_beamr:call(Imports, "f64", [], fun(S, _, _) -> {ok, [3], S} end, state)
    ).

too_few_results_name_the_import(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            Answer = fun(_, _, _) -> {ok, Results, after_it} end,
            {error, Text, after_it} = hb_beamr:call(Imports, Function, [], Answer, before),
            ?assertNotEqual(nomatch, string:find(Text, "env." ++ Function)),
            ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", []))
        end
     || {Function, Results} <- [{"f64", []}, {"pair", [1]}]
    ].

wrong_results_name_the_import(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            Answer = fun(_, _, _) -> {ok, Results, after_it} end,
            {error, Text, after_it} = hb_beamr:call(Imports, "mul", [1, 1], Answer, before),
            ?assertNotEqual(nomatch, string:find(Text, "my_lib.mul")),
            ?assertMatch({bad_result, #{message := _}}, hb_beamr:last_error(Imports)),
            ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", []))
        end
     || Results <- [[], [1.5], [nan], [1 bsl 32], [1 bsl 64], [atom], ["1"], [[]], [<<1>>]]
    ].

a_function_that_fails(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            {error, Class, reason, Stack, state} =
                hb_beamr:call(Imports, "mul", [1, 1], Fail, state),
            ?assert(is_list(Stack)),
            ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", []))
        end
     || {Class, Fail} <- [
            {throw, fun(_, _, _) -> throw(reason) end},
            {exit, fun(_, _, _) -> exit(reason) end},
            {error, fun(_, _, _) -> error(reason) end}
        ]
    ],
    NoClause = fun(S, #{func := "another"}, _) -> {ok, [], S} end,
    {error, error, function_clause, [{?MODULE, _, _, _} | _], state} =
        hb_beamr:call(Imports, "mul", [1, 1], NoClause, state).

a_function_that_answers_nonsense(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            ?assertEqual(
                {error, error, {bad_import_return, Answer}, [], state},
                hb_beamr:call(Imports, "mul", [1, 1], fun(_, _, _) -> Answer end, state)
            ),
            ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", []))
        end
     || Answer <- [
            ok,
            {ok, [1]},
            {ok, 1, state},
            {error, reason},
            {ok, {import_exception, not_text}, state},
            {ok, {import_exception, [-1]}, state},
            {ok, {import_exception, <<255>>}, state},
            {ok, [1], state, extra},
            {import_exception, "without ok"},
            []
        ]
    ].

a_function_that_fails_late(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Note = fun
        (Count, #{args := [1]}, _) -> throw({at, Count});
        (Count, _, _) -> {ok, [], Count + 1}
    end,
    {error, throw, {at, 999}, _, 999} = hb_beamr:call(Imports, "count_down", [1000], Note, 0).

an_exception_becomes_a_trap(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            Raise = fun(_, _, _) -> {ok, {import_exception, Message}, after_it} end,
            ?assertEqual(
                {error, "Exception: " ++ Text, after_it},
                hb_beamr:call(Imports, "mul", [1, 1], Raise, before)
            ),
            {trap, #{kind := host, frames := [_ | _]}} = hb_beamr:last_error(Imports),
            ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", []))
        end
     || {Message, Text} <- [
            {"out of paper", "out of paper"},
            {<<"out of paper">>, "out of paper"},
            {["out", $\s, <<"of">>], "out of"},
            {[233], [233]},
            {"", "trapped by the host"},
            {lists:duplicate(500, $x), lists:duplicate(500, $x)}
        ]
    ].

memory_may_be_used(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Write = fun(S, #{instance := Instance, args := [N]}, _) ->
        ok = hb_beamr_io:write(Instance, N, <<N>>),
        {ok, <<N>>} = hb_beamr_io:read(Instance, N, 1),
        {ok, Size} = hb_beamr_io:size(Instance),
        ?assertEqual(65536, Size),
        {ok, [], S}
    end,
    {ok, [3], _} = hb_beamr:call(Imports, "count_down", [3], Write),
    ?assertEqual({ok, <<0, 1, 2, 3, 0>>}, hb_beamr_io:read(Imports, 0, 5)).

nested_calls(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    %% 2^5, with every multiplication made by a nested call that imports the addition.
    Mul = fun
        (Depth, #{func := "mul", args := [A, B], instance := Instance}, _) ->
            Add = fun(Sum, #{func := "note"}, _) -> {ok, [], Sum + A} end,
            {ok, [B], Product} = hb_beamr:call(Instance, "count_down", [B], Add, 0),
            {ok, [Product], Depth + 1}
    end,
    ?assertEqual({ok, [32], 5}, hb_beamr:call(Imports, "power", [2, 5], Mul, 0)).

deeply_nested_calls(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Again = fun Self(Depth, #{args := [A, B], instance := Instance}, _) ->
        case Depth of
            20 ->
                {ok, [A], Depth};
            _ ->
                {ok, [R], Deepest} = hb_beamr:call(Instance, "mul", [A + 1, B], Self, Depth + 1),
                {ok, [R], Deepest}
        end
    end,
    ?assertEqual({ok, [20], 20}, hb_beamr:call(Imports, "mul", [0, 0], Again, 0)),
    ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", [])).

a_trap_in_a_nested_call(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Trap = fun(S, #{instance := Instance}, _) ->
        {error, "Exception: unreachable"} = hb_beamr:call(Instance, "trap", []),
        {ok, [5], S}
    end,
    ?assertEqual({ok, [5], state}, hb_beamr:call(Imports, "mul", [1, 1], Trap, state)),
    Unknown = fun(S, #{instance := Instance}, _) ->
        {error, "unknown function: no such"} = hb_beamr:call(Instance, "no such", []),
        {error, {invalid_args, [1]}} = hb_beamr:call(Instance, "seven", [1]),
        {ok, [6], S}
    end,
    ?assertEqual({ok, [6], state}, hb_beamr:call(Imports, "mul", [1, 1], Unknown, state)).

a_failing_function_in_a_nested_call(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Outer = fun(S, #{instance := Instance}, _) ->
        Inner = fun(_, _, _) -> throw(inner) end,
        {error, throw, inner, _, nested} = hb_beamr:call(Instance, "mul", [1, 1], Inner, nested),
        {ok, [5], S}
    end,
    ?assertEqual({ok, [5], state}, hb_beamr:call(Imports, "mul", [1, 1], Outer, state)),
    Through = fun(_, #{instance := Instance}, _) ->
        {ok, _, _} = hb_beamr:call(Instance, "mul", [1, 1], fun(_, _, _) -> exit(inner) end)
    end,
    ?assertMatch(
        {error, error, {badmatch, {error, exit, inner, _, _}}, _, state},
        hb_beamr:call(Imports, "mul", [1, 1], Through, state)
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", [])).

a_nested_call_of_another_instance(_) ->
    A = hb_beamr_test_lib:start(imports),
    B = hb_beamr_test_lib:start(imports),
    Swap = fun Self(S, #{instance := Instance, args := [X, Y]}, _) ->
        Other =
            case Instance of
                A -> B;
                B -> A
            end,
        case X of
            0 ->
                {ok, [Y], [Instance | S]};
            _ ->
                {ok, [R], S2} = hb_beamr:call(Other, "mul", [X - 1, Y], Self, [Instance | S]),
                {ok, [R], S2}
        end
    end,
    ?assertEqual({ok, [9], [B, A, B, A]}, hb_beamr:call(A, "mul", [3, 9], Swap, [])).

starting_and_stopping_others(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Other = fun(S, _, _) ->
        Values = hb_beamr_test_lib:start(values),
        {ok, [R]} = hb_beamr:call(Values, "add", [20, 22]),
        ok = hb_beamr:stop(Values),
        {ok, [R], S}
    end,
    ?assertEqual({ok, [42], state}, hb_beamr:call(Imports, "mul", [1, 1], Other, state)).

stopping_the_instance_itself(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Stop = fun(_, #{instance := Instance}, _) ->
        ok = hb_beamr:stop(Instance),
        ok = hb_beamr:stop(Instance),
        {error, "instance is not running"} = hb_beamr:call(Instance, "seven", []),
        {ok, [1], stopped}
    end,
    ?assertEqual(
        {error, "instance is not running", stopped},
        hb_beamr:call(Imports, "mul", [1, 1], Stop, running)
    ),
    ?assertNot(is_process_alive(Imports)),
    Other = hb_beamr_test_lib:start(imports),
    StopAndFail = fun(_, #{instance := Instance}, _) ->
        ok = hb_beamr:stop(Instance),
        throw(reason)
    end,
    ?assertMatch(
        {error, throw, reason, _, running},
        hb_beamr:call(Other, "mul", [1, 1], StopAndFail, running)
    ),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

cancelling_the_call_itself(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Cancel = fun(S, #{instance := Instance}, _) ->
        ok = hb_beamr:cancel(Instance),
        {ok, [1], [cancelled | S]}
    end,
    ?assertEqual(
        {error, "Exception: terminated", [cancelled]},
        hb_beamr:call(Imports, "mul", [1, 1], Cancel, [])
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", [])).

messages_to_the_caller_are_left_alone(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Foreign = [{hb_beamr, self(), <<1>>}, {hb_beamr, make_ref(), <<1>>}, hello, {ok, []}],
    [self() ! Message || Message <- Foreign],
    Wait = fun(S, _, _) ->
        self() ! during,
        {ok, [0], S}
    end,
    {ok, [0], _} = hb_beamr:call(Busy, "work_and_wait", [3000000], Wait),
    ?assertEqual(Foreign ++ [during, during], hb_beamr_test_lib:mailbox()),
    [receive Message -> ok end || Message <- Foreign ++ [during, during]].

imports_that_come_from_the_background(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Wait = fun(S, #{args := [N], instance := Instance}, _) ->
        ok = hb_beamr_io:write(Instance, 0, <<N>>),
        {ok, [1]} = hb_beamr:call(Instance, "one", []),
        {ok, [N * 10], [N | S]}
    end,
    [
        ?assertEqual({ok, [20], [2, 1]}, hb_beamr:call(Busy, "work_and_wait", [N], Wait, []))
     || N <- [1, 10000, 1000000, 3000000]
    ],
    %% It fails as it would at once.
    Fail = fun(_, #{args := [N]}, _) -> throw(N) end,
    ?assertMatch(
        {error, throw, 1, _, state}, hb_beamr:call(Busy, "work_and_wait", [3000000], Fail, state)
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

a_full_mailbox(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Count = 100000,
    {ok, Result} = hb_beamr_test_lib:run(fun() ->
        [self() ! N || N <- lists:seq(1, Count)],
        Wait = fun(S, _, _) -> {ok, [0], S + 1} end,
        {ok, [0], 2} = hb_beamr:call(Busy, "work_and_wait", [3000000], Wait, 0),
        hb_beamr_test_lib:mailbox()
    end),
    ?assertEqual(lists:seq(1, Count), Result).

changing_instances_between_imports(_) ->
    %% More modules than a process remembers.
    Modules = [
        begin
            Name = "ask" ++ integer_to_list(N),
            Instance = hb_beamr_test_lib:start_wat([
                "(module (import \"env\" \"", Name, "\" (func $f (result i32)))",
                "(func (export \"go\") (result i32) (call $f)))"
            ]),
            {Instance, Name, N}
        end
     || N <- lists:seq(1, 10)
    ],
    Answer = fun(S, #{func := "ask" ++ N}, _) -> {ok, [list_to_integer(N)], S} end,
    [
        ?assertEqual({ok, [N], state}, hb_beamr:call(Instance, "go", [], Answer, state))
     || _ <- lists:seq(1, 3), {Instance, _, N} <- Modules
    ].

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Deadlines, wherever a call is when they pass; and cancelling, likewise.
-module(hb_beamr_deadline_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

%% Milliseconds that something without an end does not keep.
-define(SOON, 5).
%% Milliseconds that a busy machine needs to ask an import function, and much more.
-define(ASKED, 200).

-define(TERMINATED, "Exception: terminated").

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        a_tight_loop,
        a_start_function,
        loading_a_large_module,
        a_call_that_waits_for_its_turn,
        a_turn_that_comes_at_the_deadline,
        a_nested_call_alone,
        the_outer_call_while_a_nested_one_runs,
        the_outer_call_while_another_instance_runs,
        the_outer_call_while_another_instance_starts,
        the_earliest_deadline_counts,
        while_an_import_function_runs,
        an_import_function_that_fails_too_late,
        a_deadline_ends_with_its_call,
        no_time_at_all,
        values_of_the_option,
        other_options_have_none,
        within_invoke,
        an_import_within_invoke,
        completion_at_the_deadline,
        completion_at_the_deadline_of_a_nested_call,
        an_import_at_the_deadline,
        every_deadline_is_counted,
        cancel_in_every_state,
        cancel_a_nested_call,
        cancel_while_others_wait
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% Calls that run

a_tight_loop(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Stub = fun hb_beamr:stub/3,
    [
        begin
            ?assertEqual({error, timeout}, hb_beamr:call(Busy, "spin", [], #{timeout => ?SOON})),
            ?assertEqual(
                {error, timeout, state},
                hb_beamr:call(Busy, "spin", [], Stub, state, #{timeout => ?SOON})
            ),
            ?assertEqual(
                {timeout, #{message => <<"the deadline has passed">>}}, hb_beamr:last_error(Busy)
            ),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [], #{timeout => 60000}))
        end
     || _ <- lists:seq(1, 20)
    ],
    ?assertEqual("the deadline has passed", hb_beamr_error:format_error(timeout)).

a_start_function(_) ->
    Ports = ports(),
    Wasm = hb_beamr_test_lib:wasm(start_spins),
    [
        begin
            ?assertEqual({error, timeout}, hb_beamr:start(Wasm, #{timeout => ?SOON})),
            ?assertEqual({error, timeout}, hb_beamr:start_link(Wasm, #{timeout => ?SOON})),
            ?assertEqual(Ports, ports())
        end
     || _ <- lists:seq(1, 20)
    ].

loading_a_large_module(_) ->
    Ports = ports(),
    Answers = [
        hb_beamr:start(hb_beamr_test_lib:padded_module(16 bsl 20, N), #{timeout => N})
     || N <- lists:seq(0, 9)
    ],
    ?assertEqual({error, timeout}, hd(Answers)),
    %% Those with more time may have started.
    [
        case Answer of
            {error, timeout} -> ok;
            {ok, Instance, [], [_]} -> ok = hb_beamr:stop(Instance)
        end
     || Answer <- Answers
    ],
    ?assertEqual(Ports, ports()).

%%% Turns

a_call_that_waits_for_its_turn(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Holder = in_import(Busy),
    ?assertEqual({error, timeout}, hb_beamr:call(Busy, "one", [], #{timeout => ?SOON})),
    ?assertEqual([], hb_beamr_test_lib:mailbox()),
    ?assertMatch({ok, #{waiting := 0}}, hb_beamr:info(Busy)),
    Late = caller(fun() -> hb_beamr:call(Busy, "one", [], #{timeout => ?SOON}) end),
    Next = caller(fun() -> hb_beamr:call(Busy, "one", []) end),
    ?assertEqual({error, timeout}, answer(Late)),
    go_on(Holder),
    ?assertEqual({ok, [1], done}, answer(Holder)),
    ?assertEqual({ok, [1]}, answer(Next)).

%% Whether it has the turn or not, it is passed on.
a_turn_that_comes_at_the_deadline(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            Holder = in_import(Busy),
            Late = hb_beamr_test_lib:caller(fun() ->
                hb_beamr:call(Busy, "one", [], #{timeout => N rem 3})
            end),
            Next = caller(fun() -> hb_beamr:call(Busy, "one", []) end),
            %% Before or after it, at any distance.
            [erlang:yield() || _ <- lists:seq(1, rand:uniform(500))],
            go_on(Holder),
            ?assertEqual({ok, [1], done}, answer(Holder)),
            ?assertEqual({ok, [1]}, answer(Next)),
            ?assert(lists:member(answer(Late), [{ok, [1]}, {error, timeout}]))
        end
     || N <- lists:seq(1, count(1000))
    ].

%%% Nested calls

a_nested_call_alone(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Nested = fun(State, _, _) ->
        {error, timeout} = hb_beamr:call(Busy, "spin", [], #{timeout => ?SOON}),
        {ok, [1]} = hb_beamr:call(Busy, "one", []),
        {ok, [3], State + 1}
    end,
    [
        ?assertEqual({ok, [3], 2}, hb_beamr:call(Busy, "work_and_wait", [N], Nested, 0, Opts))
     || N <- [1, 1000000], Opts <- [#{}, #{timeout => 60000}]
    ].

the_outer_call_while_a_nested_one_runs(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Nested = fun(_, _, _) ->
        {ok, [3], {nested, hb_beamr:call(Busy, "spin", [])}}
    end,
    ?assertEqual(
        {error, timeout, {nested, {error, timeout}}},
        hb_beamr:call(Busy, "wait", [0], Nested, before, #{timeout => ?SOON})
    ),
    Deep = fun Self(Depth, #{args := [N]}, _) ->
        case N of
            0 -> {ok, [0], {Depth, hb_beamr:call(Busy, "spin", [])}};
            _ -> {ok, [0], hb_beamr:call(Busy, "wait", [N - 1], Self, Depth + 1)}
        end
    end,
    ?assertEqual(
        {error, timeout, {error, timeout, {error, timeout, {2, {error, timeout}}}}},
        hb_beamr:call(Busy, "wait", [2], Deep, 0, #{timeout => ?SOON})
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

the_outer_call_while_another_instance_runs(_) ->
    Outer = hb_beamr_test_lib:start(busy),
    Inner = hb_beamr_test_lib:start(busy),
    Spin = fun(_, _, _) -> {ok, [3], {nested, hb_beamr:call(Inner, "spin", [])}} end,
    ?assertEqual(
        {error, timeout, {nested, {error, timeout}}},
        hb_beamr:call(Outer, "wait", [0], Spin, before, #{timeout => ?SOON})
    ),
    %% Also while it waits for its turn there.
    Holder = in_import(Inner),
    One = fun(_, _, _) -> {ok, [3], {nested, hb_beamr:call(Inner, "one", [])}} end,
    ?assertEqual(
        {error, timeout, {nested, {error, timeout}}},
        hb_beamr:call(Outer, "wait", [0], One, before, #{timeout => ?SOON})
    ),
    go_on(Holder),
    ?assertEqual({ok, [1], done}, answer(Holder)),
    [?assertEqual({ok, [1]}, hb_beamr:call(Pid, "one", [])) || Pid <- [Outer, Inner]].

the_outer_call_while_another_instance_starts(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Wasm = hb_beamr_test_lib:wasm(start_spins),
    Start = fun(_, _, _) -> {ok, [3], hb_beamr:start(Wasm)} end,
    ?assertEqual(
        {error, timeout, {error, timeout}},
        hb_beamr:call(Busy, "wait", [0], Start, before, #{timeout => ?SOON})
    ).

the_earliest_deadline_counts(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Longer = fun(_, _, _) ->
        {ok, [3], hb_beamr:call(Busy, "spin", [], #{timeout => 3600000})}
    end,
    ?assertEqual(
        {error, timeout, {error, timeout}},
        hb_beamr:call(Busy, "wait", [0], Longer, before, #{timeout => ?SOON})
    ),
    Shorter = fun(_, _, _) ->
        {ok, [3], hb_beamr:call(Busy, "spin", [], #{timeout => ?SOON})}
    end,
    ?assertEqual(
        {ok, [3], {error, timeout}},
        hb_beamr:call(Busy, "wait", [0], Shorter, before, #{timeout => 3600000})
    ).

%%% Import functions

while_an_import_function_runs(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Slow = fun(Count, _, _) ->
        until_over(?ASKED),
        {ok, [], Count + 1}
    end,
    %% The guest would import ten times.
    ?assertEqual(
        {error, timeout, 1},
        hb_beamr:call(Imports, "count_down", [10], Slow, 0, #{timeout => ?ASKED})
    ),
    %% What it answers is not even looked at.
    Wrong = fun(_, _, _) ->
        until_over(?ASKED),
        {ok, [wrong], answered}
    end,
    ?assertEqual(
        {error, timeout, answered},
        hb_beamr:call(Imports, "mul", [1, 1], Wrong, before, #{timeout => ?ASKED})
    ),
    Exception = fun(_, _, _) ->
        until_over(?ASKED),
        {ok, {import_exception, "too late"}, answered}
    end,
    ?assertEqual(
        {error, timeout, answered},
        hb_beamr:call(Imports, "mul", [1, 1], Exception, before, #{timeout => ?ASKED})
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", [])).

%% A fault is told, however late.
an_import_function_that_fails_too_late(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Fail = fun(_, _, _) ->
        until_over(?ASKED),
        throw(reason)
    end,
    ?assertMatch(
        {error, throw, reason, [_ | _], before},
        hb_beamr:call(Imports, "mul", [1, 1], Fail, before, #{timeout => ?ASKED})
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Imports, "seven", [])).

%% However it ended, and whatever its import functions did: what follows has its own.
a_deadline_ends_with_its_call(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Dictionary = lists:sort([Key || {Key, _} <- get()]),
    [
        begin
            _ = hb_beamr:call(Busy, "wait", [0], Import, state, #{timeout => 1}),
            ?assertEqual(Dictionary, lists:sort([Key || {Key, _} <- get()])),
            ?assertEqual({ok, [1000000]}, hb_beamr:call(Busy, "count", [1000000]))
        end
     || Import <- [
            fun(S, _, _) -> {ok, [1], S} end,
            fun(_, _, _) -> throw(reason) end,
            fun(_, _, _) -> exit(reason) end,
            fun(_, _, _) -> nonsense end,
            fun(S, _, _) -> {ok, [1], {S, hb_beamr:call(Busy, "spin", [])}} end
        ]
    ].

%%% Values of the option

no_time_at_all(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    ?assertEqual({error, timeout}, hb_beamr:call(Busy, "spin", [], #{timeout => 0})),
    Forbidden = fun(_, _, _) -> exit(asked) end,
    ?assertEqual(
        {error, timeout, state},
        hb_beamr:call(Busy, "wait", [0], Forbidden, state, #{timeout => 0})
    ),
    ?assertEqual(
        {error, timeout}, hb_beamr:start(hb_beamr_test_lib:wasm(start_spins), #{timeout => 0})
    ),
    ?assertEqual(
        {error, {invalid_args, [1]}}, hb_beamr:call(Busy, "one", [1], #{timeout => 0})
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

values_of_the_option(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Wasm = hb_beamr_test_lib:wasm(nothing),
    [
        begin
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [], #{timeout => Value})),
            ?assertEqual(
                {ok, [0], #{}},
                hb_beamr:call(Busy, "wait", [1], fun hb_beamr:stub/3, #{}, #{timeout => Value})
            ),
            {ok, Other, _, _} = hb_beamr:start(Wasm, #{timeout => Value}),
            ok = hb_beamr:stop(Other)
        end
     || Value <- [infinity, 3600000, 16#FFFFFFFF]
    ],
    [
        begin
            Text =
                "the option timeout is infinity or milliseconds from 0 to 4294967295, not " ++
                    Shown,
            Message = list_to_binary(Text),
            ?assertEqual({error, Text}, hb_beamr:call(Busy, "one", [], #{timeout => Value})),
            ?assertEqual(
                {error, Text, state},
                hb_beamr:call(
                    Busy, "one", [], fun hb_beamr:stub/3, state, #{timeout => Value}
                )
            ),
            ?assertEqual(
                {error, {invalid_option, #{message => Message}}},
                hb_beamr:start(Wasm, #{timeout => Value})
            ),
            Defer = fun(_, _, _) -> {defer, deferred, #{timeout => Value}} end,
            ?assertEqual(
                {error, error, {bad_import_return, {defer, deferred, #{timeout => Value}}}, [],
                    state},
                hb_beamr:call(Busy, "wait", [1], Defer, state)
            )
        end
     || {Value, Shown} <- [
            {-1, "-1"},
            {16#100000000, "4294967296"},
            {1.5, "1.5"},
            {never, "never"},
            {"5", "\"5\""},
            {1 bsl 10000, "(a term of 1258 bytes)"}
        ]
    ].

%% Other terms, and maps of a user's own, reach the import function as they are.
other_options_have_none(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Tell = fun(_, _, Opts) -> {ok, [1], Opts} end,
    [
        ?assertEqual({ok, [1], Opts}, hb_beamr:call(Busy, "wait", [0], Tell, none, Opts))
     || Opts <- [#{}, [], [{timeout, 0}], timeout, #{"timeout" => 0}, #{timeout => 60000, a => b}]
    ].

%%% Emscripten's invoke_*

within_invoke(_) ->
    Invoke = invoke(),
    Forbidden = fun(_, _, _) -> exit(asked) end,
    ?assertEqual(
        {error, timeout, state},
        hb_beamr:call(Invoke, "try", [1], Forbidden, state, #{timeout => ?SOON})
    ),
    ?assertEqual({ok, [0]}, hb_beamr:call(Invoke, "threw", [])),
    ?assertEqual({ok, [42]}, hb_beamr:call(Invoke, "try", [2])).

an_import_within_invoke(_) ->
    Invoke = invoke(),
    Slow = fun(_, #{func := "ask"}, _) ->
        until_over(1),
        {ok, [1], answered}
    end,
    %% On a busy machine the deadline may pass before the import is asked.
    ?assertMatch(
        {error, timeout, State} when State =:= answered; State =:= before,
        hb_beamr:call(Invoke, "try", [3], Slow, before, #{timeout => 1})
    ),
    Nested = fun(_, #{func := "ask"}, _) ->
        {ok, [1], hb_beamr:call(Invoke, "try", [1])}
    end,
    ?assertEqual(
        {error, timeout, {error, timeout}},
        hb_beamr:call(Invoke, "try", [3], Nested, before, #{timeout => ?SOON})
    ),
    Alone = fun(_, #{func := "ask"}, _) ->
        {ok, [5], hb_beamr:call(Invoke, "try", [1], #{timeout => ?SOON})}
    end,
    ?assertEqual({ok, [5], {error, timeout}}, hb_beamr:call(Invoke, "try", [3], Alone, before)),
    ?assertEqual({ok, [0]}, hb_beamr:call(Invoke, "threw", [])),
    ?assertEqual({ok, [42]}, hb_beamr:call(Invoke, "try", [2])).

invoke() ->
    hb_beamr_test_lib:start_wat(
        "(module (import \"env\" \"invoke_i\" (func $invoke (param i32) (result i32)))"
        "  (import \"env\" \"ask\" (func $ask (result i32)))"
        "  (table (export \"__indirect_function_table\") 4 funcref)"
        "  (elem (i32.const 1) $spin $normal $asks)"
        "  (global $threw (mut i32) (i32.const 0))"
        "  (func (export \"setThrew\") (param i32 i32) (global.set $threw (local.get 0)))"
        "  (func (export \"threw\") (result i32) (global.get $threw))"
        "  (func $spin (result i32) (loop $again (br $again)) unreachable)"
        "  (func $normal (result i32) (i32.const 42))"
        "  (func $asks (result i32) (call $ask))"
        "  (func (export \"try\") (param i32) (result i32) (call $invoke (local.get 0))))"
    ).

%%% Races

%% Every answer is that of its own call, and nothing of one reaches the next.
completion_at_the_deadline(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Answers = [
        begin
            Steps = rand:uniform(some_milliseconds()),
            Answer = hb_beamr:call(Busy, "count", [Steps], #{timeout => rand:uniform(3) - 1}),
            ?assertEqual({ok, [N]}, hb_beamr:call(Busy, "count", [N])),
            case Answer of
                {ok, [Steps]} -> completed;
                {error, timeout} -> late
            end
        end
     || N <- lists:seq(1, count(3000))
    ],
    %% Else it was no race.
    ?assertEqual([completed, late], lists:usort(Answers)).

completion_at_the_deadline_of_a_nested_call(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Nested = fun(Answers, #{args := [_]}, _) ->
        Steps = rand:uniform(some_milliseconds()),
        Answer = hb_beamr:call(Busy, "count", [Steps], #{timeout => rand:uniform(3) - 1}),
        {ok, [Steps]} = hb_beamr:call(Busy, "count", [Steps]),
        case Answer of
            {ok, [Steps]} -> {ok, [Steps], [completed | Answers]};
            {error, timeout} -> {ok, [Steps], [late | Answers]}
        end
    end,
    Answers = lists:append([
        begin
            {ok, [_], Two} = hb_beamr:call(Busy, "work_and_wait", [1], Nested, []),
            ?assertMatch([_, _], Two),
            Two
        end
     || _ <- lists:seq(1, count(1000))
    ]),
    ?assertEqual([completed, late], lists:usort(Answers)).

%% The guest works, then imports: at the deadline it is in the one or in the other.
an_import_at_the_deadline(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Answer = fun(Count, _, _) -> {ok, [7], Count + 1} end,
    Answers = [
        begin
            Given = hb_beamr:call(
                Busy, "work_and_wait", [rand:uniform(50000)], Answer, 0,
                #{timeout => rand:uniform(4) - 1}
            ),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])),
            case Given of
                {ok, [7], 2} -> completed;
                {error, timeout, Asked} when Asked =< 2 -> late
            end
        end
     || _ <- lists:seq(1, count(2000))
    ],
    ?assertEqual([completed, late], lists:usort(Answers)).

every_deadline_is_counted(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Timeouts = fun() ->
        {ok, #{timeouts := Count}} = hb_beamr:info(Busy),
        Count
    end,
    ?assertEqual(0, Timeouts()),
    {error, timeout} = hb_beamr:call(Busy, "spin", [], #{timeout => ?SOON}),
    ?assertEqual(1, Timeouts()),
    Slow = fun(State, _, _) ->
        until_over(1),
        {ok, [1], State}
    end,
    {error, timeout, _} = hb_beamr:call(Busy, "wait", [0], Slow, state, #{timeout => 1}),
    ?assertEqual(2, Timeouts()),
    Defer = fun(State, _, _) -> {defer, State, #{timeout => 1}} end,
    {error, timeout, _} = hb_beamr:call(Busy, "wait", [0], Defer, state),
    ?assertEqual(3, Timeouts()),
    Holder = in_import(Busy),
    {error, timeout} = hb_beamr:call(Busy, "one", [], #{timeout => 1}),
    ?assertEqual(4, Timeouts()),
    go_on(Holder),
    ?assertEqual({ok, [1], done}, answer(Holder)).

%%% Cancelling

cancel_in_every_state(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            ok = hb_beamr:cancel(Busy),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])),

            Running = caller(fun() -> hb_beamr:call(Busy, "spin", []) end),
            ok = hb_beamr:cancel(Busy),
            ?assertEqual({error, ?TERMINATED}, answer(Running)),

            InImport = in_import(Busy),
            ok = hb_beamr:cancel(Busy),
            go_on(InImport),
            ?assertEqual({error, ?TERMINATED, done}, answer(InImport)),

            Deferred = caller_in_import(fun(Tell) ->
                Defer = fun(_, _, _) ->
                    Tell(),
                    {defer, deferred}
                end,
                hb_beamr:call(Busy, "wait", [0], Defer, before)
            end),
            ok = hb_beamr:cancel(Busy),
            ?assertEqual({error, ?TERMINATED, deferred}, answer(Deferred))
        end
     || _ <- lists:seq(1, 50)
    ],
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

%% All calls that are active end, the outermost with them.
cancel_a_nested_call(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Spin = fun(Tell) ->
        fun(_, _, _) ->
            Tell(),
            {ok, [1], hb_beamr:call(Busy, "spin", [])}
        end
    end,
    Wait = fun(Tell) ->
        Defer = fun(_, #{args := [N]}, _) ->
            Tell(),
            {defer, {deferred, N}}
        end,
        fun(_, _, _) -> {ok, [1], hb_beamr:call(Busy, "wait", [2], Defer, before)} end
    end,
    [
        begin
            Caller = caller_in_import(fun(Tell) ->
                hb_beamr:call(Busy, "wait", [1], Import(Tell), before)
            end),
            ok = hb_beamr:cancel(Busy),
            ?assertEqual({error, ?TERMINATED, Nested}, answer(Caller)),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", []))
        end
     || _ <- lists:seq(1, 50),
        {Import, Nested} <- [
            {Spin, {error, ?TERMINATED}},
            {Wait, {error, ?TERMINATED, {deferred, 2}}}
        ]
    ].

%% Only the call that is active is meant.
cancel_while_others_wait(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Holder = in_import(Busy),
    Others = [caller(fun() -> hb_beamr:call(Busy, "count", [N]) end) || N <- lists:seq(1, 5)],
    ok = hb_beamr:cancel(Busy),
    go_on(Holder),
    ?assertEqual({error, ?TERMINATED, done}, answer(Holder)),
    ?assertEqual([{ok, [N]} || N <- lists:seq(1, 5)], [answer(Other) || Other <- Others]).

%%% Helpers

%% A caller that waits for the driver.
caller(Do) ->
    hb_beamr_test_lib:waiting_caller(Do).

%% The same, if it is an import function that makes it wait. A call may wait before, too: where the
%% processor was taken away from it, it goes on in the background.
caller_in_import(Do) ->
    Test = self(),
    {Pid, _} = Caller = hb_beamr_test_lib:caller(fun() -> Do(fun() -> Test ! in_import end) end),
    receive
        in_import -> hb_beamr_test_lib:wait_for_port(Pid)
    end,
    Caller.

answer(Caller) ->
    hb_beamr_test_lib:answer(Caller).

%% A caller whose import function runs until it is told to go on.
in_import(Instance) ->
    Test = self(),
    Wait = fun(_, _, _) ->
        Test ! {self(), in_import},
        receive go_on -> ok end,
        {ok, [1], done}
    end,
    Caller =
        {Pid, _} = hb_beamr_test_lib:caller(fun() ->
            hb_beamr:call(Instance, "wait", [0], Wait, before)
        end),
    receive
        {Pid, in_import} -> Caller
    end.

go_on({Pid, _Monitor}) ->
    Pid ! go_on.

%% Until a deadline that was set before has passed.
%% So many steps of "count" take about as long as the deadlines of the races.
some_milliseconds() ->
    case hb_beamr_test_lib:is_compiled() of
        true -> 5000000;
        false -> 100000
    end.

until_over(Milliseconds) ->
    End = erlang:monotonic_time(millisecond) + Milliseconds,
    hb_beamr_test_lib:wait_until(fun() -> erlang:monotonic_time(millisecond) >= End end).

ports() ->
    length(hb_beamr_test_lib:ports()).

count(Usual) ->
    case hb_beamr_test_lib:is_long() of
        true -> 20 * Usual;
        false -> Usual
    end.

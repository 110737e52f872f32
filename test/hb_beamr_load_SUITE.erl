%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Many instances, many calls, many processes; endless guests; the end of the node.
%%% HB_BEAMR_LONG=1 makes the counts ten times as large.
-module(hb_beamr_load_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

%% KiB by which resident memory may differ: what allocators keep.
-define(SLACK, 24 * 1024).

suite() ->
    [{timetrap, {minutes, 20}}].

all() ->
    [
        cycles_leave_memory_where_it_was,
        failed_starts_leave_memory_where_it_was,
        imports_leave_memory_where_it_was,
        traps_and_nested_calls_leave_memory_where_it_was,
        endless_guests_stop_nobody,
        many_instances_at_once,
        many_callers_of_one_instance,
        stopping_leaves_no_message,
        random_kills,
        halt_while_guests_run
    ].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_suite(_Config) ->
    ok.

times(Count) ->
    case hb_beamr_test_lib:is_long() of
        true -> 10 * Count;
        false -> Count
    end.

repeat(0, _) ->
    ok;
repeat(Count, Do) ->
    Do(),
    repeat(Count - 1, Do).

%% Do something often; memory afterwards is what it was after a tenth of it.
steady(Count, Do) ->
    repeat(Count div 10, Do),
    Rss = hb_beamr_test_lib:settled_rss(),
    Binary = hb_beamr_test_lib:binary_memory(),
    Processes = length(processes()),
    repeat(Count, Do),
    RssAfter = hb_beamr_test_lib:settled_rss(),
    ct:pal("resident KiB: ~b, then ~b", [Rss, RssAfter]),
    ?assert(RssAfter - Rss < ?SLACK),
    ?assert(hb_beamr_test_lib:binary_memory() - Binary < 1024 * ?SLACK),
    ?assert(length(processes()) =< Processes),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

cycles_leave_memory_where_it_was(_) ->
    Wasm = hb_beamr_test_lib:wasm(imports),
    Ports = length(erlang:ports()),
    steady(times(100000), fun() ->
        {ok, Instance, _, _} = hb_beamr:start(Wasm),
        {ok, [7]} = hb_beamr:call(Instance, "seven", []),
        ok = hb_beamr:stop(Instance)
    end),
    ?assertEqual(Ports, length(erlang:ports())).

failed_starts_leave_memory_where_it_was(_) ->
    Failing = [
        <<"garbage">>,
        hb_beamr_test_lib:wasm(start_traps),
        hb_beamr_test_lib:wasm(imports_global),
        hb_beamr_test_lib:wasm(bad_segment)
    ],
    steady(times(5000), fun() ->
        [{error, _} = hb_beamr:start(Wasm) || Wasm <- Failing]
    end).

imports_leave_memory_where_it_was(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Note = fun(N, _, _) -> {ok, [], N + 1} end,
    Mul = fun(N, #{args := [A, B]}, _) -> {ok, [A * B], N + 1} end,
    steady(times(1000000), fun() ->
        {ok, [6], 1} = hb_beamr:call(Imports, "mul", [2, 3], Mul, 0)
    end),
    steady(times(10000), fun() ->
        {ok, [100], 100} = hb_beamr:call(Imports, "count_down", [100], Note, 0)
    end).

traps_and_nested_calls_leave_memory_where_it_was(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Mul = fun(S, #{instance := Instance, args := [A, B]}, _) ->
        {error, "Exception: unreachable"} = hb_beamr:call(Instance, "trap", []),
        {ok, [7]} = hb_beamr:call(Instance, "seven", []),
        {ok, [A * B], S}
    end,
    Fail = fun(_, _, _) -> throw(reason) end,
    steady(times(50000), fun() ->
        {ok, [4], _} = hb_beamr:call(Imports, "power", [2, 2], Mul),
        {error, throw, reason, _, _} = hb_beamr:call(Imports, "mul", [1, 1], Fail)
    end).

endless_guests_stop_nobody(_) ->
    Spinning = [
        begin
            Busy = hb_beamr_test_lib:start(busy),
            {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Busy, "spin", [])) end),
            {Busy, Caller, Monitor}
        end
     || _ <- lists:seq(1, 4)
    ],
    Busy = hb_beamr_test_lib:start(busy),
    Wait = fun(S, _, _) -> {ok, [0], S + 1} end,
    [
        begin
            {ok, [1]} = hb_beamr:call(Busy, "one", []),
            {ok, [1000000]} = hb_beamr:call(Busy, "count", [1000000]),
            {ok, [0], 2} = hb_beamr:call(Busy, "work_and_wait", [100000], Wait, 0),
            Other = hb_beamr_test_lib:start(imports),
            {ok, [7]} = hb_beamr:call(Other, "seven", []),
            ok = hb_beamr:stop(Other)
        end
     || _ <- lists:seq(1, 20)
    ],
    [?assert(is_process_alive(Caller)) || {_, Caller, _} <- Spinning],
    [ok = hb_beamr:stop(Instance) || {Instance, _, _} <- Spinning],
    [
        receive
            {'DOWN', Monitor, process, Caller, Answer} ->
                ?assertEqual({error, "instance is not running"}, Answer)
        end
     || {_, Caller, Monitor} <- Spinning
    ].

many_instances_at_once(_) ->
    Count = 1000,
    Wasm = hb_beamr_test_lib:wasm(imports),
    Test = self(),
    Callers = [
        spawn_link(fun() ->
            {ok, Instance, _, _} = hb_beamr:start(Wasm),
            Test ! {self(), ready},
            receive go -> ok end,
            Note = fun(S, _, _) -> {ok, [], S + 1} end,
            repeat(20, fun() ->
                {ok, [7]} = hb_beamr:call(Instance, "seven", []),
                {ok, [5], 5} = hb_beamr:call(Instance, "count_down", [5], Note, 0)
            end),
            Test ! {self(), done}
        end)
     || _ <- lists:seq(1, Count)
    ],
    [receive {Caller, ready} -> ok end || Caller <- Callers],
    [Caller ! go || Caller <- Callers],
    [receive {Caller, done} -> ok end || Caller <- Callers].

many_callers_of_one_instance(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Wait = fun(S, #{args := [N]}, _) -> {ok, [N], S} end,
    Callers = [
        spawn_link(fun() ->
            repeat(50, fun() ->
                {ok, [N], _} = hb_beamr:call(Busy, "wait", [N], Wait),
                {ok, [100]} = hb_beamr:call(Busy, "count", [100]),
                {ok, 65536} = hb_beamr_io:size(Busy),
                ok = hb_beamr_io:write(Busy, 4 * N, <<N:32/little>>),
                {ok, <<N:32/little>>} = hb_beamr_io:read(Busy, 4 * N, 4)
            end),
            Test ! {self(), hb_beamr_test_lib:mailbox()}
        end)
     || N <- lists:seq(1, 50)
    ],
    [receive {Caller, Mailbox} -> ?assertEqual([], Mailbox) end || Caller <- Callers].

%% Who waits when an instance ends is told so, and gets nothing later.
stopping_leaves_no_message(_) ->
    Wasm = hb_beamr_test_lib:wasm(busy),
    Test = self(),
    Callers = [spawn_link(fun() -> call_until_stopped(Test) end) || _ <- lists:seq(1, 6)],
    rand:seed(exsss, 11),
    repeat(times(1000), fun() ->
        {ok, Instance, _, _} = hb_beamr:start(Wasm),
        [Caller ! {call, Instance} || Caller <- Callers],
        [erlang:yield() || _ <- lists:seq(1, rand:uniform(3000))],
        ok = hb_beamr:stop(Instance),
        [receive {Caller, stopped} -> ok end || Caller <- Callers]
    end),
    [Caller ! finish || Caller <- Callers],
    [receive {Caller, Mailbox} -> ?assertEqual([], Mailbox) end || Caller <- Callers].

call_until_stopped(Test) ->
    receive
        {call, Instance} ->
            use_until_stopped(Instance),
            Test ! {self(), stopped},
            call_until_stopped(Test);
        finish ->
            Test ! {self(), hb_beamr_test_lib:mailbox()}
    end.

use_until_stopped(Instance) ->
    Answer =
        case rand:uniform(5) of
            1 -> hb_beamr:call(Instance, "count", [rand:uniform(300000)]);
            2 -> hb_beamr:call(Instance, "work_and_wait", [rand:uniform(50000)]);
            3 -> hb_beamr_io:read(Instance, 0, 65536);
            4 -> hb_beamr_io:read(Instance, 0, 3000000);
            5 -> hb_beamr_io:write(Instance, 0, binary:copy(<<1>>, 1100000))
        end,
    case Answer of
        {error, "instance is not running"} -> ok;
        _ -> use_until_stopped(Instance)
    end.

%% Owners and callers die wherever they happen to be; others are not harmed.
random_kills(_) ->
    Wasm = hb_beamr_test_lib:wasm(busy),
    Ports = length(erlang:ports()),
    rand:seed(exsss, 7),
    repeat(times(100), fun() ->
        Victims = [spawn(fun() -> restless(Wasm) end) || _ <- lists:seq(1, 20)],
        [erlang:yield() || _ <- lists:seq(1, rand:uniform(200))],
        [exit(Victim, kill) || Victim <- Victims]
    end),
    hb_beamr_test_lib:wait_until(fun() -> length(erlang:ports()) =:= Ports end),
    Busy = hb_beamr_test_lib:start(busy),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

restless(Wasm) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    Wait = fun(S, #{args := [N]}, _) -> {ok, [N], S} end,
    case rand:uniform(4) of
        1 -> hb_beamr:call(Instance, "spin", []);
        2 -> hb_beamr:call(Instance, "work_and_wait", [100000], Wait);
        3 -> hb_beamr:call(Instance, "wait", [1], fun(_, _, _) -> receive never -> ok end end);
        4 -> [spawn(fun() -> hb_beamr:call(Instance, "count", [500000]) end) || _ <- [1, 2, 3]]
    end,
    restless(Wasm).

halt_while_guests_run(Config) ->
    Path = filename:join(proplists:get_value(priv_dir, Config), "busy.wasm"),
    ok = file:write_file(Path, hb_beamr_test_lib:wasm(busy)),
    Expression = lists:flatten(
        io_lib:format(
            "{ok, Wasm} = file:read_file(~p),"
            "Start = fun() -> {ok, I, _, _} = hb_beamr:start(Wasm), I end,"
            "Main = self(),"
            "[spawn(fun() -> hb_beamr:call(Start(), \"spin\", []) end) || _ <- [1, 2, 3, 4]],"
            "spawn(fun() -> hb_beamr:call(Start(), \"wait\", [1], fun(_, _, _) ->"
            "    Main ! waits, receive never -> ok end end) end),"
            "receive waits -> ok end,"
            "{ok, [1]} = hb_beamr:call(Start(), \"one\", []),"
            "io:format(\"halting\"),"
            "halt(0).",
            [Path]
        )
    ),
    [?assertEqual({0, "halting"}, hb_beamr_test_lib:erl(Expression)) || _ <- lists:seq(1, 5)].

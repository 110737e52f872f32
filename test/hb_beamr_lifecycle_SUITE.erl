%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Owners, stopping, turns, the application. Every wait is for something that must happen.
-module(hb_beamr_lifecycle_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        {group, application},
        stop_leaves_nothing,
        stop_in_every_state,
        the_owner_is_the_caller,
        the_owner_may_be_another,
        an_owner_that_is_dead,
        the_owner_dies_in_every_state,
        an_endless_start_function_ends_with_its_owner,
        the_caller_dies_during_start,
        a_large_module_is_started_by_many,
        the_caller_dies_while_a_large_module_is_loaded,
        a_caller_killed_while_its_import_waits,
        a_caller_killed_while_the_guest_runs,
        killing_the_instance_process,
        callers_take_turns_in_order,
        a_waiting_caller_that_dies_loses_its_place,
        a_nested_call_does_not_wait,
        messages_to_the_instance_are_ignored,
        a_stale_answer_is_no_answer
    ].

groups() ->
    [
        {application, [
            the_application_starts_and_stops,
            it_starts_by_itself,
            stopping_it_ends_all_instances,
            it_starts_within_another_application,
            the_registry_may_crash
        ]}
    ].

%% What the test before left to its owner's death is gone; one port is that of the node.
init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= 1 end),
    Config.

end_per_testcase(_, _Config) ->
    ok.

%%% The application

the_application_starts_and_stops(_) ->
    ok = application:stop(hb_beamr),
    ?assertEqual(ok, application:start(hb_beamr)),
    ?assert(is_pid(whereis(hb_beamr_sup))),
    ?assertMatch({error, {already_started, hb_beamr}}, application:start(hb_beamr)),
    ?assertEqual(ok, application:stop(hb_beamr)),
    ?assertEqual(undefined, whereis(hb_beamr_sup)),
    [
        begin
            ok = application:start(hb_beamr),
            {ok, [1]} = hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", []),
            ok = application:stop(hb_beamr)
        end
     || _ <- lists:seq(1, 20)
    ].

it_starts_by_itself(_) ->
    ok = application:stop(hb_beamr),
    Instance = hb_beamr_test_lib:start(nothing),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    ?assert(lists:keymember(hb_beamr, 1, application:which_applications())).

stopping_it_ends_all_instances(_) ->
    Instances = [hb_beamr_test_lib:start(nothing) || _ <- lists:seq(1, 10)],
    Busy = hb_beamr_test_lib:start(busy),
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Busy, "spin", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    ok = application:stop(hb_beamr),
    [
        hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Pid) end)
     || Pid <- [Busy | Instances]
    ],
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(hd(Instances), "one", [])),
    receive
        {'DOWN', Monitor, process, Caller, Answer} ->
            ?assertEqual({error, "instance is not running"}, Answer)
    end,
    ?assertEqual({ok, [1]}, hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", [])).

it_starts_within_another_application(_) ->
    ok = application:stop(hb_beamr),
    App =
        {application, hb_beamr_test_app, [
            {description, ""},
            {vsn, "1"},
            {modules, []},
            {registered, []},
            {applications, [kernel, stdlib]},
            {mod, {?MODULE, []}}
        ]},
    ok = application:load(App),
    ?assertEqual(ok, application:start(hb_beamr_test_app)),
    ok = application:stop(hb_beamr_test_app),
    ok = application:unload(hb_beamr_test_app).

%% As an application's callback: starts an instance while the application controller waits.
start(_, _) ->
    {ok, [1]} = hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", []),
    {ok, spawn_link(fun() -> receive stop -> ok end end)}.

stop(_) ->
    ok.

the_registry_may_crash(_) ->
    Instance = hb_beamr_test_lib:start(nothing),
    Registry = whereis(hb_beamr_registry),
    exit(Registry, kill),
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, "one", [])),
    hb_beamr_test_lib:wait_until(fun() ->
        is_pid(whereis(hb_beamr_registry)) andalso whereis(hb_beamr_registry) =/= Registry
    end),
    hb_beamr_test_lib:wait_until(fun() ->
        case hb_beamr:start(hb_beamr_test_lib:wasm(nothing)) of
            {ok, Next, _, _} -> {ok, [1]} =:= hb_beamr:call(Next, "one", []);
            {error, _} -> false
        end
    end).

%%% Stopping

stop_leaves_nothing(_) ->
    Ports = ports(),
    Instance = hb_beamr_test_lib:start(nothing),
    ?assertEqual(Ports + 1, ports()),
    ok = hb_beamr:stop(Instance),
    ?assertNot(is_process_alive(Instance)),
    ?assertEqual(Ports, ports()),
    ?assertEqual(none, hb_beamr_registry:find(Instance)),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, "one", [])),
    ?assertEqual(
        {error, "instance is not running", state},
        hb_beamr:call(Instance, "one", [], fun hb_beamr:stub/3, state)
    ),
    ?assertEqual(none, hb_beamr:last_error(Instance)).

stop_in_every_state(_) ->
    [
        begin
            Ports = ports(),
            Instance = hb_beamr_test_lib:start(busy),
            {Others, Answers} = bring(Instance, State),
            ?assertEqual(ok, hb_beamr:stop(Instance)),
            ?assertNot(is_process_alive(Instance)),
            ?assertEqual(Ports, ports()),
            [
                receive
                    {'DOWN', Monitor, process, _, Answer} ->
                        ?assertEqual({State, Expected}, {State, Answer})
                end
             || {Monitor, Expected} <- lists:zip(Others, Answers)
            ],
            ?assertEqual(ok, hb_beamr:stop(Instance))
        end
     || State <- states(), _ <- lists:seq(1, 20)
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% Owners

the_owner_is_the_caller(_) ->
    {ok, Instance} = hb_beamr_test_lib:run(fun() -> hb_beamr_test_lib:start(nothing) end),
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, "one", [])).

the_owner_may_be_another(_) ->
    Owner = spawn(fun() -> receive stop -> ok end end),
    {ok, Instance} = hb_beamr_test_lib:run(fun() ->
        {ok, Instance, _, _} =
            hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{owner => Owner}),
        Instance
    end),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    Owner ! stop,
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end).

an_owner_that_is_dead(_) ->
    Ports = ports(),
    {Dead, Monitor} = spawn_monitor(fun() -> ok end),
    receive
        {'DOWN', Monitor, process, Dead, _} -> ok
    end,
    case hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{owner => Dead}) of
        {error, Reason} -> ?assertMatch({not_running, _}, Reason);
        {ok, Instance, _, _} -> hb_beamr_test_lib:wait_until(fun() -> dead(Instance) end)
    end,
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end).

the_owner_dies_in_every_state(_) ->
    [
        begin
            Ports = ports(),
            Test = self(),
            Owner = spawn(fun() ->
                Test ! {self(), hb_beamr_test_lib:start(busy)},
                receive stop -> ok end
            end),
            Instance = receive {Owner, Pid} -> Pid end,
            {Others, Answers} = bring(Instance, State),
            exit(Owner, kill),
            hb_beamr_test_lib:wait_until(fun() -> dead(Instance) end),
            [
                receive
                    {'DOWN', Monitor, process, _, Answer} ->
                        ?assertEqual({State, Expected}, {State, Answer})
                end
             || {Monitor, Expected} <- lists:zip(Others, Answers)
            ],
            hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end)
        end
     || State <- states(), _ <- lists:seq(1, 20)
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

an_endless_start_function_ends_with_its_owner(_) ->
    Ports = ports(),
    Owner = spawn(fun() -> receive stop -> ok end end),
    Wasm = hb_beamr_test_lib:wasm(start_spins),
    {Starter, Monitor} = spawn_monitor(fun() ->
        exit(hb_beamr:start(Wasm, #{owner => Owner}))
    end),
    hb_beamr_test_lib:wait_for_port(Starter),
    exit(Owner, kill),
    receive
        {'DOWN', Monitor, process, Starter, {error, Reason}} ->
            ?assertMatch({not_running, _}, Reason)
    end,
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end).

the_caller_dies_during_start(_) ->
    Ports = ports(),
    Wasm = hb_beamr_test_lib:wasm(start_spins),
    Test = self(),
    [
        begin
            {Starter, Monitor} = spawn_monitor(fun() -> hb_beamr:start(Wasm, Options) end),
            hb_beamr_test_lib:wait_for_port(Starter),
            exit(Starter, kill),
            receive
                {'DOWN', Monitor, process, Starter, killed} -> ok
            end,
            hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end)
        end
     || Options <- [#{}, #{owner => Test}]
    ].

a_large_module_is_started_by_many(_) ->
    Wasm = large_module(1),
    Test = self(),
    Starters = [
        spawn_link(fun() ->
            {ok, Instance, [], [{memory, "memory", []}]} = hb_beamr:start(Wasm),
            Test ! {self(), hb_beamr_io:read(Instance, 2097149, 3)}
        end)
     || _ <- lists:seq(1, 8)
    ],
    [
        receive
            {Starter, Answer} -> ?assertEqual({ok, <<"end">>}, Answer)
        end
     || Starter <- Starters
    ].

the_caller_dies_while_a_large_module_is_loaded(_) ->
    Ports = ports(),
    [
        begin
            Wasm = large_module(N),
            {Starter, Monitor} = spawn_monitor(fun() -> hb_beamr:start(Wasm) end),
            [erlang:yield() || _ <- lists:seq(1, 3 * N)],
            exit(Starter, kill),
            receive
                {'DOWN', Monitor, process, Starter, _} -> ok
            end
        end
     || N <- lists:seq(1, 50)
    ],
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end).

%% (module (memory (export "memory") 32) (data ...)) with 2 MiB of data, made without a tool.
large_module(N) ->
    Data = <<N, 0:(8 * (2097152 - 4)), "end">>,
    Segment = <<1, 0, 16#41, 0, 16#0B, (leb(byte_size(Data)))/binary, Data/binary>>,
    <<
        0,
        "asm",
        1:32/little,
        5, 3, 1, 0, 32,
        7, 10, 1, 6, "memory", 2, 0,
        11, (leb(byte_size(Segment)))/binary, Segment/binary
    >>.

leb(N) when N < 128 -> <<N>>;
leb(N) -> <<1:1, (N band 127):7, (leb(N bsr 7))/binary>>.

%%% Callers

a_caller_killed_while_its_import_waits(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Caller, Monitor} = waiting_in_import(Busy),
            exit(Caller, kill),
            receive
                {'DOWN', Monitor, process, Caller, killed} -> ok
            end,
            %% Its call is unwound, and the next has the turn.
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", []))
        end
     || _ <- lists:seq(1, 100)
    ].

a_caller_killed_while_the_guest_runs(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Caller, Monitor} = spawn_monitor(fun() -> hb_beamr:call(Busy, "spin", []) end),
            hb_beamr_test_lib:wait_for_port(Caller),
            exit(Caller, kill),
            receive
                {'DOWN', Monitor, process, Caller, killed} -> ok
            end,
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", []))
        end
     || _ <- lists:seq(1, 20)
    ].

killing_the_instance_process(_) ->
    Ports = ports(),
    Busy = hb_beamr_test_lib:start(busy),
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Busy, "spin", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    exit(Busy, kill),
    receive
        {'DOWN', Monitor, process, Caller, Answer} ->
            ?assertEqual({error, "instance is not running"}, Answer)
    end,
    hb_beamr_test_lib:wait_until(fun() -> hb_beamr_registry:find(Busy) =:= none end),
    ?assertEqual(Ports, ports()).

callers_take_turns_in_order(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Holder, HolderMonitor} = waiting_in_import(Busy),
            Callers = [queued(Busy, N) || N <- [1, 2, 3, 4, 5]],
            Holder ! go_on,
            receive
                {'DOWN', HolderMonitor, process, Holder, {ok, [1], _}} -> ok
            end,
            %% Each answers its import only after it has told us; so the order is that of the turns.
            [
                receive
                    {turn, N, Caller} -> Caller ! go_on
                end
             || {N, _, _} <- Callers
            ],
            [
                receive
                    {'DOWN', Monitor, process, Caller, {ok, [N], _}} -> ok
                end
             || {N, Caller, Monitor} <- Callers
            ]
        end
     || _ <- lists:seq(1, 20)
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

a_waiting_caller_that_dies_loses_its_place(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {Holder, HolderMonitor} = waiting_in_import(Busy),
    [{1, First, FirstMonitor}, {2, Second, SecondMonitor}, {3, Third, ThirdMonitor}] =
        [queued(Busy, N) || N <- [1, 2, 3]],
    exit(Second, kill),
    receive
        {'DOWN', SecondMonitor, process, Second, killed} -> ok
    end,
    Holder ! go_on,
    receive
        {'DOWN', HolderMonitor, process, Holder, _} -> ok
    end,
    receive
        {turn, 1, First} -> First ! go_on
    end,
    receive
        {turn, 3, Third} -> Third ! go_on
    end,
    receive
        {'DOWN', FirstMonitor, process, First, {ok, [1], _}} -> ok
    end,
    receive
        {'DOWN', ThirdMonitor, process, Third, {ok, [3], _}} -> ok
    end.

a_nested_call_does_not_wait(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Holder = spawn_link(fun() ->
        Ask = fun(S, _, _) ->
            Test ! {self(), asked},
            receive go_on -> ok end,
            {ok, [1]} = hb_beamr:call(Busy, "one", []),
            {ok, [5], S}
        end,
        Test ! {self(), hb_beamr:call(Busy, "wait", [0], Ask)}
    end),
    receive
        {Holder, asked} -> ok
    end,
    {1, Caller, Monitor} = queued(Busy, 1),
    Holder ! go_on,
    receive
        {Holder, Answer} -> ?assertEqual({ok, [5], #{}}, Answer)
    end,
    receive
        {turn, 1, Caller} -> Caller ! go_on
    end,
    receive
        {'DOWN', Monitor, process, Caller, {ok, [1], _}} -> ok
    end.

messages_to_the_instance_are_ignored(_) ->
    Instance = hb_beamr_test_lib:start(nothing),
    %% But an exit signal is obeyed.
    Other = hb_beamr_test_lib:start(nothing),
    Monitor = erlang:monitor(process, Other),
    exit(Other, shutdown),
    receive
        {'DOWN', Monitor, process, Other, _} -> ok
    end,
    [
        Instance ! Message
     || Message <- [stop, {hb_beamr, self(), <<0>>}, {'DOWN', make_ref(), port, x, y}, {}]
    ],
    gen_server:cast(Instance, started),
    gen_server:cast(Instance, anything),
    ?assertEqual({error, unknown}, gen_server:call(Instance, anything)),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])).

a_stale_answer_is_no_answer(_) ->
    %% What a process remembers of an instance that is gone does no harm.
    [
        begin
            Instance = hb_beamr_test_lib:start(busy),
            {ok, [1]} = hb_beamr:call(Instance, "one", []),
            {ok, ok} = hb_beamr_test_lib:run(fun() -> hb_beamr:stop(Instance) end),
            ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, "one", [])),
            ?assertEqual({error, "instance is not running"}, hb_beamr_io:size(Instance))
        end
     || _ <- lists:seq(1, 100)
    ].

%%% Helpers

ports() ->
    length([Port || Port <- erlang:ports(), erlang:port_info(Port, name) =:= {name, "hb_beamr"}]).

dead(Pid) ->
    not is_process_alive(Pid).

states() ->
    [idle, running, waiting_in_import, queued].

%% Bring an instance into a state: who waits for answers, and which answers those are when it ends.
bring(_Instance, idle) ->
    {[], []};
bring(Instance, running) ->
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Instance, "spin", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    {[Monitor], [{error, "instance is not running"}]};
bring(Instance, waiting_in_import) ->
    {Caller, Monitor} = waiting_in_import(Instance),
    Caller ! when_it_is_gone,
    {[Monitor], [{error, "instance is not running", waited}]};
bring(Instance, queued) ->
    {Monitors, Answers} = bring(Instance, waiting_in_import),
    Queued = [queued(Instance, N) || N <- [1, 2]],
    {
        Monitors ++ [Monitor || {_, _, Monitor} <- Queued],
        Answers ++ [{error, "instance is not running", #{}} || _ <- Queued]
    }.

%% A process whose import waits until it is told.
waiting_in_import(Instance) ->
    Test = self(),
    Wait = fun(_, _, _) ->
        Test ! {self(), in_import},
        receive
            go_on ->
                ok;
            when_it_is_gone ->
                hb_beamr_test_lib:wait_until(fun() ->
                    not is_process_alive(Instance)
                end)
        end,
        {ok, [1], waited}
    end,
    {Caller, Monitor} = spawn_monitor(fun() ->
        exit(hb_beamr:call(Instance, "wait", [0], Wait, before))
    end),
    receive
        {Caller, in_import} -> {Caller, Monitor}
    end.

%% A process that waits for its turn.
queued(Instance, N) ->
    Test = self(),
    Turn = fun(S, #{args := [Arg]}, _) ->
        Test ! {turn, Arg, self()},
        receive go_on -> ok end,
        {ok, [Arg], S}
    end,
    {Caller, Monitor} = spawn_monitor(fun() ->
        exit(hb_beamr:call(Instance, "wait", [N], Turn))
    end),
    hb_beamr_test_lib:wait_for_port(Caller),
    {N, Caller, Monitor}.

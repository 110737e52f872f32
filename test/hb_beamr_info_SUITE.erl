%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% What is told of instances and of the node: information, counters, telemetry, the log.
-module(hb_beamr_info_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        the_activity_of_an_instance,
        what_an_instance_has_used,
        the_memory_of_an_instance,
        who_waits,
        of_what_is_no_instance,
        what_the_node_has_used,
        holds_are_measured_on_demand,
        a_description,
        {group, telemetry},
        one_line_at_the_start
    ].

groups() ->
    [
        {telemetry, [
            starts_and_stops,
            every_way_to_end,
            starts_that_are_refused,
            calls_that_fail,
            calls_that_tell_nothing,
            events_are_told_where_they_happen,
            without_the_library_nothing_happens
        ]}
    ].

init_per_group(telemetry, Config) ->
    [{telemetry, true} | Config].

end_per_group(telemetry, _Config) ->
    ok.

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_test_lib:ports()) =:= 1 end),
    _ = proplists:get_bool(telemetry, Config) andalso hb_beamr_test_telemetry:load(),
    Config.

end_per_testcase(_, _Config) ->
    ok = hb_beamr_test_telemetry:unload(),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% An instance

the_activity_of_an_instance(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    ?assertMatch({ok, #{activity := idle}}, hb_beamr:info(Busy)),
    Tell = fun(_, _, _) -> {ok, [1], hb_beamr:info(Busy)} end,
    ?assertMatch({ok, [1], {ok, #{activity := waiting}}}, hb_beamr:call(Busy, "wait", [0], Tell)),
    Caller = hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Busy, "spin", []) end),
    ?assertMatch({ok, #{activity := working}}, hb_beamr:info(Busy)),
    ok = hb_beamr:cancel(Busy),
    {error, "Exception: terminated"} = hb_beamr_test_lib:answer(Caller),
    ?assertMatch({ok, #{activity := idle}}, hb_beamr:info(Busy)).

what_an_instance_has_used(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Self = self(),
    {ok, Before} = hb_beamr:info(Imports),
    ?assertEqual(
        lists:sort([
            activity, owner, memory, waiting, calls, imports, traps, timeouts, migrations,
            inline_us, worker_us, mode, opt_level, compilation
        ]),
        lists:sort(maps:keys(Before))
    ),
    {Mode, Level} =
        case hb_beamr_test_lib:is_compiled() of
            true -> {aot, 1};
            false -> {interp, none}
        end,
    ?assertMatch(
        #{
            activity := idle,
            mode := Mode,
            opt_level := Level,
            compilation := none,
            owner := Self,
            memory := 65536,
            waiting := 0,
            calls := 0,
            imports := 0,
            traps := 0,
            timeouts := 0,
            migrations := 0
        },
        Before
    ),
    {ok, [5]} = hb_beamr:call(Imports, "count_down", [5]),
    {error, _} = hb_beamr:call(Imports, "trap", []),
    {error, timeout} = hb_beamr:call(Imports, "spin", [], #{timeout => 5}),
    {error, {invalid_args, _}} = hb_beamr:call(Imports, "seven", [1]),
    Nested = fun(S, _, _) ->
        {ok, [7]} = hb_beamr:call(Imports, "seven", []),
        {ok, [1], S}
    end,
    {ok, [1], _} = hb_beamr:call(Imports, "mul", [1, 1], Nested),
    {ok, #{migrations := Migrations, worker_us := WorkerUs} = After} = hb_beamr:info(Imports),
    ?assertMatch(#{calls := 5, imports := 6, timeouts := 1}, After),
    ?assert(Migrations >= 1),
    ?assert(WorkerUs > 0).

the_memory_of_an_instance(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertMatch({ok, #{memory := 65536}}, hb_beamr:info(Memory)),
    {ok, 1} = hb_beamr_io:grow(Memory, 2),
    ?assertMatch({ok, #{memory := 196608}}, hb_beamr:info(Memory)),
    ?assertMatch({ok, #{memory := 0}}, hb_beamr:info(hb_beamr_test_lib:start(nothing))),
    ?assertMatch({ok, #{memory := 196608}}, hb_beamr:info()),
    ok = hb_beamr:stop(Memory),
    ?assertMatch({ok, #{memory := 0}}, hb_beamr:info()).

who_waits(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Holder = hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Busy, "spin", []) end),
    Waiting = [
        hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Busy, "one", []) end)
     || _ <- lists:seq(1, 3)
    ],
    ?assertMatch({ok, #{activity := working, waiting := 3}}, hb_beamr:info(Busy)),
    ?assertMatch({ok, #{waiting := 3}}, hb_beamr:info()),
    ok = hb_beamr:cancel(Busy),
    {error, _} = hb_beamr_test_lib:answer(Holder),
    [?assertEqual({ok, [1]}, hb_beamr_test_lib:answer(Caller)) || Caller <- Waiting],
    ?assertMatch({ok, #{activity := idle, waiting := 0, calls := 4}}, hb_beamr:info(Busy)),
    ?assertMatch({ok, #{waiting := 0}}, hb_beamr:info()).

of_what_is_no_instance(_) ->
    Gone = {error, {not_running, #{message => <<"instance is not running">>}}},
    Instance = hb_beamr_test_lib:start(nothing),
    ok = hb_beamr:stop(Instance),
    [
        ?assertEqual(Gone, Ask(Pid))
     || Ask <- [fun hb_beamr:info/1, fun hb_beamr:describe/1],
        Pid <- [Instance, self(), whereis(hb_beamr_registry)]
    ].

%%% The node

what_the_node_has_used(_) ->
    {ok, Before} = hb_beamr:info(),
    Instances = [hb_beamr_test_lib:start(imports) || _ <- [1, 2, 3]],
    [{ok, [5]} = hb_beamr:call(Instance, "count_down", [5]) || Instance <- Instances],
    [{error, _} = hb_beamr:call(Instance, "trap", []) || Instance <- Instances],
    {error, timeout} = hb_beamr:call(hd(Instances), "spin", [], #{timeout => 5}),
    {ok, After} = hb_beamr:info(),
    Difference = fun(Name) -> maps:get(Name, After) - maps:get(Name, Before) end,
    [
        ?assertEqual({Name, Expected}, {Name, Difference(Name)})
     || {Name, Expected} <- [
            {instances, 3}, {memory, 3 * 65536}, {calls, 7}, {imports, 15}, {timeouts, 1}
        ]
    ],
    [ok = hb_beamr:stop(Instance) || Instance <- Instances],
    {ok, #{instances := Left, memory := Memory, calls := Calls}} = hb_beamr:info(),
    ?assertEqual({maps:get(instances, Before), maps:get(memory, Before)}, {Left, Memory}),
    %% What was done stays.
    ?assertEqual(maps:get(calls, After), Calls),
    {ok, Counters} = hb_beamr:counters(),
    ?assertEqual(lists:sort([limits, compiler | maps:keys(Counters)]), lists:sort(maps:keys(After))),
    ?assert(maps:get(workers, After) >= 1).

holds_are_measured_on_demand(_) ->
    Was = application:get_env(hb_beamr, measure_holds),
    [
        begin
            ok = application:stop(hb_beamr),
            ok = application:set_env(hb_beamr, measure_holds, Measure),
            {ok, [1]} = hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", []),
            {ok, #{longest_hold_ns := Nanos}} = hb_beamr:info(),
            ?assertEqual(Measure, Nanos > 0)
        end
     || Measure <- [false, true]
    ],
    ok = application:stop(hb_beamr),
    case Was of
        {ok, Value} -> ok = application:set_env(hb_beamr, measure_holds, Value);
        undefined -> ok = application:unset_env(hb_beamr, measure_holds)
    end.

a_description(_) ->
    {ok, Instance, Imports, Exports} = hb_beamr:start(hb_beamr_test_lib:wasm(imports)),
    ?assertEqual({ok, Imports, Exports}, hb_beamr:describe(Instance)),
    ?assertEqual({func, "my_lib", "mul", "(ii)i"}, hd(Imports)),
    ?assert(lists:member({memory, "memory", []}, Exports)),
    %% The guest is waited for.
    Asker = fun(S, _, _) -> {ok, [1], [hb_beamr:describe(Instance) | S]} end,
    ?assertEqual(
        {ok, [1], [{ok, Imports, Exports}]}, hb_beamr:call(Instance, "mul", [1, 1], Asker, [])
    ).

%%% Telemetry

starts_and_stops(_) ->
    Self = self(),
    Wasm = hb_beamr_test_lib:wasm(imports),
    Size = byte_size(Wasm),
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    {Measured, Told} = event([hb_beamr, instance, start]),
    ?assertMatch(#{module_size := Size, duration := D} when D > 0, Measured),
    ?assertEqual(2, map_size(Measured)),
    ?assertEqual(#{instance => Instance, owner => Self}, Told),
    {ok, [5]} = hb_beamr:call(Instance, "count_down", [5]),
    {error, timeout} = hb_beamr:call(Instance, "spin", [], #{timeout => 5}),
    {#{count := 1}, #{instance := Instance}} = event([hb_beamr, call, failure]),
    ok = hb_beamr:stop(Instance),
    {Used, Ended} = event([hb_beamr, instance, stop]),
    ?assertEqual(
        lists:sort([
            calls, imports, traps, timeouts, migrations, memory, inline_us, worker_us
        ]),
        lists:sort(maps:keys(Used))
    ),
    ?assertMatch(#{calls := 2, imports := 5, timeouts := 1, memory := 65536}, Used),
    ?assertEqual(#{instance => Instance, reason => stopped}, Ended),
    ok = hb_beamr:stop(Instance),
    {ok, Nobodys, _, _} = hb_beamr:start(Wasm, #{owner => none}),
    ?assertMatch({_, #{instance := Nobodys, owner := none}}, event([hb_beamr, instance, start])),
    ok = hb_beamr:stop(Nobodys),
    {_, _} = event([hb_beamr, instance, stop]).

%% Once each.
every_way_to_end(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    [
        begin
            Owner = spawn(fun() -> receive stop -> ok end end),
            {ok, Instance, _, _} = hb_beamr:start(Wasm, #{owner => Owner}),
            {_, #{instance := Instance}} = event([hb_beamr, instance, start]),
            Monitor = erlang:monitor(process, Instance),
            End(Instance, Owner),
            receive
                {'DOWN', Monitor, process, Instance, _} -> ok
            end,
            {#{memory := 0}, Told} = event([hb_beamr, instance, stop]),
            ?assertEqual(#{instance => Instance, reason => Reason}, Told),
            exit(Owner, kill)
        end
     || {Reason, End} <- [
            {stopped, fun(Instance, _) -> hb_beamr:stop(Instance) end},
            {normal, fun(_, Owner) -> exit(Owner, kill) end},
            {normal, fun(_, Owner) -> Owner ! stop end},
            {normal, fun(Instance, _) -> exit(Instance, shutdown) end},
            {normal, fun(_, _) -> application:stop(hb_beamr) end}
        ]
    ],
    %% Also when many stop it at once.
    [
        begin
            {ok, Instance, _, _} = hb_beamr:start(Wasm),
            {_, _} = event([hb_beamr, instance, start]),
            Stoppers = [
                hb_beamr_test_lib:caller(fun() -> hb_beamr:stop(Instance) end)
             || _ <- lists:seq(1, 10)
            ],
            [?assertEqual(ok, hb_beamr_test_lib:answer(Stopper)) || Stopper <- Stoppers],
            {_, #{instance := Instance}} = event([hb_beamr, instance, stop])
        end
     || _ <- lists:seq(1, 50)
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

starts_that_are_refused(_) ->
    [
        begin
            {error, Reason} = hb_beamr:start(Wasm, Options),
            {Measured, Told} = event([hb_beamr, instance, refused]),
            Size = byte_size(Wasm),
            ?assertMatch(#{module_size := Size, duration := D} when D >= 0, Measured),
            ?assertEqual(#{reason => Reason}, Told),
            %% Of its end nothing is told.
            ?assertEqual([], hb_beamr_test_lib:mailbox())
        end
     || {Wasm, Options} <- [
            {<<"not a module">>, #{}},
            {hb_beamr_test_lib:wasm(nothing), #{no_such => option}},
            {hb_beamr_test_lib:wasm(start_spins), #{timeout => 5}},
            {hb_beamr_test_lib:wasm(memory), #{max_memory => 0}}
        ]
    ].

calls_that_fail(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    {_, _} = event([hb_beamr, instance, start]),
    [
        begin
            {error, _} = hb_beamr:call(Imports, Function, Args, Options),
            {Measured, #{instance := Imports, reason := Reason} = Told} =
                event([hb_beamr, call, failure]),
            ?assertEqual(#{count => 1}, Measured),
            ?assertEqual(2, map_size(Told)),
            ?assertEqual(Code, element(1, Reason)),
            ?assertEqual(Reason, hb_beamr:last_error(Imports))
        end
     || {Function, Args, Options, Code} <- [
            {"trap", [], #{}, trap},
            {"spin", [], #{timeout => 5}, timeout},
            {"seven", [1], #{}, invalid_args},
            {"no such", [], #{}, unknown_function}
        ]
    ],
    Wrong = fun(S, _, _) -> {ok, [wrong], S} end,
    {error, _, _} = hb_beamr:call(Imports, "mul", [1, 1], Wrong),
    {_, #{reason := {bad_result, _}}} = event([hb_beamr, call, failure]),
    Cancel = fun(S, _, _) ->
        ok = hb_beamr:cancel(Imports),
        {ok, [1], S}
    end,
    {error, _, _} = hb_beamr:call(Imports, "mul", [1, 1], Cancel),
    {_, #{reason := {cancelled, _}}} = event([hb_beamr, call, failure]),
    ok = hb_beamr:stop(Imports),
    {_, _} = event([hb_beamr, instance, stop]).

calls_that_tell_nothing(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    {_, _} = event([hb_beamr, instance, start]),
    {ok, [7]} = hb_beamr:call(Imports, "seven", []),
    {error, throw, reason, _, _} =
        hb_beamr:call(Imports, "mul", [1, 1], fun(_, _, _) -> throw(reason) end),
    ?assertEqual([], hb_beamr_test_lib:mailbox()),
    ok = hb_beamr:stop(Imports),
    {_, _} = event([hb_beamr, instance, stop]).

events_are_told_where_they_happen(_) ->
    Wasm = hb_beamr_test_lib:wasm(traps),
    Starter =
        {StarterPid, _} = hb_beamr_test_lib:caller(fun() ->
            {ok, Instance, _, _} = hb_beamr:start(Wasm, #{owner => none}),
            Instance
        end),
    Instance = hb_beamr_test_lib:answer(Starter),
    ?assertEqual(StarterPid, teller([hb_beamr, instance, start])),
    Caller =
        {CallerPid, _} = hb_beamr_test_lib:caller(fun() ->
            hb_beamr:call(Instance, "deep", [])
        end),
    {error, _} = hb_beamr_test_lib:answer(Caller),
    ?assertEqual(CallerPid, teller([hb_beamr, call, failure])),
    Stopper =
        {StopperPid, _} = hb_beamr_test_lib:caller(fun() -> hb_beamr:stop(Instance) end),
    ok = hb_beamr_test_lib:answer(Stopper),
    ?assertEqual(StopperPid, teller([hb_beamr, instance, stop])).

without_the_library_nothing_happens(_) ->
    ok = hb_beamr_test_telemetry:unload(),
    Traps = hb_beamr_test_lib:start(traps),
    {error, _} = hb_beamr:call(Traps, "deep", []),
    ok = hb_beamr:stop(Traps),
    {error, _} = hb_beamr:start(<<>>),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%% The only event there is.
event(Name) ->
    receive
        {event, _, Told, Measurements, Metadata} ->
            ?assertEqual(Name, Told),
            {Measurements, Metadata}
    end.

teller(Name) ->
    receive
        {event, Pid, Told, _, _} ->
            ?assertEqual(Name, Told),
            Pid
    end.

%%% The log

one_line_at_the_start(_) ->
    ok = application:stop(hb_beamr),
    ok = application:set_env(hb_beamr, max_instances, 1000),
    #{level := Level} = logger:get_primary_config(),
    ok = logger:set_primary_config(level, info),
    ok = logger:add_handler(?MODULE, ?MODULE, #{level => info, config => self()}),
    ok = application:start(hb_beamr),
    ok = logger:remove_handler(?MODULE),
    ok = logger:set_primary_config(level, Level),
    {ok, #{workers := Workers, physical_memory := Physical}} = hb_beamr:info(),
    ?assertEqual(
        [
            {info,
                lists:flatten(
                    io_lib:format(
                        "hb_beamr: ~b worker(s), max_total_memory ~b, max_instances 1000, "
                        "max_waiting_calls 262144",
                        [Workers, Physical]
                    )
                )}
        ],
        logged()
    ),
    ok = application:unset_env(hb_beamr, max_instances),
    ok = application:stop(hb_beamr).

%% As a handler of the logger.
log(#{level := Level, msg := {Format, Args}}, #{config := Test}) when is_list(Format) ->
    Test ! {logged, Level, lists:flatten(io_lib:format(Format, Args))};
log(_, _) ->
    ok.

%% What is ours.
logged() ->
    receive
        {logged, Level, "hb_beamr" ++ _ = Line} -> [{Level, Line} | logged()];
        {logged, _, _} -> logged()
    after 0 -> []
    end.

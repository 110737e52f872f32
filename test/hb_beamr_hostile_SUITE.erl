%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Processes of the same node that know ports and mean harm: they speak the driver's protocol, or
%%% what is none, and treat the ports and the driver itself as Erlang lets them. They may ruin the
%%% instances whose ports they know. The node and all other instances go on.
-module(hb_beamr_hostile_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(GONE, {error, "instance is not running"}).
%% Codes of the protocol.
-define(INVALID_STATE, 11).
-define(NOT_HOLDER, 12).
-define(BADARG, 14).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        operations_that_do_not_exist,
        commands_that_do_not_exist,
        random_operations_in_every_state,
        random_commands_in_every_state,
        huge_operations,
        huge_commands,
        operations_out_of_order,
        answers_of_processes_that_hold_nothing,
        a_port_without_an_instance,
        a_port_that_another_process_closes,
        a_port_that_another_process_takes,
        a_port_that_gets_messages_and_signals,
        the_port_of_the_node_is_closed,
        the_driver_is_unloaded_by_another_process,
        the_driver_is_unloaded_while_guests_run
    ].

init_per_testcase(_, Config) ->
    hb_beamr_test_lib:wait_until(fun() ->
        {ok, _} = application:ensure_all_started(hb_beamr),
        is_port(hb_beamr_registry:port())
    end),
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= 1 end),
    rand:seed(exsss, 3),
    Config.

%% Whatever was done: all is well.
end_per_testcase(_, _Config) ->
    ?assertEqual({ok, [1]}, hb_beamr:call(hb_beamr_test_lib:start(busy), "one", [])),
    ok.

%%% Operations

operations_that_do_not_exist(_) ->
    Port = port(hb_beamr_test_lib:start(busy)),
    [
        ?assertEqual(refusal(?BADARG, "unknown operation"), control(Port, Operation, Data))
     || Operation <- [0, 255, 1000, 16#7FFFFFFF], Data <- [<<>>, random(100)]
    ],
    [
        ?assertError(badarg, erlang:port_control(Port, Operation, Data))
     || {Operation, Data} <- [{-1, <<>>}, {1 bsl 32, <<>>}, {atom, <<>>}, {1, atom}, {1, [256]}]
    ].

commands_that_do_not_exist(_) ->
    Port = port(hb_beamr_test_lib:start(busy)),
    [
        begin
            true = erlang:port_command(Port, Data),
            ?assertEqual(refusal(?BADARG, "malformed command"), message(Port))
        end
     || Data <- [<<>>, <<0>>, <<255>>, <<10>>, <<10, 1, 2, 3, 4, 5, 6, 7>>, "call", random(100000)]
    ],
    true = erlang:port_command(Port, <<1, "a second module">>),
    ?assertEqual(refusal(?INVALID_STATE, "a module is loaded once"), message(Port)),
    ?assertError(badarg, erlang:port_command(Port, [atom])),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

random_operations_in_every_state(_) ->
    Operations = lists:seq(0, 40) ++ [16#80000000, 16#80000001, 16#8000FFFF, 16#FFFFFFFF],
    attack(fun(Port) ->
        Data = random_data(),
        Operation = lists:nth(rand:uniform(length(Operations)), Operations),
        control(Port, Operation, Data)
    end).

random_commands_in_every_state(_) ->
    attack(fun(Port) ->
        Head = lists:nth(rand:uniform(3), [<<1>>, <<10, (random(8))/binary>>, random(3)]),
        command(Port, [Head, random_data()])
    end).

%% 100 MB in every operation: nothing is allocated for them but what the emulator does.
huge_operations(_) ->
    Huge = binary:copy(<<0>>, 100000000),
    attack(states(), 1, fun(Port) ->
        [control(Port, Operation, Huge) || Operation <- lists:seq(0, 40) ++ [16#80000000]]
    end).

huge_commands(_) ->
    Huge = binary:copy(<<0>>, 100000000),
    attack(states(), 1, fun(Port) ->
        [command(Port, [Head, Huge]) || Head <- [<<>>, <<1>>, <<10, 0:64>>, <<10, -1:64>>]]
    end).

operations_out_of_order(_) ->
    Fresh = raw_port(),
    Instantiate = <<0:32>>,
    [
        ?assertMatch(<<4, ?INVALID_STATE, _/binary>>, control(Fresh, Operation, Data), Operation)
     || {Operation, Data} <- [{2, Instantiate}, {3, <<>>}, {4, <<0:32, "one">>}, {18, "one"}]
    ],
    %% Loaded twice, instantiated twice.
    Wasm = hb_beamr_test_lib:wasm(busy),
    <<0, _:72>> = answer(Fresh, control(Fresh, 1, Wasm)),
    ?assertEqual(refusal(?INVALID_STATE, "a module is loaded once"), control(Fresh, 1, Wasm)),
    <<1>> = answer(Fresh, control(Fresh, 2, Instantiate)),
    ?assertMatch(<<4, ?INVALID_STATE, _/binary>>, control(Fresh, 2, Instantiate)),
    <<1, 0, 1:64/little>> = control(Fresh, 4, <<0:32, "one">>),
    erlang:port_close(Fresh).

answers_of_processes_that_hold_nothing(_) ->
    Instance = hb_beamr_test_lib:start(busy),
    Port = port(Instance),
    Refused = refusal(?NOT_HOLDER, "no import waits for an answer of this process"),
    Try = fun() -> [control(Port, 7, <<1, 0:64>>), control(Port, 8, "message")] end,
    ?assertEqual([Refused, Refused], Try()),
    {Caller, Monitor} = waiting(Instance),
    ?assertEqual([Refused, Refused], Try()),
    Caller ! go_on,
    receive
        {'DOWN', Monitor, process, Caller, Answer} -> ?assertEqual({ok, [7], #{}}, Answer)
    end.

%% Whoever opens a port himself has one, and nothing more.
a_port_without_an_instance(_) ->
    Ports = [raw_port() || _ <- lists:seq(1, 100)],
    [control(Port, Operation, random_data()) || Port <- Ports, Operation <- lists:seq(2, 40)],
    [erlang:port_close(Port) || Port <- Ports],
    flush().

%%% Ports

a_port_that_another_process_closes(_) ->
    [
        begin
            {Instance, Waiting} = in_state(State),
            {ok, true} = hb_beamr_test_lib:run(fun() -> erlang:port_close(port(Instance)) end),
            gone(Instance, Waiting)
        end
     || State <- states(), _ <- lists:seq(1, 10)
    ].

%% The new owner's death closes the port.
a_port_that_another_process_takes(_) ->
    [
        begin
            {Instance, Waiting} = in_state(State),
            {ok, ok} = hb_beamr_test_lib:run(fun() ->
                Port = port(Instance),
                true = erlang:port_connect(Port, self()),
                {connected, Self} = erlang:port_info(Port, connected),
                ?assertEqual(self(), Self),
                case State of
                    idle -> {ok, [1]} = hb_beamr:call(Instance, "one", []);
                    _ -> ok
                end,
                true = erlang:unlink(Port),
                Port ! {self(), close},
                receive {Port, closed} -> ok end
            end),
            gone(Instance, Waiting)
        end
     || State <- states(), _ <- lists:seq(1, 10)
    ].

a_port_that_gets_messages_and_signals(_) ->
    Instance = hb_beamr_test_lib:start(busy),
    {ok, ok} = hb_beamr_test_lib:run(fun() ->
        Port = port(Instance),
        true = link(Port),
        true = unlink(Port),
        ok
    end),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    [
        begin
            {Victim, Waiting} = in_state(State),
            Port = port(Victim),
            {connected, Owner} = erlang:port_info(Port, connected),
            {ok, _} = hb_beamr_test_lib:run(fun() -> Harm(Port, Owner) end),
            gone(Victim, Waiting)
        end
     || State <- states(),
        Harm <- [
            fun(Port, Owner) -> Port ! {Owner, close} end,
            %% What nobody, or only the owner, may send is a signal to the owner: it ends.
            fun(Port, _) -> Port ! nonsense end,
            fun(Port, _) -> Port ! {self(), close} end,
            fun(Port, _) -> Port ! {self(), {connect, self()}} end,
            fun(Port, _) -> exit(Port, kill) end,
            fun(Port, _) -> exit(Port, normal) end,
            fun(Port, _) -> exit(Port, reason) end,
            fun(Port, _) ->
                hb_beamr_test_lib:run(fun() ->
                    true = link(Port),
                    exit(reason)
                end)
            end
        ]
    ].

%% Then all instances end, and the application starts its registry anew.
the_port_of_the_node_is_closed(_) ->
    Before = whereis(hb_beamr_registry),
    {Instance, Waiting} = in_state(running),
    erlang:port_close(hb_beamr_registry:port()),
    gone(Instance, Waiting),
    hb_beamr_test_lib:wait_until(fun() ->
        Now = whereis(hb_beamr_registry),
        is_pid(Now) andalso Now =/= Before andalso is_port(hb_beamr_registry:port())
    end).

%%% The driver

the_driver_is_unloaded_by_another_process(_) ->
    {Instance, [{Caller, Monitor, _}]} = in_state(running),
    Try = fun() ->
        [
            erl_ddll:unload_driver("hb_beamr"),
            erl_ddll:unload("hb_beamr"),
            erl_ddll:try_unload("hb_beamr", []),
            erl_ddll:try_unload("hb_beamr", [kill_ports]),
            erl_ddll:try_unload("hb_beamr", [{monitor, pending}, kill_ports])
        ]
    end,
    ?assertEqual(
        {ok, lists:duplicate(5, {error, not_loaded_by_this_process})}, hb_beamr_test_lib:run(Try)
    ),
    %% One that has loaded it, too, only takes back what it did.
    ?assertEqual(
        {ok, {ok, pending_process}},
        hb_beamr_test_lib:run(fun() ->
            ok = hb_beamr_port:load(),
            erl_ddll:try_unload("hb_beamr", [kill_ports])
        end)
    ),
    ?assert(is_process_alive(Caller)),
    ok = hb_beamr:cancel(Instance),
    receive
        {'DOWN', Monitor, process, Caller, Answer} ->
            ?assertEqual({error, "Exception: terminated"}, Answer)
    end.

%% Even he who keeps it loaded may do so: ports are killed, guests end, the code goes.
the_driver_is_unloaded_while_guests_run(_) ->
    [
        begin
            Registry = whereis(hb_beamr_registry),
            States = [in_state(State) || State <- states() ++ states()],
            sys:replace_state(Registry, fun(State) ->
                {ok, pending_driver, _} =
                    erl_ddll:try_unload("hb_beamr", [{monitor, pending_driver}, kill_ports]),
                State
            end),
            [gone(Instance, Waiting) || {Instance, Waiting} <- States],
            hb_beamr_test_lib:wait_until(fun() ->
                case hb_beamr:start(hb_beamr_test_lib:wasm(busy)) of
                    {ok, Next, _, _} -> {ok, [1]} =:= hb_beamr:call(Next, "one", []);
                    {error, _} -> false
                end
            end)
        end
     || _ <- lists:seq(1, 3)
    ].

%%% Attackers

%% Many attacks on instances in every state, while another instance is watched.
attack(Attack) ->
    attack(states(), 100, Attack).

attack(States, Times, Attack) ->
    Other = hb_beamr_test_lib:start(imports),
    ok = hb_beamr_io:write(Other, 0, <<"untouched">>),
    Instances = [in_state(State) || State <- States],
    [
        begin
            Ports = [port(Instance) || {Instance, _} <- Instances] ++ [raw_port()],
            Seed = rand:uniform(1 bsl 30),
            %% Whatever it waits for, holds or has begun ends with it.
            {Attacker, Monitor} = spawn_monitor(fun() ->
                rand:seed(exsss, Seed),
                [Attack(Port) || Port <- Ports, _ <- lists:seq(1, Times)]
            end),
            receive
                {'DOWN', Monitor, process, Attacker, Reason} -> ?assertEqual(normal, Reason)
            end,
            ?assertEqual({ok, [7]}, hb_beamr:call(Other, "seven", [])),
            Mul = fun(S, #{args := [A, B]}, _) -> {ok, [A * B], S} end,
            ?assertEqual({ok, [32], #{}}, hb_beamr:call(Other, "power", [2, 5], Mul)),
            ?assertEqual({ok, <<"untouched">>}, hb_beamr_io:read(Other, 0, 9))
        end
     || _ <- lists:seq(1, 5)
    ],
    [ok = hb_beamr:stop(Instance) || {Instance, _} <- Instances],
    [
        receive
            {'DOWN', Monitor, process, Caller, _} -> ok
        end
     || {_, Waiting} <- Instances, {Caller, Monitor, _} <- Waiting
    ],
    flush().

%% Bytes that are often nearly right.
random_data() ->
    case rand:uniform(8) of
        1 -> <<>>;
        2 -> random(rand:uniform(8));
        3 -> random(rand:uniform(10000));
        4 -> <<0:32, "one">>;
        5 -> <<(rand:uniform(3)):16/little, (random(27))/binary>>;
        6 -> [<<1, 0>>, lists:duplicate(rand:uniform(100), <<1, 7:64>>)];
        7 -> <<(rand:uniform(70000)):64/little, (rand:uniform(1 bsl 40)):64/little>>;
        8 -> binary:part(hb_beamr_test_lib:wasm(busy), 0, rand:uniform(100))
    end.

random(Size) ->
    <<<<(rand:uniform(256) - 1)>> || _ <- lists:seq(1, Size)>>.

control(Port, Operation, Data) ->
    try
        erlang:port_control(Port, Operation, Data)
    catch
        error:badarg -> closed
    end.

command(Port, Data) ->
    try
        erlang:port_command(Port, Data)
    catch
        error:badarg -> closed
    end.

%%% Helpers

ports() ->
    length([Port || Port <- erlang:ports(), erlang:port_info(Port, name) =:= {name, "hb_beamr"}]).

port(Instance) ->
    case hb_beamr_registry:find(Instance) of
        {Port, _} -> Port;
        none -> raw_port()
    end.

raw_port() ->
    erlang:open_port({spawn_driver, "hb_beamr"}, [binary]).

refusal(Code, Text) ->
    <<4, Code, (list_to_binary(Text))/binary>>.

answer(Port, <<3>>) -> message(Port);
answer(_Port, Answer) -> Answer.

message(Port) ->
    receive
        {hb_beamr, Port, Answer} -> Answer
    end.

flush() ->
    receive
        _ -> flush()
    after 0 -> ok
    end.

states() ->
    [idle, running, waiting, queued].

%% An instance, and who waits for an answer of it, which is not to come.
in_state(State) ->
    Instance = hb_beamr_test_lib:start(busy),
    {Instance, in_state(State, Instance)}.

in_state(idle, _) ->
    [];
in_state(running, Instance) ->
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Instance, "spin", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    [{Caller, Monitor, ?GONE}];
in_state(waiting, Instance) ->
    {Caller, Monitor} = waiting(Instance),
    [{Caller, Monitor, {error, "instance is not running", #{}}}];
in_state(queued, Instance) ->
    Waiting = in_state(waiting, Instance),
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Instance, "one", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    Waiting ++ [{Caller, Monitor, ?GONE}].

%% A process whose import waits until it is told, or its instance is gone.
waiting(Instance) ->
    Test = self(),
    Wait = fun(S, _, _) ->
        Test ! {self(), waits},
        Gone = erlang:monitor(process, Instance),
        receive
            go_on -> ok;
            {'DOWN', Gone, process, Instance, _} -> ok
        end,
        {ok, [7], S}
    end,
    {Caller, Monitor} = spawn_monitor(fun() ->
        exit(hb_beamr:call(Instance, "wait", [0], Wait))
    end),
    receive
        {Caller, waits} -> {Caller, Monitor}
    end.

gone(Instance, Waiting) ->
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end),
    ?assertEqual(?GONE, hb_beamr:call(Instance, "one", [])),
    [
        receive
            {'DOWN', Monitor, process, Caller, Answer} -> ?assertEqual(Expected, Answer)
        end
     || {Caller, Monitor, Expected} <- Waiting
    ].

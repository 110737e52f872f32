%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Who owns an instance: giving it away, owning nobody's, supervisors.
-module(hb_beamr_ownership_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        the_owner_gives_it_away,
        the_new_owner_gives_it_away,
        to_itself,
        by_others,
        to_a_dead_process,
        to_nobody_and_back,
        while_the_guest_runs,
        while_an_import_waits,
        within_its_own_import,
        one_of_many_takes_what_is_nobodys,
        the_old_owner_dies_meanwhile,
        of_one_that_is_gone,
        an_instance_of_nobody,
        an_instance_of_nobody_ends_with_the_application,
        the_starter_of_an_instance_of_nobody_dies_before,
        a_supervisor_restarts_what_was_killed,
        a_supervisor_restarts_what_was_stopped,
        a_supervisor_ends_its_instances,
        a_supervisor_leaves_what_has_another_owner,
        a_start_that_fails_under_a_supervisor,
        a_linked_start_that_fails_leaves_nothing,
        a_linked_start_that_fails_ends_nobody,
        a_linked_starter_that_ends
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= 1 end),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% Giving away

the_owner_gives_it_away(_) ->
    New = process(),
    {Old, Instance} = owned(),
    ?assertEqual(Old, owner(Instance)),
    ?assertEqual(ok, ask(Old, fun() -> hb_beamr:give_away(Instance, New) end)),
    ?assertEqual(New, owner(Instance)),
    kill(Old),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    kill(New),
    ends(Instance).

the_new_owner_gives_it_away(_) ->
    {First, Instance} = owned(),
    Owners = [First | _] = [First] ++ [process() || _ <- lists:seq(1, 10)],
    Give = fun(New, Old) ->
        ?assertEqual(ok, ask(Old, fun() -> hb_beamr:give_away(Instance, New) end)),
        New
    end,
    Last = lists:foldl(Give, First, tl(Owners)),
    ?assertEqual(Last, owner(Instance)),
    [kill(Owner) || Owner <- Owners, Owner =/= Last],
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    kill(Last),
    ends(Instance).

to_itself(_) ->
    {Owner, Instance} = owned(),
    ?assertEqual(ok, ask(Owner, fun() -> hb_beamr:give_away(Instance, Owner) end)),
    ?assertEqual(Owner, owner(Instance)),
    kill(Owner),
    ends(Instance).

by_others(_) ->
    {Owner, Instance} = owned(),
    Text = unicode:characters_to_binary(io_lib:format("the owner is ~p", [Owner])),
    NotOwner = {error, {not_owner, #{message => Text}}},
    [
        ?assertEqual(NotOwner, hb_beamr:give_away(Instance, New))
     || New <- [self(), Owner, none, Instance]
    ],
    %% Nor who gave it away.
    New = process(),
    ok = ask(Owner, fun() -> hb_beamr:give_away(Instance, New) end),
    ?assertMatch(
        {error, {not_owner, _}}, ask(Owner, fun() -> hb_beamr:give_away(Instance, Owner) end)
    ),
    ?assertEqual(New, owner(Instance)),
    [?assertError(function_clause, hb_beamr:give_away(Instance, Bad)) || Bad <- [nobody, 1, "x"]],
    kill(New),
    ends(Instance).

to_a_dead_process(_) ->
    Instance = hb_beamr_test_lib:start(busy),
    Dead = process(),
    kill(Dead),
    ?assertEqual(ok, hb_beamr:give_away(Instance, Dead)),
    ends(Instance).

to_nobody_and_back(_) ->
    {Owner, Instance} = owned(),
    ?assertEqual(ok, ask(Owner, fun() -> hb_beamr:give_away(Instance, none) end)),
    ?assertEqual(none, owner(Instance)),
    kill(Owner),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    %% Any process may take it.
    New = process(),
    ?assertEqual(ok, hb_beamr:give_away(Instance, New)),
    ?assertMatch({error, {not_owner, _}}, hb_beamr:give_away(Instance, none)),
    kill(New),
    ends(Instance).

while_the_guest_runs(_) ->
    {Old, Instance} = owned(),
    New = process(),
    Caller = hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Instance, "spin", []) end),
    ?assertEqual(ok, ask(Old, fun() -> hb_beamr:give_away(Instance, New) end)),
    kill(Old),
    ?assertMatch({ok, #{activity := working, owner := New}}, hb_beamr:info(Instance)),
    kill(New),
    ?assertEqual({error, "instance is not running"}, hb_beamr_test_lib:answer(Caller)),
    ends(Instance).

while_an_import_waits(_) ->
    {Old, Instance} = owned(),
    New = process(),
    Test = self(),
    Defer = fun(_, #{token := Token}, _) ->
        Test ! Token,
        {defer, deferred}
    end,
    Caller = hb_beamr_test_lib:waiting_caller(fun() ->
        hb_beamr:call(Instance, "wait", [0], Defer, before)
    end),
    Token = receive Sent -> Sent end,
    ?assertEqual(ok, ask(Old, fun() -> hb_beamr:give_away(Instance, New) end)),
    kill(Old),
    ?assertEqual(ok, hb_beamr:reply(Token, [5])),
    ?assertEqual({ok, [5], deferred}, hb_beamr_test_lib:answer(Caller)),
    kill(New),
    ends(Instance).

within_its_own_import(_) ->
    New = process(),
    Instance = hb_beamr_test_lib:start(busy),
    Give = fun(_, _, _) -> {ok, [1], hb_beamr:give_away(Instance, New)} end,
    ?assertEqual({ok, [1], ok}, hb_beamr:call(Instance, "wait", [0], Give)),
    ?assertEqual(New, owner(Instance)),
    kill(New),
    ends(Instance).

one_of_many_takes_what_is_nobodys(_) ->
    [
        begin
            {ok, Instance, _, _} =
                hb_beamr:start(hb_beamr_test_lib:wasm(busy), #{owner => none}),
            Takers = [process() || _ <- lists:seq(1, 10)],
            Answers = [
                {Taker, hb_beamr_test_lib:caller(fun() -> hb_beamr:give_away(Instance, Taker) end)}
             || Taker <- Takers
            ],
            [Owner] = [Taker || {Taker, Caller} <- Answers, hb_beamr_test_lib:answer(Caller) =:= ok],
            ?assertEqual(Owner, owner(Instance)),
            [kill(Taker) || Taker <- Takers],
            ends(Instance)
        end
     || _ <- lists:seq(1, 50)
    ].

%% Whichever is first, the instance ends or is the new owner's; and it is told which.
the_old_owner_dies_meanwhile(_) ->
    [
        begin
            {Old, Instance} = owned(),
            New = process(),
            Old ! {do, self(), fun() -> hb_beamr:give_away(Instance, New) end},
            [erlang:yield() || _ <- lists:seq(1, N rem 10)],
            kill(Old),
            receive
                {Old, Answer} ->
                    ?assertEqual(ok, Answer),
                    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", []))
            after 0 -> ok
            end,
            kill(New),
            ends(Instance)
        end
     || N <- lists:seq(1, 200)
    ].

of_one_that_is_gone(_) ->
    Instance = hb_beamr_test_lib:start(nothing),
    ok = hb_beamr:stop(Instance),
    Gone = {error, {not_running, #{message => <<"instance is not running">>}}},
    ?assertEqual(Gone, hb_beamr:give_away(Instance, self())),
    ?assertEqual(Gone, hb_beamr:give_away(self(), self())),
    ?assertEqual(Gone, hb_beamr:info(Instance)).

%%% Nobody's

an_instance_of_nobody(_) ->
    {ok, Instance} = hb_beamr_test_lib:run(fun() ->
        {ok, Instance, _, _} =
            hb_beamr:start(hb_beamr_test_lib:wasm(busy), #{owner => none}),
        Instance
    end),
    ?assertEqual(none, owner(Instance)),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    ok = hb_beamr:stop(Instance),
    ends(Instance).

an_instance_of_nobody_ends_with_the_application(_) ->
    {ok, Instance, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(busy), #{owner => none}),
    Caller = hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Instance, "spin", []) end),
    ok = application:stop(hb_beamr),
    ?assertEqual({error, "instance is not running"}, hb_beamr_test_lib:answer(Caller)),
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end).

%% Nobody would know of it.
the_starter_of_an_instance_of_nobody_dies_before(_) ->
    Ports = ports(),
    {Pid, Monitor} = hb_beamr_test_lib:waiting_caller(fun() ->
        hb_beamr:start(hb_beamr_test_lib:wasm(start_spins), #{owner => none})
    end),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, killed} -> ok
    end,
    hb_beamr_test_lib:wait_until(fun() -> ports() =:= Ports end).

%%% Supervisors

init({Flags, Children}) ->
    {ok, {Flags, Children}}.

a_supervisor_restarts_what_was_killed(_) ->
    {Supervisor, First} = supervised(transient, #{}),
    ?assertEqual(Supervisor, owner(First)),
    ?assertEqual({ok, [1]}, hb_beamr:call(First, "one", [])),
    exit(First, kill),
    Second = replaced(Supervisor, First),
    ?assertEqual({ok, [1]}, hb_beamr:call(Second, "one", [])),
    %% An end that was wanted is none.
    ok = hb_beamr:stop(Second),
    hb_beamr_test_lib:wait_until(fun() -> child(Supervisor) =:= undefined end),
    stop_supervisor(Supervisor).

a_supervisor_restarts_what_was_stopped(_) ->
    {Supervisor, First} = supervised(permanent, #{}),
    ok = hb_beamr:stop(First),
    Second = replaced(Supervisor, First),
    ?assertEqual({ok, [1]}, hb_beamr:call(Second, "one", [])),
    stop_supervisor(Supervisor).

a_supervisor_ends_its_instances(_) ->
    {Supervisor, Instance} = supervised(permanent, #{}),
    Monitor = erlang:monitor(process, Instance),
    Caller = hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Instance, "spin", []) end),
    ok = supervisor:terminate_child(Supervisor, instance),
    receive
        {'DOWN', Monitor, process, Instance, Reason} -> ?assertEqual(shutdown, Reason)
    end,
    ?assertEqual({error, "instance is not running"}, hb_beamr_test_lib:answer(Caller)),
    {ok, Next} = supervisor:restart_child(Supervisor, instance),
    ?assertEqual({ok, [1]}, hb_beamr:call(Next, "one", [])),
    stop_supervisor(Supervisor),
    ends(Next).

a_supervisor_leaves_what_has_another_owner(_) ->
    Owner = process(),
    {Supervisor, First} = supervised(temporary, #{owner => Owner}),
    ?assertEqual(Owner, owner(First)),
    kill(Owner),
    ends(First),
    hb_beamr_test_lib:wait_until(fun() -> child(Supervisor) =:= none end),
    stop_supervisor(Supervisor).

a_start_that_fails_under_a_supervisor(_) ->
    Ports = ports(),
    Supervisor = supervisor([]),
    [
        begin
            {error, {Given, _Child}} = supervisor:start_child(Supervisor, child(Wasm, Options)),
            ?assertEqual(Reason, Given)
        end
     || {Wasm, Options, Reason} <- [
            {start_spins, #{timeout => 5}, timeout},
            {memory, #{max_memory => 0},
                {limit, memory, #{
                    limit => 0,
                    wanted => 65536,
                    message => <<"the limit of an instance's memory is 0 bytes, wanted is 65536">>
                }}},
            {nothing, #{no_such => option},
                {invalid_option, #{message => <<"invalid option: no_such => option">>}}}
        ]
    ],
    {error, {Trap, _}} = supervisor:start_child(Supervisor, child(start_traps, #{})),
    ?assertMatch({trap, #{kind := unreachable, in_start_function := true}}, Trap),
    ?assertEqual([], supervisor:which_children(Supervisor)),
    ?assert(is_process_alive(Supervisor)),
    ?assertEqual(Ports, ports()),
    stop_supervisor(Supervisor).

%% Also to those that trap exits.
a_linked_start_that_fails_leaves_nothing(_) ->
    process_flag(trap_exit, true),
    Links = links(),
    Ports = ports(),
    [
        begin
            ?assertMatch({error, _}, hb_beamr:start_link(Wasm, Options)),
            ?assertEqual([], hb_beamr_test_lib:mailbox()),
            ?assertEqual(Links, links()),
            ?assertEqual(Ports, ports())
        end
     || {Wasm, Options} <- failing(), _ <- lists:seq(1, 20)
    ],
    process_flag(trap_exit, false).

a_linked_start_that_fails_ends_nobody(_) ->
    [
        ?assertMatch(
            {ok, {error, _}},
            hb_beamr_test_lib:run(fun() -> hb_beamr:start_link(Wasm, Options) end)
        )
     || {Wasm, Options} <- failing()
    ].

failing() ->
    [
        {<<"not a module">>, #{}},
        {hb_beamr_test_lib:wasm(start_traps), #{}},
        {hb_beamr_test_lib:wasm(start_spins), #{timeout => 1}},
        {hb_beamr_test_lib:wasm(memory), #{max_memory => 0}},
        {hb_beamr_test_lib:wasm(imports_global), #{}}
    ].

a_linked_starter_that_ends(_) ->
    Test = self(),
    Starter = spawn(fun() ->
        {ok, Instance} = hb_beamr:start_link(hb_beamr_test_lib:wasm(busy), #{owner => Test}),
        Test ! {self(), Instance},
        receive stop -> exit(shutdown) end
    end),
    Instance = receive {Starter, Pid} -> Pid end,
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    Starter ! stop,
    ends(Instance).

%%% Helpers

owner(Instance) ->
    {ok, #{owner := Owner}} = hb_beamr:info(Instance),
    Owner.

ends(Instance) ->
    hb_beamr_test_lib:wait_until(fun() -> hb_beamr_registry:find(Instance) =:= none end),
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, "one", [])).

%% A process that does what it is told, and ends with the test.
process() ->
    Test = self(),
    spawn(fun() ->
        _ = erlang:monitor(process, Test),
        serve()
    end).

serve() ->
    receive
        {do, From, Do} ->
            From ! {self(), Do()},
            serve();
        {'DOWN', _, process, _, _} ->
            ok
    end.

ask(Pid, Do) ->
    Pid ! {do, self(), Do},
    receive
        {Pid, Answer} -> Answer
    end.

owned() ->
    Owner = process(),
    {Owner, ask(Owner, fun() -> hb_beamr_test_lib:start(busy) end)}.

kill(Pid) ->
    Monitor = erlang:monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

supervisor(Children) ->
    Flags = #{strategy => one_for_one, intensity => 5, period => 10},
    {ok, Supervisor} = supervisor:start_link(?MODULE, {Flags, Children}),
    Supervisor.

supervised(Restart, Options) ->
    Supervisor = supervisor([(child(busy, Options))#{restart => Restart}]),
    {Supervisor, child(Supervisor)}.

child(Wasm, Options) ->
    #{
        id => instance,
        start => {hb_beamr, start_link, [hb_beamr_test_lib:wasm(Wasm), Options]}
    }.

child(Supervisor) ->
    case supervisor:which_children(Supervisor) of
        [{instance, Child, _, _}] -> Child;
        [] -> none
    end.

replaced(Supervisor, Old) ->
    hb_beamr_test_lib:wait_until(fun() ->
        is_pid(child(Supervisor)) andalso child(Supervisor) =/= Old
    end),
    child(Supervisor).

stop_supervisor(Supervisor) ->
    unlink(Supervisor),
    Monitor = erlang:monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive
        {'DOWN', Monitor, process, Supervisor, shutdown} -> ok
    end.

links() ->
    {links, Links} = process_info(self(), links),
    lists:sort(Links).

ports() ->
    length(hb_beamr_test_lib:ports()).

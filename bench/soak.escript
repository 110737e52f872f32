#!/usr/bin/env escript
%% -*- erlang -*-
%%! +P 1000000 +Q 262144
%%% A mixed load with random kills, for as long as wanted.
%%%
%%% Usage: bench/soak.escript SECONDS [SEED [MODE]]        (after rebar3 compile; needs wat2wasm)
%%% MODE is that of all instances: interp (the default), aot or auto.
%%%
%%% Many processes run episodes, each chosen at random: see episodes/0. An episode starts an
%%% instance or uses one that all share, calls, nests, answers imports, traps, copies and grows
%%% memory, defers answers, and does harm: it cancels, stops, sets deadlines, replies twice and too
%%% late, kills callers that run, wait in an import or for their turn, and repliers, owners and
%%% instances. Every call carries a number of its own and every answer must be
%%% what that number gives, so that an answer which is crossed or lost is noticed; a message that
%%% nobody asked for is, too.
%%%
%%% After a warm-up all episodes are let end and memory is measured; then again after SECONDS of
%%% load. A process on each scheduler sleeps for 1 ms all the time and notes how late it wakes, at
%%% rest and under load.
%%%
%%% Exit code 1 if an answer was wrong or lost, an episode failed, or something is left or has grown
%%% that must not. Delays are printed, but not judged: they depend on the machine.
-mode(compile).

-define(TABLE, soak).
%% Processes that run episodes, and instances that they share.
-define(PROCESSES, 48).
-define(SHARED, 6).
-define(PAGE, 65536).
-define(MIB, 1048576).
-define(U64, 16#FFFFFFFFFFFFFFFF).

%% Seconds for what still runs when the load ends.
-define(PATIENCE, 120).
%% By how much memory may differ: what allocators, and the modules kept for reuse, take.
-define(RSS_SLACK, 64 * ?MIB).
-define(ERLANG_SLACK, 16 * ?MIB).

-define(GONE, {error, "instance is not running"}).
-define(CANCELLED, {error, "Exception: terminated"}).
-define(TRAPPED, {error, "Exception: unreachable"}).

%% How often, its name, what it does, and what faults it injects.
episodes() ->
    [
        {20, start_call_stop, fun start_call_stop/0},
        {60, call_shared, fun call_shared/0},
        {6, new_module, fun new_module/0},
        {2, new_large_module, fun new_large_module/0},
        {4, large_memory, fun large_memory/0},
        {8, many_callers, fun many_callers/0},
        {4, nest_deeply, fun nest_deeply/0},
        {3, save_and_restore, fun save_and_restore/0},
        {4, cancel_endless, fun cancel_endless/0},
        {3, cancel_waiting, fun cancel_waiting/0},
        {2, cancel_shared, fun cancel_shared/0},
        {4, stop_busy, fun stop_busy/0},
        {4, kill_owner_of_endless, fun kill_owner_of_endless/0},
        {4, kill_running_caller, fun kill_running_caller/0},
        {4, kill_caller_in_import, fun kill_caller_in_import/0},
        {4, kill_queued_caller, fun kill_queued_caller/0},
        {4, kill_instance, fun kill_instance/0},
        {1, kill_shared_instance, fun kill_shared_instance/0},
        {10, kill_at_random, fun kill_at_random/0},
        {3, kill_starter, fun kill_starter/0},
        {4, deadline_of_endless, fun deadline_of_endless/0},
        {6, deadline_at_random, fun deadline_at_random/0},
        {4, deadline_in_queue, fun deadline_in_queue/0},
        {3, deadline_of_start, fun deadline_of_start/0},
        {8, deferred_answer, fun deferred_answer/0},
        {4, many_repliers, fun many_repliers/0},
        {4, late_reply, fun late_reply/0},
        {4, killed_replier, fun killed_replier/0},
        {4, cancel_deferred, fun cancel_deferred/0},
        {4, give_away, fun give_away/0}
    ].

main([Seconds]) ->
    main([Seconds, integer_to_list(erlang:system_time(microsecond) rem 1000000)]);
main([Seconds, Seed]) ->
    main([Seconds, Seed, "interp"]);
main([Seconds, Seed, Mode]) when Mode =:= "interp"; Mode =:= "aot"; Mode =:= "auto" ->
    prepare(list_to_atom(Mode)),
    io:format("seed ~s, mode ~s, OTP ~s, ~b schedulers~n", [
        Seed, Mode, erlang:system_info(otp_release), erlang:system_info(schedulers_online)
    ]),
    Load = list_to_integer(Seconds) * 1000,
    %% Long enough for all that is kept for reuse to be there.
    WarmUp = min(60000, max(15000, Load div 5)),
    io:format("warming up~n"),
    phase(WarmUp, list_to_integer(Seed)),
    Before = measure(),
    AtRest = delays(fun() -> receive after 5000 -> ok end end),
    io:format("~b s of load~n", [Load div 1000]),
    UnderLoad = delays(fun() -> phase(Load, list_to_integer(Seed) + 1) end),
    After = measure(),
    report(Before, After, [{"at rest", AtRest}, {"under load", UnderLoad}]),
    halt(verdict(Before, After));
main(_) ->
    io:format("usage: soak.escript SECONDS [SEED [interp | aot | auto]]~n"),
    halt(2).

prepare(Mode) ->
    Bench = filename:dirname(filename:absname(escript:script_name())),
    Root = filename:dirname(Bench),
    true = code:add_patha(filename:join(Root, "_build/default/lib/hb_beamr/ebin")),
    ok = application:load(hb_beamr),
    ok = application:set_env(hb_beamr, default_mode, Mode),
    %% Modules that nobody has had before are of no use to others.
    ok = application:set_env(hb_beamr, aot_cache_dir, filename:join(Root, "_build/soak-cache")),
    {ok, _} = application:ensure_all_started(hb_beamr),
    Target = filename:join(Root, "_build/soak.wasm"),
    "" = os:cmd("wat2wasm '" ++ filename:join(Bench, "soak.wat") ++ "' -o '" ++ Target ++ "'"),
    {ok, Wasm} = file:read_file(Target),
    persistent_term:put(soak_wasm, Wasm),
    ?TABLE = ets:new(?TABLE, [named_table, public, {write_concurrency, true}]),
    %% The node has a port of its own.
    {ok, #{instances := Instances}} = hb_beamr:counters(),
    ets:insert(?TABLE, {{state, instances}, Instances}),
    ok.

%%% The load

%% Episodes for so many milliseconds; then wait until the last has ended.
phase(Milliseconds, Seed) ->
    Keeper = keep_shared(),
    ets:insert(?TABLE, {{state, is_over}, false}),
    Runners = maps:from_list([
        {element(1, Runner), N}
     || N <- lists:seq(1, ?PROCESSES),
        Runner <- [spawn_monitor(fun() -> run(rand:seed_s(exsss, {Seed, N, 0})) end)]
    ]),
    receive after Milliseconds -> ok end,
    ets:insert(?TABLE, {{state, is_over}, true}),
    Timer = erlang:send_after(1000 * ?PATIENCE, self(), patience_ends),
    await_runners(Runners),
    _ = erlang:cancel_timer(Timer),
    receive patience_ends -> ok after 0 -> ok end,
    stop_shared(Keeper).

await_runners(Runners) when map_size(Runners) =:= 0 ->
    ok;
await_runners(Runners) ->
    receive
        {'DOWN', _, process, Runner, normal} ->
            await_runners(maps:remove(Runner, Runners));
        {'DOWN', _, process, Runner, Reason} ->
            wrong(runner, Reason, normal),
            await_runners(maps:remove(Runner, Runners));
        patience_ends ->
            [lost(Runner) || Runner <- maps:keys(Runners)],
            ok
    end.

lost(Runner) ->
    count({check, lost}),
    Doing = ets:lookup(?TABLE, {doing, Runner}),
    sample({lost, Doing, [current(Pid) || {_, _, Pid} <- Doing]}).

current(Pid) ->
    {Pid, catch process_info(Pid, [current_stacktrace, messages])}.

%% One episode after the other, each in a process of its own, of which nothing is left.
run(Random) ->
    case ets:lookup_element(?TABLE, {state, is_over}, 2) of
        true ->
            ets:delete(?TABLE, {doing, self()});
        false ->
            {Name, Episode, Random2} = choose(Random),
            {Seed, Random3} = rand:uniform_s(1 bsl 30, Random2),
            {Pid, Monitor} = spawn_monitor(fun() ->
                rand:seed(exsss, Seed),
                Episode(),
                no_message_is_left(Name)
            end),
            ets:insert(?TABLE, {{doing, self()}, Name, Pid}),
            receive
                {'DOWN', Monitor, process, Pid, normal} -> count({episode, Name});
                {'DOWN', Monitor, process, Pid, Reason} -> wrong(Name, Reason, normal)
            end,
            run(Random3)
    end.

choose(Random) ->
    Episodes = episodes(),
    {At, Random2} = rand:uniform_s(lists:sum([Weight || {Weight, _, _} <- Episodes]), Random),
    {Name, Episode} = pick(At, Episodes),
    {Name, Episode, Random2}.

pick(At, [{Weight, Name, Episode} | _]) when At =< Weight -> {Name, Episode};
pick(At, [{Weight, _, _} | Episodes]) -> pick(At - Weight, Episodes).

%%% Episodes

start_call_stop() ->
    Instance = start(),
    calls(Instance, rand:uniform(20), []),
    stop(Instance).

call_shared() ->
    case shared() of
        none -> ok;
        Instance -> calls(Instance, rand:uniform(20), [?GONE, ?CANCELLED])
    end.

new_module() ->
    Instance = start(distinct(rand:uniform(20000))),
    calls(Instance, 3, []),
    stop(Instance).

%% So large that it is loaded in the background.
new_large_module() ->
    Instance = start(distinct(3 * ?MIB)),
    calls(Instance, 3, []),
    stop(Instance).

large_memory() ->
    Instance = start(),
    Pages = 64 + rand:uniform(1600),
    expect(grow, {ok, 1}, hb_beamr_io:grow(Instance, Pages), []),
    Offset = rand:uniform(Pages * ?PAGE - 3 * ?MIB - 1) + ?PAGE div 2,
    Bytes = binary:copy(<<(tag()):64>>, (rand:uniform(2 * ?MIB) + 8) div 8),
    expect(write, ok, hb_beamr_io:write(Instance, Offset, Bytes), []),
    Same = {ok, Bytes} =:= hb_beamr_io:read(Instance, Offset, byte_size(Bytes)),
    expect(read, true, Same, []),
    stop(Instance).

many_callers() ->
    Instance = start(),
    Callers = [
        actor(fun() -> calls(Instance, 5, []) end)
     || _ <- lists:seq(1, 2 + rand:uniform(6))
    ],
    [ended(Caller, normal) || Caller <- Callers],
    stop(Instance).

nest_deeply() ->
    Instance = start(),
    nest(Instance, 30),
    calls(Instance, 1, []),
    stop(Instance).

nest(_Instance, 0) ->
    ok;
nest(Instance, Depth) ->
    count({operation, nested}),
    ask(Instance, 1, [], fun() -> nest(Instance, Depth - 1) end).

save_and_restore() ->
    From = start(),
    To = start(),
    Tag = tag(),
    expect(write, ok, hb_beamr_io:write(From, 100, <<Tag:64/little>>), []),
    {ok, Memory} = hb_beamr:serialize(From),
    expect(deserialize, ok, hb_beamr:deserialize(To, Memory), []),
    expect(load, {ok, [Tag]}, hb_beamr:call(To, "load", [100]), []),
    stop(From),
    stop(To).

cancel_endless() ->
    Instance = start(),
    Caller = endless(Instance, ?CANCELLED),
    fault(cancel_running),
    cancel_until_ended(Instance, Caller),
    calls(Instance, 3, [?CANCELLED]),
    stop(Instance).

%% Between two slices a guest may not have begun when it is cancelled.
cancel_until_ended(Instance, {Pid, _} = Caller) ->
    ok = hb_beamr:cancel(Instance),
    case is_process_alive(Pid) of
        true ->
            receive after 1 -> ok end,
            cancel_until_ended(Instance, Caller);
        false ->
            ended(Caller, normal)
    end.

cancel_waiting() ->
    Instance = start(),
    {Pid, _} = Caller = waiting(Instance, ?CANCELLED),
    fault(cancel_waiting),
    ok = hb_beamr:cancel(Instance),
    Pid ! go_on,
    ended(Caller, normal),
    calls(Instance, 3, []),
    stop(Instance).

cancel_shared() ->
    case shared() of
        none ->
            ok;
        Instance ->
            fault(cancel_shared),
            hb_beamr:cancel(Instance)
    end.

stop_busy() ->
    Instance = start(),
    Caller = busy(Instance, ?GONE),
    fault(stop_busy),
    stop(Instance),
    ended(Caller, normal),
    gone(Instance).

kill_owner_of_endless() ->
    {Owner, Instance} = owned(),
    Caller = busy(Instance, ?GONE),
    fault(kill_owner),
    kill(Owner),
    ended(Caller, normal),
    gone(Instance).

kill_running_caller() ->
    Instance = start(),
    Caller = endless(Instance, never),
    fault(kill_running_caller),
    kill(Caller),
    calls(Instance, 3, []),
    stop(Instance).

kill_caller_in_import() ->
    Instance = start(),
    Caller = waiting(Instance, answer),
    fault(kill_caller_in_import),
    kill(Caller),
    calls(Instance, 3, []),
    stop(Instance).

kill_queued_caller() ->
    Instance = start(),
    {Holder, _} = Holding = waiting(Instance, answer),
    Queued = [actor(fun() -> work(Instance, []) end) || _ <- lists:seq(1, 3)],
    [in_port(Caller) || {Caller, _} <- Queued],
    [Victim | Others] = Queued,
    fault(kill_queued_caller),
    kill(Victim),
    Holder ! go_on,
    [ended(Caller, normal) || Caller <- [Holding | Others]],
    calls(Instance, 1, []),
    stop(Instance).

kill_instance() ->
    Instance = start(),
    Caller = busy(Instance, ?GONE),
    fault(kill_instance),
    exit(Instance, kill),
    ended(Caller, normal),
    gone(Instance).

%% Another takes its place.
kill_shared_instance() ->
    case shared() of
        none ->
            ok;
        Instance ->
            fault(kill_shared_instance),
            exit(Instance, kill)
    end.

%% Wherever it happens to be.
kill_at_random() ->
    Victim = actor(fun Again() ->
        Instance = start(),
        _ = [actor(fun() -> calls(Instance, 3, [?GONE]) end) || _ <- [1, 2]],
        calls(Instance, 20, []),
        stop(Instance),
        Again()
    end),
    receive after rand:uniform(50) -> ok end,
    fault(kill_at_random),
    kill(Victim).

kill_starter() ->
    Wasm = distinct(rand:uniform(5 * ?MIB)),
    Victim = actor(fun() -> hb_beamr:start(Wasm) end),
    receive after rand:uniform(10) - 1 -> ok end,
    fault(kill_starter),
    kill_anyway(Victim).

%% The guest, a call nested in an import, or an import that nobody answers.
deadline_of_endless() ->
    Instance = start(),
    Tag = tag(),
    Opts = #{timeout => rand:uniform(20) - 1},
    fault(deadline),
    case rand:uniform(3) of
        1 ->
            expect(spin, {error, timeout}, hb_beamr:call(Instance, "spin", [], Opts), []);
        2 ->
            Nested = fun(_, _, _) ->
                {ok, [Tag], {nested, hb_beamr:call(Instance, "spin", [], Opts)}}
            end,
            Answer = hb_beamr:call(Instance, "ask", [Tag, 1], Nested, before),
            expect(nested, {ok, [Tag], {nested, {error, timeout}}}, Answer, []);
        3 ->
            Defer = fun(_, _, _) -> {defer, Tag, Opts} end,
            Answer = hb_beamr:call(Instance, "ask", [Tag, 1], Defer, before),
            expect(defer, {error, timeout, Tag}, Answer, [])
    end,
    calls(Instance, 3, []),
    stop(Instance).

%% Some end in time.
deadline_at_random() ->
    Instance = start(),
    [
        begin
            {Tag, Steps} = {tag(), rand:uniform(100000)},
            fault(deadline),
            Opts = #{timeout => rand:uniform(4) - 1},
            Answer = hb_beamr:call(Instance, "work", [Tag, Steps], Opts),
            expect(work, {ok, [signed(generate(Tag, Steps))]}, Answer, [{error, timeout}]),
            work(Instance, [])
        end
     || _ <- lists:seq(1, 10)
    ],
    stop(Instance).

deadline_in_queue() ->
    Instance = start(),
    {Holder, _} = Holding = waiting(Instance, answer),
    fault(deadline),
    Late = [
        actor(fun() ->
            Answer = hb_beamr:call(Instance, "spin", [], #{timeout => Time}),
            expect(spin, {error, timeout}, Answer, [])
        end)
     || Time <- [0, 1, 5]
    ],
    Queued = actor(fun() -> work(Instance, []) end),
    in_port(element(1, Queued)),
    Holder ! go_on,
    [ended(Caller, normal) || Caller <- [Holding, Queued | Late]],
    stop(Instance).

deadline_of_start() ->
    Wasm = distinct(rand:uniform(5 * ?MIB)),
    fault(deadline),
    case hb_beamr:start(Wasm, #{timeout => rand:uniform(20) - 1}) of
        {ok, Instance, _, _} ->
            calls(Instance, 1, []),
            stop(Instance);
        Answer ->
            expect(start, {error, timeout}, Answer, [])
    end.

%% Before or after the import function has deferred.
deferred_answer() ->
    Instance = start(),
    Tag = tag(),
    Defer = fun({N, X}, #{args := [N, _], token := Token}, _) ->
        Reply = fun() -> expect(reply, ok, hb_beamr:reply(Token, [X + Tag]), []) end,
        case rand:uniform(3) of
            1 -> Reply();
            2 -> ended(actor(Reply), normal);
            3 -> spawn_link(Reply)
        end,
        {defer, {N - 1, X + Tag}}
    end,
    Answer = hb_beamr:call(Instance, "ask", [Tag, 10], Defer, {10, Tag}),
    expect(defer, {ok, [11 * Tag], {0, 11 * Tag}}, Answer, []),
    stop(Instance).

%% The answer of one counts, and it is told so.
many_repliers() ->
    Instance = start(),
    {Caller, Token} = deferred(Instance, #{}, fun({ok, [Given]}) -> exit({given, Given}) end),
    Self = self(),
    Repliers = [
        actor(fun() ->
            case hb_beamr:reply(Token, [N]) of
                ok -> Self ! {won, N};
                {error, {stale_token, _}} -> ok
            end
        end)
     || N <- lists:seq(1, 5)
    ],
    [ended(Replier, normal) || Replier <- Repliers],
    receive
        {won, N} -> ended(Caller, {given, N})
    after 0 ->
        wrong(many_repliers, nobody, somebody)
    end,
    calls(Instance, 1, []),
    stop(Instance).

%% At about the deadline, and when all is over.
late_reply() ->
    Instance = start(),
    Tag = tag(),
    {Caller, Token} = deferred(Instance, #{timeout => rand:uniform(3) - 1}, fun(Answer) ->
        expect(late, {error, timeout}, Answer, [{ok, [Tag]}])
    end),
    fault(late_reply),
    Early = hb_beamr:reply(Token, [Tag]),
    ended(Caller, normal),
    Early =:= ok orelse stale(Early),
    stale(hb_beamr:reply(Token, [Tag])),
    calls(Instance, 1, []),
    stop(Instance),
    {error, {not_running, _}} = hb_beamr:reply(Token, [Tag]).

stale(Answer) ->
    case Answer of
        {error, {stale_token, _}} -> ok;
        Other -> wrong(reply, Other, stale_token)
    end.

%% It may have replied; if not, the deadline ends the call.
killed_replier() ->
    Instance = start(),
    Tag = tag(),
    {Caller, Token} = deferred(Instance, #{timeout => 50}, fun(Answer) ->
        expect(killed_replier, {ok, [Tag]}, Answer, [{error, timeout}])
    end),
    {Replier, _} = Actor = actor(fun() ->
        [erlang:yield() || _ <- lists:seq(1, rand:uniform(5))],
        hb_beamr:reply(Token, [Tag])
    end),
    [erlang:yield() || _ <- lists:seq(1, rand:uniform(5))],
    fault(kill_replier),
    exit(Replier, kill),
    ended_anyway(Actor),
    ended(Caller, normal),
    calls(Instance, 1, []),
    stop(Instance).

cancel_deferred() ->
    Instance = start(),
    {{Pid, _} = Caller, Token} = deferred(Instance, #{}, fun(Answer) ->
        expect(cancel_deferred, ?CANCELLED, Answer, [])
    end),
    in_port(Pid),
    fault(cancel_deferred),
    ok = hb_beamr:cancel(Instance),
    ended(Caller, normal),
    stale(hb_beamr:reply(Token, [1])),
    calls(Instance, 1, []),
    stop(Instance).

%% An instance outlives who gave it away, and not the one who got it.
give_away() ->
    {Owner, _} = First = heir(),
    Instance = told(First, fun() -> start() end),
    Heir = heir(),
    Caller = busy(Instance, ?GONE),
    Given = told(First, fun() -> hb_beamr:give_away(Instance, element(1, Heir)) end),
    expect(give_away, ok, Given, []),
    case hb_beamr:give_away(Instance, Owner) of
        {error, {not_owner, _}} -> ok;
        Other -> wrong(give_away, Other, not_owner)
    end,
    kill(First),
    {ok, #{owner := Now}} = hb_beamr:info(Instance),
    expect(owner, element(1, Heir), Now, []),
    fault(kill_owner),
    kill(Heir),
    ended(Caller, normal),
    gone(Instance).

%% A process that does what it is told.
heir() ->
    actor(fun Serve() ->
        receive
            {tell, From, Do} ->
                From ! {self(), Do()},
                Serve()
        end
    end).

told({Pid, _}, Do) ->
    Pid ! {tell, self(), Do},
    receive
        {Pid, Answer} -> Answer
    end.

%%% Calls that know what they must give

%% `Allowed' are answers that the faults of others may cause.
calls(_Instance, 0, _Allowed) ->
    ok;
calls(Instance, Count, Allowed) ->
    case rand:uniform(12) of
        N when N =< 3 -> work(Instance, Allowed);
        N when N =< 5 -> ask(Instance, rand:uniform(10), Allowed, fun() -> ok end);
        6 -> ask(Instance, 2, Allowed, fun() -> inner_calls(Instance, Allowed) end);
        7 -> work_and_ask(Instance, Allowed);
        8 -> trap(Instance, Allowed);
        9 -> fail(Instance, Allowed);
        10 -> memory(Instance, Allowed);
        11 -> size(Instance, Allowed);
        12 -> bad_arguments(Instance, Allowed)
    end,
    calls(Instance, Count - 1, Allowed).

inner_calls(Instance, Allowed) ->
    count({operation, nested}),
    work(Instance, Allowed),
    trap(Instance, Allowed),
    ask(Instance, 1, Allowed, fun() -> memory(Instance, Allowed) end).

%% Mostly short.
steps() ->
    case rand:uniform(10) of
        1 -> rand:uniform(300000);
        _ -> rand:uniform(100)
    end.

work(Instance, Allowed) ->
    {Tag, Steps} = {tag(), steps()},
    Answer = hb_beamr:call(Instance, "work", [Tag, Steps]),
    expect(work, {ok, [signed(generate(Tag, Steps))]}, Answer, Allowed).

%% Every import must be asked with what the one before has answered.
ask(Instance, Count, Allowed, Inside) ->
    Tag = tag(),
    Answer = hb_beamr:call(Instance, "ask", [Tag, Count], answering(Tag, Inside), {Count, Tag}),
    expect(ask, {ok, [signed(Tag + Count * Tag)], {0, Tag + Count * Tag}}, Answer, Allowed).

answering(Tag, Inside) ->
    fun
        ({N, X}, #{func := "ask", args := [N, Signed]}, _) when Signed band ?U64 =:= X ->
            count({operation, import}),
            Inside(),
            {ok, [X + Tag], {N - 1, X + Tag}};
        (State, #{args := Args}, _) ->
            wrong(import, Args, State),
            {ok, [0], State}
    end.

work_and_ask(Instance, Allowed) ->
    {Tag, Steps} = {tag(), steps()},
    Asked = generate(Tag, Steps),
    Add = fun
        ({N, X}, #{args := [N, Signed]}, _) when Signed band ?U64 =:= X ->
            count({operation, import}),
            {ok, [signed(X + Tag)], {N - 1, (X + Tag) band ?U64}};
        (State, #{args := Args}, _) ->
            wrong(import, Args, State),
            {ok, [0], State}
    end,
    Answer = hb_beamr:call(Instance, "work_and_ask", [Tag, Steps], Add, {2, Asked}),
    Last = (Asked + 2 * Tag) band ?U64,
    Expected = {ok, [signed(generate(Last, Steps))], {0, Last}},
    expect(work_and_ask, Expected, Answer, Allowed).

trap(Instance, Allowed) ->
    Answer = hb_beamr:call(Instance, "work_and_trap", [tag(), steps()]),
    expect(trap, ?TRAPPED, Answer, Allowed).

%% The import function fails, in one way or the other.
fail(Instance, Allowed) ->
    Tag = tag(),
    {Fail, Expected} =
        case rand:uniform(4) of
            1 -> {fun(_, _, _) -> throw(Tag) end, {error, throw, Tag, state}};
            2 -> {fun(_, _, _) -> Tag end, {error, error, {bad_import_return, Tag}, state}};
            3 -> {fun(_, _, _) -> {ok, [1 bsl 64], Tag} end, {error, bad_result, Tag}};
            4 ->
                Raise = fun(_, _, _) -> {ok, {import_exception, "no"}, Tag} end,
                {Raise, {error, "Exception: no", Tag}}
        end,
    Answer =
        case hb_beamr:call(Instance, "ask_and_trap", [Tag], Fail, state) of
            {error, Class, Reason, _Stack, State} -> {error, Class, Reason, State};
            {error, "result of import env.ask" ++ _, State} -> {error, bad_result, State};
            Other -> Other
        end,
    expect(fail, Expected, Answer, Allowed).

%% A place of its own in the first page.
memory(Instance, Allowed) ->
    Tag = tag(),
    Place = 8 * (erlang:unique_integer([positive]) rem 8000),
    case rand:uniform(2) of
        1 ->
            Written = hb_beamr_io:write(Instance, Place, <<Tag:64/little>>),
            expect(write, ok, Written, Allowed);
        2 ->
            Stored = hb_beamr:call(Instance, "store", [Place, Tag]),
            expect(store, {ok, []}, Stored, Allowed)
    end,
    expect(read, {ok, <<Tag:64/little>>}, hb_beamr_io:read(Instance, Place, 8), Allowed, fun
        %% Another had this place since; or the store was cancelled.
        ({ok, <<_:64>>}) -> Allowed =/= [];
        (_) -> false
    end).

size(Instance, Allowed) ->
    expect(size, {ok, ?PAGE}, hb_beamr_io:size(Instance), Allowed).

bad_arguments(Instance, Allowed) ->
    Tag = tag(),
    Answer = hb_beamr:call(Instance, "work", [Tag, Tag, Tag]),
    expect(bad_arguments, {error, {invalid_args, [Tag, Tag, Tag]}}, Answer, Allowed).

%% Unlike all others, and below 2^48.
tag() ->
    erlang:unique_integer([positive]) * 1000 + rand:uniform(999).

signed(X) ->
    <<Signed:64/signed>> = <<X:64>>,
    Signed.

%% So many steps of the guest's generator, by squaring.
generate(X, Steps) ->
    generate(X, Steps, 6364136223846793005, 1442695040888963407).

generate(X, 0, _, _) ->
    X;
generate(X, Steps, A, C) ->
    Next =
        case Steps band 1 of
            1 -> (A * X + C) band ?U64;
            0 -> X
        end,
    generate(Next, Steps bsr 1, A * A band ?U64, (A * C + C) band ?U64).

%%% Instances

start() ->
    start(persistent_term:get(soak_wasm)).

start(Wasm) ->
    count({operation, start}),
    {ok, Instance, [_], [_ | _]} = hb_beamr:start(Wasm),
    Instance.

stop(Instance) ->
    count({operation, stop}),
    ok = hb_beamr:stop(Instance),
    gone(Instance).

gone(Instance) ->
    case is_process_alive(Instance) of
        true ->
            receive after 1 -> ok end,
            gone(Instance);
        false ->
            expect(call_gone, ?GONE, hb_beamr:call(Instance, "work", [1, 1]), [])
    end.

%% The same module with other bytes.
distinct(Padding) ->
    Section = [3, "pad", <<(tag()):64>>, binary:copy(<<(rand:uniform(256) - 1)>>, Padding)],
    iolist_to_binary([
        persistent_term:get(soak_wasm), 0, leb128(iolist_size(Section)), Section
    ]).

leb128(N) when N < 128 -> <<N>>;
leb128(N) -> <<1:1, N:7, (leb128(N bsr 7))/binary>>.

%% An instance that belongs to another process.
owned() ->
    Self = self(),
    {Owner, _} = Actor = actor(fun() ->
        Self ! {self(), start()},
        receive never -> ok end
    end),
    receive
        {Owner, Instance} -> {Actor, Instance}
    end.

%% A process keeps the shared instances, and replaces those that end.
keep_shared() ->
    Keeper = spawn(fun() ->
        process_flag(trap_exit, true),
        [share(N) || N <- lists:seq(1, ?SHARED)],
        keep(#{})
    end),
    wait_until(fun() -> ets:member(?TABLE, {shared, ?SHARED}) end),
    Keeper.

share(N) ->
    Instance = start(),
    self() ! {watch, erlang:monitor(process, Instance), N},
    ets:insert(?TABLE, {{shared, N}, Instance}).

keep(Watched) ->
    receive
        {watch, Monitor, N} ->
            keep(Watched#{Monitor => N});
        {'DOWN', Monitor, process, _, _} when is_map_key(Monitor, Watched) ->
            share(maps:get(Monitor, Watched)),
            keep(maps:remove(Monitor, Watched));
        stop ->
            ok
    end.

stop_shared(Keeper) ->
    Monitor = erlang:monitor(process, Keeper),
    Keeper ! stop,
    receive
        {'DOWN', Monitor, process, Keeper, normal} -> ok
    end,
    [ets:delete(?TABLE, {shared, N}) || N <- lists:seq(1, ?SHARED)].

shared() ->
    case ets:lookup(?TABLE, {shared, rand:uniform(?SHARED)}) of
        [{_, Instance}] -> Instance;
        [] -> none
    end.

%%% Callers

actor(Do) ->
    spawn_monitor(fun() ->
        Do(),
        no_message_is_left(actor)
    end).

ended({Pid, Monitor}, Expected) ->
    receive
        {'DOWN', Monitor, process, Pid, Expected} -> ok;
        {'DOWN', Monitor, process, Pid, Reason} -> wrong(actor, Reason, Expected)
    end.

kill({Pid, _} = Actor) ->
    exit(Pid, kill),
    ended(Actor, killed).

%% It may be ready by now.
kill_anyway({Pid, _} = Actor) ->
    exit(Pid, kill),
    ended_anyway(Actor).

ended_anyway({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

busy(Instance, Expected) ->
    case rand:uniform(3) of
        1 -> endless(Instance, Expected);
        2 -> waiting(Instance, Expected);
        3 -> endless_after_import(Instance, Expected)
    end.

%% A caller whose guest runs in the background.
endless(Instance, Expected) ->
    {Pid, _} = Actor = actor(fun() ->
        expect(spin, Expected, hb_beamr:call(Instance, "spin", []), [])
    end),
    in_port(Pid),
    Actor.

endless_after_import(Instance, Expected) ->
    Tag = tag(),
    {Pid, _} = Actor = actor(fun() ->
        Ask = answering(Tag, fun() -> ok end),
        Answer = hb_beamr:call(Instance, "ask_and_spin", [Tag], Ask, {1, Tag}),
        expect(ask_and_spin, Expected, without_state(Answer), [])
    end),
    in_port(Pid),
    Actor.

%% A caller whose import waits until it is told to go on, or the instance has ended.
waiting(Instance, Expected) ->
    Self = self(),
    Tag = tag(),
    Wait = fun() ->
        Self ! {self(), waits},
        Gone = erlang:monitor(process, Instance),
        receive
            go_on -> erlang:demonitor(Gone, [flush]);
            {'DOWN', Gone, process, _, _} -> ok
        end
    end,
    {Pid, _} = Actor = actor(fun() ->
        Answer = hb_beamr:call(Instance, "ask", [Tag, 1], answering(Tag, Wait), {1, Tag}),
        case Expected of
            answer -> expect(wait, {ok, [2 * Tag], {0, 2 * Tag}}, Answer, []);
            {error, Text} -> expect(wait, {error, Text, {0, 2 * Tag}}, Answer, [])
        end
    end),
    receive
        {Pid, waits} -> Actor
    end.

%% A caller whose import somebody else is to answer, and the token of that.
deferred(Instance, Limit, Then) ->
    Self = self(),
    Tag = tag(),
    {Pid, _} = Actor = actor(fun() ->
        Defer = fun(_, #{token := Token}, _) ->
            Self ! {self(), Token},
            {defer, Tag, Limit}
        end,
        case hb_beamr:call(Instance, "ask", [Tag, 1], Defer, before) of
            {ok, Results, Tag} -> Then({ok, Results});
            {error, Reason, Tag} -> Then({error, Reason})
        end
    end),
    receive
        {Pid, Token} -> {Actor, Token}
    end.

%% Until a process waits for the driver.
in_port(Pid) ->
    wait_until(fun() ->
        case process_info(Pid, [status, current_function]) of
            [{status, waiting}, {current_function, {hb_beamr_port, _, _}}] -> true;
            undefined -> true;
            _ -> false
        end
    end).

wait_until(Condition) ->
    case Condition() of
        true ->
            ok;
        false ->
            receive after 1 -> ok end,
            wait_until(Condition)
    end.

%%% Checks

expect(Operation, Expected, Answer, Allowed) ->
    expect(Operation, Expected, Answer, Allowed, fun(_) -> false end).

expect(Operation, Expected, Answer, Allowed, IsExcused) ->
    count({operation, Operation}),
    case Answer =:= Expected orelse IsExcused(Answer) of
        true ->
            ok;
        false ->
            case lists:member(without_state(Answer), Allowed) of
                true -> count({excused, Operation});
                false -> wrong(Operation, Answer, Expected)
            end
    end.

without_state({error, Text, _State}) -> {error, Text};
without_state(Answer) -> Answer.

no_message_is_left(Name) ->
    case process_info(self(), messages) of
        {messages, []} ->
            ok;
        {messages, Messages} ->
            count({check, stray}),
            sample({stray, Name, Messages})
    end.

wrong(Operation, Answer, Expected) ->
    count({check, wrong}),
    sample({wrong, Operation, {got, Answer}, {expected, Expected}}).

%% The first of them are shown.
sample(What) ->
    N = ets:update_counter(?TABLE, {state, samples}, 1, {{state, samples}, 0}),
    N =< 10 andalso ets:insert(?TABLE, {{sample, N}, What}).

fault(Name) ->
    count({fault, Name}).

count(What) ->
    ets:update_counter(?TABLE, What, 1, {What, 0}).

counted(What) ->
    case ets:lookup(?TABLE, What) of
        [{_, N}] -> N;
        [] -> 0
    end.

%%% Measuring

%% When nothing runs.
measure() ->
    wait_for_quiet(100 * ?PATIENCE),
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    {ok, Counters} = hb_beamr:info(),
    #{
        rss => rss(),
        erlang => maps:from_list(erlang:memory()),
        counters => Counters,
        ports => length(erlang:ports()),
        processes => length(processes())
    }.

%% Instances whose owner was killed end a little later, and modules may still be compiled.
wait_for_quiet(0) ->
    ok;
wait_for_quiet(Tries) ->
    {ok, #{instances := Instances, queue_length := Queue}} = hb_beamr:counters(),
    {ok, #{compiler := #{queued := Queued, running := Running}}} = hb_beamr:info(),
    IsCompiled = Queued =:= 0 andalso Running =:= 0,
    case Instances =< counted({state, instances}) andalso Queue =:= 0 andalso IsCompiled of
        true ->
            ok;
        false ->
            receive after 10 -> ok end,
            wait_for_quiet(Tries - 1)
    end.

rss() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [KiB]} = re:run(Status, "VmRSS:\\s+(\\d+)", [{capture, [1], list}]),
    1024 * list_to_integer(KiB).

%% How late processes wake while something is done: for each scheduler the worst, and what 999 of
%% 1,000 keep below. In microseconds; the latter in steps of 0.1 ms, up to a second.
delays(Do) ->
    Watches = [
        begin
            Steps = counters:new(10001, []),
            {spawn_opt(fun() -> watch_delay(Steps, 0) end, [{scheduler, N}, link]), Steps}
        end
     || N <- lists:seq(1, erlang:system_info(schedulers_online))
    ],
    Do(),
    [watched(Watch) || Watch <- Watches].

watch_delay(Steps, Worst) ->
    Before = erlang:monotonic_time(microsecond),
    receive
        {worst, From} -> From ! {self(), Worst}
    after 1 ->
        Late = max(0, erlang:monotonic_time(microsecond) - Before - 1000),
        counters:add(Steps, min(10000, Late div 100) + 1, 1),
        watch_delay(Steps, max(Worst, Late))
    end.

watched({Watch, Steps}) ->
    Watch ! {worst, self()},
    receive
        {Watch, Worst} ->
            Counts = [counters:get(Steps, N) || N <- lists:seq(1, 10001)],
            {Worst, percentile(0.999 * lists:sum(Counts), Counts, 0)}
    end.

percentile(Left, [Count | Counts], Step) when Left > Count ->
    percentile(Left - Count, Counts, Step + 1);
percentile(_, _, Step) ->
    100 * Step.

%%% The end

report(Before, After, Delays) ->
    [
        begin
            io:format("~n~ts~n", [Title]),
            [
                io:format("  ~-24s ~12b~n", [Name, N])
             || {{K, Name}, N} <- lists:sort(ets:tab2list(?TABLE)), K =:= Kind
            ]
        end
     || {Kind, Title} <- [
            {episode, "episodes"},
            {operation, "operations"},
            {fault, "faults injected"},
            {excused, "answers that a fault of another caller changed"}
        ]
    ],
    io:format("~nmemory, MiB               after warm-up   at the end~n"),
    row("resident", maps:get(rss, Before), maps:get(rss, After)),
    [
        row(atom_to_list(Name), Bytes, maps:get(Name, maps:get(erlang, After)))
     || {Name, Bytes} <- lists:sort(maps:to_list(maps:get(erlang, Before)))
    ],
    io:format("~nleft                      after warm-up   at the end~n"),
    [
        io:format("  ~-22s ~12b ~12b~n", [Name, left(Name, Before), left(Name, After)])
     || Name <- left()
    ],
    io:format("~nscheduler delay, us              99.9 %        worst~n"),
    [
        io:format("  ~-22s ~12b ~12b~n", [When, Usual, Worst])
     || {When, Schedulers} <- Delays, {Worst, Usual} <- Schedulers
    ],
    io:format("~nanswers lost ~b, wrong or crossed ~b, stray messages ~b~n", [
        counted({check, lost}), counted({check, wrong}), counted({check, stray})
    ]),
    [io:format("  ~tP~n", [What, 40]) || {{sample, _}, What} <- lists:sort(ets:tab2list(?TABLE))].

row(Name, Before, After) ->
    io:format("  ~-22s ~12.1f ~12.1f~n", [Name, Before / ?MIB, After / ?MIB]).

left() ->
    [instances, memory, waiting, queue_length, ports, processes].

left(Name, Measured) ->
    maps:get(Name, Measured, maps:get(Name, maps:get(counters, Measured), 0)).

verdict(Before, After) ->
    Total = fun(Measured) -> maps:get(total, maps:get(erlang, Measured)) end,
    Failed =
        [Check || Check <- [lost, wrong, stray], counted({check, Check}) > 0] ++
            [Name || Name <- left(), left(Name, After) > left(Name, Before)] ++
            [instances || left(instances, After) > counted({state, instances})] ++
            [Name || Name <- [memory, waiting, queue_length], left(Name, After) > 0] ++
            [resident || maps:get(rss, After) - maps:get(rss, Before) > ?RSS_SLACK] ++
            [erlang_memory || Total(After) - Total(Before) > ?ERLANG_SLACK],
    case lists:usort(Failed) of
        [] ->
            io:format("~nall is well~n"),
            0;
        Names ->
            io:format("~nFAILED: ~p~n", [Names]),
            1
    end.

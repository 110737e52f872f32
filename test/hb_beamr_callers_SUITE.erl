%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Random programs for several processes that share instances: they start, call, nest, answer,
%%% defer, reply, cancel, kill, give away and stop. A model foretells each answer. Skipped where
%%% PropEr is not installed.
%%%
%%% A program is a list of steps. A process does one thing at a time and tells when an import
%%% function is asked and when a call has ended; so after each step nothing moves but guests in
%%% endless loops, and what comes of the next one is certain. A step that makes no sense in the
%%% state reached is left out, so that every part of a program is one.
-module(hb_beamr_callers_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(PROCESSES, 4).
-define(INSTANCES, 3).
-define(MAX_DEPTH, 8).

%% Milliseconds after which an answer counts as lost.
-define(LOST, 10000).

-define(GONE, "instance is not running").
-define(TERMINATED, "Exception: terminated").

%% A call that has not ended. Its number is its argument, and in its state.
-record(frame, {
    id :: non_neg_integer(),
    instance :: pid(),
    function :: wait | spin,
    state :: queued | spinning | asked | deferred,
    is_cancelled = false :: boolean(),
    reply = none :: none | {ok, integer()} | exception
}).

-record(instance, {
    pid :: pid(),
    port :: port(),
    owner :: pid() | none,
    is_running = true :: boolean(),
    %% Processes in the order of their turns.
    queue = [] :: [non_neg_integer()]
}).

-record(model, {
    %% By their numbers, from 0 on.
    pids = #{} :: #{non_neg_integer() => pid()},
    %% The calls of each process, innermost first.
    frames = #{} :: #{non_neg_integer() => [#frame{}]},
    instances = #{} :: #{non_neg_integer() => #instance{}},
    %% Of all imports that ever were asked.
    tokens = #{} :: #{non_neg_integer() => {pid(), hb_beamr:token()}},
    next = 0 :: non_neg_integer()
}).

suite() ->
    [{timetrap, {minutes, 20}}].

all() ->
    [programs_behave_as_the_model].

init_per_suite(Config) ->
    case code:ensure_loaded(proper) of
        {module, proper} ->
            {ok, _} = application:ensure_all_started(hb_beamr),
            Config;
        {error, _} ->
            {skip, "PropEr is not installed"}
    end.

end_per_suite(_Config) ->
    ok.

programs_behave_as_the_model(_) ->
    Count =
        case hb_beamr_test_lib:is_long() of
            true -> 10000;
            false -> 300
        end,
    Program = proper_types:resize(80, proper_types:list(step())),
    Property = proper:forall(Program, fun(Steps) -> behaves(Steps) end),
    ?assert(proper:quickcheck(Property, [{numtests, Count}, {max_size, 80}, quiet])),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

step() ->
    Process = proper_types:integer(0, ?PROCESSES - 1),
    Instance = proper_types:integer(0, ?INSTANCES - 1),
    Any = proper_types:integer(0, 1000),
    proper_types:frequency([
        {10, {call, Process, Instance,
            proper_types:oneof([wait, wait, wait, spin, wait_late, spin_late])}},
        {10, {answer, Process,
            proper_types:oneof([value, exception, failure, defer, defer, defer, defer_late])}},
        {6, {reply, Any, proper_types:oneof([value, value, exception, wrong])}},
        {3, {cancel, Instance}},
        {2, {give_away, Process, Instance, proper_types:oneof([none, Process])}},
        {1, {kill, Process}},
        {1, {kill_instance, Instance}},
        {1, {stop, Instance}},
        {3, {start, Process, Instance, proper_types:oneof([none, Process])}}
    ]).

%% In a process of its own, so that what is left of one that fails is of no matter to the next.
behaves(Steps) ->
    {Pid, Monitor} = spawn_monitor(fun() -> run(Steps) end),
    receive
        {'DOWN', Monitor, process, Pid, normal} ->
            true;
        {'DOWN', Monitor, process, Pid, Reason} ->
            fails(Steps, Reason)
    after ?LOST ->
        Where = process_info(Pid, [current_stacktrace, messages]),
        exit(Pid, kill),
        receive
            {'DOWN', Monitor, process, Pid, _} -> fails(Steps, Where)
        end
    end.

fails(Steps, Why) ->
    ct:pal("~p~n~p", [Steps, Why]),
    ok = application:stop(hb_beamr),
    ok = application:start(hb_beamr),
    false.

run(Steps) ->
    end_all(lists:foldl(fun step/2, start_processes(#model{}), Steps)),
    ?assertEqual([], hb_beamr_test_lib:mailbox()),
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_test_lib:ports()) =:= 1 end).

start_processes(Model) ->
    lists:foldl(fun start_process/2, Model, lists:seq(0, ?PROCESSES - 1)).

start_process(N, #model{pids = Pids, frames = Frames} = Model) ->
    Test = self(),
    Pid = spawn(fun() ->
        _ = erlang:monitor(process, Test),
        serve(Test)
    end),
    Model#model{pids = Pids#{N => Pid}, frames = Frames#{N => []}}.

%% All calls are answered, those of instances that are gone, too.
end_all(Model) ->
    Stopped = lists:foldl(
        fun(I, M) -> step({stop, I}, M) end, Model, lists:seq(0, ?INSTANCES - 1)
    ),
    Ended = lists:foldl(
        fun(_, M) ->
            lists:foldl(
                fun(N, M2) -> step({answer, N, value}, M2) end, M, lists:seq(0, ?PROCESSES - 1)
            )
        end,
        Stopped,
        lists:seq(1, ?MAX_DEPTH)
    ),
    ?assertEqual([[]], lists:usort(maps:values(Ended#model.frames))),
    [kill(Pid) || Pid <- maps:values(Ended#model.pids)],
    %% A guest that ran when its instance was stopped ends a little later.
    hb_beamr_test_lib:wait_until(fun() ->
        {ok, #{instances := Instances, memory := Memory, waiting := Waiting}} = hb_beamr:info(),
        {0, 0, 0} =:= {Instances, Memory, Waiting}
    end).

kill(Pid) ->
    Monitor = erlang:monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

%%% The processes

%% Idle, or inside of an import function: does what it is told until it is told to answer.
serve(Test) ->
    receive
        {call, Id, Instance, Function, Args, Opts} ->
            Import = fun(State, #{token := Token, args := [Asked]}, _) ->
                Test ! {self(), asked, Asked, Token},
                {answer, Answer} = serve(Test),
                Answer(State)
            end,
            Answer =
                case hb_beamr:call(Instance, Function, Args, Import, {before, Id}, Opts) of
                    {error, Class, Reason, _Stack, State} -> {error, Class, Reason, State};
                    Other -> Other
                end,
            Test ! {self(), done, Id, Answer, hb_beamr_test_lib:mailbox()},
            serve(Test);
        {do, Do} ->
            Test ! {self(), did, Do()},
            serve(Test);
        {answer, _} = Answer ->
            Answer;
        {'DOWN', _, process, Test, _} ->
            exit(the_test_has_ended)
    end.

%% Whether a process waits for orders, not for the driver.
is_free(N, #model{frames = Frames}) ->
    case Frames of
        #{N := []} -> true;
        #{N := [#frame{state = asked} | _]} -> true;
        _ -> false
    end.

do(N, Do, #model{pids = Pids}) ->
    #{N := Pid} = Pids,
    Pid ! {do, Do},
    receive
        {Pid, did, Answer} -> Answer
    after ?LOST -> error({lost, did, N})
    end.

%%% Steps

%% In place of one that has ended.
step({start, N, I, Owner}, #model{instances = Instances} = Model) ->
    case is_free(N, Model) andalso not is_running(I, Model) of
        true ->
            Wasm = hb_beamr_test_lib:wasm(busy),
            Pid = pid(Owner, Model),
            {ok, Instance, _, _} =
                do(N, fun() -> hb_beamr:start(Wasm, #{owner => Pid}) end, Model),
            {Port, _} = hb_beamr_registry:find(Instance),
            New = #instance{pid = Instance, port = Port, owner = Pid},
            Model#model{instances = Instances#{I => New}};
        false ->
            Model
    end;
step({call, N, I, How}, #model{frames = Frames, instances = Instances, next = Id} = Model) ->
    #{N := Active} = Frames,
    case is_free(N, Model) andalso length(Active) < ?MAX_DEPTH andalso Instances of
        #{I := Instance} -> call(How, N, I, Instance, Id, Model#model{next = Id + 1});
        _ -> Model
    end;
step({answer, N, How}, #model{frames = Frames} = Model) ->
    case Frames of
        #{N := [#frame{state = asked} = Frame | _]} -> answer(How, N, Frame, Model);
        _ -> Model
    end;
step({reply, _, _}, #model{tokens = Tokens} = Model) when map_size(Tokens) =:= 0 ->
    Model;
step({reply, Any, How}, #model{tokens = Tokens} = Model) ->
    Ids = lists:sort(maps:keys(Tokens)),
    %% Mostly one of the last.
    Id = lists:nth(length(Ids) - Any rem min(length(Ids), 1 + Any div 10 rem 6), Ids),
    #{Id := {Instance, Token}} = Tokens,
    %% Else it would wait for the guest.
    case is_spinning(Instance, Model) of
        true -> Model;
        false -> reply(How, Id, Instance, Token, Model)
    end;
step({cancel, I}, #model{instances = Instances} = Model) ->
    case Instances of
        #{I := #instance{is_running = true, pid = Pid}} ->
            ok = hb_beamr:cancel(Pid),
            Model2 = #model{frames = Frames} = mark_cancelled(Pid, Model),
            case holder(Pid, Model2) of
                none ->
                    Model2;
                N ->
                    #{N := [Frame | _]} = Frames,
                    case Frame of
                        #frame{instance = Pid, state = State} when
                            State =:= deferred; State =:= spinning
                        ->
                            ends(N, {error, ?TERMINATED, state_of(Frame)}, Model2);
                        _ ->
                            Model2
                    end
            end;
        #{I := #instance{pid = Pid}} ->
            {error, {not_running, _}} = hb_beamr:cancel(Pid),
            Model;
        _ ->
            Model
    end;
step({give_away, N, I, To}, #model{instances = Instances, pids = Pids} = Model) ->
    #{N := Self} = Pids,
    case is_free(N, Model) andalso Instances of
        #{I := #instance{pid = Pid, owner = Owner, is_running = IsRunning} = Instance} ->
            New = pid(To, Model),
            Answer = do(N, fun() -> hb_beamr:give_away(Pid, New) end, Model),
            case {IsRunning, Answer} of
                {false, {error, {not_running, _}}} ->
                    Model;
                {true, ok} when Owner =:= Self; Owner =:= none ->
                    Model#model{instances = Instances#{I := Instance#instance{owner = New}}};
                {true, {error, {not_owner, _}}} when Owner =/= Self, Owner =/= none ->
                    Model
            end;
        _ ->
            Model
    end;
step({kill, N}, #model{pids = Pids, frames = Frames, instances = Instances} = Model) ->
    #{N := Pid} = Pids,
    Held = lists:usort([I || #frame{instance = I, state = S} <- maps:get(N, Frames), S =/= queued]),
    Owned = [I || {_, #instance{owner = Owner} = I} <- maps:to_list(Instances), Owner =:= Pid],
    %% Whether the next still has its turn before the instance ends is not certain.
    case [I || #instance{pid = I, queue = [_ | _]} <- Owned, lists:member(I, Held)] of
        [] ->
            kill(Pid),
            Model2 = leave_queues(N, Model#model{frames = Frames#{N := []}}),
            Model3 = start_process(N, Model2),
            Model4 = lists:foldl(
                fun(#instance{pid = I}, M) -> instance_ends(I, M) end,
                Model3,
                [I || #instance{is_running = true} = I <- Owned]
            ),
            lists:foldl(fun next_turn/2, Model4, Held);
        _ ->
            Model
    end;
step({stop, I}, Model) ->
    end_instance(I, fun hb_beamr:stop/1, Model);
step({kill_instance, I}, Model) ->
    end_instance(I, fun(Pid) -> exit(Pid, kill) end, Model).

call(How, N, _I, #instance{is_running = false, pid = Pid}, Id, Model) ->
    order_call(How, N, Pid, Id, Model),
    Others = maps:get(N, Model#model.frames),
    done(N, Id, {error, ?GONE, {before, Id}}, Others, Model);
call(How, N, I, #instance{pid = Pid, queue = Queue} = Instance, Id, Model) ->
    #model{frames = Frames, instances = Instances, pids = Pids} = Model,
    Others = maps:get(N, Frames),
    Push = fun(State, M) ->
        Frame = #frame{
            id = Id, instance = Pid, function = without_deadline(How), state = State
        },
        M#model{frames = Frames#{N := [Frame | Others]}}
    end,
    case holder(Pid, Model) of
        Other when Other =/= none, Other =/= N, How =:= wait_late orelse How =:= spin_late ->
            order_call(How, N, Pid, Id, Model),
            done(N, Id, {error, timeout, {before, Id}}, Others, Model);
        Other when Other =/= none, Other =/= N ->
            order_call(How, N, Pid, Id, Model),
            hb_beamr_test_lib:wait_for_port(maps:get(N, Pids)),
            Queued = Instance#instance{queue = Queue ++ [N]},
            Push(queued, Model#model{instances = Instances#{I := Queued}});
        _ ->
            IsCancelled = lists:any(
                fun(#frame{instance = P, is_cancelled = C}) -> P =:= Pid andalso C end, Others
            ),
            case How of
                _ when IsCancelled ->
                    order_call(without_deadline(How), N, Pid, Id, Model),
                    done(N, Id, {error, ?TERMINATED, {before, Id}}, Others, Model);
                spin_late ->
                    order_call(How, N, Pid, Id, Model),
                    done(N, Id, {error, timeout, {before, Id}}, Others, Model);
                spin ->
                    order_call(How, N, Pid, Id, Model),
                    hb_beamr_test_lib:wait_for_port(maps:get(N, Pids)),
                    Push(spinning, Model);
                _ ->
                    order_call(wait, N, Pid, Id, Model),
                    asked(N, Push(asked, Model))
            end
    end.

without_deadline(wait_late) -> wait;
without_deadline(spin_late) -> spin;
without_deadline(How) -> How.

order_call(How, N, Instance, Id, #model{pids = Pids}) ->
    {Function, Args, Opts} =
        case How of
            wait -> {"wait", [Id], #{}};
            wait_late -> {"wait", [Id], #{timeout => 1}};
            spin -> {"spin", [], #{}};
            spin_late -> {"spin", [], #{timeout => 1}}
        end,
    maps:get(N, Pids) ! {call, Id, Instance, Function, Args, Opts}.

answer(How, N, #frame{id = Id} = Frame, Model) ->
    IsGone = not is_running_pid(Frame#frame.instance, Model),
    Order = fun(Answer) -> maps:get(N, Model#model.pids) ! {answer, Answer} end,
    case How of
        failure ->
            Order(fun(_) -> throw({failure, Id}) end),
            ends(N, {error, throw, {failure, Id}, {before, Id}}, Model);
        value ->
            Order(fun(_) -> {ok, [Id + 1], {answered, Id}} end),
            ends(N, answered(Frame, IsGone, {ok, [Id + 1], {answered, Id}}), Model);
        exception ->
            Order(fun(_) -> {ok, {import_exception, "mine"}, {answered, Id}} end),
            ends(N, answered(Frame, IsGone, {error, "Exception: mine", {answered, Id}}), Model);
        defer_late when not IsGone ->
            Order(fun(_) -> {defer, {answered, Id}, #{timeout => 1}} end),
            ends(N, answered(Frame, IsGone, {error, timeout, {answered, Id}}), Model);
        _ ->
            Order(fun(_) -> {defer, {deferred, Id}} end),
            Deferred = Frame#frame{state = deferred},
            case answered(Deferred, IsGone, wait) of
                wait ->
                    hb_beamr_test_lib:wait_for_port(maps:get(N, Model#model.pids)),
                    replace(N, Deferred, Model);
                Answer ->
                    ends(N, Answer, replace(N, Deferred, Model))
            end
    end.

%% How a call ends whose import function has answered.
answered(Frame, IsGone, Own) ->
    State =
        case Frame of
            #frame{state = deferred} -> state_of(Frame);
            #frame{id = Id} -> {answered, Id}
        end,
    case Frame of
        _ when IsGone -> {error, ?GONE, State};
        #frame{is_cancelled = true} -> {error, ?TERMINATED, State};
        #frame{reply = {ok, Value}} -> {ok, [Value], State};
        #frame{reply = exception} -> {error, "Exception: no", State};
        #frame{reply = none} -> Own
    end.

reply(How, Id, Instance, Token, Model) ->
    Value = 1000 + Id,
    {Sent, Noted} =
        case How of
            value -> {[Value], {ok, Value}};
            exception -> {{import_exception, "no"}, exception};
            wrong -> {[1.5], none}
        end,
    Answer = hb_beamr:reply(Token, Sent),
    case {is_running_pid(Instance, Model), find(Id, Model)} of
        {false, _} ->
            ?assertMatch({error, {not_running, _}}, Answer),
            Model;
        {true, {N, #frame{is_cancelled = false, reply = none} = Frame}} when Noted =/= none ->
            ?assertEqual(ok, Answer),
            Replied = Frame#frame{reply = Noted},
            Model2 = replace(N, Replied, Model),
            case Replied of
                #frame{state = deferred} -> ends(N, answered(Replied, false, wait), Model2);
                _ -> Model2
            end;
        {true, {_, #frame{is_cancelled = false, reply = none}}} ->
            ?assertMatch({error, {bad_result, _}}, Answer),
            Model;
        {true, _} ->
            ?assertMatch({error, {stale_token, _}}, Answer),
            Model
    end.

end_instance(I, End, #model{instances = Instances} = Model) ->
    case Instances of
        #{I := #instance{pid = Pid, is_running = IsRunning}} ->
            End(Pid),
            case IsRunning of
                true -> instance_ends(Pid, Model);
                false -> Model
            end;
        _ ->
            Model
    end.

%%% What follows

%% All that wait for the driver there are told.
instance_ends(Pid, #model{instances = Instances, frames = Frames} = Model) ->
    [{I, Instance}] = [{I, X} || {I, #instance{pid = P} = X} <- maps:to_list(Instances), P =:= Pid],
    hb_beamr_test_lib:wait_until(fun() ->
        %% The port of a process that was killed may close after everybody else knows of it.
        not is_process_alive(Pid) andalso hb_beamr_registry:find(Pid) =:= none andalso
            erlang:port_info(Instance#instance.port) =:= undefined
    end),
    Ended = Instance#instance{is_running = false, queue = []},
    maps:fold(
        fun
            (N, [#frame{instance = P, state = State} = Frame | _], M) when
                P =:= Pid, State =/= asked
            ->
                ends(N, {error, ?GONE, state_of(Frame)}, M);
            (_, _, M) ->
                M
        end,
        Model#model{instances = Instances#{I := Ended}},
        Frames
    ).

%% The innermost call of a process has ended.
ends(N, Answer, #model{frames = Frames} = Model) ->
    #{N := [#frame{id = Id, instance = Pid} | Others]} = Frames,
    Model2 = done(N, Id, Answer, Others, Model#model{frames = Frames#{N := Others}}),
    next_turn(Pid, Model2).

%% If the turn is free somebody may have it now.
next_turn(Pid, #model{instances = Instances} = Model) ->
    case [{I, X} || {I, #instance{pid = P} = X} <- maps:to_list(Instances), P =:= Pid] of
        [{I, #instance{is_running = true, queue = [Next | Queue]} = Instance}] ->
            case holder(Pid, Model) of
                none ->
                    #model{frames = #{Next := [Frame | _]}} = Model,
                    Shorter = Instances#{I := Instance#instance{queue = Queue}},
                    has_turn(Next, Frame, Model#model{instances = Shorter});
                _ ->
                    Model
            end;
        _ ->
            Model
    end.

has_turn(N, #frame{function = spin} = Frame, #model{pids = Pids} = Model) ->
    #{N := Caller} = Pids,
    %% The guest of a caller that was killed may still work, until it sees that it shall not: what
    %% tells that this one's call has begun is that it does not wait for its turn any more.
    hb_beamr_test_lib:wait_until(fun() ->
        {current_stacktrace, Stack} = process_info(Caller, current_stacktrace),
        Waits = [
            Function
         || {hb_beamr_port, Function, _, _} <- Stack,
            Function =:= await_event orelse Function =:= await_turn
        ],
        [await_event] =:= lists:sublist(Waits, 1)
    end),
    replace(N, Frame#frame{state = spinning}, Model);
has_turn(N, Frame, Model) ->
    asked(N, replace(N, Frame#frame{state = asked}, Model)).

asked(N, #model{pids = Pids, frames = Frames, tokens = Tokens} = Model) ->
    #{N := Pid} = Pids,
    #{N := [#frame{id = Id, instance = Instance} | _]} = Frames,
    receive
        {Pid, asked, Id, Token} -> Model#model{tokens = Tokens#{Id => {Instance, Token}}}
    after ?LOST -> error({lost, asked, Id, hb_beamr_test_lib:mailbox()})
    end.

%% What is in the mailbox of a process that has no call any more was lost, or sent too often.
done(N, Id, Answer, Others, #model{pids = Pids} = Model) ->
    #{N := Pid} = Pids,
    receive
        {Pid, done, Id, Given, Mailbox} ->
            ?assertEqual({Id, Answer}, {Id, Given}),
            Others =:= [] andalso ?assertEqual([], Mailbox),
            Model
    after ?LOST -> error({lost, done, Id, Answer, hb_beamr_test_lib:mailbox()})
    end.

%%% The model

is_running(I, #model{instances = Instances}) ->
    case Instances of
        #{I := #instance{is_running = IsRunning}} -> IsRunning;
        _ -> false
    end.

is_running_pid(Pid, #model{instances = Instances}) ->
    [] =/= [I || #instance{pid = P, is_running = true} = I <- maps:values(Instances), P =:= Pid].

is_spinning(Pid, #model{frames = Frames}) ->
    lists:any(
        fun
            ([#frame{instance = P, state = spinning} | _]) -> P =:= Pid;
            (_) -> false
        end,
        maps:values(Frames)
    ).

%% Which process has the turn.
holder(Pid, #model{frames = Frames}) ->
    Holders = [
        N
     || {N, Active} <- maps:to_list(Frames),
        lists:any(fun(#frame{instance = P, state = S}) -> P =:= Pid andalso S =/= queued end, Active)
    ],
    case Holders of
        [] -> none;
        [N] -> N
    end.

find(Id, #model{frames = Frames}) ->
    case [{N, F} || {N, Active} <- maps:to_list(Frames), #frame{id = X} = F <- Active, X =:= Id] of
        [Found] -> Found;
        [] -> none
    end.

replace(N, #frame{id = Id} = Frame, #model{frames = Frames} = Model) ->
    Model#model{frames = Frames#{N := lists:keyreplace(Id, #frame.id, maps:get(N, Frames), Frame)}}.

mark_cancelled(Pid, #model{frames = Frames} = Model) ->
    Mark = fun
        (#frame{instance = P, state = State} = Frame) when P =:= Pid, State =/= queued ->
            Frame#frame{is_cancelled = true};
        (Frame) ->
            Frame
    end,
    Model#model{frames = maps:map(fun(_, Active) -> lists:map(Mark, Active) end, Frames)}.

leave_queues(N, #model{instances = Instances} = Model) ->
    Leave = fun(_, #instance{queue = Queue} = Instance) ->
        Instance#instance{queue = lists:delete(N, Queue)}
    end,
    Model#model{instances = maps:map(Leave, Instances)}.

pid(none, _Model) -> none;
pid(N, #model{pids = Pids}) -> maps:get(N, Pids).

state_of(#frame{id = Id, state = deferred}) -> {deferred, Id};
state_of(#frame{id = Id}) -> {before, Id}.

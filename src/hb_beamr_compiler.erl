%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The process that decides what is compiled when.
%%%
%%% It is not in the way of those who start instances: what they have to know is in a table, and
%%% what they want is told without waiting. Only who wants compiled code and nothing else waits.
%%%
%%% There are two lanes, each with as many compilers as there are schedulers (`aot_compilers'). In
%%% one somebody waits for the code. In the other nobody does: its compilers run at the lowest
%%% priority, and every module gets quick code before any gets the best one. Equal modules are
%%% compiled once: they are known by the numbers that the driver gives to equal bytes, so that
%%% nobody who starts an instance has to look at them, and here by their digest.
%%%
%%% ```
%%% (unknown) -> queued -> running -> {done, Level}    the driver has the code, as long as it keeps it
%%%                  \________\-----> {failed, Reason}  it stays interpreted
%%% '''
-module(hb_beamr_compiler).

-behaviour(gen_server).

-export([start_link/0]).

%% For who starts an instance.
-export([want/4]).
-export([compile/4]).
-export([is_best/1]).

%% For who wants to know.
-export([state/1]).
-export([numbers/0]).

%% The table.
-export([count/1]).
-export([recall/1]).
-export([remember/2]).
-export([is_first/1]).

-export([init/1]).
-export([handle_continue/2]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).

-export_type([state/0]).

-include_lib("kernel/include/logger.hrl").

-type state() ::
    none
    | queued
    | running
    | {done, Level :: 0..3}
    | {failed, timeout | hb_beamr_error:reason()}.

-type exceptions() :: lower | force.

-type module_key() :: {Digest :: binary(), exceptions()}.

-type module_id() :: non_neg_integer().

-type lane() :: background | waited_for.

-record(job, {
    module :: module_key(),
    wasm :: binary(),
    options :: hb_beamr_aot_options:options(),
    level :: 0..3,
    lane :: lane(),
    waiting = [] :: [{gen_server:from(), hb_beamr_deadline:deadline()}]
}).

-record(state, {
    %% At most one for each module; in order.
    waited_for = [] :: [#job{}],
    %% Of which the quick ones go first.
    background = {[], []} :: {Quick :: [#job{}], Best :: [#job{}]},
    running = #{} :: #{pid() => #job{}},
    %% The numbers of the driver for each module, the newest first, and the modules themselves.
    ids = #{} :: #{module_key() => [module_id()]},
    known = queue:new() :: queue:queue(module_key())
}).

-define(TABLE, ?MODULE).

%% Quick code: a ninth of the time that the next level takes, which takes as long as the best.
-define(QUICK, 0).
%% Modules hold memory while they wait.
-define(MAX_QUEUED, 1000).
-define(MAX_QUEUED_BYTES, 64 bsl 20).
%% What is remembered of modules is forgotten, the oldest first.
-define(MAX_KNOWN, 10000).
-define(MAX_IDS, 8).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    case gen_server:start_link({local, ?MODULE}, ?MODULE, [], []) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

%%% For who starts an instance

%% @doc The best code of this module would be nice; this is what the driver has. If it has none of
%% what was made, it has let go of it.
-spec want(module_id(), hb_beamr_port:code(), binary(), exceptions()) -> ok.
want(Id, Code, Wasm, Exceptions) ->
    IsWanted =
        case {Code, state(Id)} of
            {_, none} -> not is_best(Code);
            {interpreted, {done, _}} -> true;
            _ -> false
        end,
    IsWanted andalso gen_server:cast(?MODULE, {want, Id, Wasm, Exceptions}),
    ok.

%% @doc Compiled code of this module and nothing else: the best, or what is to be had soon. If the
%% deadline passes, compiling goes on, for the next one who asks.
-spec compile(binary(), exceptions(), quick | best, hb_beamr_deadline:deadline()) ->
    {ok, Aot :: binary()} | {error, timeout | hb_beamr_error:reason()}.
compile(Wasm, Exceptions, Wanted, Deadline) ->
    case hb_beamr_aot_options:of_node() of
        {ok, #{opt_level := Best} = Options} ->
            Job = #job{
                module = {crypto:hash(sha256, Wasm), Exceptions},
                wasm = Wasm,
                options = Options#{exceptions := Exceptions},
                level =
                    case Wanted of
                        quick -> min(?QUICK, Best);
                        best -> Best
                    end,
                lane = waited_for
            },
            Request = {compile, Job, Deadline},
            try
                gen_server:call(?MODULE, Request, hb_beamr_deadline:left(Deadline))
            catch
                exit:{timeout, _} ->
                    {error, timeout};
                exit:_ ->
                    {error, hb_beamr_error:new(not_started, "the application hb_beamr was stopped")}
            end;
        Error ->
            Error
    end.

%% @doc Whether code is the best that there will be.
-spec is_best(hb_beamr_port:code()) -> boolean().
is_best(interpreted) ->
    false;
is_best({compiled, Level}) ->
    case hb_beamr_aot_options:of_node() of
        {ok, #{opt_level := Best}} -> Level >= Best;
        _ -> false
    end.

%%% For who wants to know

%% @doc What became of a module.
-spec state(module_id() | none) -> state().
state(Id) ->
    case lookup({id, Id}) of
        {ok, Module} -> module_state(Module);
        none -> none
    end.

-spec module_state(module_key()) -> state().
module_state(Module) ->
    case lookup({state, Module}) of
        {ok, State} -> State;
        none -> none
    end.

%% @doc What the node's compilers do and have done.
-spec numbers() -> #{atom() => non_neg_integer()}.
numbers() ->
    maps:from_list([
        {Name, number(Name)}
     || Name <- [running, queued, done, failed, cache_hits, cache_misses]
    ]).

-spec number(atom()) -> non_neg_integer().
number(Name) ->
    case lookup({number, Name}) of
        {ok, Number} -> Number;
        none -> 0
    end.

%%% The table

%% @doc Count something that was done.
-spec count(done | failed | cache_hits | cache_misses) -> ok.
count(Name) ->
    try
        _ = ets:update_counter(?TABLE, {number, Name}, 1, {{number, Name}, 0}),
        ok
    catch
        error:badarg -> ok
    end.

%% @doc What `remember/2' was told.
-spec recall(term()) -> {ok, term()} | none.
recall(What) ->
    lookup({memory, What}).

%% @doc Remember something that does not change, until the application stops.
-spec remember(term(), term()) -> ok.
remember(What, Value) ->
    _ = insert({memory, What}, Value),
    ok.

%% @doc Whether this was not asked before, since the application started.
-spec is_first(term()) -> boolean().
is_first(What) ->
    try
        ets:insert_new(?TABLE, {{first, What}, true})
    catch
        error:badarg -> true
    end.

-spec lookup(term()) -> {ok, term()} | none.
lookup(Key) ->
    try ets:lookup(?TABLE, Key) of
        [{_, Value}] -> {ok, Value};
        [] -> none
    catch
        error:badarg -> none
    end.

-spec insert(term(), term()) -> boolean().
insert(Key, Value) ->
    try
        ets:insert(?TABLE, {Key, Value})
    catch
        error:badarg -> false
    end.

%%% The process

-spec init([]) -> {ok, #state{}, {continue, tidy}}.
init([]) ->
    process_flag(trap_exit, true),
    ?TABLE = ets:new(?TABLE, [
        named_table, public, {read_concurrency, true}, {write_concurrency, true}
    ]),
    {ok, #state{}, {continue, tidy}}.

-spec handle_continue(tidy, #state{}) -> {noreply, #state{}}.
handle_continue(tidy, State) ->
    _ = spawn(fun hb_beamr_aot_process:remove_leftovers/0),
    {noreply, State}.

-spec handle_call(term(), gen_server:from(), #state{}) ->
    {noreply, #state{}} | {reply, {error, unknown}, #state{}}.
handle_call({compile, Job, Deadline}, From, State) ->
    {noreply, run_next(await(Job#job{waiting = [{From, Deadline}]}, State))};
handle_call(_Request, _From, State) ->
    {reply, {error, unknown}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({want, Id, Wasm, Exceptions}, State) ->
    Module = {crypto:hash(sha256, Wasm), Exceptions},
    {noreply, run_next(consider(Module, Wasm, learn(Id, Module, State)))};
handle_cast(_Request, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info({'EXIT', Pid, Reason}, #state{running = Running} = State) when
    is_map_key(Pid, Running)
->
    {Job, Others} = maps:take(Pid, Running),
    Result =
        case Reason of
            {done, Done} ->
                Done;
            _ ->
                Text = ["compiling failed: ", hb_beamr_error:show(Reason)],
                {error, hb_beamr_error:new(internal, Text)}
        end,
    {noreply, run_next(ended(Job, Result, State#state{running = Others}))};
handle_info(_Message, State) ->
    {noreply, State}.

%%% Who wants what

%% A module that nobody waits for. It may have been asked for more than once meanwhile.
-spec consider(module_key(), binary(), #state{}) -> #state{}.
consider(Module, Wasm, State) ->
    case {module_state(Module), find(Module, State), hb_beamr_aot_options:of_node()} of
        {{failed, _}, none, _} ->
            State;
        {_, none, {ok, Options}} ->
            enqueue(Module, Wasm, Options, State);
        {_, none, {error, Reason}} ->
            put_state(Module, {failed, Reason}),
            State;
        {_, _, _} ->
            State
    end.

-spec enqueue(module_key(), binary(), hb_beamr_aot_options:options(), #state{}) -> #state{}.
enqueue({_, Exceptions} = Module, Wasm, #{opt_level := Best} = Options, State) ->
    #state{background = {Quick, Others}} = State,
    Sizes = [byte_size(Waiting) || #job{wasm = Waiting} <- Quick ++ Others],
    IsFull =
        length(Sizes) >= ?MAX_QUEUED orelse
            (Sizes =/= [] andalso lists:sum(Sizes) + byte_size(Wasm) > ?MAX_QUEUED_BYTES),
    case IsFull of
        %% It is asked for again when it is started again.
        true ->
            State;
        false ->
            put_state(Module, queued),
            Job = #job{
                module = Module,
                wasm = Wasm,
                options = Options#{exceptions := Exceptions, nice := true},
                level = min(?QUICK, Best),
                lane = background
            },
            State#state{background = {Quick ++ [Job], Others}}
    end.

%% Somebody waits for the best code. Another may do so already; then there is nothing more to do.
-spec await(#job{}, #state{}) -> #state{}.
await(#job{module = Module, level = Level, waiting = [Waiting]} = Job, State) ->
    #state{waited_for = Queue, background = {Quick, Best}, running = Running} = State,
    IsSame = fun(#job{module = M, level = L}) -> {M, L} =:= {Module, Level} end,
    AsWell = [Found || {_, R} = Found <- maps:to_list(Running), IsSame(R)],
    case {lists:search(IsSame, Queue), AsWell} of
        {_, [{Pid, Same}]} ->
            State#state{running = Running#{Pid := add(Waiting, Same)}};
        {{value, Same}, _} ->
            Replaced = lists:map(
                fun
                    (Other) when Other =:= Same -> add(Waiting, Same);
                    (Other) -> Other
                end,
                Queue
            ),
            State#state{waited_for = Replaced};
        {false, []} ->
            %% What was to be made of it without hurry is done with this.
            Of = fun(#job{module = M}) -> M =:= Module end,
            case module_state(Module) of
                {done, _} -> ok;
                _ -> put_state(Module, queued)
            end,
            (known(Module, State))#state{
                waited_for = Queue ++ [Job],
                background = {drop(Of, Quick), drop(Of, Best)}
            }
    end.

-spec add({gen_server:from(), hb_beamr_deadline:deadline()}, #job{}) -> #job{}.
add(Waiting, #job{waiting = Others} = Job) ->
    Job#job{waiting = [Waiting | Others]}.

-spec drop(fun((#job{}) -> boolean()), [#job{}]) -> [#job{}].
drop(Which, Jobs) ->
    [Job || Job <- Jobs, not Which(Job)].

-spec find(module_key(), #state{}) -> #job{} | none.
find(Module, #state{waited_for = Queue, background = {Quick, Best}, running = Running}) ->
    Jobs = Queue ++ Quick ++ Best ++ maps:values(Running),
    case [Job || #job{module = M} = Job <- Jobs, M =:= Module] of
        [Job | _] -> Job;
        [] -> none
    end.

%%% What runs

%% Compilers are started as long as there is something to do and room.
-spec run_next(#state{}) -> #state{}.
run_next(State) ->
    Next = run_lane(background, run_lane(waited_for, State)),
    #state{waited_for = Queue, background = {Quick, Best}, running = Running} = Next,
    insert({number, queued}, length(Queue) + length(Quick) + length(Best)),
    insert({number, running}, map_size(Running)),
    Next.

-spec run_lane(lane(), #state{}) -> #state{}.
run_lane(Lane, #state{running = Running} = State) ->
    Busy = length([Job || #job{lane = L} = Job <- maps:values(Running), L =:= Lane]),
    case Busy < room() andalso next(Lane, State) of
        false -> State;
        {none, Others} -> Others;
        {Job, Others} -> run_lane(Lane, run(Job, Others))
    end.

-spec room() -> pos_integer().
room() ->
    case application:get_env(hb_beamr, aot_compilers) of
        {ok, Count} when is_integer(Count), Count > 0 -> Count;
        _ -> erlang:system_info(schedulers_online)
    end.

-spec next(lane(), #state{}) -> {#job{} | none, #state{}}.
next(waited_for, #state{waited_for = []} = State) ->
    {none, State};
next(waited_for, #state{waited_for = [Job | Others]} = State) ->
    Rest = State#state{waited_for = Others},
    case lists:any(fun is_waiting/1, Job#job.waiting) of
        true ->
            {Job, Rest};
        false ->
            give_up(Job),
            next(waited_for, Rest)
    end;
next(background, #state{background = {[Job | Quick], Best}} = State) ->
    {Job, State#state{background = {Quick, Best}}};
next(background, #state{background = {[], [Job | Best]}} = State) ->
    {Job, State#state{background = {[], Best}}};
next(background, State) ->
    {none, State}.

-spec is_waiting({gen_server:from(), hb_beamr_deadline:deadline()}) -> boolean().
is_waiting({{Pid, _}, Deadline}) ->
    not hb_beamr_deadline:is_over(Deadline) andalso is_process_alive(Pid).

%% Nobody wants it any more, and it had not begun.
-spec give_up(#job{}) -> ok.
give_up(#job{module = Module}) ->
    case module_state(Module) of
        queued -> put_state(Module, none);
        _ -> ok
    end.

-spec run(#job{}, #state{}) -> #state{}.
run(#job{module = {Digest, _} = Module} = Job, #state{running = Running} = State) ->
    IsFirst =
        case module_state(Module) of
            %% Better code is on its way; there is some meanwhile.
            {done, _} ->
                false;
            _ ->
                put_state(Module, running),
                true
        end,
    Task = #{
        digest => Digest,
        wasm => Job#job.wasm,
        options => Job#job.options,
        level => Job#job.level,
        is_first => IsFirst
    },
    Pid = spawn_link(hb_beamr_compiler_job, perform, [Task]),
    State#state{running = Running#{Pid => Job}}.

-spec ended(#job{}, hb_beamr_compiler_job:result(), #state{}) -> #state{}.
ended(#job{module = Module} = Job, {ok, Level, Aot, Id}, State) ->
    count(done),
    Most =
        case module_state(Module) of
            {done, Better} -> max(Better, Level);
            _ -> Level
        end,
    put_state(Module, {done, Most}),
    answer(Job, {ok, Aot}),
    improve(Job, Most, learn(Id, Module, State));
ended(#job{module = {Digest, _} = Module} = Job, {error, Reason} = Error, State) ->
    count(failed),
    case module_state(Module) of
        {done, _} -> ok;
        _ -> put_state(Module, {failed, Reason})
    end,
    Hex = hb_beamr_aot_file:hex(binary:part(Digest, 0, 8)),
    ?LOG_INFO("hb_beamr: module ~ts is not compiled: ~ts", [
        Hex, hb_beamr_error:format_error(Reason)
    ]),
    answer(Job, Error),
    State.

-spec answer(#job{}, {ok, binary()} | {error, timeout | hb_beamr_error:reason()}) -> ok.
answer(#job{waiting = Waiting}, Answer) ->
    lists:foreach(fun({From, _}) -> gen_server:reply(From, Answer) end, Waiting).

%% Quick code was made: now the best one, unless somebody waits for it anyway.
-spec improve(#job{}, 0..3, #state{}) -> #state{}.
improve(#job{module = Module, options = #{opt_level := Best} = Options} = Job, Level, State) when
    Level < Best
->
    case find(Module, State) of
        none ->
            #state{background = {Quick, Others}} = State,
            Better = Job#job{
                lane = background,
                level = Best,
                options = Options#{nice := true},
                waiting = []
            },
            State#state{background = {Quick, Others ++ [Better]}};
        _ ->
            State
    end;
improve(_Job, _Level, State) ->
    State.

%%% What is known

-spec put_state(module_key(), state()) -> ok.
put_state(Module, State) ->
    _ = insert({state, Module}, State),
    ok.

%% A number by which the driver knows a module.
-spec learn(module_id(), module_key(), #state{}) -> #state{}.
learn(Id, Module, #state{ids = Ids} = State) ->
    case Ids of
        #{Module := Numbers} ->
            case lists:member(Id, Numbers) of
                true ->
                    State;
                false ->
                    {New, Old} = split(?MAX_IDS, [Id | Numbers]),
                    forget_ids(Old),
                    insert({id, Id}, Module),
                    State#state{ids = Ids#{Module := New}}
            end;
        _ ->
            learn(Id, Module, known(Module, State))
    end.

-spec known(module_key(), #state{}) -> #state{}.
known(Module, #state{ids = Ids} = State) when is_map_key(Module, Ids) ->
    State;
known(Module, #state{ids = Ids, known = Known} = State) when map_size(Ids) < ?MAX_KNOWN ->
    State#state{ids = Ids#{Module => []}, known = queue:in(Module, Known)};
known(Module, #state{ids = Ids, known = Known} = State) ->
    {{value, Oldest}, Others} = queue:out(Known),
    forget_ids(maps:get(Oldest, Ids)),
    ets:delete(?TABLE, {state, Oldest}),
    known(Module, State#state{ids = maps:remove(Oldest, Ids), known = Others}).

-spec forget_ids([module_id()]) -> ok.
forget_ids(Ids) ->
    lists:foreach(fun(Id) -> ets:delete(?TABLE, {id, Id}) end, Ids).

-spec split(pos_integer(), [Element]) -> {[Element], [Element]}.
split(Most, List) when length(List) > Most -> lists:split(Most, List);
split(_, List) -> {List, []}.

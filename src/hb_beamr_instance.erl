%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The process that an instance is known by.
%%%
%%% It owns the port, so that the port goes with it, and waits for the end: of its owner, of the
%%% port, or of the application. It never talks to the driver and never runs anything of a user,
%%% so nothing keeps it from ending at once. Loading and calling is done by the processes that
%%% want it.
-module(hb_beamr_instance).

-behaviour(gen_server).

-export([start/2]).
-export([start_link/2]).
-export([stop/1]).
-export([owner/1]).
-export([give_away/2]).
-export([description/2]).

-export([init/1]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([terminate/2]).

-record(instance, {
    port :: port(),
    owner :: pid() | none,
    owner_monitor :: reference() | none,
    %% Of the process that starts the instance, until it has started, if it is not the owner.
    starter_monitor = none :: reference() | none
}).

-record(request, {
    wasm :: binary(),
    owner :: pid() | none,
    limits :: hb_beamr_limits:limits(),
    deadline :: hb_beamr_deadline:deadline(),
    imports :: #{term() => term()},
    driver_options :: [hb_beamr_port:driver_option()],
    %% `given': what the module is, whatever that is.
    mode :: given | interp | aot | auto,
    exceptions :: lower | force
}).

-type started() :: {ok, pid(), [hb_beamr:import()], [hb_beamr:export()]}.

-type refusal() :: {error, timeout | hb_beamr_error:reason()}.

-define(GONE, <<"the owner of the instance ended before it had started">>).

%% @doc Start an instance of a module; see `hb_beamr:start/2'.
-spec start(binary(), hb_beamr:options()) -> started() | refusal().
start(Wasm, Options) ->
    start(Wasm, Options, start).

%% @doc The same, linked to the calling process.
-spec start_link(binary(), hb_beamr:options()) -> started() | refusal().
start_link(Wasm, Options) ->
    start(Wasm, Options, start_link).

-spec start(binary(), hb_beamr:options(), start | start_link) -> started() | refusal().
start(Wasm, Options, How) ->
    Since = erlang:monotonic_time(),
    %% Only an application that is loaded has the environment that the node was given.
    Result =
        case hb_beamr_app:ensure_started() of
            ok ->
                case request(Wasm, Options) of
                    {ok, Request} -> launch(Request, How);
                    Invalid -> Invalid
                end;
            NotStarted ->
                NotStarted
        end,
    case Result of
        {ok, Pid, _, _} ->
            Owner = maps:get(owner, Options, self()),
            hb_beamr_telemetry:started(Pid, Owner, Since, byte_size(Wasm));
        {error, Reason} ->
            hb_beamr_telemetry:refused(Reason, Since, byte_size(Wasm))
    end,
    Result.

%% The driver looks first whether it has compiled code of the module: it knows modules by their bytes
%% in a few microseconds.
-spec launch(#request{}, start | start_link) -> started() | refusal().
launch(#request{mode = Mode} = Request, How) ->
    case {spawn_and_boot(Request, How), Mode} of
        {{error, {not_compiled, _}}, auto} -> launch_compiled(quick, Request, How);
        {{error, {not_compiled, _}}, aot} -> launch_compiled(best, Request, How);
        {Result, _} -> Result
    end.

-spec launch_compiled(quick | best, #request{}, start | start_link) -> started() | refusal().
launch_compiled(Wanted, #request{wasm = Wasm} = Request, How) ->
    #request{driver_options = Options, exceptions = Exceptions, deadline = Deadline} = Request,
    case hb_beamr_compiler:compile(Wasm, Exceptions, Wanted, Deadline) of
        {ok, Aot} ->
            Plain = Options -- [prefer_compiled, require_compiled, force_lowering],
            spawn_and_boot(
                Request#request{wasm = Aot, mode = given, driver_options = Plain}, How
            );
        {error, {refused, _}} = Refused ->
            why_refused(Request, Refused);
        Error ->
            Error
    end.

%% A module that is not valid is refused in the same words in all modes: the driver's.
-spec why_refused(#request{}, refusal()) -> refusal().
why_refused(#request{wasm = Wasm, deadline = Deadline}, Refused) ->
    case hb_beamr_port:with_module(Wasm, [], Deadline, fun(_Port, _Id) -> valid end) of
        {error, bad_module, _} = Invalid -> {error, hb_beamr_error:new(Invalid)};
        _ -> Refused
    end.

-spec request(binary(), hb_beamr:options()) -> {ok, #request{}} | refusal().
request(<<0, "aot", _/binary>>, _Options) ->
    Text = "an AOT file of the engine's own: compile the module with hb_beamr_aot:compile/2",
    {error, hb_beamr_error:new(unsupported, Text)};
request(Wasm, Options) ->
    case check_options(maps:to_list(Options)) of
        ok ->
            case mode(Wasm, Options) of
                {ok, Mode} -> request(Wasm, Options, Mode);
                Error -> Error
            end;
        Invalid ->
            Invalid
    end.

%% Compiled code is run as such, whatever mode is wanted for modules.
-spec mode(binary(), hb_beamr:options()) ->
    {ok, given | interp | aot | auto} | {error, hb_beamr_error:reason()}.
mode(Wasm, Options) ->
    case {hb_beamr_aot_file:is_file(Wasm), Options} of
        {true, _} ->
            Signature = maps:get(signature, Options, none),
            case hb_beamr_aot_trust:check(Wasm, Signature, maps:get(mode, Options, none)) of
                ok -> {ok, given};
                Error -> Error
            end;
        {false, #{mode := Mode}} ->
            {ok, Mode};
        {false, _} ->
            case application:get_env(hb_beamr, default_mode, interp) of
                Mode when Mode =:= interp; Mode =:= aot; Mode =:= auto ->
                    {ok, Mode};
                Other ->
                    Text = ["invalid default_mode: ", hb_beamr_error:show(Other)],
                    {error, hb_beamr_error:new(invalid_option, Text)}
            end
    end.

-spec request(binary(), hb_beamr:options(), given | interp | aot | auto) ->
    {ok, #request{}} | refusal().
request(Wasm, Options, Mode) ->
    case {hb_beamr_limits:of_instance(Options), hb_beamr_deadline:option(Options)} of
        {{ok, #{module_size := Most}}, {ok, _}} when byte_size(Wasm) > Most ->
            {error, hb_beamr_error:exceeded(module_size, Most, byte_size(Wasm))};
        {{ok, Limits}, {ok, Timeout}} ->
            {ok, #request{
                wasm = Wasm,
                owner = maps:get(owner, Options, self()),
                limits = Limits,
                deadline = hb_beamr_deadline:in_force(Timeout),
                imports = maps:get(imports, Options, #{}),
                driver_options = lists:append([
                    [refuse_unresolved || #{unresolved := refuse} <- [Options]],
                    [force_lowering || #{exceptions := force} <- [Options], Mode =/= given],
                    [prefer_compiled || Mode =:= auto],
                    [require_compiled || Mode =:= aot]
                ]),
                mode = Mode,
                exceptions = maps:get(exceptions, Options, lower)
            }};
        {{error, Reason}, _} ->
            {error, Reason};
        {_, {error, Text}} ->
            {error, hb_beamr_error:new(invalid_option, Text)}
    end.

-spec check_options([{term(), term()}]) -> ok | refusal().
check_options([]) ->
    ok;
check_options([{owner, Owner} | Rest]) when is_pid(Owner); Owner =:= none ->
    check_options(Rest);
check_options([{timeout, _} | Rest]) ->
    check_options(Rest);
check_options([{imports, Imports} | Rest]) when is_map(Imports) ->
    check_options(Rest);
check_options([{unresolved, What} | Rest]) when What =:= own; What =:= refuse ->
    check_options(Rest);
check_options([{exceptions, How} | Rest]) when How =:= lower; How =:= force ->
    check_options(Rest);
check_options([{mode, Mode} | Rest]) when Mode =:= interp; Mode =:= aot; Mode =:= auto ->
    check_options(Rest);
check_options([{signature, Signature} | Rest]) when is_binary(Signature) ->
    check_options(Rest);
check_options([{Key, Value} | Rest]) ->
    case hb_beamr_limits:is_option(Key) of
        true ->
            check_options(Rest);
        false ->
            [K, V] = [hb_beamr_error:show(Term) || Term <- [Key, Value]],
            {error, hb_beamr_error:new(invalid_option, ["invalid option: ", K, " => ", V])}
    end.

-spec spawn_and_boot(#request{}, start | start_link) ->
    started() | refusal().
spawn_and_boot(#request{owner = Owner} = Request, How) ->
    case gen_server:How(?MODULE, {self(), Owner}, []) of
        {ok, Pid} ->
            case boot(Pid, Request) of
                {ok, Imports, Exports} when Owner =:= self() ->
                    {ok, Pid, Imports, Exports};
                {ok, Imports, Exports} ->
                    gen_server:cast(Pid, started),
                    {ok, Pid, Imports, Exports};
                {error, Reason} ->
                    give_up(Pid, How),
                    {error, Reason}
            end;
        {error, {shutdown, Reason}} ->
            {error, Reason}
    end.

%% Nothing is left of it, not even a message.
-spec give_up(pid(), start | start_link) -> ok.
give_up(Pid, How) ->
    How =:= start_link andalso unlink(Pid),
    Port = hb_beamr_cache:port(Pid),
    stop(Pid),
    receive
        {'EXIT', Pid, _} when How =:= start_link -> ok
    after 0 -> ok
    end,
    Port =:= none orelse hb_beamr_port:flush(Port),
    ok.

%% What takes long is done by the process that wants the instance, through the port.
-spec boot(pid(), #request{}) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | refusal().
boot(Pid, #request{wasm = Wasm, deadline = Deadline} = Request) ->
    case hb_beamr_registry:find(Pid) of
        {Port, _} ->
            %% A port that is closed is noticed below.
            _ = hb_beamr_port:set_options(Port, Request#request.driver_options),
            case hb_beamr_port:load_module(Port, Wasm, Deadline) of
                {ok, ModuleId, Code} -> boot_module(Pid, Port, ModuleId, Code, Request);
                timeout -> {error, timeout};
                closed -> {error, hb_beamr_error:new(not_running, ?GONE)};
                Failure -> {error, hb_beamr_error:new(Failure)}
            end;
        none ->
            {error, hb_beamr_error:new(not_running, ?GONE)}
    end.

-spec boot_module(pid(), port(), non_neg_integer(), hb_beamr_port:code(), #request{}) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | refusal().
boot_module(Pid, Port, ModuleId, Code, Request) ->
    case suits(ModuleId, Code, Request) of
        true ->
            hb_beamr_cache:enter(Pid, Port, ModuleId),
            Result = link_and_instantiate(Pid, Port, Request),
            element(1, Result) =:= ok andalso
                hb_beamr_registry:set_module(Pid, ModuleId, Code),
            Result;
        false ->
            {error, hb_beamr_error:new(not_compiled, <<"there is better code to be made">>)}
    end.

%% Whether what the driver has loaded will do. In mode `auto' anything does, and better code is made.
-spec suits(non_neg_integer(), hb_beamr_port:code(), #request{}) -> boolean().
suits(_ModuleId, Code, #request{mode = aot}) ->
    hb_beamr_compiler:is_best(Code);
suits(ModuleId, Code, #request{mode = auto, wasm = Wasm, exceptions = Exceptions}) ->
    hb_beamr_compiler:want(ModuleId, Code, Wasm, Exceptions),
    true;
suits(_ModuleId, _Code, _Request) ->
    true.

-spec link_and_instantiate(pid(), port(), #request{}) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | refusal().
link_and_instantiate(Pid, Port, #request{imports = Imports} = Request) ->
    case hb_beamr_offer:encode(Imports, Pid) of
        {ok, Offers} ->
            case offer(Port, Offers) of
                ok -> instantiate(Pid, Port, Request);
                closed -> {error, hb_beamr_error:new(not_running, ?GONE)};
                Failure -> {error, hb_beamr_error:new(Failure)}
            end;
        {error, Text} ->
            {error, hb_beamr_error:new(invalid_option, Text)}
    end.

-spec offer(port(), [{binary(), binary()}]) -> ok | hb_beamr_port:failure().
offer(_Port, []) ->
    ok;
offer(Port, [Offer | Rest]) ->
    case hb_beamr_port:offer(Port, Offer) of
        ok -> offer(Port, Rest);
        Failure -> Failure
    end.

-spec instantiate(pid(), port(), #request{}) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | refusal().
instantiate(Pid, Port, #request{limits = Limits, deadline = Deadline}) ->
    #{stack_size := StackSize} = Limits,
    %% A port that is closed is noticed below.
    _ = hb_beamr_port:set_limits(Port, Limits),
    case hb_beamr_call:instantiate(Pid, Port, StackSize, Deadline) of
        {ok, _, _} -> describe(Port);
        {timeout, _} -> {error, timeout};
        {error, not_running, _, _} -> {error, hb_beamr_error:new(not_running, ?GONE)};
        Failure -> {error, start_error(hb_beamr_call:reason(Failure, Pid))}
    end.

-spec start_error(hb_beamr_error:reason()) -> hb_beamr_error:reason().
start_error({Code, Details}) when Code =:= trap; Code =:= cancelled ->
    {Code, Details#{in_start_function => true}};
start_error(Reason) ->
    Reason.

-spec describe(port()) -> {ok, [hb_beamr:import()], [hb_beamr:export()]} | refusal().
describe(Port) ->
    case hb_beamr_port:describe(Port) of
        {ok, Imports, Exports} -> description(Imports, Exports);
        closed -> {error, hb_beamr_error:new(not_running, ?GONE)}
    end.

%% @doc Imports and exports as users get them.
-spec description([hb_beamr_answer:extern()], [hb_beamr_answer:extern()]) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]}.
description(Imports, Exports) ->
    {ok,
        [
            {Kind, hb_beamr_error:text(Module), hb_beamr_error:text(Name),
                hb_beamr_error:text(Signature)}
         || {Kind, Module, Name, Signature} <- Imports
        ],
        [
            {Kind, hb_beamr_error:text(Name), hb_beamr_error:text(Signature)}
         || {Kind, _, Name, Signature} <- Exports
        ]}.

%% @doc End an instance; when this returns it is gone. Nothing happens if there is none.
-spec stop(pid()) -> ok.
stop(Pid) ->
    case hb_beamr_registry:find(Pid) of
        {Port, _} ->
            tell_end(Pid, stopped, Port),
            hb_beamr_cache:forget(Pid),
            Monitor = erlang:monitor(process, Pid),
            hb_beamr_port:close(Port),
            receive
                {'DOWN', Monitor, process, _, _} -> ok
            end;
        none ->
            ok
    end.

%% @doc The process with which an instance ends.
-spec owner(pid()) -> {ok, pid() | none} | {error, hb_beamr_error:reason()}.
owner(Pid) ->
    ask(Pid, owner).

%% @doc See `hb_beamr:give_away/2'.
-spec give_away(pid(), pid() | none) -> ok | {error, hb_beamr_error:reason()}.
give_away(Pid, Owner) ->
    ask(Pid, {give_away, Owner}).

-spec ask(pid(), term()) -> Answer :: term().
ask(Pid, Request) ->
    case hb_beamr_registry:find(Pid) of
        none ->
            {error, hb_beamr_error:new(closed)};
        _ ->
            try
                gen_server:call(Pid, Request, infinity)
            catch
                exit:_ -> {error, hb_beamr_error:new(closed)}
            end
    end.

%% Whoever removes the row tells; of what had not started, nobody does.
-spec tell_end(pid(), Reason :: term(), port()) -> ok.
tell_end(Pid, Reason, Port) ->
    case hb_beamr_registry:remove(Pid) of
        true -> hb_beamr_telemetry:stopped(Pid, Reason, fun() -> usage(Port) end);
        false -> ok
    end.

-spec usage(port()) -> map().
usage(Port) ->
    case hb_beamr_port:info(Port) of
        {ok, Usage} -> maps:without([activity, waiting], Usage);
        _ -> #{}
    end.

%%% The process

-spec init({Starter :: pid(), Owner :: pid() | none}) ->
    {ok, #instance{}} | {stop, {shutdown, hb_beamr_error:reason()}}.
init({Starter, Owner}) ->
    process_flag(trap_exit, true),
    case hb_beamr_port:open() of
        {ok, Port} ->
            case hb_beamr_registry:add(self(), Port) of
                true ->
                    {ok, #instance{
                        port = Port,
                        owner = Owner,
                        owner_monitor = watch(Owner),
                        starter_monitor = watch_starter(Starter, Owner)
                    }};
                false ->
                    refuse(not_started, "the application hb_beamr is not running")
            end;
        {error, Text} ->
            refuse(system_limit, Text)
    end.

-spec watch(pid() | none) -> reference() | none.
watch(none) -> none;
watch(Owner) -> erlang:monitor(process, Owner).

-spec watch_starter(pid(), pid() | none) -> reference() | none.
watch_starter(Owner, Owner) -> none;
watch_starter(Starter, _Owner) -> watch(Starter).

-spec unwatch(reference() | none) -> true.
unwatch(none) -> true;
unwatch(Monitor) -> erlang:demonitor(Monitor, [flush]).

-spec refuse(hb_beamr_error:code(), string()) -> {stop, {shutdown, hb_beamr_error:reason()}}.
refuse(Code, Text) ->
    {stop, {shutdown, hb_beamr_error:new(Code, Text)}}.

-spec handle_call(term(), gen_server:from(), #instance{}) -> {reply, term(), #instance{}}.
handle_call(owner, _From, #instance{owner = Owner} = Instance) ->
    {reply, {ok, Owner}, Instance};
handle_call({give_away, New}, {Caller, _}, #instance{owner = Owner} = Instance) when
    Owner =:= Caller; Owner =:= none
->
    unwatch(Instance#instance.owner_monitor),
    {reply, ok, Instance#instance{owner = New, owner_monitor = watch(New)}};
handle_call({give_away, _New}, _From, #instance{owner = Owner} = Instance) ->
    Text = io_lib:format("the owner is ~p", [Owner]),
    {reply, {error, hb_beamr_error:new(not_owner, Text)}, Instance};
handle_call(_Request, _From, Instance) ->
    {reply, {error, unknown}, Instance}.

-spec handle_cast(term(), #instance{}) -> {noreply, #instance{}}.
handle_cast(started, #instance{starter_monitor = Monitor} = Instance) ->
    unwatch(Monitor),
    {noreply, Instance#instance{starter_monitor = none}};
handle_cast(_Request, Instance) ->
    {noreply, Instance}.

%% The owner or the starter has ended, the port is closed, or the registry stops. Whatever else
%% comes, like what `hb_beamr:wasm_send/2' sends, is ignored.
-spec handle_info(term(), #instance{}) -> {noreply, #instance{}} | {stop, normal, #instance{}}.
handle_info({'DOWN', _, process, _, _}, Instance) ->
    {stop, normal, Instance};
handle_info({'EXIT', _, _}, Instance) ->
    {stop, normal, Instance};
handle_info(_Message, Instance) ->
    {noreply, Instance}.

-spec terminate(term(), #instance{}) -> ok.
terminate(Reason, #instance{port = Port}) ->
    tell_end(self(), Reason, Port),
    hb_beamr_port:close(Port).

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
-export([stop/1]).

-export([init/1]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([terminate/2]).

-record(instance, {
    port :: port(),
    %% The process that starts the instance, until it has started, if it is not the owner.
    starter = none :: reference() | none
}).

-define(MIN_STACK, 4096).
-define(MAX_STACK, 67108864).

%% @doc Start an instance of a module; see `hb_beamr:start/2'.
-spec start(binary(), hb_beamr:options()) ->
    {ok, pid(), [hb_beamr:import()], [hb_beamr:export()]} | {error, hb_beamr_error:reason()}.
start(Wasm, Options) ->
    case check(Wasm, Options) of
        ok ->
            case hb_beamr_app:ensure_started() of
                ok -> spawn_and_boot(Wasm, Options);
                Error -> Error
            end;
        Error ->
            Error
    end.

-spec check(binary(), hb_beamr:options()) -> ok | {error, hb_beamr_error:reason()}.
check(<<0, "aot", _/binary>>, _Options) ->
    {error, hb_beamr_error:new(unsupported, "this build of hb_beamr does not run AOT files")};
check(_Wasm, Options) ->
    check_options(maps:to_list(Options)).

-spec check_options([{term(), term()}]) -> ok | {error, hb_beamr_error:reason()}.
check_options([]) ->
    ok;
check_options([{owner, Owner} | Rest]) when is_pid(Owner) ->
    check_options(Rest);
check_options([{stack_size, Bytes} | Rest]) when
    is_integer(Bytes), Bytes >= ?MIN_STACK, Bytes =< ?MAX_STACK
->
    check_options(Rest);
check_options([{Key, Value} | _]) ->
    Text = ["invalid option: ", hb_beamr_error:show(Key), " => ", hb_beamr_error:show(Value)],
    {error, hb_beamr_error:new(invalid_option, Text)}.

-spec spawn_and_boot(binary(), hb_beamr:options()) ->
    {ok, pid(), [hb_beamr:import()], [hb_beamr:export()]} | {error, hb_beamr_error:reason()}.
spawn_and_boot(Wasm, Options) ->
    Owner = maps:get(owner, Options, self()),
    case gen_server:start(?MODULE, {self(), Owner}, []) of
        {ok, Pid} ->
            case boot(Pid, Wasm, maps:get(stack_size, Options, 0)) of
                {ok, Imports, Exports} when Owner =:= self() ->
                    {ok, Pid, Imports, Exports};
                {ok, Imports, Exports} ->
                    gen_server:cast(Pid, started),
                    {ok, Pid, Imports, Exports};
                Error ->
                    stop(Pid),
                    Error
            end;
        {error, {shutdown, Reason}} ->
            {error, Reason}
    end.

%% What takes long is done by the process that wants the instance, through the port.
-spec boot(pid(), binary(), non_neg_integer()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | {error, hb_beamr_error:reason()}.
boot(Pid, Wasm, StackSize) ->
    case hb_beamr_registry:find(Pid) of
        {Port, _} -> boot(Pid, Port, Wasm, StackSize);
        none -> {error, start_error(not_running, <<>>)}
    end.

-spec boot(pid(), port(), binary(), non_neg_integer()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | {error, hb_beamr_error:reason()}.
boot(Pid, Port, Wasm, StackSize) ->
    case hb_beamr_port:load_module(Port, Wasm) of
        {ok, ModuleId} ->
            hb_beamr_registry:set_module(Pid, ModuleId),
            hb_beamr_cache:enter(Pid, Port, ModuleId),
            case hb_beamr_call:instantiate(Pid, Port, StackSize) of
                {ok, _, _} -> describe(Port);
                {error, Code, Text, _} -> {error, start_error(Code, Text)};
                {trap, Details, _, _} -> {error, {trap, Details}};
                {thrown, Text, _} -> {error, start_error(trap, Text)}
            end;
        {error, Code, Text} ->
            {error, hb_beamr_error:new(Code, Text)};
        closed ->
            {error, start_error(not_running, <<>>)}
    end.

-spec describe(port()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | {error, hb_beamr_error:reason()}.
describe(Port) ->
    case hb_beamr_port:describe(Port) of
        {ok, Imports, Exports} ->
            {ok,
                [
                    {Kind, hb_beamr_error:text(Module), hb_beamr_error:text(Name),
                        hb_beamr_error:text(Signature)}
                 || {Kind, Module, Name, Signature} <- Imports
                ],
                [
                    {Kind, hb_beamr_error:text(Name), hb_beamr_error:text(Signature)}
                 || {Kind, _, Name, Signature} <- Exports
                ]};
        closed ->
            {error, start_error(not_running, <<>>)}
    end.

-spec start_error(hb_beamr_error:code(), binary()) -> hb_beamr_error:reason().
start_error(trap, Text) ->
    hb_beamr_error:new(trap, <<Text/binary, " (in the start function)">>);
start_error(not_running, _) ->
    hb_beamr_error:new(not_running, <<"the owner of the instance ended before it had started">>);
start_error(Code, Text) ->
    hb_beamr_error:new(Code, Text).

%% @doc End an instance; when this returns it is gone. Nothing happens if there is none.
-spec stop(pid()) -> ok.
stop(Pid) ->
    case hb_beamr_registry:find(Pid) of
        {Port, _} ->
            hb_beamr_registry:remove(Pid),
            hb_beamr_cache:forget(Pid),
            Monitor = erlang:monitor(process, Pid),
            hb_beamr_port:close(Port),
            receive
                {'DOWN', Monitor, process, _, _} -> ok
            end;
        none ->
            ok
    end.

%%% The process

-spec init({Starter :: pid(), Owner :: pid()}) ->
    {ok, #instance{}} | {stop, {shutdown, hb_beamr_error:reason()}}.
init({Starter, Owner}) ->
    process_flag(trap_exit, true),
    case hb_beamr_port:open() of
        {ok, Port} ->
            case hb_beamr_registry:add(self(), Port) of
                true ->
                    erlang:monitor(process, Owner),
                    {ok, #instance{port = Port, starter = watch(Starter, Owner)}};
                false ->
                    refuse(not_started, "the application hb_beamr is not running")
            end;
        {error, Text} ->
            refuse(system_limit, Text)
    end.

-spec watch(pid(), pid()) -> reference() | none.
watch(Owner, Owner) -> none;
watch(Starter, _Owner) -> erlang:monitor(process, Starter).

-spec refuse(hb_beamr_error:code(), string()) -> {stop, {shutdown, hb_beamr_error:reason()}}.
refuse(Code, Text) ->
    {stop, {shutdown, hb_beamr_error:new(Code, Text)}}.

-spec handle_call(term(), gen_server:from(), #instance{}) -> {reply, {error, unknown}, #instance{}}.
handle_call(_Request, _From, Instance) ->
    {reply, {error, unknown}, Instance}.

-spec handle_cast(term(), #instance{}) -> {noreply, #instance{}}.
handle_cast(started, #instance{starter = Monitor} = Instance) when Monitor =/= none ->
    erlang:demonitor(Monitor, [flush]),
    {noreply, Instance#instance{starter = none}};
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
terminate(_Reason, #instance{port = Port}) ->
    hb_beamr_registry:remove(self()),
    hb_beamr_port:close(Port).

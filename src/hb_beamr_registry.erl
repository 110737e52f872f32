%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The process that keeps the driver loaded, and the table from instance to port.
%%%
%%% The driver goes with the last process that loaded it, so one that stays has to. It keeps a
%%% port without an instance open, for questions about the node.
%%%
%%% Instances write their row themselves and are linked to this process: whatever ends an
%%% instance, its row goes, and when the application stops, the instances do.
-module(hb_beamr_registry).

-behaviour(gen_server).

-export([start_link/0]).
-export([is_running/0]).
-export([port/0]).
-export([limits/0]).

-export([add/2]).
-export([set_module/3]).
-export([find/1]).
-export([module/1]).
-export([remove/1]).

-export([init/1]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).

-include_lib("kernel/include/logger.hrl").

-define(TABLE, ?MODULE).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    case gen_server:start_link({local, ?MODULE}, ?MODULE, [], []) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

-spec is_running() -> boolean().
is_running() ->
    ets:whereis(?TABLE) =/= undefined.

%% @doc A port that always exists.
-spec port() -> port() | none.
port() ->
    case lookup(node) of
        [{node, Port}] -> Port;
        _ -> none
    end.

%% @doc The limits of the node.
-spec limits() -> hb_beamr_limits:node_limits() | #{}.
limits() ->
    case lookup(limits) of
        [{limits, Limits}] -> Limits;
        _ -> #{}
    end.

%% @doc Called by an instance: from now on this process cleans up after it.
-spec add(pid(), port()) -> boolean().
add(Instance, Port) ->
    try
        link(whereis(?MODULE)),
        ets:insert(?TABLE, {Instance, Port, none, interpreted})
    catch
        error:badarg -> false
    end.

%% @doc Note which module an instance runs, when it has started. Without effect if it is gone.
-spec set_module(pid(), non_neg_integer(), hb_beamr_port:code()) -> boolean().
set_module(Instance, ModuleId, Code) ->
    try
        ets:update_element(?TABLE, Instance, [{3, ModuleId}, {4, Code}])
    catch
        error:badarg -> false
    end.

%% @doc The port of an instance and the identity of its module.
-spec find(pid()) -> {port(), ModuleId :: non_neg_integer() | none} | none.
find(Instance) ->
    case lookup(Instance) of
        [{_, Port, ModuleId, _}] -> {Port, ModuleId};
        [] -> none
    end.

%% @doc The identity of an instance's module and how its code runs.
-spec module(pid()) -> {ModuleId :: non_neg_integer() | none, hb_beamr_port:code()} | none.
module(Instance) ->
    case lookup(Instance) of
        [{_, _, ModuleId, Code}] -> {ModuleId, Code};
        [] -> none
    end.

%% @doc Forget an instance: whether it was there and had started. Without a table it is taken for so:
%% then the application ends.
-spec remove(pid()) -> boolean().
remove(Instance) ->
    try ets:take(?TABLE, Instance) of
        [{_, _, ModuleId, _}] ->
            hb_beamr_externref:forget(Instance),
            ModuleId =/= none;
        [] ->
            false
    catch
        error:badarg -> true
    end.

-spec lookup(pid() | node | limits) -> [tuple()].
lookup(Key) ->
    try
        ets:lookup(?TABLE, Key)
    catch
        error:badarg -> []
    end.

%%% The process

-spec init([]) -> {ok, port()} | {stop, {driver, string()}}.
init([]) ->
    process_flag(trap_exit, true),
    case open() of
        {ok, Port} ->
            case configure(Port) of
                {ok, Limits} ->
                    ?TABLE = ets:new(?TABLE, [
                        named_table,
                        public,
                        {read_concurrency, true},
                        {write_concurrency, true}
                    ]),
                    ok = hb_beamr_externref:create(),
                    ets:insert(?TABLE, [{node, Port}, {limits, Limits}]),
                    {ok, Port};
                {error, Reason} ->
                    {stop, {driver, hb_beamr_error:format_error(Reason)}}
            end;
        {error, Text} ->
            {stop, {driver, Text}}
    end.

-spec open() -> {ok, port()} | {error, string()}.
open() ->
    case hb_beamr_port:load() of
        ok -> hb_beamr_port:open();
        Error -> Error
    end.

%% One line for who operates the node: what runs here, and within which limits.
-spec configure(port()) ->
    {ok, hb_beamr_limits:node_limits()} | {error, hb_beamr_error:reason()}.
configure(Port) ->
    {ok, #{physical_memory := Physical, workers := Workers}} = hb_beamr_port:counters(Port),
    case hb_beamr_limits:of_node(Physical) of
        {ok, Limits} ->
            Measure = application:get_env(hb_beamr, measure_holds, false) =:= true,
            ok = hb_beamr_port:configure(Port, Limits, Measure),
            ?LOG_INFO("hb_beamr: ~b worker(s), ~ts", [Workers, hb_beamr_limits:format(Limits)]),
            {ok, Limits};
        Error ->
            Error
    end.

-spec handle_call(term(), gen_server:from(), port()) -> {reply, {error, unknown}, port()}.
handle_call(_Request, _From, Port) ->
    {reply, {error, unknown}, Port}.

-spec handle_cast(term(), port()) -> {noreply, port()}.
handle_cast(_Request, Port) ->
    {noreply, Port}.

-spec handle_info(term(), port()) -> {noreply, port()} | {stop, term(), port()}.
handle_info({'EXIT', Instance, _Reason}, Port) when is_pid(Instance) ->
    _ = remove(Instance),
    {noreply, Port};
handle_info({'EXIT', Port, Reason}, Port) ->
    {stop, {driver, Reason}, Port};
handle_info(_Message, Port) ->
    {noreply, Port}.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc What a process remembers of the instance it called last, under one key of its dictionary.
%%%
%%% Reading the dictionary costs 3 ns, the table of the registry 60 to 200. What is remembered may
%%% be out of date: then the port is closed, every operation on it says so, and `refresh/2' asks
%%% the registry.
%%%
%%% With the instance some of its module is remembered, and for a few other modules: the imports, so
%%% that no import has to copy them, and the numbers of functions, so that the driver need not look
%%% for names. All of it is bounded.
-module(hb_beamr_cache).

-export([use/2]).
-export([port/1]).
-export([refresh/2]).
-export([enter/3]).
-export([forget/1]).

-export([imports/2]).
-export([function/1]).
-export([learn/2]).

-export([note_error/2]).
-export([last_error/1]).

-define(KEY, '$hb_beamr').
-define(MAX_MODULES, 4).
-define(MAX_FUNCTIONS, 16).
-define(MAX_NAME, 64).

-type module_id() :: non_neg_integer() | none.

-record(module, {
    id = none :: module_id(),
    imports = none :: hb_beamr_import:imports() | none,
    functions = #{} :: #{Name :: string() | binary() => Number :: non_neg_integer() | unknown}
}).

-record(cache, {
    pid :: pid() | none,
    port :: port() | none,
    module :: #module{},
    others = [] :: [#module{}],
    error = none :: hb_beamr_call:outcome() | none
}).

%%% Instances

%% @doc Do something with the port of an instance; `closed' if there is none.
-spec use(pid(), fun((port()) -> Result | closed)) -> Result | closed.
use(Pid, Do) ->
    case port(Pid) of
        none ->
            closed;
        Port ->
            case Do(Port) of
                closed -> use_other(refresh(Pid, Port), Do);
                Result -> Result
            end
    end.

-spec use_other(port() | none, fun((port()) -> Result | closed)) -> Result | closed.
use_other(none, _Do) -> closed;
use_other(Port, Do) -> Do(Port).

%% @doc The port of an instance, or `none'.
-spec port(pid()) -> port() | none.
port(Pid) ->
    case get(?KEY) of
        #cache{pid = Pid, port = Port} -> Port;
        Cache -> look_up(Pid, Cache)
    end.

-spec look_up(pid(), #cache{} | undefined) -> port() | none.
look_up(Pid, Cache) ->
    case hb_beamr_registry:find(Pid) of
        {Port, ModuleId} -> store(Pid, Port, ModuleId, Cache);
        none -> none
    end.

%% @doc Another port of the instance than one that turned out to be closed.
-spec refresh(pid(), Closed :: port()) -> port() | none.
refresh(Pid, Closed) ->
    forget(Pid),
    case look_up(Pid, get(?KEY)) of
        Closed ->
            forget(Pid),
            none;
        Other ->
            Other
    end.

%% @doc Remember an instance that was just made.
-spec enter(pid(), port(), module_id()) -> port().
enter(Pid, Port, ModuleId) ->
    store(Pid, Port, ModuleId, get(?KEY)).

-spec store(pid(), port(), module_id(), #cache{} | undefined) -> port().
store(Pid, Port, ModuleId, undefined) ->
    put(?KEY, #cache{pid = Pid, port = Port, module = #module{id = ModuleId}}),
    Port;
store(Pid, Port, ModuleId, #cache{module = #module{id = ModuleId}} = Cache) ->
    put(?KEY, Cache#cache{pid = Pid, port = Port, error = none}),
    Port;
store(Pid, Port, ModuleId, #cache{module = Last, others = Others}) ->
    {Module, Rest} =
        case lists:keytake(ModuleId, #module.id, Others) of
            {value, Known, Unused} -> {Known, Unused};
            false -> {#module{id = ModuleId}, lists:sublist(Others, ?MAX_MODULES - 1)}
        end,
    put(?KEY, #cache{pid = Pid, port = Port, module = Module, others = [Last | Rest]}),
    Port.

%% @doc Forget an instance that is gone; what is known of modules stays.
-spec forget(pid()) -> ok.
forget(Pid) ->
    case get(?KEY) of
        #cache{pid = Pid} = Cache ->
            put(?KEY, Cache#cache{pid = none, port = none, error = none}),
            ok;
        _ ->
            ok
    end.

%%% The module of the instance that was looked up last

%% @doc The imports of an instance's module, by position.
-spec imports(pid(), port()) -> {ok, hb_beamr_import:imports()} | hb_beamr_port:failure().
imports(Pid, Port) ->
    case get(?KEY) of
        #cache{pid = Pid, port = Port, module = #module{imports = none}} = Cache ->
            describe(Port, Cache);
        #cache{pid = Pid, port = Port, module = #module{imports = Imports}} ->
            {ok, Imports};
        Cache ->
            case look_up(Pid, Cache) of
                Port -> imports(Pid, Port);
                _ -> closed
            end
    end.

-spec describe(port(), #cache{}) -> {ok, hb_beamr_import:imports()} | hb_beamr_port:failure().
describe(Port, #cache{module = Module} = Cache) ->
    case hb_beamr_import:describe(Port) of
        {ok, Imports} ->
            put(?KEY, Cache#cache{module = Module#module{imports = Imports}}),
            {ok, Imports};
        Failure ->
            Failure
    end.

%% @doc The number of a function, if it is known. `unknown': it is of no use to ask again.
-spec function(string() | binary()) -> non_neg_integer() | unknown | none.
function(Name) ->
    case get(?KEY) of
        #cache{module = #module{functions = #{Name := Function}}} -> Function;
        _ -> none
    end.

%% @doc Remember the number of a function that was just called by its name.
-spec learn(port(), string() | binary()) -> ok.
learn(Port, Name) ->
    case get(?KEY) of
        #cache{port = Port, module = #module{functions = Functions} = Module} = Cache when
            map_size(Functions) < ?MAX_FUNCTIONS
        ->
            case ask_number(Port, Name) of
                none ->
                    ok;
                Number ->
                    Known = Functions#{Name => Number},
                    put(?KEY, Cache#cache{module = Module#module{functions = Known}}),
                    ok
            end;
        _ ->
            ok
    end.

%% Not while another process's call runs: the call that was just made is not to wait for that.
-spec ask_number(port(), string() | binary()) -> non_neg_integer() | unknown | none.
ask_number(Port, Name) ->
    case iolist_size(Name) =< ?MAX_NAME andalso hb_beamr_port:try_function(Port, Name) of
        {ok, Number} -> Number;
        {error, Code, _} when Code =/= invalid_state -> unknown;
        _ -> none
    end.

%%% Errors

%% @doc Note why the last call failed: its outcome, without the state.
-spec note_error(pid(), hb_beamr_call:outcome()) -> ok.
note_error(Pid, Outcome) ->
    case get(?KEY) of
        #cache{pid = Pid} = Cache ->
            put(?KEY, Cache#cache{error = Outcome}),
            ok;
        _ ->
            ok
    end.

%% @doc What was noted.
-spec last_error(pid()) -> hb_beamr_call:outcome() | none.
last_error(Pid) ->
    case get(?KEY) of
        #cache{pid = Pid, error = Outcome} -> Outcome;
        _ -> none
    end.

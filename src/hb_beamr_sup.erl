%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The supervisor: of the registry, to which every instance is linked, and of the compilers.
%%%
%%% Instances are no children of a supervisor: each belongs to an owner, nothing may restart it,
%%% and one process through which all starts had to pass would make them slow.
-module(hb_beamr_sup).

-behaviour(supervisor).

-export([start_link/0]).

-export([init/1]).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    case supervisor:start_link({local, ?MODULE}, ?MODULE, []) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    Flags = #{strategy => one_for_one, intensity => 5, period => 10},
    Registry = #{id => registry, start => {hb_beamr_registry, start_link, []}},
    Processes = #{
        id => compiler_processes, type => supervisor, start => {hb_beamr_aot_sup, start_link, []}
    },
    Compiler = #{id => compiler, start => {hb_beamr_compiler, start_link, []}},
    {ok, {Flags, [Registry, Processes, Compiler]}}.

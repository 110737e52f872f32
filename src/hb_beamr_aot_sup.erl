%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The supervisor of the compilers that run: when the application stops, so do they.
-module(hb_beamr_aot_sup).

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
    Process = #{
        id => process,
        start => {hb_beamr_aot_process, start_link, []},
        restart => temporary,
        %% It ends its program and removes its folder.
        shutdown => 10000
    },
    {ok, {#{strategy => simple_one_for_one}, [Process]}}.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% A hook of Common Test: the longest time for which anything of this library held a scheduler, over
%%% all suites, printed at the end.
-module(hb_beamr_holds_hook).

-export([init/2]).
-export([post_end_per_testcase/5]).
-export([terminate/1]).

init(_Id, _Options) ->
    _ = application:load(hb_beamr),
    ok = application:set_env(hb_beamr, measure_holds, true),
    {ok, {0, none, none}}.

%% After each case, because the driver forgets when it is unloaded.
post_end_per_testcase(Suite, Case, _Config, Result, Longest) ->
    {Result, max(Longest, longest(Suite, Case))}.

longest(Suite, Case) ->
    try hb_beamr_registry:port() of
        none ->
            {0, none, none};
        Port ->
            case hb_beamr_port:counters(Port) of
                {ok, #{longest_hold_ns := Nanos, longest_hold_of := What}} ->
                    {Nanos, What, {Suite, Case}};
                _ ->
                    {0, none, none}
            end
    catch
        _:_ -> {0, none, none}
    end.

terminate({Nanos, What, Where}) ->
    io:format(user, "~nlongest hold of a scheduler: ~.2f ms (operation ~0p, in ~0p)~n", [
        Nanos / 1.0e6, What, Where
    ]).

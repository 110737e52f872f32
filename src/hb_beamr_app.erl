%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The application.
-module(hb_beamr_app).

-behaviour(application).

-export([ensure_started/0]).

-export([start/2]).
-export([stop/1]).

%% @doc Start the application if it is not running.
-spec ensure_started() -> ok | {error, hb_beamr_error:reason()}.
ensure_started() ->
    case hb_beamr_registry:is_running() of
        true ->
            ok;
        false ->
            case application:ensure_all_started(hb_beamr) of
                {ok, _} -> ok;
                {error, Reason} -> {error, hb_beamr_error:new(not_started, describe(Reason))}
            end
    end.

-spec describe(term()) -> string().
describe({hb_beamr, {{shutdown, {failed_to_start_child, _, {driver, Text}}}, _}}) ->
    Text;
describe(Reason) ->
    lists:flatten(io_lib:format("the application hb_beamr did not start: ~tp", [Reason])).

-spec start(application:start_type(), term()) -> {ok, pid()} | {error, term()}.
start(_Type, _Args) ->
    hb_beamr_sup:start_link().

-spec stop(term()) -> ok.
stop(_State) ->
    ok.

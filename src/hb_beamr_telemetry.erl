%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc Events for the library `telemetry', if the node has it.
%%%
%%% Times are in the unit `native' of `erlang:convert_time_unit/3'.
%%%
%%% <ul>
%%% <li>`[hb_beamr, instance, start]': measurements `duration' (of loading, instantiating and the
%%%   start functions) and `module_size' (bytes); metadata `instance' and `owner'.</li>
%%% <li>`[hb_beamr, instance, refused]': measurements `duration' and `module_size'; metadata
%%%   `reason', which is `timeout' or a {@type hb_beamr_error:reason()}.</li>
%%% <li>`[hb_beamr, instance, stop]': measurements `calls', `imports', `traps', `timeouts',
%%%   `migrations', `memory' (bytes), `inline_us' and `worker_us', of the instance's whole life, see
%%%   {@link hb_beamr:info/1}; metadata `instance' and `reason'.</li>
%%% <li>`[hb_beamr, call, failure]': measurement `count', which is 1; metadata `instance' and
%%%   `reason', a {@type hb_beamr_error:reason()}. For all that a call answers as an error, except
%%%   an import function that failed.</li>
%%% </ul>
%%%
%%% Calls that succeed emit none: they take a fraction of a microsecond, and {@link
%%% hb_beamr:info/0} counts them.
%%%
%%% Handlers run in the process that emits the event: of a call in the caller, of `start' and
%%% `refused' in the starter, of `stop' in the instance, or in who stops it.
-module(hb_beamr_telemetry).

-export([started/4]).
-export([refused/3]).
-export([stopped/3]).
-export([call_failed/2]).

%% @private
-spec started(pid(), pid() | none, Since :: integer(), ModuleSize :: non_neg_integer()) -> ok.
started(Instance, Owner, Since, ModuleSize) ->
    emit([hb_beamr, instance, start], fun() ->
        {#{duration => erlang:monotonic_time() - Since, module_size => ModuleSize}, #{
            instance => Instance, owner => Owner
        }}
    end).

%% @private
-spec refused(timeout | hb_beamr_error:reason(), Since :: integer(), non_neg_integer()) -> ok.
refused(Reason, Since, ModuleSize) ->
    emit([hb_beamr, instance, refused], fun() ->
        {#{duration => erlang:monotonic_time() - Since, module_size => ModuleSize}, #{
            reason => Reason
        }}
    end).

%% @private
-spec stopped(pid(), term(), fun(() -> map())) -> ok.
stopped(Instance, Reason, Measure) ->
    emit([hb_beamr, instance, stop], fun() ->
        {Measure(), #{instance => Instance, reason => Reason}}
    end).

%% @private
-spec call_failed(pid(), hb_beamr_call:outcome()) -> ok.
call_failed(Instance, Outcome) ->
    emit([hb_beamr, call, failure], fun() ->
        {#{count => 1}, #{instance => Instance, reason => hb_beamr_call:reason(Outcome, Instance)}}
    end).

%% Handlers are telemetry's matter: it keeps their failures from us.
-spec emit([atom()], fun(() -> {map(), map()})) -> ok.
emit(Event, Tell) ->
    case erlang:function_exported(telemetry, execute, 3) of
        true ->
            {Measurements, Metadata} = Tell(),
            _ = telemetry:execute(Event, Measurements, Metadata),
            ok;
        false ->
            ok
    end.

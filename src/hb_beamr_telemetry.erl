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
%%% <li>`[hb_beamr, compilation, stop]': compiled code of a module is there, for `mode => aot' or
%%%   `auto'; measurements `duration', `module_size' and `code_size' (bytes); metadata `module' (its
%%%   SHA-256), `level', and `cached': whether it came from the cache.</li>
%%% <li>`[hb_beamr, compilation, failure]': measurements `duration' and `module_size'; metadata
%%%   `module', `level' and `reason'.</li>
%%% </ul>
%%%
%%% Calls that succeed emit none: they take a fraction of a microsecond, and {@link
%%% hb_beamr:info/0} counts them.
%%%
%%% Handlers run in the process that emits the event: of a call in the caller, of `start' and
%%% `refused' in the starter, of `stop' in the instance, or in who stops it, of a compilation in a
%%% process of this library.
-module(hb_beamr_telemetry).

-export([started/4]).
-export([refused/3]).
-export([stopped/3]).
-export([call_failed/2]).
-export([compiled/5]).
-export([not_compiled/5]).

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

%% @private
-spec compiled(binary(), 0..3, boolean(), Since :: integer(), Sizes) -> ok when
    Sizes :: {Module :: non_neg_integer(), Code :: non_neg_integer()}.
compiled(Digest, Level, IsCached, Since, {ModuleSize, CodeSize}) ->
    emit([hb_beamr, compilation, stop], fun() ->
        Duration = erlang:monotonic_time() - Since,
        {#{duration => Duration, module_size => ModuleSize, code_size => CodeSize}, #{
            module => Digest, level => Level, cached => IsCached
        }}
    end).

%% @private
-spec not_compiled(
    binary(), 0..3, timeout | hb_beamr_error:reason(), Since :: integer(), non_neg_integer()
) -> ok.
not_compiled(Digest, Level, Reason, Since, ModuleSize) ->
    emit([hb_beamr, compilation, failure], fun() ->
        {#{duration => erlang:monotonic_time() - Since, module_size => ModuleSize}, #{
            module => Digest, level => Level, reason => Reason
        }}
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

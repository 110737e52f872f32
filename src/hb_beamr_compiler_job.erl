%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc One module is compiled: it comes from the cache or out of the compiler, and is loaded once,
%%% so that instances find it.
%%%
%%% Code of the best level is looked for in the cache first, whatever level is wanted: to have it is
%%% quicker than any compiler. Only that level is kept there.
-module(hb_beamr_compiler_job).

-export([perform/1]).

-export_type([job/0]).
-export_type([result/0]).

-type job() :: #{
    digest := binary(),
    wasm := binary(),
    options := hb_beamr_aot_options:options(),
    %% Of the code that is wanted now; in the options is the best one.
    level := 0..3,
    %% Nothing was found in the cache just before.
    is_first := boolean()
}.

-type result() ::
    {ok, Level :: 0..3, Aot :: binary(), Id :: non_neg_integer()}
    | {error, timeout | hb_beamr_error:reason()}.
%% The identity is that of the loaded module.

%% @doc What a process does that was started for a job: it ends with `{done, Result}'.
-spec perform(job()) -> no_return().
perform(Job) ->
    exit({done, run(Job)}).

-spec run(job()) -> result().
run(#{wasm := Wasm, digest := Digest, level := Level} = Job) ->
    Since = erlang:monotonic_time(),
    {Result, IsCached} = find(Job),
    case Result of
        {ok, Done, Aot, _} ->
            Sizes = {byte_size(Wasm), byte_size(Aot)},
            hb_beamr_telemetry:compiled(Digest, Done, IsCached, Since, Sizes);
        {error, Reason} ->
            hb_beamr_telemetry:not_compiled(Digest, Level, Reason, Since, byte_size(Wasm))
    end,
    Result.

-spec find(job()) -> {result(), IsCached :: boolean()}.
find(#{digest := Digest, options := Options, is_first := IsFirst} = Job) ->
    case hb_beamr_aot:identity() of
        {ok, Identity} ->
            Key = hb_beamr_aot_cache:key(Digest, Identity, Options),
            case cached(Key, Identity, Job) of
                {ok, _, _, _} = Found ->
                    hb_beamr_compiler:count(cache_hits),
                    {Found, true};
                none ->
                    IsFirst andalso hb_beamr_compiler:count(cache_misses),
                    {compile(Key, Identity, Job), false}
            end;
        Error ->
            {Error, false}
    end.

-spec cached(hb_beamr_aot_cache:key(), hb_beamr_aot:identity(), job()) -> result() | none.
cached(Key, Identity, #{options := #{opt_level := Best}} = Job) ->
    case hb_beamr_aot_cache:read(Key, Identity) of
        {ok, Aot} ->
            case load_checked(Aot, Job) of
                {ok, Id} ->
                    {ok, Best, Aot, Id};
                {error, {Code, _}} when Code =:= bad_module; Code =:= compiler_failed ->
                    hb_beamr_aot_cache:delete(Key),
                    none;
                {error, _} ->
                    none
            end;
        none ->
            none
    end.

-spec compile(hb_beamr_aot_cache:key(), hb_beamr_aot:identity(), job()) -> result().
compile(Key, #{engine := Engine}, #{wasm := Wasm, options := Options, level := Level} = Job) ->
    #{timeout := Timeout, opt_level := Best} = Options,
    case hb_beamr_aot:run(Wasm, Options#{opt_level := Level}, hb_beamr_deadline:new(Timeout)) of
        {ok, Aot} ->
            case check_and_load(Aot, Engine, Job) of
                {ok, Id} ->
                    Level =:= Best andalso hb_beamr_aot_cache:write(Key, Aot),
                    {ok, Level, Aot, Id};
                Error ->
                    Error
            end;
        Error ->
            Error
    end.

%% What is kept is to be run by others later.
-spec check_and_load(binary(), Engine :: binary(), job()) ->
    {ok, Id :: non_neg_integer()} | {error, hb_beamr_error:reason()}.
check_and_load(Aot, Engine, Job) ->
    case hb_beamr_aot_file:check(Aot, Engine) of
        ok -> load_checked(Aot, Job);
        {error, _} -> foreign()
    end.

-spec load_checked(binary(), job()) ->
    {ok, Id :: non_neg_integer()} | {error, hb_beamr_error:reason()}.
load_checked(Aot, #{wasm := Wasm, options := #{exceptions := How}}) ->
    case hb_beamr_aot_file:holds(Aot, Wasm, How) of
        true -> load(Aot);
        false -> foreign()
    end.

-spec foreign() -> {error, hb_beamr_error:reason()}.
foreign() ->
    Text = "what the compiler made is not compiled code of the module",
    {error, hb_beamr_error:new(compiler_failed, Text)}.

-spec load(binary()) -> {ok, Id :: non_neg_integer()} | {error, hb_beamr_error:reason()}.
load(Aot) ->
    Loaded = fun(_Port, Id) -> {ok, Id} end,
    case hb_beamr_port:with_module(Aot, [share_compiled], infinity, Loaded) of
        {ok, Id} -> {ok, Id};
        {no_port, Text} -> {error, hb_beamr_error:new(system_limit, Text)};
        Failure -> {error, hb_beamr_error:new(Failure)}
    end.

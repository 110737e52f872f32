%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The host of a module that emscripten made: what its JavaScript does for programs that compute.
%%% What the module imports of WASI is answered as `hb_beamr_modules_wasi' does.
-module(hb_beamr_modules_emscripten).

-export([start/2]).
-export([import/3]).

-define(PAGE, 65536).

%% Start a module and let its constructors run. `__wasm_call_ctors', which modules have that want
%% emscripten's JavaScript, `hb_beamr:start/2' has called.
-spec start(binary(), hb_beamr:options()) -> hb_beamr:instance().
start(Wasm, Options) ->
    {ok, Instance, _Imports, Exports} = hb_beamr:start(Wasm, Options),
    World = hb_beamr_modules_wasi:new([], []),
    case lists:member({func, "_initialize", "()"}, Exports) of
        true -> {ok, [], _} = hb_beamr:call(Instance, "_initialize", [], fun import/3, World);
        false -> true = lists:member({func, "__wasm_call_ctors", "()"}, Exports)
    end,
    Instance.

%% An import function; its state is that of WASI.
-spec import(World, map(), term()) -> {ok, term(), World} when
    World :: hb_beamr_modules_wasi:world().
import(World, #{module := "env", func := Name, args := Args, instance := Instance}, _Opts) ->
    case answer(Name, Args, Instance) of
        abort -> {ok, {import_exception, "abort"}, World};
        Results -> {ok, Results, World}
    end;
import(World, Call, Opts) ->
    hb_beamr_modules_wasi:import(World, Call, Opts).

-spec answer(string(), [number()], hb_beamr:instance()) -> [number()] | abort.
answer("emscripten_resize_heap", [Wanted], Instance) ->
    %% A third more than is wanted, as emscripten does; or as much, or nothing.
    {ok, Size} = hb_beamr_io:size(Instance),
    Least = unsigned(Wanted),
    [success(grow(Instance, Size, [max(Least, Size + Size div 3), Least]))];
answer("emscripten_notify_memory_growth", [0], _Instance) ->
    [];
answer(Copy, [To, From, Size], Instance) when
    Copy =:= "emscripten_memcpy_big"; Copy =:= "_emscripten_memcpy_js"
->
    {ok, Data} = hb_beamr_io:read(Instance, unsigned(From), unsigned(Size)),
    ok = hb_beamr_io:write(Instance, unsigned(To), Data),
    [To];
%% A clock that stands still: in seconds, milliseconds and ticks.
answer("time", [0], _Instance) ->
    [1767225600];
answer("emscripten_date_now", [], _Instance) ->
    [1767225600000.0];
answer(Clock, [], _Instance) when Clock =:= "clock"; Clock =:= "emscripten_get_now" ->
    [0];
answer(Abort, [], _Instance) when Abort =:= "abort"; Abort =:= "_abort_js" ->
    abort.

-spec grow(hb_beamr:instance(), non_neg_integer(), [non_neg_integer()]) -> boolean().
grow(Instance, Size, [Wanted | Smaller]) ->
    case hb_beamr_io:grow(Instance, (Wanted - Size + ?PAGE - 1) div ?PAGE) of
        {ok, _} -> true;
        {error, _} -> grow(Instance, Size, Smaller)
    end;
grow(_Instance, _Size, []) ->
    false.

-spec success(boolean()) -> 0 | 1.
success(true) -> 1;
success(false) -> 0.

-spec unsigned(integer()) -> non_neg_integer().
unsigned(Value) ->
    Value band 16#FFFFFFFF.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Runs EUnit and Common Test in an emulator whose driver is built with sanitizers; see
%%% `scripts/ct-asan.sh'.
-module(hb_beamr_sanitized).

-export([main/1]).

%% The folder of the compiled tests, that of Common Test's logs, the suites wanted (none: all, and
%% EUnit).
-spec main([string()]) -> no_return().
main([TestDir, LogDir | Suites]) ->
    %% Emulators that the tests start end in the middle of things, so they would seem to leak.
    os:putenv("ASAN_OPTIONS", os:getenv("ASAN_OPTIONS") ++ ":detect_leaks=0"),
    Ok = eunit(TestDir, Suites) and common_test(TestDir, LogDir, Suites),
    unload(LogDir),
    halt(
        case Ok of
            true -> 0;
            false -> 1
        end
    ).

eunit(TestDir, []) ->
    Beams = filelib:wildcard("*_tests.beam", TestDir),
    ok =:= eunit:test([list_to_atom(filename:basename(Beam, ".beam")) || Beam <- Beams]);
eunit(_TestDir, _Suites) ->
    true.

common_test(TestDir, LogDir, Suites) ->
    Wanted = [{suite, [list_to_atom(Suite) || Suite <- Suites]} || Suites =/= []],
    Options = [{dir, TestDir}, {logdir, LogDir}, {auto_compile, false} | Wanted],
    case ct:run_test(Options) of
        {_Passed, 0, {_Wanted, 0}} -> true;
        _ -> false
    end.

%% All that the driver ever allocated is free after this, or lost: the leak checker, which cannot
%% look into the emulator's own memory, is not misled by what only that refers to. Nor does it know
%% by then whose code was at the addresses that it finds; so that is noted.
unload(LogDir) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    ok = file:write_file(filename:join(LogDir, "mapped"), hb_beamr_test_lib:driver_mappings()),
    ok = application:stop(hb_beamr),
    hb_beamr_test_lib:wait_until(fun() -> hb_beamr_test_lib:driver_mappings() =:= [] end).

#!/usr/bin/env escript
%% -*- erlang -*-
%%! +P 1000000 +Q 262144
%%% Very many: starts and stops, instances that wait at once, endless guests; and deadlines.
%%%
%%% Usage: bench/extremes.escript [CYCLES [WAITING]]      (after rebar3 compile; needs wat2wasm)
%%% Defaults: 1,000,000 cycles of start, call and stop; 100,000 instances.
%%%
%%% Exit code 1 if an answer was wrong, or something is left or has grown that must not.
-mode(compile).

-define(MIB, 1048576).
%% By how much the process may differ before and after, as the system sees it.
-define(SLACK, 64 * ?MIB).

main([]) -> main(["1000000"]);
main([Cycles]) -> main([Cycles, "100000"]);
main([Cycles, Waiting]) ->
    Root = filename:dirname(filename:dirname(filename:absname(escript:script_name()))),
    true = code:add_patha(filename:join(Root, "_build/default/lib/hb_beamr/ebin")),
    {ok, _} = application:ensure_all_started(hb_beamr),
    Wasm = guest(Root),
    io:format("~ts, ~b schedulers~n~n", [system(), erlang:system_info(schedulers_online)]),
    cycles(Wasm, list_to_integer(Cycles)),
    waiting(Wasm, list_to_integer(Waiting)),
    endless(Wasm),
    deadlines(Wasm).

system() ->
    "OTP " ++ erlang:system_info(otp_release).

guest(Root) ->
    Out = filename:join(Root, "_build/bench/extremes.wasm"),
    ok = filelib:ensure_dir(Out),
    "" = os:cmd("wat2wasm -o '" ++ Out ++ "' '" ++ filename:join(Root, "bench/guest.wat") ++ "'"),
    {ok, Wasm} = file:read_file(Out),
    Wasm.

%%% Starts and stops

cycles(Wasm, Count) ->
    repeat(Wasm, 10000),
    Before = memory(),
    {Time, _} = timer:tc(fun() -> repeat(Wasm, Count) end),
    After = memory(),
    io:format("~b cycles of start, call and stop: ~.1f us each~n", [Count, Time / max(1, Count)]),
    compare("memory of the node", Before, After, ?SLACK),
    same("instances left", 0, counter(instances)).

repeat(_Wasm, 0) ->
    ok;
repeat(Wasm, Count) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    {ok, [6]} = hb_beamr:call(Instance, "add3", [1, 2, 3]),
    ok = hb_beamr:stop(Instance),
    repeat(Wasm, Count - 1).

%%% Instances that wait at once

%% What allocators keep after the first time is no leak: it must not be more after the second. It
%% differs by some ten per cent from time to time, up and down.
waiting(Wasm, Count) ->
    wait_once(Wasm, Count),
    After = memory(),
    wait_once(Wasm, Count),
    compare("memory of the node after each time", After, memory(), After div 3).

wait_once(Wasm, Count) ->
    Before = memory(),
    Threads = threads(),
    {Begin, Callers} = timer:tc(fun() -> [wait_in_import(Wasm) || _ <- lists:seq(1, Count)] end),
    Guests = memory(),
    io:format(
        "~n~b instances wait in an import at once: started in ~.1f s, ~.1f KiB each beside their one "
        "page of memory and with their processes, ~b threads more~n",
        [Count, Begin / 1.0e6, (Guests - Before) / Count / 1024, threads() - Threads]
    ),
    {Half, Rest} = lists:split(Count div 2, Callers),
    {Answering, _} = timer:tc(fun() -> answer(Half) end),
    io:format("~b of them answered and stopped in ~.1f s~n", [length(Half), Answering / 1.0e6]),
    {Killing, _} = timer:tc(fun() -> kill(Rest) end),
    io:format("~b of their owners killed, all gone in ~.1f s~n", [length(Rest), Killing / 1.0e6]),
    same("instances left", 0, counter(instances)).

%% The caller is the owner, and passes the answer on.
wait_in_import(Wasm) ->
    Main = self(),
    Ask = fun(State, #{args := [Value]}, _) ->
        Main ! {self(), asks},
        receive
            {answer, Add} -> {ok, [Value + Add], State}
        end
    end,
    {Caller, Monitor} = spawn_monitor(fun() ->
        {ok, Instance, _, _} = hb_beamr:start(Wasm, #{}),
        exit({answered, hb_beamr:call(Instance, "imports", [1], Ask, none)})
    end),
    receive
        {Caller, asks} -> {Caller, Monitor};
        {'DOWN', Monitor, process, Caller, Reason} -> fail("a caller ended: ~p", [Reason])
    end.

answer(Callers) ->
    [Caller ! {answer, N} || {N, {Caller, _}} <- lists:zip(lists:seq(1, length(Callers)), Callers)],
    [
        receive
            {'DOWN', Monitor, process, Caller, {answered, {ok, [N], none}}} -> ok;
            {'DOWN', Monitor, process, Caller, Reason} -> fail("not ~b: ~p", [N, Reason])
        end
     || {N, {Caller, Monitor}} <- lists:zip(lists:seq(1, length(Callers)), Callers)
    ],
    ok.

kill(Callers) ->
    [exit(Caller, kill) || {Caller, _} <- Callers],
    [
        receive
            {'DOWN', Monitor, process, Caller, killed} -> ok
        end
     || {Caller, Monitor} <- Callers
    ],
    wait_for_instances(0).

wait_for_instances(Count) ->
    counter(instances) =< Count orelse
        begin
            timer:sleep(1),
            wait_for_instances(Count)
        end.

%%% Endless guests

endless(Wasm) ->
    io:format("~n| endless guests | a call of another instance, us: median | 99.9 % | worst |~n"),
    io:format("|---|---|---|---|~n"),
    [endless(Wasm, Count) || Count <- [0, 1, 4, 16, 64, 256]].

endless(Wasm, Count) ->
    Spinners = [spawn(fun() -> spin(Wasm) end) || _ <- lists:seq(1, Count)],
    wait_for_instances_at_least(Count),
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    Times = lists:sort([
        begin
            timer:sleep(1),
            {Time, {ok, [6]}} = timer:tc(fun() -> hb_beamr:call(Instance, "add3", [1, 2, 3]) end),
            Time
        end
     || _ <- lists:seq(1, 2000)
    ]),
    io:format("| ~b | ~b | ~b | ~b |~n", [
        Count, lists:nth(1000, Times), lists:nth(1998, Times), lists:last(Times)
    ]),
    ok = hb_beamr:stop(Instance),
    [exit(Spinner, kill) || Spinner <- Spinners],
    wait_for_instances(0).

spin(Wasm) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    hb_beamr:call(Instance, "spin", []).

wait_for_instances_at_least(Count) ->
    counter(instances) >= Count orelse
        begin
            timer:sleep(1),
            wait_for_instances_at_least(Count)
        end.

%%% Deadlines

deadlines(Wasm) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    Late = lists:sort([
        begin
            {Time, {error, timeout}} = timer:tc(fun() ->
                hb_beamr:call(Instance, "spin", [], #{timeout => 10})
            end),
            Time - 10000
        end
     || _ <- lists:seq(1, 500)
    ]),
    io:format(
        "~nan endless loop with a deadline of 10 ms, 500 times: ended ~b us after it (median), ~b us "
        "(99 %), ~b us (worst)~n",
        [lists:nth(250, Late), lists:nth(495, Late), lists:last(Late)]
    ),
    ok = hb_beamr:stop(Instance).

%%% What is counted

counter(Name) ->
    {ok, #{Name := Value}} = hb_beamr:info(),
    Value.

memory() ->
    [erlang:garbage_collect(Pid) || Pid <- [self(), whereis(hb_beamr_registry)]],
    status("VmRSS:") * 1024.

threads() ->
    status("Threads:").

status(Name) ->
    {ok, Text} = file:read_file("/proc/self/status"),
    [_, After] = string:split(Text, Name),
    {Number, _} = string:to_integer(string:trim(After, leading)),
    Number.

compare(What, Before, After, Slack) ->
    io:format("~ts: ~.1f MiB, then ~.1f MiB~n", [What, Before / ?MIB, After / ?MIB]),
    After - Before =< Slack orelse fail("~ts has grown", [What]).

same(What, Wanted, Wanted) -> io:format("~ts: ~b~n", [What, Wanted]);
same(What, Wanted, Value) -> fail("~ts: ~b, not ~b", [What, Value, Wanted]).

-spec fail(string(), list()) -> no_return().
fail(Format, Arguments) ->
    io:format(standard_error, "extremes: " ++ Format ++ "~n", Arguments),
    halt(1).

#!/usr/bin/env escript
%% -*- erlang -*-
%%! +sbwt none +sbwtdcpu none +sbwtdio none
%%% Real modules: what a large one costs to load and to start, what the two ways cost in which
%%% emscripten lets C leave functions early, what the lowering of exceptions costs code that has none,
%%% and what compiling gains.
%%%
%%% Usage: bench/modules.escript [ROUNDS]     (after rebar3 compile and test/modules/build.sh; needs
%%% wat2wasm). ROUNDS: how often each is measured, default 9, in turns; the median counts.
%%%
%%% Times are processor time of the whole node, without the schedulers' busy waiting: what else runs
%%% on the machine hardly counts.
-mode(compile).

-define(MIB, 1048576).
%% Lua calls itself by C, which needs more than is usual.
-define(LUA_STACK, (8 bsl 20)).

main([]) -> main(["9"]);
main([Text]) ->
    Rounds = list_to_integer(Text),
    Root = filename:dirname(filename:dirname(filename:absname(escript:script_name()))),
    true = code:add_patha(filename:join(Root, "_build/default/lib/hb_beamr/ebin")),
    Hosts = filelib:wildcard(filename:join(Root, "test/hb_beamr_modules_{wasi,emscripten,cxx}.erl")),
    [{ok, _} = load_host(Source) || Source <- Hosts],
    {ok, _} = application:ensure_all_started(hb_beamr),
    io:format("OTP ~s, ~b schedulers, medians of ~b~n", [
        erlang:system_info(otp_release), erlang:system_info(schedulers_online), Rounds
    ]),
    Wasm = fun(Name) -> read(filename:join([Root, "_build/modules", Name ++ ".wasm"])) end,
    loading(Rounds, [{Name, Wasm(File)} || {Name, File} <- [
        {"Lua", "lua_legacy"}, {"Oniguruma", "onig"}, {"CPython", "python"}
    ]]),
    ways_to_throw(Rounds, Wasm("lua_invoke"), Wasm("lua_legacy")),
    lowering(Rounds, computing(Root), Wasm("lua_invoke"), Wasm("python")),
    compiled(Rounds, Wasm("lua_legacy")).

load_host(Source) ->
    {ok, Module, Beam} = compile:file(Source, [binary]),
    {module, Module} = code:load_binary(Module, Source, Beam),
    {ok, Module}.

computing(Root) ->
    Out = filename:join(Root, "_build/bench/computing.wasm"),
    ok = filelib:ensure_dir(Out),
    "" = os:cmd("wat2wasm -o '" ++ Out ++ "' '" ++ filename:join(Root, "bench/computing.wat") ++ "'"),
    read(Out).

read(File) ->
    case file:read_file(File) of
        {ok, Bytes} -> Bytes;
        {error, Reason} -> fail("~ts: ~ts", [File, file:format_error(Reason)])
    end.

%%% Load, start, stop

loading(Rounds, Modules) ->
    io:format("~n## Load, start and stop, without running anything~n~n"),
    io:format(
        "| module | MB | load, ms: first | again | start + stop of a known module, ms "
        "| MiB of memory: the module | each instance | its linear memory, in full |~n"
        "|---|---|---|---|---|---|---|---|~n"
    ),
    [loading(Name, Wasm, Rounds) || {Name, Wasm} <- Modules].

loading(Name, Wasm, Rounds) ->
    Before = memory(),
    {First, Instance} = timed(fun() -> start(Wasm) end),
    Loaded = memory(),
    Others = [start(Wasm) || _ <- lists:seq(1, 10)],
    Each = (memory() - Loaded) / 10,
    {ok, #{memory := Linear}} = hb_beamr:info(Instance),
    [ok = hb_beamr:stop(Other) || Other <- Others],
    Known = median([start_stop(Wasm, 20) / 20 || _ <- lists:seq(1, Rounds)]),
    ok = hb_beamr:stop(Instance),
    %% Each is another module, by a custom section at its end, so nothing is known of it.
    Again = median([start_stop(<<Wasm/binary, 0, 3, 1, "x", N>>, 1) - Known || N <- lists:seq(1, Rounds)]),
    io:format("| ~ts | ~.2f | ~.1f | ~.1f | ~.3f | ~.1f | ~.2f | ~.2f |~n", [
        Name,
        byte_size(Wasm) / 1.0e6,
        (First - Known) / 1.0e6,
        Again / 1.0e6,
        Known / 1.0e6,
        (Loaded - Before - Each) / ?MIB,
        Each / ?MIB,
        Linear / ?MIB
    ]).

start(Wasm) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    Instance.

start_stop(Wasm, Times) ->
    {Time, ok} = timed(fun() -> repeat(Times, fun() -> ok = hb_beamr:stop(start(Wasm)) end) end),
    Time.

%%% invoke_* and exceptions

ways_to_throw(Rounds, Invoke, Legacy) ->
    io:format("~n## Lua that leaves C functions by imports (invoke_*), and by exceptions~n~n"),
    io:format(
        "| | each, us: by imports | by exceptions | ratio, exceptions to imports |~n|---|---|---|---|~n"
    ),
    [Imports, Exceptions] = [lua(Wasm, #{}) || Wasm <- [Invoke, Legacy]],
    [
        begin
            {I, E, Ratio} = in_turns(Rounds, [
                fun() -> repeat(Times, fun() -> eval(Lua, Program) end) end
             || Lua <- [Imports, Exceptions]
            ]),
            Count = Times * Operations,
            io:format("| ~ts | ~.2f | ~.2f | ~.2f |~n", [
                Name, I / Count / 1.0e3, E / Count / 1.0e3, Ratio
            ])
        end
     || {Name, Times, Operations, Program} <- [
            {"a message: a new state runs a short program", 100, 1, message()},
            {"`pcall` of a function that returns", 1, 10000,
                "local f = function() end for _ = 1, 10000 do pcall(f) end"},
            {"`pcall` of a function that throws a table", 1, 10000,
                "local t, f = {} f = function() error(t) end for _ = 1, 10000 do pcall(f) end"},
            {"the same, a text, to which Lua adds the line", 1, 1000,
                "local f = function() error('no') end for _ = 1, 1000 do pcall(f) end"},
            {"a round of a loop, nothing called", 1, 100000,
                "local s = 0 for n = 1, 100000 do s = s + n % 7 end"}
        ]
    ],
    [ok = hb_beamr:stop(Lua) || Lua <- [Imports, Exceptions]].

message() ->
    "local m = {action = 'add', values = {1, 2, 3}}\n"
    "local ok, sum = pcall(function() local s = 0 for _, v in ipairs(m.values) do s = s + v end return s end)\n"
    "print(ok, m.action .. ': ' .. sum)".

lua(Wasm, Options) ->
    hb_beamr_modules_emscripten:start(Wasm, Options#{stack_size => ?LUA_STACK}).

eval(Lua, Program) ->
    {ok, Pointer} = hb_beamr_io:write_string(Lua, Program),
    Import = hb_beamr_modules_cxx:around(fun hb_beamr_modules_emscripten:import/3),
    State = {hb_beamr_modules_cxx:new(), hb_beamr_modules_wasi:new([], [])},
    {ok, [Output], _} = hb_beamr:call(Lua, "eval", [Pointer], Import, State),
    ok = hb_beamr_io:free(Lua, Pointer),
    {ok, Text} = hb_beamr_io:read_string(Lua, Output),
    nomatch = string:find(Text, "error:").

%%% The lowering, on code without exceptions

lowering(Rounds, Computing, Lua, Python) ->
    io:format("~n## Code without exceptions, as it is and lowered as if it had some~n~n"),
    io:format("| | as it is, ms | lowered, ms | ratio |~n|---|---|---|---|~n"),
    Ways = [#{}, #{exceptions => force}],
    compare("calls alone: `fib(29)`", Rounds, [
        call(Computing, Options, "fib", 29, 514229) || Options <- Ways
    ]),
    compare("no calls: the primes below 1,000,000", Rounds, [
        call(Computing, Options, "primes", 1000000, 78498) || Options <- Ways
    ]),
    Luas = [lua(Lua, Options) || Options <- Ways],
    [
        compare("Lua: " ++ Name, Rounds, [fun() -> eval(Instance, Program) end || Instance <- Luas])
     || {Name, Program} <- [
            {"recursive calls",
                "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end f(22)"},
            {"tables", "local t = {} for n = 1, 60000 do t[n % 500] = n end table.sort(t)"},
            {"strings",
                "local s = {} for n = 1, 5000 do s[#s + 1] = ('%d:%s'):format(n, n) end\n"
                "local c = table.concat(s, ',') for _ in c:gmatch('%d+') do end"}
        ]
    ],
    compare("CPython: starts, and 100,000 rounds of a loop", min(Rounds, 5), [
        python(Python, Options) || Options <- Ways
    ]).

compare(Name, Rounds, Both) ->
    {Plain, Forced, Ratio} = in_turns(Rounds, Both),
    io:format("| ~ts | ~.1f | ~.1f | ~.2f |~n", [Name, Plain / 1.0e6, Forced / 1.0e6, Ratio]).

call(Wasm, Options, Function, Argument, Result) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm, Options),
    fun() -> {ok, [Result]} = hb_beamr:call(Instance, Function, [Argument]) end.

%% An instance runs once; starting it costs next to nothing, as its module is known.
python(Wasm, Options) ->
    {ok, _, _, _} = hb_beamr:start(Wasm, Options),
    Args = ["python", "-c", "s = 0\nfor n in range(100000): s += n % 7\nprint(s)"],
    fun() ->
        {ok, Instance, _, _} = hb_beamr:start(Wasm, Options),
        World = hb_beamr_modules_wasi:new(Args, ["PYTHONHASHSEED=0"]),
        {0, <<"299995\n">>} = hb_beamr_modules_wasi:run(Instance, World),
        ok = hb_beamr:stop(Instance)
    end.

%%% Interpreted and compiled

compiled(Rounds, Legacy) ->
    io:format("~n## Lua, with exceptions, interpreted and compiled~n~n"),
    case hb_beamr_aot:identity() of
        {ok, _} ->
            io:format("| | interpreted, us | compiled, us | ratio, interpreted to compiled |~n"),
            io:format("|---|---|---|---|~n"),
            %% The compiler takes its time here, unless what it made is in the cache.
            Luas = [lua(Legacy, #{mode => Mode}) || Mode <- [aot, interp]],
            [compiled(Rounds, Luas, Row) || Row <- [
                {"a message: a new state runs a short program", 100, message()},
                {"1,000 `pcall` of a function that throws a table", 1,
                    "local t, f = {} f = function() error(t) end for _ = 1, 1000 do pcall(f) end"},
                {"recursive calls, `f(20)`", 1,
                    "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end f(20)"},
                {"100,000 rounds of a loop, nothing called", 1,
                    "local s = 0 for n = 1, 100000 do s = s + n % 7 end"}
            ]],
            [ok = hb_beamr:stop(Lua) || Lua <- Luas];
        {error, Reason} ->
            io:format("~ts~n", [hb_beamr_error:format_error(Reason)])
    end.

compiled(Rounds, Luas, {Name, Times, Program}) ->
    {Compiled, Interpreted, Ratio} = in_turns(Rounds, [
        fun() -> repeat(Times, fun() -> eval(Lua, Program) end) end
     || Lua <- Luas
    ]),
    io:format("| ~ts | ~.1f | ~.1f | ~.1f |~n", [
        Name, Interpreted / Times / 1.0e3, Compiled / Times / 1.0e3, Ratio
    ]).

%%% Measuring, in nanoseconds and bytes

%% Medians of two, and of the ratio of the second to the first. A first round does not count.
in_turns(Rounds, Both) ->
    [_ | Times] = [[element(1, timed(Fun)) || Fun <- Both] || _ <- lists:seq(0, Rounds)],
    {
        median([A || [A, _] <- Times]),
        median([B || [_, B] <- Times]),
        median([B / A || [A, B] <- Times])
    }.

timed(Fun) ->
    Begin = processor_time(),
    Result = Fun(),
    {processor_time() - Begin, Result}.

%% Of all threads, as Linux knows it.
processor_time() ->
    {ok, Threads} = file:list_dir("/proc/self/task"),
    lists:sum([processor_time(Thread) || Thread <- Threads]).

processor_time(Thread) ->
    {ok, Text} = file:read_file("/proc/self/task/" ++ Thread ++ "/schedstat"),
    {Nanoseconds, _} = string:to_integer(Text),
    Nanoseconds.

repeat(0, _Fun) ->
    ok;
repeat(Times, Fun) ->
    Fun(),
    repeat(Times - 1, Fun).

median(Times) ->
    lists:nth((length(Times) + 1) div 2, lists:sort(Times)).

memory() ->
    erlang:garbage_collect(),
    {ok, Text} = file:read_file("/proc/self/status"),
    [_, After] = string:split(Text, "VmRSS:"),
    {KiB, _} = string:to_integer(string:trim(After, leading)),
    KiB * 1024.

-spec fail(string(), list()) -> no_return().
fail(Format, Arguments) ->
    io:format(standard_error, "modules: " ++ Format ++ "~n", Arguments),
    halt(1).

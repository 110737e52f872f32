%%% @doc Measures hb_beamr and prints tables: ratios within one run, minimum and median.
%%%
%%% Run by `bench/run.sh'. Times are of batches, divided by the operations in them; the median is that of
%%% the batches. Compare rows of one run with each other, not with another machine's.
-module(hb_beamr_bench).

-export([main/1]).

-type nanoseconds() :: float().
-type measured() :: {Minimum :: nanoseconds(), Median :: nanoseconds()}.

-define(BATCHES, 41).

%% @doc Runs the benchmarks of these names, or all.
-spec main([string()]) -> ok.
main(Names) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    All = [
        {"calls", fun calls/0},
        {"memory", fun memory/0},
        {"lifecycle", fun lifecycle/0},
        {"preparation", fun preparation/0},
        {"parallel", fun parallel/0},
        {"waiting", fun waiting/0},
        {"fairness", fun fairness/0},
        {"compiled", fun hb_beamr_bench_compiled:run/0}
    ],
    Wanted = [Bench || {Name, _} = Bench <- All, Names =:= [] orelse lists:member(Name, Names)],
    io:format("OTP ~s, ~b schedulers, ~s~n", [
        erlang:system_info(otp_release), erlang:system_info(schedulers_online), cpu()
    ]),
    lists:foreach(fun({_, Run}) -> Run() end, Wanted).

%%% Calls and imports

-spec calls() -> ok.
calls() ->
    headline("Calls and imports", "ns", "ratio to the no-op (min / median)"),
    {ok, Pid, _, _} = hb_beamr:start(wasm("guest")),
    {ok, Empty} = hb_beamr:prepare(Pid, "empty"),
    {ok, Add3} = hb_beamr:prepare(Pid, "add3"),
    Noop = noop(Pid),
    Floor = measure(2000, Noop),
    row("no-op port_control, 8-byte answer", Floor, Floor),
    row("call/3, empty export, by name", measure(2000, fun() -> {ok, []} = hb_beamr:call(Pid, "empty", []) end), Floor),
    row("call/3, empty export, prepared", measure(2000, fun() -> {ok, []} = hb_beamr:call(Pid, Empty, []) end), Floor),
    row("call/3, 3 arguments, by name", measure(2000, fun() -> {ok, [6]} = hb_beamr:call(Pid, "add3", [1, 2, 3]) end), Floor),
    row("call/3, 3 arguments, prepared", measure(2000, fun() -> {ok, [6]} = hb_beamr:call(Pid, Add3, [1, 2, 3]) end), Floor),
    Import = fun(State, #{args := [X]}, _Opts) -> {ok, [X + 1], State} end,
    Thousand = fun() -> {ok, [1000], #{}} = hb_beamr:call(Pid, "imports", [1000], Import, #{}, #{}) end,
    row("import through call/6 (1,000 in a call), each", per(1000, measure(10, Thousand)), Floor),
    row("no-op again", measure(2000, Noop), Floor),
    ok = hb_beamr:stop(Pid).

%%% Many instances at once

-spec parallel() -> ok.
parallel() ->
    io:format("~n## Instances called in parallel, one process each~n~n"),
    io:format("| instances | empty: million calls a second (median of 5, best) | 3 arguments: the same |~n"),
    io:format("|---|---|---|~n"),
    lists:foreach(fun parallel/1, [1, 10, 100, 1000]).

-spec parallel(pos_integer()) -> ok.
parallel(Count) ->
    {Empty, EmptyBest} = parallel_rates(Count, "empty", []),
    {Add3, Add3Best} = parallel_rates(Count, "add3", [1, 2, 3]),
    io:format("| ~b | ~.2f (~.2f) | ~.2f (~.2f) |~n", [Count, Empty, EmptyBest, Add3, Add3Best]).

-spec parallel_rates(pos_integer(), string(), [integer()]) -> {float(), float()}.
parallel_rates(Count, Name, Args) ->
    Each = max(1000, 1_000_000 div Count),
    Rates = lists:sort([parallel_rate(Count, Each, Name, Args) || _ <- lists:seq(1, 5)]),
    {lists:nth(3, Rates), lists:last(Rates)}.

-spec parallel_rate(pos_integer(), pos_integer(), string(), [integer()]) -> float().
parallel_rate(Count, Each, Name, Args) ->
    Self = self(),
    Wasm = wasm("guest"),
    Workers = [
        spawn_link(fun() ->
            {ok, Pid, _, _} = hb_beamr:start(Wasm),
            {ok, Function} = hb_beamr:prepare(Pid, Name),
            Self ! {ready, self()},
            receive go -> ok end,
            repeat(Each, fun() -> {ok, _} = hb_beamr:call(Pid, Function, Args) end),
            Self ! {done, self()},
            receive stop -> hb_beamr:stop(Pid) end
        end)
     || _ <- lists:seq(1, Count)
    ],
    [receive {ready, Worker} -> ok end || Worker <- Workers],
    Start = erlang:monotonic_time(nanosecond),
    [Worker ! go || Worker <- Workers],
    [receive {done, Worker} -> ok end || Worker <- Workers],
    Elapsed = erlang:monotonic_time(nanosecond) - Start,
    [Worker ! stop || Worker <- Workers],
    Count * Each * 1000 / Elapsed.

%%% Copies

-spec memory() -> ok.
memory() ->
    headline("Memory, 1 MiB", "us", "share of memcpy's rate (min / median)"),
    {ok, Pid, _, _} = hb_beamr:start(wasm("large_memory")),
    Size = 1 bsl 20,
    Data = crypto:strong_rand_bytes(Size),
    ok = hb_beamr_io:write(Pid, 0, Data),
    Memcpy = memcpy(),
    io:format("| memcpy in C | ~.1f | ~.1f | |~n", [T / 1000 || T <- tuple_to_list(Memcpy)]),
    Read = measure(10, fun() -> {ok, <<_:Size/binary>>} = hb_beamr_io:read(Pid, 0, Size) end),
    copy_row("hb_beamr_io:read", Read, Memcpy),
    Write = measure(10, fun() -> ok = hb_beamr_io:write(Pid, 0, Data) end),
    copy_row("hb_beamr_io:write", Write, Memcpy),
    copy_row("memcpy again", memcpy(), Memcpy),
    ok = hb_beamr:stop(Pid).

-spec copy_row(string(), measured(), measured()) -> ok.
copy_row(Name, {Min, Median}, {FloorMin, FloorMedian}) ->
    io:format("| ~s | ~.1f | ~.1f | ~.2f / ~.2f |~n", [
        Name, Min / 1000, Median / 1000, FloorMin / Min, FloorMedian / Median
    ]).

-spec memcpy() -> measured().
memcpy() ->
    [Min, Median] = string:lexemes(os:cmd(os:getenv("HB_BEAMR_MEMCPY")), " \n"),
    {float(list_to_integer(Min)), float(list_to_integer(Median))}.

%%% Start and stop

-spec lifecycle() -> ok.
lifecycle() ->
    headline("Start and stop of an instance of a known module", "us", ""),
    Guest = wasm("guest"),
    {ok, Kept, _, _} = hb_beamr:start(Guest),
    time_row("one page of memory", measure(200, fun() -> start_stop(Guest) end)),
    ok = hb_beamr:stop(Kept),
    case file:read_file(os:getenv("HB_BEAMR_SQLITE", "")) of
        {ok, Sqlite} ->
            T0 = erlang:monotonic_time(nanosecond),
            {ok, First, _, _} = hb_beamr:start(Sqlite),
            io:format("| SQLite (~.2f MB), first load | ~.1f | | |~n", [
                byte_size(Sqlite) / 1.0e6, (erlang:monotonic_time(nanosecond) - T0) / 1000
            ]),
            time_row("SQLite", measure(50, fun() -> start_stop(Sqlite) end)),
            ok = hb_beamr:stop(First);
        {error, _} ->
            io:format("| SQLite | not built: run scripts/demo.sh first | | |~n")
    end.

%%% Modules that nobody has seen before

-spec preparation() -> ok.
preparation() ->
    io:format("~n## Preparation of a module (SQLite), once for all its instances~n~n"),
    io:format("| | min ms | median ms | memory at most, times the module |~n|---|---|---|---|~n"),
    case file:read_file(os:getenv("HB_BEAMR_SQLITE", "")) of
        {ok, Sqlite} ->
            io:format("(~.2f MB)~n", [byte_size(Sqlite) / 1.0e6]),
            prepare_row("start of a new module", Sqlite, #{}),
            prepare_row("with all its code lowered", Sqlite, #{exceptions => force}),
            {ok, Kept, _, _} = hb_beamr:start(Sqlite),
            {Min, Median} = measure(50, fun() -> start_stop(Sqlite) end),
            io:format("| start and stop, module known | ~.2f | ~.2f | |~n", [Min / 1.0e6, Median / 1.0e6]),
            ok = hb_beamr:stop(Kept);
        {error, _} ->
            io:format("| SQLite | not built: run scripts/demo.sh first | | |~n")
    end.

%% Each time a module that differs from the others by a custom section.
-spec prepare_row(string(), binary(), hb_beamr:options()) -> ok.
prepare_row(Name, Wasm, Options) ->
    [{_, First} | Rest] = [prepare_once(Wasm, N, Options) || N <- lists:seq(0, 20)],
    Times = lists:sort([Time || {Time, _} <- Rest]),
    io:format("| ~s | ~.2f | ~.2f | ~.1f |~n", [
        Name, hd(Times) / 1.0e6, lists:nth(11, Times) / 1.0e6, First / byte_size(Wasm)
    ]).

%% Nanoseconds, and bytes by which the emulator's memory was larger than before.
-spec prepare_once(binary(), byte(), hb_beamr:options()) -> {integer(), integer()}.
prepare_once(Wasm, N, Options) ->
    Salt = erlang:unique_integer([positive]),
    Module = <<Wasm/binary, 0, 10, 1, $x, N:8, Salt:56>>,
    ok = file:write_file("/proc/self/clear_refs", <<"5">>),
    Before = status("VmRSS"),
    Start = erlang:monotonic_time(nanosecond),
    {ok, Pid, _, _} = hb_beamr:start(Module, Options),
    Time = erlang:monotonic_time(nanosecond) - Start,
    Highest = status("VmHWM"),
    ok = hb_beamr:stop(Pid),
    {Time, (Highest - Before) * 1024}.

-spec start_stop(binary()) -> ok.
start_stop(Wasm) ->
    {ok, Pid, _, _} = hb_beamr:start(Wasm),
    ok = hb_beamr:stop(Pid).

-spec time_row(string(), measured()) -> ok.
time_row(Name, {Min, Median}) ->
    io:format("| ~s | ~.1f | ~.1f | |~n", [Name, Min / 1000, Median / 1000]).

%%% Many calls that wait

-spec waiting() -> ok.
waiting() ->
    Count = 10_000,
    Wasm = wasm("guest"),
    Self = self(),
    {ok, Kept, _, _} = hb_beamr:start(Wasm),
    erlang:garbage_collect(),
    Before = status("VmRSS"),
    BeamBefore = erlang:memory(total) div 1024,
    Threads = status("Threads"),
    Hold = fun(State, #{args := [X]}, _) ->
        Self ! {waiting, self()},
        receive answer -> {ok, [X + 1], State} end
    end,
    Workers = [
        spawn_link(fun() ->
            {ok, Pid, _, _} = hb_beamr:start(Wasm),
            {ok, [1], _} = hb_beamr:call(Pid, "imports", [1], Hold),
            Self ! {answered, self()}
        end)
     || _ <- lists:seq(1, Count)
    ],
    [receive {waiting, Worker} -> ok end || Worker <- Workers],
    Grown = status("VmRSS") - Before,
    Beam = erlang:memory(total) div 1024 - BeamBefore,
    io:format("~n## ~b instances that wait in an import~n~n", [Count]),
    io:format("| | |~n|---|---|~n"),
    io:format("| resident memory each, all included | ~.1f KiB |~n", [Grown / Count]),
    io:format("| of that Erlang's (two processes, a port) | ~.1f KiB |~n", [Beam / Count]),
    io:format("| threads more than before | ~b |~n", [status("Threads") - Threads]),
    [Worker ! answer || Worker <- Workers],
    [receive {answered, Worker} -> ok end || Worker <- Workers],
    io:format("| answered | ~b |~n", [length(Workers)]),
    ok = hb_beamr:stop(Kept).

%%% Endless guests

-spec fairness() -> ok.
fairness() ->
    io:format("~n## A process that sleeps 1 ms in a loop, 1,000 times: how late it is (ms)~n~n"),
    io:format("| endless guests | median | p99 | worst | 20,000 empty calls beside them, median ns |~n"),
    io:format("|---|---|---|---|---|~n"),
    lists:foreach(fun fairness/1, [0, 1, 2, 4, 8]).

-spec fairness(non_neg_integer()) -> ok.
fairness(Count) ->
    Wasm = wasm("guest"),
    {ok, Pid, _, _} = hb_beamr:start(Wasm),
    Loopers = [
        spawn(fun() ->
            {ok, Looper, _, _} = hb_beamr:start(Wasm),
            hb_beamr:call(Looper, "spin", [])
        end)
     || _ <- lists:seq(1, Count)
    ],
    timer:sleep(200),
    Late = lists:sort([lateness() || _ <- lists:seq(1, 1000)]),
    {_, Call} = measure(500, fun() -> {ok, []} = hb_beamr:call(Pid, "empty", []) end),
    io:format("| ~b | ~.3f | ~.3f | ~.3f | ~b |~n", [
        Count, lists:nth(500, Late), lists:nth(990, Late), lists:last(Late), round(Call)
    ]),
    [exit(Looper, kill) || Looper <- Loopers],
    ok = hb_beamr:stop(Pid).

-spec lateness() -> float().
lateness() ->
    Start = erlang:monotonic_time(nanosecond),
    timer:sleep(1),
    (erlang:monotonic_time(nanosecond) - Start) / 1.0e6 - 1.

%%% Measuring

-spec headline(string(), string(), string()) -> ok.
headline(Title, Unit, Ratio) ->
    io:format("~n## ~s~n~n| | min ~s | median ~s | ~s |~n|---|---|---|---|~n", [Title, Unit, Unit, Ratio]).

-spec row(string(), measured(), measured()) -> ok.
row(Name, {Min, Median}, {FloorMin, FloorMedian}) ->
    io:format("| ~s | ~.1f | ~.1f | ~.2f / ~.2f |~n", [
        Name, Min, Median, Min / FloorMin, Median / FloorMedian
    ]).

-spec per(pos_integer(), measured()) -> measured().
per(Count, {Min, Median}) -> {Min / Count, Median / Count}.

-spec measure(pos_integer(), fun(() -> term())) -> measured().
measure(Operations, Fun) ->
    repeat(Operations, Fun),
    Times = lists:sort([batch(Operations, Fun) || _ <- lists:seq(1, ?BATCHES)]),
    {hd(Times), lists:nth(?BATCHES div 2 + 1, Times)}.

-spec batch(pos_integer(), fun(() -> term())) -> nanoseconds().
batch(Operations, Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    repeat(Operations, Fun),
    (erlang:monotonic_time(nanosecond) - Start) / Operations.

-spec repeat(non_neg_integer(), fun(() -> term())) -> ok.
repeat(0, _) ->
    ok;
repeat(Left, Fun) ->
    Fun(),
    repeat(Left - 1, Fun).

%% The driver's own no-op: what any operation costs at least.
-spec noop(pid()) -> fun(() -> binary()).
noop(Pid) ->
    Port = hb_beamr_cache:port(Pid),
    fun() -> <<_:8/binary>> = erlang:port_control(Port, 20, <<>>) end.

-spec wasm(string()) -> binary().
wasm(Name) ->
    {ok, Wasm} = file:read_file(filename:join(os:getenv("HB_BEAMR_BENCH_DIR"), Name ++ ".wasm")),
    Wasm.

-spec status(string()) -> integer().
status(Key) ->
    {ok, Text} = file:read_file("/proc/self/status"),
    {match, [Value]} = re:run(Text, Key ++ ":\\s+(\\d+)", [{capture, [1], list}]),
    list_to_integer(Value).

-spec cpu() -> string().
cpu() ->
    {ok, Text} = file:read_file("/proc/cpuinfo"),
    case re:run(Text, "model name\\s*: (.*)", [{capture, [1], list}]) of
        {match, [Name]} -> Name;
        nomatch -> "unknown processor"
    end.

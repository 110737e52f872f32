%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc Measures compiled code beside interpreted and native code, for `hb_beamr_bench'.
%%%
%%% What is compared is measured in turns, and has to have the same results.
-module(hb_beamr_bench_compiled).

-export([run/0]).

%% Called in another node.
-export([first_start/2]).
-export([load_code/0]).

-type nanoseconds() :: number().
-type measured() :: {Minimum :: nanoseconds(), Median :: nanoseconds()}.

%% For each kernel; SQLite takes seconds where it is interpreted.
-define(ROUNDS, 21).
-define(SQLITE_ROUNDS, 11).
%% What takes less runs twice in each turn, and counts the second time: the caches were another's.
-define(SHORT, 100_000_000).
-define(BATCHES, 41).
-define(NODES, 5).

%% @doc Prints the tables, if this build has a compiler and the kernels are there.
-spec run() -> ok.
run() ->
    case hb_beamr_aot:identity() of
        {ok, #{cpu := Cpu}} ->
            io:format("~nCompiled for ~s~n", [Cpu]),
            kernels(),
            calls(),
            sqlite();
        {error, Reason} ->
            io:format("~nNo compiled code: ~ts~n", [hb_beamr_error:format_error(Reason)])
    end.

%%% Kernels: the same C, interpreted, compiled, and as a program

-spec kernels() -> ok.
kernels() ->
    title(
        "Kernels, called from Erlang (ms, min / median)",
        ["", "interpreted", "compiled", "native", "interpreted to native", "compiled to native"]
    ),
    kernels("kernels", ?ROUNDS, [
        {"fib(30)", "fib", 30},
        {"a product of two matrices, 160 x 160 doubles", "matmul", 1},
        {"SHA-256 of 64 KiB", "sha256", 1}
    ]),
    kernels("sqlite_kernel", ?SQLITE_ROUNDS, [
        {"SQLite: 10,000 rows and their index, in memory", "insert", 10000},
        {"SQLite: 10,000 look-ups by the index, an aggregate", "query", 10000}
    ]).

-spec kernels(string(), pos_integer(), [{string(), string(), integer()}]) -> ok.
kernels(File, Rounds, Kernels) ->
    case file:read_file(filename:join(folder(), File ++ ".wasm")) of
        {ok, Wasm} ->
            Instances = both(Wasm),
            Native = open_native(filename:join(folder(), File)),
            lists:foreach(fun(Kernel) -> kernel(Kernel, Rounds, Instances, Native) end, Kernels),
            true = port_close(Native),
            lists:foreach(fun hb_beamr:stop/1, Instances);
        {error, _} ->
            io:format("| ~s | not built: bench/kernels.sh says why | | | | |~n", [File])
    end.

-spec kernel({string(), string(), integer()}, pos_integer(), [hb_beamr:instance()], port()) -> ok.
kernel({Title, Name, Argument}, Rounds, Instances, Native) ->
    Ways =
        [fun() -> call(Instance, Name, Argument) end || Instance <- Instances] ++
            [fun() -> ask_native(Native, Name, Argument) end],
    Results = [element(2, Way()) || Way <- Ways],
    [_] = lists:usort(Results),
    Times = [Interpreted, Compiled, Machine] =
        in_turns(Rounds, [fun() -> turn(Way, hd(Results)) end || Way <- Ways]),
    row(Title, [millis(T) || T <- Times] ++ [ratio(T, Machine) || T <- [Interpreted, Compiled]]).

-spec turn(fun(() -> {nanoseconds(), integer()}), integer()) -> nanoseconds().
turn(Way, Result) ->
    case Way() of
        {Time, Result} when Time >= ?SHORT ->
            Time;
        {_, Result} ->
            {Time, Result} = Way(),
            Time
    end.

-spec call(hb_beamr:instance(), string(), integer()) -> {nanoseconds(), integer()}.
call(Instance, Name, Argument) ->
    {Time, {ok, [Result]}} = timed(fun() -> hb_beamr:call(Instance, Name, [Argument]) end),
    {Time, Result}.

%% The program measures itself: the way to it is not part of it.
-spec open_native(file:filename()) -> port().
open_native(Program) ->
    open_port({spawn_executable, Program}, [{args, ["--ask"]}, {line, 100}, exit_status]).

-spec ask_native(port(), string(), integer()) -> {nanoseconds(), integer()}.
ask_native(Port, Name, Argument) ->
    true = port_command(Port, io_lib:format("~s ~b~n", [Name, Argument])),
    receive
        {Port, {data, {eol, Line}}} ->
            [Result, Time] = [list_to_integer(Word) || Word <- string:lexemes(Line, " ")],
            {Time, Result};
        {Port, {exit_status, Status}} ->
            error({native_kernel_ended, Name, Status})
    end.

%%% What a call costs

-spec calls() -> ok.
calls() ->
    title(
        "Calls and imports (ns, min / median)",
        ["", "interpreted", "compiled", "compiled to interpreted"]
    ),
    {ok, Wasm} = file:read_file(filename:join(folder(), "guest.wasm")),
    Instances = both(Wasm),
    batches("`call/3`, empty export, by name", 2000, 1, Instances, fun(Instance) ->
        {ok, []} = hb_beamr:call(Instance, "empty", [])
    end),
    Empty = prepared(Instances, "empty"),
    batches("`call/3`, empty export, prepared", 2000, 1, Empty, fun({Instance, Function}) ->
        {ok, []} = hb_beamr:call(Instance, Function, [])
    end),
    Add3 = prepared(Instances, "add3"),
    batches("`call/3`, 3 arguments, prepared", 2000, 1, Add3, fun({Instance, Function}) ->
        {ok, [6]} = hb_beamr:call(Instance, Function, [1, 2, 3])
    end),
    Import = fun(State, #{args := [X]}, _Opts) -> {ok, [X + 1], State} end,
    Thousand = fun(Instance) ->
        {ok, [1000], #{}} = hb_beamr:call(Instance, "imports", [1000], Import, #{}, #{})
    end,
    batches("import through `call/6`, 1,000 in one call, each", 10, 1000, Instances, Thousand),
    lists:foreach(fun hb_beamr:stop/1, Instances).

-spec prepared([hb_beamr:instance()], string()) -> [{hb_beamr:instance(), term()}].
prepared(Instances, Name) ->
    [
        begin
            {ok, Function} = hb_beamr:prepare(Instance, Name),
            {Instance, Function}
        end
     || Instance <- Instances
    ].

%% So many times in a batch; each is so many operations.
-spec batches(string(), pos_integer(), pos_integer(), [Subject], fun((Subject) -> term())) -> ok.
batches(Title, Times, Each, Subjects, Fun) ->
    [Interpreted, Compiled] =
        in_turns(?BATCHES, [batch(Times, Each, fun() -> Fun(Subject) end) || Subject <- Subjects]),
    row(Title, [pair("~.1f", Interpreted), pair("~.1f", Compiled), ratio(Compiled, Interpreted)]).

-spec batch(pos_integer(), pos_integer(), fun(() -> term())) -> fun(() -> nanoseconds()).
batch(Times, Each, Fun) ->
    fun() ->
        {Time, ok} = timed(fun() -> repeat(Times, Fun) end),
        Time / (Times * Each)
    end.

%%% A large module

-spec sqlite() -> ok.
sqlite() ->
    case file:read_file(os:getenv("HB_BEAMR_SQLITE", "")) of
        {ok, Wasm} ->
            starts(Wasm),
            levels(Wasm);
        {error, _} ->
            io:format("~nSQLite is not built: run scripts/demo.sh first~n")
    end.

-spec starts(binary()) -> ok.
starts(Wasm) ->
    title(
        io_lib:format("Starts of SQLite, ~.2f MB (ms, min / median)", [byte_size(Wasm) / 1.0e6]),
        ["", "interpreted", "compiled", "compiled to interpreted"]
    ),
    Kept = both(Wasm),
    Known = in_turns(?BATCHES, [
        batch(20, 1, fun() -> ok = hb_beamr:stop(start(Wasm, Mode)) end)
     || Mode <- modes()
    ]),
    starts_row("start and stop, module known", Known),
    lists:foreach(fun hb_beamr:stop/1, Kept),
    %% What was compiled above is on the disk now. The nodes have loaded all code, as releases do when
    %% they boot: `crypto' alone takes as long as the start of a module.
    First = in_turns(?NODES, [in_new_node([Wasm, Mode]) || Mode <- modes()]),
    starts_row("first start in a new node; compiled: by the cache on disk", First).

-spec starts_row(string(), [measured()]) -> ok.
starts_row(Title, [Interpreted, Compiled]) ->
    row(Title, [millis(Interpreted), millis(Compiled), ratio(Compiled, Interpreted)]).

-spec in_new_node([term()]) -> fun(() -> nanoseconds()).
in_new_node(Args) ->
    Path = lists:append([["-pa", Folder] || Folder <- [folder(), ebin()]]),
    fun() ->
        {ok, Peer, _} = peer:start_link(#{connection => standard_io, args => Path}),
        {ok, _} = peer:call(Peer, application, ensure_all_started, [hb_beamr]),
        ok = peer:call(Peer, ?MODULE, load_code, []),
        Time = peer:call(Peer, ?MODULE, first_start, Args),
        ok = peer:stop(Peer),
        Time
    end.

%% @private
%% @doc Loads the modules that a start may need.
-spec load_code() -> ok.
load_code() ->
    lists:foreach(
        fun(Application) ->
            {ok, Modules} = application:get_key(Application, modules),
            ok = code:ensure_modules_loaded(Modules)
        end,
        [hb_beamr, crypto]
    ).

%% @private
%% @doc How long the first start of a module takes.
-spec first_start(binary(), hb_beamr:options()) -> nanoseconds().
first_start(Wasm, Options) ->
    {Time, Instance} = timed(fun() -> start(Wasm, Options) end),
    ok = hb_beamr:stop(Instance),
    Time.

%% Once each: they are what takes long.
-spec levels(binary()) -> ok.
levels(Wasm) ->
    title("Compiling SQLite", ["level", "s", "code, MB", "times the module"]),
    lists:foreach(fun(Level) -> level(Level, Wasm) end, [0, 1, 2, 3]).

-spec level(0..3, binary()) -> ok.
level(Level, Wasm) ->
    {Time, {ok, _, _, Aot}} =
        timed(fun() -> hb_beamr_aot:compile(Wasm, #{opt_level => Level}) end),
    Size = byte_size(Aot),
    row(integer_to_list(Level), [
        io_lib:format("~.1f", [Time / 1.0e9]),
        io_lib:format("~.2f", [Size / 1.0e6]),
        io_lib:format("~.1f", [Size / byte_size(Wasm)])
    ]).

%%% Instances

%% Of both kinds, as the columns are.
-spec both(binary()) -> [hb_beamr:instance()].
both(Wasm) ->
    [start(Wasm, Mode) || Mode <- modes()].

-spec modes() -> [hb_beamr:options()].
modes() ->
    [#{mode => interp}, #{mode => aot}].

-spec start(binary(), hb_beamr:options()) -> hb_beamr:instance().
start(Wasm, #{mode := Mode} = Options) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm, Options),
    {ok, #{mode := Mode}} = hb_beamr:info(Instance),
    Instance.

-spec folder() -> file:filename().
folder() ->
    filename:dirname(code:which(?MODULE)).

-spec ebin() -> file:filename().
ebin() ->
    filename:dirname(code:which(hb_beamr)).

%%% Measuring

%% A first round does not count.
-spec in_turns(pos_integer(), [fun(() -> nanoseconds())]) -> [measured()].
in_turns(Rounds, Ways) ->
    [_ | Times] = [[Way() || Way <- Ways] || _ <- lists:seq(0, Rounds)],
    [measured([lists:nth(N, Round) || Round <- Times]) || N <- lists:seq(1, length(Ways))].

-spec measured([nanoseconds()]) -> measured().
measured(Times) ->
    Sorted = lists:sort(Times),
    {hd(Sorted), lists:nth((length(Sorted) + 1) div 2, Sorted)}.

-spec timed(fun(() -> Result)) -> {nanoseconds(), Result}.
timed(Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Result = Fun(),
    {erlang:monotonic_time(nanosecond) - Start, Result}.

-spec repeat(non_neg_integer(), fun(() -> term())) -> ok.
repeat(0, _) ->
    ok;
repeat(Left, Fun) ->
    Fun(),
    repeat(Left - 1, Fun).

%%% Tables

-spec title(iodata(), [string()]) -> ok.
title(Title, Columns) ->
    io:format("~n## ~s~n~n| ~s |~n|~s~n", [
        Title, lists:join(" | ", Columns), lists:duplicate(length(Columns), "---|")
    ]).

-spec row(string(), [iodata()]) -> ok.
row(Title, Cells) ->
    io:format("| ~s |~n", [lists:join(" | ", [Title | Cells])]).

-spec millis(measured()) -> iodata().
millis({Min, Median}) ->
    pair("~.3f", {Min / 1.0e6, Median / 1.0e6}).

-spec ratio(measured(), measured()) -> iodata().
ratio({Min, Median}, {OtherMin, OtherMedian}) ->
    pair("~.2f", {Min / OtherMin, Median / OtherMedian}).

-spec pair(string(), {float(), float()}) -> iodata().
pair(Format, {Min, Median}) ->
    io_lib:format(Format ++ " / " ++ Format, [Min, Median]).

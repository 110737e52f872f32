%%% @doc The demonstration that `run.sh' shows.
-module(sqlite_demo).

-export([main/1]).

-define(ROWS, 10000).
-define(PER_TRANSACTION, 1000).
%% When the unfinished transaction has made so many writes, its process is killed.
-define(WRITES_BEFORE_KILL, 1000).

-define(CITIES, [
    {<<"Z\x{fc}rich"/utf8>>, 9.0},
    {<<"T\x{14d}ky\x{14d}"/utf8>>, 15.0},
    {<<"S\x{e3}o Paulo"/utf8>>, 19.0},
    {<<"Reykjav\x{ed}k"/utf8>>, 4.0},
    {<<"Nairobi">>, 18.0},
    {<<"Lima">>, 19.5}
]).

%% What is measured, interpreted and compiled.
-define(SCENES, [
    {"insert", fun fill/2},
    {"look up", fun look_up/2},
    {"aggregate", fun aggregate/2},
    {"fetch", fun fetch/2}
]).

-type scene() :: fun((sqlite:db(), Run :: pos_integer()) -> {title(), fun(() -> done())}).
-type title() :: {string(), [term()]}.
-type done() :: {Count :: non_neg_integer(), What :: string(), sqlite:result() | none}.
-type measured() :: {Name :: string(), Micros :: non_neg_integer(), done()}.

%% @doc Run the demonstration on a database file, a new one or that of an earlier run.
-spec main([file:filename()]) -> ok.
main([File]) ->
    ok = io:setopts([{encoding, unicode}]),
    case hb_beamr_aot:identity() of
        {ok, _} ->
            both(File);
        {error, Reason} ->
            _ = show(File),
            title("Compiled", []),
            line("not here: ~ts", [hb_beamr_error:format_error(Reason)])
    end,
    crash(File).

%% Both begin with the same file, and have to come to the same results.
-spec both(file:filename()) -> ok.
both(File) ->
    Copy = File ++ "-interpreted",
    _ = file:delete(Copy),
    _ = [{ok, _} = file:copy(File, Copy) || filelib:is_regular(File)],
    Interpreted = show(Copy),
    ok = file:delete(Copy),
    Compiled = repeat_compiled(File),
    title("~-12s~14s~14s~14s", ["", "interpreted", "compiled", "times faster"]),
    lists:foreach(fun compare/1, lists:zip(Interpreted, Compiled)).

-spec compare({measured(), measured()}) -> ok.
compare({{Name, Interpreted, Done}, {Name, Compiled, Done}}) ->
    line("~-10s~14ts~14ts~14.1f", [
        Name, time(Interpreted), time(Compiled), Interpreted / max(1, Compiled)
    ]).

%%% The scenes

%% Interpreted, with all that there is to see.
-spec show(file:filename()) -> [measured()].
show(File) ->
    {Open, {ok, Db}} = timed(fun() -> sqlite:open(File, #{mode => interp}) end),
    [{Version}] = query(Db, "select sqlite_version()"),
    #{guest_memory_bytes := Memory} = sqlite:info(Db),
    title("SQLite ~ts in WebAssembly, its disk in Erlang", [Version]),
    line("opened ~ts in ~ts; the guest has ~ts of memory", [
        filename:basename(File), time(Open), bytes(Memory)
    ]),
    {Run, Rows} = start(Db),
    case Run of
        1 -> line("a new database: run this again, and it finds today's rows", []);
        _ -> line("run ~b: ~ts rows of earlier runs are here", [Run, number(Rows)])
    end,
    play(Db, fun({Name, Scene}) ->
        {{Format, Args}, Do} = Scene(Db, Run),
        title(Format, Args),
        {Micros, {_, _, Result} = Done, Text} = measured(Db, Do),
        table(Result),
        line("~ts", [Text]),
        {Name, Micros, Done}
    end).

-spec repeat_compiled(file:filename()) -> [measured()].
repeat_compiled(File) ->
    title("The same, compiled", []),
    line("the first time, compiling SQLite takes a minute or two; then it is in a cache", []),
    {Open, {ok, Db}} = timed(fun() -> sqlite:open(File, #{mode => aot}) end),
    line("opened in ~ts", [time(Open)]),
    {Run, _} = start(Db),
    play(Db, fun({Name, Scene}) ->
        {_, Do} = Scene(Db, Run),
        {Micros, Done, Text} = measured(Db, Do),
        line("~ts: ~ts", [Name, Text]),
        {Name, Micros, Done}
    end).

-spec play(sqlite:db(), fun(({string(), scene()}) -> measured())) -> [measured()].
play(Db, Fun) ->
    Measured = lists:map(Fun, ?SCENES),
    ok = sqlite:close(Db),
    Measured.

%% Answers the number of this run, and how many rows there are already.
-spec start(sqlite:db()) -> {pos_integer(), non_neg_integer()}.
start(Db) ->
    ok = schema(Db),
    [{Run}] = query(Db, "insert into run (started) values (datetime()) returning id"),
    [{Rows}] = query(Db, "select count(*) from reading"),
    {Run, Rows}.

-spec schema(sqlite:db()) -> ok.
schema(Db) ->
    {ok, _} = sqlite:exec(
        Db,
        "create table if not exists run (id integer primary key, started text);"
        "create table if not exists reading ("
        "  id integer primary key, run integer, city text, day integer, celsius real);"
        "create index if not exists reading_by_city on reading (city, celsius)"
    ),
    ok.

-spec fill(sqlite:db(), pos_integer()) -> {title(), fun(() -> done())}.
fill(Db, Run) ->
    Transactions = ?ROWS div ?PER_TRANSACTION,
    Title = {"Insert ~ts rows in ~b transactions", [number(?ROWS), Transactions]},
    {Title, fun() ->
        _ = rand:seed(exsss, Run),
        lists:foreach(
            fun(Transaction) -> fill_one(Db, Run, Transaction * ?PER_TRANSACTION) end,
            lists:seq(0, Transactions - 1)
        ),
        {?ROWS, "rows", none}
    end}.

-spec fill_one(sqlite:db(), pos_integer(), non_neg_integer()) -> ok.
fill_one(Db, Run, Start) ->
    {ok, _} = sqlite:exec(Db, "begin"),
    Sql = "insert into reading (run, city, day, celsius) values (?, ?, ?, ?)",
    lists:foreach(
        fun(Day) -> {ok, _} = sqlite:exec(Db, Sql, [Run | reading(Day)]) end,
        lists:seq(Start + 1, Start + ?PER_TRANSACTION)
    ),
    {ok, _} = sqlite:exec(Db, "commit"),
    ok.

-spec reading(pos_integer()) -> [sqlite_codec:parameter()].
reading(Day) ->
    {City, Mean} = lists:nth(rand:uniform(length(?CITIES)), ?CITIES),
    [City, Day, round((Mean + 6 * rand:normal()) * 10) / 10].

-spec look_up(sqlite:db(), pos_integer()) -> {title(), fun(() -> done())}.
look_up(Db, _Run) ->
    {City, _} = hd(?CITIES),
    Sql = "select day, celsius from reading where city = ? order by celsius desc limit 3",
    [{_, _, _, Plan} | _] = query(Db, ["explain query plan ", Sql], [City]),
    Title = {"The warmest days in ~ts, by an index~n  plan: ~ts", [City, Plan]},
    {Title, fun() -> all_rows(sqlite:exec(Db, Sql, [City])) end}.

-spec aggregate(sqlite:db(), pos_integer()) -> {title(), fun(() -> done())}.
aggregate(Db, _Run) ->
    Sql =
        "select city, count(*) as readings, min(celsius) as coldest,"
        "  round(avg(celsius), 2) as mean, max(celsius) as warmest"
        " from reading group by city order by mean desc",
    {{"All cities, by an aggregate over all rows", []}, fun() ->
        all_rows(sqlite:exec(Db, Sql))
    end}.

-spec fetch(sqlite:db(), pos_integer()) -> {title(), fun(() -> done())}.
fetch(Db, Run) ->
    Sql = "select * from reading where run = ?",
    {{"Fetch the rows of this run, each of them by an import", []}, fun() ->
        {length(query(Db, Sql, [Run])), "rows", none}
    end}.

-spec all_rows({ok, sqlite:result()}) -> done().
all_rows({ok, #{rows := Rows} = Result}) ->
    {length(Rows), "rows", Result}.

-spec crash(file:filename()) -> ok.
crash(File) ->
    title("Kill the process in the middle of a transaction", []),
    {Db, Rows, Sum} = begin_transaction(File),
    {ok, Before} = file:read_file(File),
    ok = kill_while_it_writes(Db),
    {ok, After} = file:read_file(File),
    Journal = filelib:file_size(File ++ "-journal"),
    line("killed: ~b pages of the file are overwritten, a journal of ~ts is beside it", [
        different_pages(Before, After), bytes(Journal)
    ]),
    title("Open it again", []),
    {Open, {ok, Again}} = timed(fun() -> sqlite:open(File) end),
    [{Check}] = query(Again, "pragma integrity_check"),
    {RowsNow, SumNow} = contents(Again),
    line("opened in ~ts, the journal is rolled back; integrity_check: ~ts", [time(Open), Check]),
    line("rows before ~ts, now ~ts; sum of celsius before ~.1f, now ~.1f", [
        number(Rows), number(RowsNow), Sum, SumNow
    ]),
    ok = sqlite:close(Again),
    {<<"ok">>, Rows, Sum} = {Check, RowsNow, SumNow},
    line("it is whole", []).

%% Little memory for changed pages, here and in SQLite, so that the file on the
%% disk is in the middle of a change as well.
-spec begin_transaction(file:filename()) -> {sqlite:db(), integer(), float()}.
begin_transaction(File) ->
    Demo = self(),
    Writes = counters:new(1, []),
    OnImport = fun
        (write, _Storage) ->
            counters:add(Writes, 1, 1),
            _ = [Demo ! writing || counters:get(Writes, 1) =:= ?WRITES_BEFORE_KILL],
            ok;
        (_, _Storage) ->
            ok
    end,
    {ok, Db} = sqlite:open(File, #{on_import => OnImport, max_dirty_bytes => 65536}),
    {Rows, Sum} = contents(Db),
    {ok, _} = sqlite:exec(Db, "pragma cache_size = 10; begin"),
    line("begin; all ~ts rows are being changed, and", [number(Rows)]),
    {Db, Rows, Sum}.

-spec kill_while_it_writes(sqlite:db()) -> ok.
kill_while_it_writes(Db) ->
    Change = "update reading set celsius = celsius + 100, city = upper(city)",
    {Client, Monitor} = spawn_monitor(fun() ->
        {error, #{code := closed}} = sqlite:exec(Db, Change)
    end),
    receive
        writing -> exit(Db, kill)
    end,
    receive
        {'DOWN', Monitor, process, Client, normal} -> ok
    end.

%%% Helpers

-spec contents(sqlite:db()) -> {integer(), float()}.
contents(Db) ->
    [{Rows, Sum}] = query(Db, "select count(*), sum(celsius) from reading"),
    {Rows, Sum}.

-spec query(sqlite:db(), unicode:chardata()) -> [tuple()].
query(Db, Sql) ->
    query(Db, Sql, []).

-spec query(sqlite:db(), unicode:chardata(), sqlite_codec:parameters()) -> [tuple()].
query(Db, Sql, Parameters) ->
    {ok, #{rows := Rows}} = sqlite:exec(Db, Sql, Parameters),
    Rows.

-spec different_pages(binary(), binary()) -> non_neg_integer().
different_pages(<<A:4096/binary, As/binary>>, <<B:4096/binary, Bs/binary>>) when A =/= B ->
    1 + different_pages(As, Bs);
different_pages(<<_:4096/binary, As/binary>>, <<_:4096/binary, Bs/binary>>) ->
    different_pages(As, Bs);
different_pages(_, _) ->
    0.

-spec timed(fun(() -> Result)) -> {Microseconds :: non_neg_integer(), Result}.
timed(Fun) ->
    Start = erlang:monotonic_time(microsecond),
    Result = Fun(),
    {erlang:monotonic_time(microsecond) - Start, Result}.

%% What was done says how many of what it was; the text is about that.
-spec measured(sqlite:db(), fun(() -> done())) -> {non_neg_integer(), done(), unicode:chardata()}.
measured(Db, Fun) ->
    Before = total_imports(Db),
    {Micros, {Count, What, _} = Done} = timed(Fun),
    Imports = total_imports(Db) - Before,
    Text = io_lib:format("~ts ~ts in ~ts~ts; ~ts imports answered~ts", [
        number(Count),
        What,
        time(Micros),
        rate(Count, Micros),
        number(Imports),
        rate(Imports, Micros)
    ]),
    {Micros, Done, Text}.

-spec total_imports(sqlite:db()) -> non_neg_integer().
total_imports(Db) ->
    #{imports := Imports} = sqlite:info(Db),
    lists:foldl(fun(Count, Sum) -> Count + Sum end, 0, maps:values(Imports)).

%% Of few things a rate says nothing.
-spec rate(non_neg_integer(), non_neg_integer()) -> unicode:chardata().
rate(Count, _Micros) when Count < 100 -> "";
rate(Count, Micros) -> io_lib:format(" (~ts/s)", [number(Count * 1000000 div max(1, Micros))]).

-spec table(sqlite:result() | none) -> ok.
table(none) ->
    ok;
table(#{columns := Columns, rows := Rows}) ->
    lists:foreach(
        fun(Cells) -> line("  ~ts", [lists:join("  ", [cell(Cell) || Cell <- Cells])]) end,
        [Columns | [tuple_to_list(Row) || Row <- Rows]]
    ).

-spec cell(sqlite_codec:value()) -> unicode:chardata().
cell(Text) when is_binary(Text) -> string:pad(Text, 12);
cell(Float) when is_float(Float) -> string:pad(float_to_list(Float, [{decimals, 2}]), 12);
cell(Value) -> string:pad(io_lib:format("~p", [Value]), 12).

-spec time(non_neg_integer()) -> unicode:chardata().
time(Micros) when Micros < 1000 -> io_lib:format("~b \x{b5}s", [Micros]);
time(Micros) when Micros < 1000000 -> io_lib:format("~.1f ms", [Micros / 1000]);
time(Micros) -> io_lib:format("~.2f s", [Micros / 1000000]).

-spec bytes(non_neg_integer()) -> unicode:chardata().
bytes(Bytes) when Bytes < 1024 * 1024 -> io_lib:format("~.1f KiB", [Bytes / 1024]);
bytes(Bytes) -> io_lib:format("~.1f MiB", [Bytes / 1024 / 1024]).

%% 12345 -> "12,345".
-spec number(non_neg_integer()) -> string().
number(Number) when Number < 1000 ->
    integer_to_list(Number);
number(Number) ->
    number(Number div 1000) ++ io_lib:format(",~3..0b", [Number rem 1000]).

-spec title(string(), [term()]) -> ok.
title(Format, Args) ->
    io:format("~n" ++ Format ++ "~n", Args).

-spec line(string(), [term()]) -> ok.
line(Format, Args) ->
    io:format("  " ++ Format ++ "~n", Args).

%%% A process that is killed in the middle of a transaction, at every point.
%%%
%%% Whatever happens, the next one to open the database finds the state before
%%% the transaction or the state after it, the latter if the commit had returned.
-module(sqlite_crash_tests).

-include_lib("eunit/include/eunit.hrl").

-import(sqlite_test_lib, [with_path/1, open/2, query/2]).

-define(t(Body), {timeout, 600, fun() -> Body end}).

%% So small a cache makes SQLite write to the database before the commit.
-define(CHANGE,
    "pragma cache_size = 4; begin;"
    "update account set balance = balance + 1, note = substr(note, 2) || 'x';"
    "delete from account where id % 3 = 0;"
    "insert into account (balance, note)"
    "  select balance * 7, hex(note) from account where id < 20;"
    "commit"
).

%%% The tests

unsynced_writes_lost_test_() ->
    ?t(at_every_import(fun lose/1)).

%% A power failure: anything written since the last sync may or may not be there.
unsynced_writes_partly_there_test_() ->
    ?t([at_every_import(fun(Storage) -> tear(Storage) end) || _ <- [1, 2]]).

%% The process that repairs the database dies as well, at every point.
killed_while_recovering_test_() ->
    ?t(
        with_path(fun(Path) ->
            {Before, _After, Total} = prepare(Path),
            Hot = hot_journal(Path, Total),
            Recovery = imports_to_open(Path, Hot),
            ?assert(Recovery > 10),
            [
                begin
                    restore(Path, Hot),
                    killed = open_and_die(Path, N, fun tear/1),
                    ?assertEqual({N, Before}, {N, checked_rows(Path)})
                end
             || N <- lists:seq(1, Recovery)
            ]
        end)
    ).

%% Without a fuse: a kill from outside, at any moment.
killed_from_outside_test_() ->
    ?t(
        with_path(fun(Path) ->
            {Before, After, _} = prepare(Path),
            Files = files(Path),
            [
                begin
                    restore(Path, Files),
                    Db = open(Path, #{}),
                    Killer = spawn(fun() ->
                        busy_wait(Delay),
                        exit(Db, kill)
                    end),
                    Monitor = monitor(process, Killer),
                    Outcome = sqlite:exec(Db, ?CHANGE),
                    receive
                        {'DOWN', Monitor, _, _, _} -> ok
                    end,
                    check(Outcome, {outside, Delay}, Before, After, checked_rows(Path))
                end
             || Delay <- lists:seq(0, 40000, 1000)
            ]
        end)
    ).

%% The disk goes away under a running transaction.
the_disk_dies_test_() ->
    ?t(
        with_path(fun(Path) ->
            {Before, _After, Total} = prepare(Path),
            Fuse = fuse(Total div 2, fun(Storage) ->
                sqlite_disk:close(sqlite_storage:disk(Storage))
            end),
            Db = open(Path, #{on_import => Fuse}),
            arm(Fuse),
            ?assertMatch({error, #{code := trap}}, sqlite:exec(Db, ?CHANGE)),
            ?assertMatch({error, #{code := closed}}, sqlite:exec(Db, "select 1")),
            ?assertEqual(Before, checked_rows(Path))
        end)
    ).

%%% Crashing

at_every_import(Crash) ->
    _ = rand:seed(exsss, erlang:unique_integer([positive])),
    with_path(fun(Path) ->
        {Before, After, Total} = prepare(Path),
        ?assert(Total > 50),
        Files = files(Path),
        Seen = [
            begin
                restore(Path, Files),
                Outcome = change_and_die(Path, N, Crash),
                check(Outcome, N, Before, After, checked_rows(Path))
            end
         || N <- lists:seq(1, Total + 1)
        ],
        %% The last one is past the end: nobody was killed.
        ?assertEqual(committed, lists:last(Seen)),
        ?assert(length([rolled_back || rolled_back <- Seen]) > Total div 2)
    end).

check({ok, _}, _Where, _Before, After, Rows) ->
    ?assertEqual(After, Rows),
    committed;
check({error, #{code := closed}}, Where, Before, After, Rows) ->
    case Rows of
        Before -> rolled_back;
        After -> committed;
        _ -> error({torn, Where, Rows})
    end.

change_and_die(Path, N, Crash) ->
    Fuse = fuse(N, fun(Storage) -> die(Storage, Crash) end),
    Db = open(Path, #{on_import => Fuse}),
    arm(Fuse),
    Outcome = sqlite:exec(Db, ?CHANGE),
    sqlite:close(Db),
    Outcome.

%% Opening, too, is done in the process that dies.
open_and_die(Path, N, Crash) ->
    Fuse = fuse(N, fun(Storage) -> die(Storage, Crash) end),
    arm(Fuse),
    case sqlite:open(Path, #{on_import => Fuse}) of
        {error, #{code := closed}} ->
            killed;
        {ok, Db} ->
            ok = sqlite:close(Db),
            survived
    end.

die(Storage, Crash) ->
    Crash(Storage),
    exit(self(), kill).

lose(_Storage) ->
    ok.

%% Each write since the last sync reached the disk, or a part of it, or none.
tear(Storage) ->
    [
        begin
            #{writes := Writes, keep := Keep} = Change = sqlite_storage:pending(Storage, File),
            Torn = [torn(Write) || Write <- Writes, rand:uniform(2) =:= 1],
            Ends = [Offset + byte_size(Bytes) || {Offset, Bytes} <- Torn],
            {ok, OnDisk} = sqlite_disk:size(Disk, File),
            Kept = pick([Keep, OnDisk]),
            Size = lists:max([Kept | Ends]),
            ok = sqlite_disk:write(Disk, File, Change#{keep := Kept, writes := Torn, size := Size})
        end
     || Disk <- [sqlite_storage:disk(Storage)], File <- [database, journal]
    ].

torn({Offset, Bytes}) ->
    Sectors = (byte_size(Bytes) + 511) div 512,
    Size = pick([byte_size(Bytes), min(byte_size(Bytes), 512 * (rand:uniform(Sectors) - 1))]),
    {Offset, binary:part(Bytes, 0, Size)}.

pick(List) ->
    lists:nth(rand:uniform(length(List)), List).

%% A fuse counts imports once it is armed, and does something at the Nth.
fuse(N, Fun) ->
    Counter = counters:new(2, []),
    fun
        (arm, _) ->
            counters:put(Counter, 2, 1);
        (_Import, Storage) ->
            counters:add(Counter, 1, counters:get(Counter, 2)),
            case counters:get(Counter, 1) =:= N andalso counters:get(Counter, 2) =:= 1 of
                true -> Fun(Storage);
                false -> ok
            end
    end.

arm(Fuse) ->
    Fuse(arm, none).

%%% The database

prepare(Path) ->
    Db = open(Path, #{}),
    {ok, _} = sqlite:exec(
        Db,
        "create table account (id integer primary key, balance integer, note text);"
        "create index by_balance on account (balance);"
        "with recursive c(n) as (select 1 union all select n + 1 from c limit 60)"
        "  insert into account select n, n * 100, hex(randomblob(200)) from c"
    ),
    Before = rows(Db),
    ok = sqlite:close(Db),
    Files = files(Path),
    Again = open(Path, #{}),
    Start = total_imports(Again),
    {ok, _} = sqlite:exec(Again, ?CHANGE),
    Total = total_imports(Again) - Start,
    After = rows(Again),
    ok = sqlite:close(Again),
    restore(Path, Files),
    ?assertNotEqual(Before, After),
    {Before, After, Total}.

%% The files as a crash late in the transaction leaves them.
hot_journal(Path, Total) ->
    Before = files(Path),
    Hot = [
        Files
     || N <- lists:seq(Total, 1, -1),
        Files <- [
            begin
                restore(Path, Before),
                {error, _} = change_and_die(Path, N, fun lose/1),
                files(Path)
            end
        ],
        %% Both are there, and the database is not what it was.
        byte_size(element(2, Files)) > 0,
        element(1, Files) =/= element(1, Before)
    ],
    hd(Hot).

imports_to_open(Path, Files) ->
    restore(Path, Files),
    Db = open(Path, #{}),
    Count = total_imports(Db),
    ok = sqlite:close(Db),
    Count.

checked_rows(Path) ->
    Db = open(Path, #{}),
    ?assertEqual([{<<"ok">>}], query(Db, "pragma integrity_check")),
    Rows = rows(Db),
    ok = sqlite:close(Db),
    Rows.

rows(Db) ->
    query(Db, "select * from account order by id").

total_imports(Db) ->
    #{imports := Imports} = sqlite:info(Db),
    lists:sum(maps:values(Imports)).

files(Path) ->
    {content(Path), content(Path ++ "-journal")}.

content(File) ->
    case file:read_file(File) of
        {ok, Bytes} -> Bytes;
        {error, enoent} -> <<>>
    end.

restore(Path, {Database, Journal}) ->
    ok = file:write_file(Path, Database),
    ok = file:write_file(Path ++ "-journal", Journal).

busy_wait(Microseconds) ->
    End = erlang:monotonic_time(microsecond) + Microseconds,
    busy_wait_until(End).

busy_wait_until(End) ->
    case erlang:monotonic_time(microsecond) < End of
        true -> busy_wait_until(End);
        false -> ok
    end.

%%% The whole: Erlang, the guest, files.
-module(sqlite_tests).

-include_lib("eunit/include/eunit.hrl").

-import(sqlite_test_lib, [with_path/1, with_db/1, with_db/2, open/2, query/2, query/3, kill/1]).

-define(t(Body), {timeout, 120, fun() -> Body end}).

%%% Rows and values

create_insert_and_query_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (id integer primary key, name text)"),
            {ok, Inserted} = sqlite:exec(Db, "insert into t (name) values ('a'), ('b'), ('c')"),
            ?assertMatch(#{changes := 3, last_insert_rowid := 3, rows := []}, Inserted),
            {ok, Selected} = sqlite:exec(Db, "select id, name as who from t order by id desc"),
            ?assertMatch(#{columns := [<<"id">>, <<"who">>], changes := 0}, Selected),
            ?assertEqual([{3, <<"c">>}, {2, <<"b">>}, {1, <<"a">>}], maps:get(rows, Selected))
        end)
    ).

a_query_without_rows_has_columns_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, Result} = sqlite:exec(Db, "select 1 as one where 0"),
            ?assertMatch(#{columns := [<<"one">>], rows := []}, Result)
        end)
    ).

values_come_back_as_they_were_bound_test_() ->
    Values = [
        null,
        0,
        -1,
        16#7FFFFFFFFFFFFFFF,
        -16#8000000000000000,
        0.1,
        -1.5,
        1.7976931348623157e308,
        5.0e-324,
        '+inf',
        '-inf',
        <<>>,
        <<"text">>,
        <<"z\x{fc}rich \x{1F980} \x{65e5}\x{672c}"/utf8>>,
        <<"with a", 0, "NUL">>,
        <<"'; drop table t; --">>,
        {blob, <<>>},
        {blob, <<0, 1, 255>>}
    ],
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (v)"),
            [?assertEqual([{V}], query(Db, "select ?", [V])) || V <- Values],
            [{ok, _} = sqlite:exec(Db, "insert into t values (?)", [V]) || V <- Values],
            ?assertEqual([{V} || V <- Values], query(Db, "select v from t order by rowid"))
        end)
    ).

not_a_number_is_null_as_sqlite_wants_test_() ->
    ?t(
        with_db(fun(Db) ->
            ?assertEqual([{null, <<"null">>}], query(Db, "select ?1, typeof(?1)", [nan])),
            ?assertEqual([{null}], query(Db, "select 9e999 - 9e999")),
            ?assertEqual([{'+inf', '-inf'}], query(Db, "select 9e999, -9e999"))
        end)
    ).

types_are_those_of_sqlite_test_() ->
    ?t(
        with_db(fun(Db) ->
            Sql = "select typeof(?), typeof(?), typeof(?), typeof(?), typeof(?)",
            ?assertEqual(
                [{<<"integer">>, <<"real">>, <<"text">>, <<"blob">>, <<"null">>}],
                query(Db, Sql, [1, 1.0, <<"1">>, {blob, <<"1">>}, null])
            ),
            ?assertEqual([{9.2233720368547758e18}], query(Db, "select 9223372036854775807 + 1"))
        end)
    ).

unicode_in_sql_and_names_test_() ->
    ?t(
        with_db(fun(Db) ->
            Sql = "select '\x{1F41D}' as \"\x{fc}ber\", length('\x{e9}\x{1F41D}') as n",
            {ok, #{columns := Columns, rows := Rows}} = sqlite:exec(Db, Sql),
            ?assertEqual([<<"\x{fc}ber"/utf8>>, <<"n">>], Columns),
            ?assertEqual([{<<"\x{1F41D}"/utf8>>, 2}], Rows)
        end)
    ).

a_blob_of_a_megabyte_test_() ->
    ?t(
        with_db(fun(Db) ->
            Bytes = rand:bytes(1024 * 1024 + 1),
            {ok, _} = sqlite:exec(Db, "create table b (x)"),
            {ok, _} = sqlite:exec(Db, "insert into b values (?)", [{blob, Bytes}]),
            ?assertEqual([{{blob, Bytes}, 1048577}], query(Db, "select x, length(x) from b")),
            Middle = binary:part(Bytes, 600000, 10),
            ?assertEqual([{{blob, Middle}}], query(Db, "select substr(x, 600001, 10) from b"))
        end)
    ).

a_row_of_two_thousand_columns_test_() ->
    ?t(
        with_db(fun(Db) ->
            Numbers = lists:seq(1, 2000),
            Sql = ["select ", lists:join(",", [integer_to_list(N) || N <- Numbers])],
            ?assertEqual([list_to_tuple(Numbers)], query(Db, Sql))
        end)
    ).

%%% Parameters and statements

named_parameters_serve_all_statements_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (a, b)"),
            Sql = "insert into t values (:a, @b); insert into t values ($b, :a); select * from t",
            ?assertEqual([{1, 2}, {2, 1}], query(Db, Sql, #{a => 1, <<"b">> => 2, unused => 3}))
        end)
    ).

parameters_in_a_list_are_used_up_statement_by_statement_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (a, b)"),
            Sql = "insert into t values (?, ?); insert into t values (?, 'x'); select * from t",
            ?assertEqual([{1, 2}, {3, <<"x">>}], query(Db, Sql, [1, 2, 3])),
            ?assertEqual([{5, 5, 6}], query(Db, "select ?1, ?1, ?2", [5, 6]))
        end)
    ).

missing_and_surplus_parameters_are_errors_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (a)"),
            Exec = fun(Sql, Parameters) -> sqlite:exec(Db, Sql, Parameters) end,
            ?assertMatch({error, #{code := range}}, Exec("insert into t values (?)", [])),
            ?assertMatch({error, #{code := range}}, Exec("insert into t values (?)", [1, 2])),
            ?assertMatch({error, #{code := range}}, Exec("insert into t values (?); --", [1, 2])),
            ?assertMatch({error, #{code := range}}, Exec("insert into t values (:a)", #{b => 1})),
            ?assertMatch({error, #{code := range}}, Exec("insert into t values (?)", #{a => 1})),
            ?assertMatch({error, #{code := misuse}}, Exec("insert into t values (?)", [self()])),
            %% None of them ran.
            ?assertEqual([{0}], query(Db, "select count(*) from t"))
        end)
    ).

text_is_never_sql_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table users (name text, secret text)"),
            Evil = <<"x' or '1'='1'; drop table users; --">>,
            {ok, _} = sqlite:exec(Db, "insert into users values (?, 's')", [Evil]),
            ?assertEqual([], query(Db, "select * from users where name = ?", [<<"' or 1 --">>])),
            ?assertEqual(
                [{Evil, <<"s">>}], query(Db, "select * from users where name = ?", [Evil])
            )
        end)
    ).

the_last_columns_win_and_blank_statements_count_nothing_test_() ->
    ?t(
        with_db(fun(Db) ->
            Sql = ";; select 1 as a; /* two */ select 2 as b; create table t (x); -- end\n ; ",
            ?assertMatch({ok, #{columns := [<<"b">>], rows := [{2}]}}, sqlite:exec(Db, Sql)),
            Nothing = {ok, #{columns => [], rows => [], changes => 0, last_insert_rowid => 0}},
            [?assertEqual(Nothing, sqlite:exec(Db, Text)) || Text <- ["", " ", ";", "-- x", "/**/"]]
        end)
    ).

a_cached_statement_sees_a_changed_schema_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (a); insert into t values (1)"),
            ?assertEqual([{1}], query(Db, "select * from t")),
            {ok, _} = sqlite:exec(Db, "alter table t add column b default 2"),
            ?assertMatch(
                {ok, #{columns := [<<"a">>, <<"b">>], rows := [{1, 2}]}},
                sqlite:exec(Db, "select * from t")
            ),
            {ok, _} = sqlite:exec(Db, "drop table t"),
            ?assertMatch({error, #{code := error}}, sqlite:exec(Db, "select * from t")),
            %% More texts than the guest keeps.
            Select = fun(N) -> query(Db, ["select ", integer_to_list(N)]) end,
            [?assertEqual([{N}], Select(N)) || N <- lists:seq(1, 40) ++ lists:seq(1, 40)]
        end)
    ).

%%% Errors

errors_leave_the_database_usable_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (a unique not null, b check (b > 0))"),
            {ok, _} = sqlite:exec(Db, "insert into t values (1, 1)"),
            Expected = [
                {"select * frm t", error, error},
                {"select * from nowhere", error, error},
                {"insert into t values (1, 1)", constraint, constraint_unique},
                {"insert into t values (null, 1)", constraint, constraint_notnull},
                {"insert into t values (2, 0)", constraint, constraint_check},
                {"attach '/etc/passwd' as p", cantopen, cantopen},
                {"attach 'main.db' as p", cantopen, cantopen},
                {"vacuum into '/tmp/copy.db'", cantopen, cantopen},
                {"select load_extension('x')", error, error},
                {"rollback", error, error}
            ],
            [
                begin
                    {error, #{message := Message} = Error} = sqlite:exec(Db, Sql),
                    ?assertMatch(#{code := Code, extended := Extended}, Error),
                    ?assert(byte_size(Message) > 0),
                    ?assertEqual([{1, 1}], query(Db, "select * from t"))
                end
             || {Sql, Code, Extended} <- Expected
            ]
        end)
    ).

the_message_says_what_is_wrong_test_() ->
    ?t(
        with_db(fun(Db) ->
            {error, Error} = sqlite:exec(Db, "selec 1"),
            ?assertEqual(<<"near \"selec\": syntax error">>, maps:get(message, Error)),
            ?assertEqual(
                <<"near \"selec\": syntax error (error)">>,
                unicode:characters_to_binary(sqlite:format_error(Error))
            )
        end)
    ).

statements_before_the_error_have_run_test_() ->
    ?t(
        with_db(fun(Db) ->
            Sql = "create table t (a); insert into t values (1); oops; insert into t values (2)",
            ?assertMatch({error, _}, sqlite:exec(Db, Sql)),
            ?assertEqual([{1}], query(Db, "select a from t"))
        end)
    ).

sql_that_is_no_text_is_refused_test_() ->
    ?t(
        with_db(fun(Db) ->
            [
                ?assertMatch({error, #{code := misuse}}, sqlite:exec(Db, Sql))
             || Sql <- [<<"select 1", 0, "; drop">>, <<255>>, foo, [self()], <<1:1>>]
            ]
        end)
    ).

what_is_too_large_is_refused_test_() ->
    Large = binary:copy(<<"x">>, 33 * 1024 * 1024),
    Huge = binary:copy(<<"x">>, 129 * 1024 * 1024),
    ?t(
        with_db(fun(Db) ->
            Refused = fun(Sql, Parameters) ->
                ?assertMatch({error, #{code := toobig}}, sqlite:exec(Db, Sql, Parameters)),
                ?assertEqual([{1}], query(Db, "select 1"))
            end,
            Refused("select length(?)", [Large]),
            Refused("select length(?)", [{blob, Huge}]),
            Refused("select zeroblob(33554433)", []),
            Refused(["select '", binary:part(Large, 0, 17 * 1024 * 1024), "'"], []),
            ?assertEqual([{33554432}], query(Db, "select length(zeroblob(33554432))"))
        end)
    ).

a_guest_without_memory_says_so_test_() ->
    ?t(
        with_db(fun(Db) ->
            Sql = ["select ", lists:join(",", lists:duplicate(12, "zeroblob(30000000)"))],
            ?assertMatch({error, #{code := nomem}}, sqlite:exec(Db, Sql)),
            ?assertEqual([{1}], query(Db, "select 1"))
        end)
    ).

expressions_that_are_too_deep_are_refused_test_() ->
    ?t(
        with_db(fun(Db) ->
            Times = fun lists:duplicate/2,
            Calls = fun(N) -> ["select ", Times(N, "abs("), "1", Times(N, ")")] end,
            ?assertEqual([{1}], query(Db, Calls(900))),
            ?assertMatch({error, #{code := error}}, sqlite:exec(Db, Calls(100000))),
            Sum = fun(N) -> ["select 1", Times(N, "+1")] end,
            ?assertEqual([{990}], query(Db, Sum(989))),
            ?assertMatch({error, #{code := error}}, sqlite:exec(Db, Sum(100000))),
            ?assertEqual([{1}], query(Db, "select 1"))
        end)
    ).

a_full_disk_is_an_error_and_no_harm_test_() ->
    ?t(
        with_db(#{max_bytes => 200000}, fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (x); insert into t values ('kept')"),
            Fill =
                "with recursive c(n) as (select 1 union all select n + 1 from c limit 1000)"
                " insert into t select randomblob(1000) from c",
            {error, Error} = sqlite:exec(Db, Fill),
            ?assertMatch(#{code := full}, Error),
            ?assertEqual([{<<"kept">>}], query(Db, "select x from t")),
            ?assertEqual([{<<"ok">>}], query(Db, "pragma integrity_check")),
            {ok, _} = sqlite:exec(Db, "insert into t values (2)")
        end)
    ).

a_result_that_is_too_large_is_cut_off_with_an_error_test_() ->
    ?t(
        with_db(#{max_result_bytes => 10000}, fun(Db) ->
            Endless =
                "with recursive c(n) as (select 1 union all select n + 1 from c)"
                " select * from c",
            ?assertMatch({error, #{code := toobig}}, sqlite:exec(Db, Endless)),
            ?assertEqual([{1}], query(Db, "select 1"))
        end)
    ).

endless_sql_is_interrupted_test_() ->
    ?t(
        with_db(fun(Db) ->
            Endless =
                "with recursive c(n) as (select 1 union all select n + 1 from c)"
                " select count(*) from c",
            {error, Error} = sqlite:exec(Db, Endless, [], #{timeout => 100}),
            ?assertMatch(#{code := interrupt}, Error),
            ?assertEqual(<<"interrupted after 100 ms">>, maps:get(message, Error)),
            ?assertEqual([{1}], query(Db, "select 1"))
        end)
    ).

%% A bug of the host in the middle of a transaction: the guest is started again.
a_guest_that_breaks_down_is_started_again_test_() ->
    ?t(begin
        Fuse = atomics:new(1, []),
        Break = fun(_, _) ->
            case atomics:sub_get(Fuse, 1, 1) of
                0 -> error(broken);
                _ -> ok
            end
        end,
        with_db(#{on_import => Break}, fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (x); insert into t values (1)"),
            {ok, _} = sqlite:exec(Db, "pragma cache_size = 5; begin; insert into t values (2)"),
            atomics:put(Fuse, 1, 10),
            Sql =
                "with recursive c(n) as (select 1 union all select n + 1 from c limit 100)"
                " insert into t select randomblob(1000) from c",
            ?assertMatch({error, #{code := trap}}, sqlite:exec(Db, Sql)),
            ?assertMatch(#{in_transaction := false}, sqlite:info(Db)),
            ?assertEqual([{1}], query(Db, "select x from t")),
            ?assertEqual([{<<"ok">>}], query(Db, "pragma integrity_check"))
        end)
    end).

%%% Opening and closing

a_second_run_finds_the_data_test_() ->
    ?t(
        with_path(fun(Path) ->
            First = open(Path, #{}),
            {ok, _} = sqlite:exec(First, "create table t (x); insert into t values ('kept')"),
            {ok, _} = sqlite:exec(First, "begin; insert into t values ('not committed')"),
            ok = sqlite:close(First),
            Second = open(Path, #{}),
            ?assertEqual([{<<"kept">>}], query(Second, "select x from t")),
            ok = sqlite:close(Second)
        end)
    ).

a_database_is_opened_once_at_a_time_test_() ->
    ?t(
        with_path(fun(Path) ->
            Db = open(Path, #{}),
            ?assertMatch({error, #{code := busy}}, sqlite:open(Path)),
            ok = sqlite:close(Db),
            ok = sqlite:close(open(Path, #{}))
        end)
    ).

a_closed_database_is_closed_test_() ->
    ?t(
        with_path(fun(Path) ->
            Db = open(Path, #{}),
            ok = sqlite:close(Db),
            ok = sqlite:close(Db),
            ?assertMatch({error, #{code := closed}}, sqlite:exec(Db, "select 1"))
        end)
    ).

a_database_closes_with_the_process_that_opened_it_test_() ->
    ?t(
        with_path(fun(Path) ->
            Parent = self(),
            Owner = spawn(fun() ->
                Parent ! {db, open(Path, #{})},
                receive
                    stop -> ok
                end
            end),
            Db =
                receive
                    {db, Opened} -> Opened
                end,
            Monitor = monitor(process, Db),
            kill(Owner),
            receive
                {'DOWN', Monitor, process, Db, shutdown} -> ok
            after 5000 -> error(still_open)
            end,
            ok = sqlite:close(open(Path, #{}))
        end)
    ).

even_in_the_middle_of_a_statement_test_() ->
    ?t(
        with_path(fun(Path) ->
            Parent = self(),
            OnImport = fun
                (row, _) -> Parent ! {running, self()};
                (_, _) -> ok
            end,
            Owner = spawn(fun() ->
                Endless =
                    "with recursive c(n) as (select 1 union all select n + 1 from c)"
                    " select n from c where n = 1",
                sqlite:exec(open(Path, #{on_import => OnImport}), Endless)
            end),
            Db =
                receive
                    {running, Running} -> Running
                end,
            Monitor = monitor(process, Db),
            kill(Owner),
            receive
                {'DOWN', Monitor, process, Db, shutdown} -> ok
            after 5000 -> error(still_running)
            end,
            ok = sqlite:close(open(Path, #{}))
        end)
    ).

the_owner_can_be_another_process_test_() ->
    ?t(
        with_path(fun(Path) ->
            Owner = self(),
            {Opener, Monitor} = spawn_monitor(fun() ->
                exit({opened, open(Path, #{owner => Owner})})
            end),
            receive
                {'DOWN', Monitor, process, Opener, {opened, Db}} ->
                    ?assertEqual([{1}], query(Db, "select 1")),
                    ok = sqlite:close(Db)
            end
        end)
    ).

%% (module (import "wasi" "exit" (func)))
-define(FOREIGN_GUEST, <<16#0061736d01000000010401600000020d01047761736904657869740000:232>>).

%% (module
%%   (import "storage" "write" (func $write (param i32 i64 i32 i32) (result i32)))
%%   (memory (export "memory") 1)
%%   (func (export "_initialize"))
%%   (func (export "db_open") (result i32)
%%     (call $write (i32.const 0) (i64.const 0) (i32.const -16) (i32.const 32))))
-define(HOSTILE_GUEST,
    <<16#0061736d0100000001100360047f7e7f7f017f6000006000017f0211010773746f72616765:296,
        16#057772697465000003030201020503010001072203066d656d6f727902000b5f696e697469:296,
        16#616c697a6500010764625f6f70656e00020a110202000b0c00410042004170412010000b:288>>
).

guests_that_are_not_ours_are_refused_test_() ->
    Open = fun(Path, Wasm) -> sqlite:open(Path, #{wasm => Wasm}) end,
    ?t(
        with_path(fun(Path) ->
            ?assertMatch({error, #{code := trap}}, Open(Path, <<"not wasm">>)),
            {error, #{message := Foreign}} = Open(Path, ?FOREIGN_GUEST),
            ?assertMatch({_, _}, binary:match(Foreign, <<"unknown_import">>)),
            {error, #{message := Hostile}} = Open(Path, ?HOSTILE_GUEST),
            ?assertMatch({_, _}, binary:match(Hostile, <<"address out of range">>)),
            %% The file is free again.
            ok = sqlite:close(open(Path, #{}))
        end)
    ).

nothing_is_left_of_closed_and_killed_databases_test_() ->
    ?t(
        with_path(fun(Path) ->
            Cycle = fun(End) ->
                Db = open(Path, #{}),
                {ok, _} = sqlite:exec(Db, "begin; create table if not exists t (x)"),
                ok = End(Db)
            end,
            Ends = [fun sqlite:close/1, fun sqlite_test_lib:kill/1],
            Both = fun() -> lists:foreach(Cycle, Ends) end,
            _ = [Both() || _ <- lists:seq(1, 5)],
            ?assertEqual(nothing, what_is_left(Both, 3))
        end)
    ).

%% What ends or is loaded in the background meanwhile does so once; what leaks does every time.
what_is_left(Both, Attempts) ->
    Before = resources(),
    _ = [Both() || _ <- lists:seq(1, 50)],
    case settled(Before, 100) of
        Before -> nothing;
        _ when Attempts > 1 -> what_is_left(Both, Attempts - 1);
        After -> {Before, After}
    end.

resources() ->
    [erlang:system_info(Count) || Count <- [process_count, port_count, ets_count, atom_count]].

%% What is left of a killed process goes a moment after it.
settled(Wanted, Attempts) ->
    case resources() of
        Wanted ->
            Wanted;
        Other when Attempts =:= 0 ->
            Other;
        _ ->
            timer:sleep(20),
            settled(Wanted, Attempts - 1)
    end.

options_are_checked_test_() ->
    Options = [
        #{max_bytes => 0},
        #{max_bytes => foo},
        #{wasm => "file"},
        #{mode => fast},
        #{owner => me},
        #{on_import => fun(_) -> ok end},
        #{unknown => 1},
        not_a_map
    ],
    [?_assertError(_, sqlite:open("/nowhere", Option)) || Option <- Options] ++
        [?_assertError(badarg, sqlite:exec(self(), "", [], #{timeout => T})) || T <- [-1, 1.0, x]].

what_is_no_database_is_refused_test_() ->
    ?t(
        with_path(fun(Path) ->
            ok = file:write_file(Path, lists:duplicate(5000, "no database")),
            ?assertMatch({error, #{code := notadb}}, sqlite:open(Path)),
            ?assertMatch({error, #{code := cantopen}}, sqlite:open(filename:dirname(Path))),
            Nowhere = filename:join([filename:dirname(Path), "no", "such", "folder.db"]),
            {error, Error} = sqlite:open(Nowhere),
            ?assertMatch(#{code := cantopen}, Error),
            ?assertMatch({_, _}, binary:match(maps:get(message, Error), <<"enoent">>))
        end)
    ).

several_processes_share_a_database_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (who, n)"),
            Insert = fun(Who) ->
                [
                    {ok, _} = sqlite:exec(Db, "insert into t values (?, ?)", [Who, N])
                 || N <- lists:seq(1, 20)
                ]
            end,
            Workers = [spawn_monitor(fun() -> Insert(Who) end) || Who <- lists:seq(1, 5)],
            [
                receive
                    {'DOWN', Monitor, _, _, Reason} -> ?assertEqual(normal, Reason)
                end
             || {_, Monitor} <- Workers
            ],
            ?assertEqual([{100, 5}], query(Db, "select count(*), count(distinct who) from t"))
        end)
    ).

%%% Larger

ten_thousand_rows_with_an_index_test_() ->
    ?t(
        with_path(fun(Path) ->
            Db = open(Path, #{}),
            {ok, _} = sqlite:exec(Db, "create table t (id integer primary key, k text, v real)"),
            {ok, _} = sqlite:exec(Db, "create index by_k on t (k)"),
            [insert_thousand(Db, Start) || Start <- lists:seq(0, 9000, 1000)],
            check_ten_thousand(Db),
            ok = sqlite:close(Db),
            Again = open(Path, #{}),
            check_ten_thousand(Again),
            {ok, _} = sqlite:exec(Again, "delete from t where id % 2 = 0; vacuum"),
            ?assertEqual([{5000}], query(Again, "select count(*) from t")),
            ?assertEqual([{<<"ok">>}], query(Again, "pragma integrity_check")),
            ok = sqlite:close(Again)
        end)
    ).

insert_thousand(Db, Start) ->
    {ok, _} = sqlite:exec(Db, "begin"),
    [
        {ok, #{changes := 1}} = sqlite:exec(
            Db, "insert into t values (?, ?, ?)", [N, integer_to_binary(N rem 100), N / 2]
        )
     || N <- lists:seq(Start + 1, Start + 1000)
    ],
    {ok, _} = sqlite:exec(Db, "commit").

check_ten_thousand(Db) ->
    ?assertEqual([{10000, 25002500.0}], query(Db, "select count(*), sum(v) from t")),
    ?assertEqual([{100, 5000.0}], query(Db, "select count(*), max(v) from t where k = '0'")),
    [{_, _, _, Plan}] = query(Db, "explain query plan select * from t where k = '7'"),
    ?assertMatch({_, _}, binary:match(Plan, <<"USING INDEX by_k">>)),
    ?assertEqual([{<<"ok">>}], query(Db, "pragma integrity_check")),
    ?assertEqual([{<<"ok">>}], query(Db, "pragma quick_check")).

other_page_sizes_and_journal_modes_test_() ->
    ?t([
        with_path(fun(Path) ->
            Db = open(Path, #{}),
            {ok, _} = sqlite:exec(Db, ["pragma page_size = ", PageSize]),
            ?assertEqual([{list_to_binary(Mode)}], query(Db, ["pragma journal_mode = ", Mode])),
            {ok, _} = sqlite:exec(Db, "create table t (x); begin"),
            Insert = fun(_) ->
                {ok, _} = sqlite:exec(Db, "insert into t values (?)", [{blob, rand:bytes(3000)}])
            end,
            lists:foreach(Insert, lists:seq(1, 50)),
            {ok, _} = sqlite:exec(Db, "commit; delete from t where rowid > 40"),
            ok = sqlite:close(Db),
            Again = open(Path, #{}),
            ?assertEqual(
                [{40, list_to_integer(PageSize)}],
                query(Again, "select count(*), page_size from t, pragma_page_size")
            ),
            ?assertEqual([{<<"ok">>}], query(Again, "pragma integrity_check")),
            ok = sqlite:close(Again)
        end)
     || PageSize <- ["512", "4096", "65536"], Mode <- ["delete", "truncate", "persist"]
    ]).

wal_is_not_offered_test_() ->
    ?t(
        with_db(fun(Db) ->
            ?assertEqual([{<<"delete">>}], query(Db, "pragma journal_mode = wal"))
        end)
    ).

%%% Compiled

%% At the level that takes seconds to compile.
compiled_test_() ->
    case hb_beamr_aot:identity() of
        {ok, _} ->
            {setup, fun quick_compiler/0, fun best_compiler/1, [
                {timeout, 300, fun rows_of_compiled_code/0},
                ?t(compiled_code_is_interrupted_and_goes_on())
            ]};
        {error, {no_compiler, _}} ->
            []
    end.

quick_compiler() ->
    Before = application:get_env(hb_beamr, aot_options),
    ok = application:set_env(hb_beamr, aot_options, #{opt_level => 0}),
    Before.

best_compiler(undefined) -> application:unset_env(hb_beamr, aot_options);
best_compiler({ok, Options}) -> application:set_env(hb_beamr, aot_options, Options).

rows_of_compiled_code() ->
    with_path(fun(Path) ->
        Write = open(Path, #{mode => aot}),
        ?assertMatch(#{mode := aot}, sqlite:info(Write)),
        {ok, _} = sqlite:exec(Write, "create table t (id integer primary key, k text, v real)"),
        {ok, _} = sqlite:exec(Write, "create index by_k on t (k)"),
        [insert_thousand(Write, Start) || Start <- lists:seq(0, 9000, 1000)],
        check_ten_thousand(Write),
        ok = sqlite:close(Write),
        Read = open(Path, #{mode => interp}),
        ?assertMatch(#{mode := interp}, sqlite:info(Read)),
        check_ten_thousand(Read),
        ok = sqlite:close(Read)
    end).

compiled_code_is_interrupted_and_goes_on() ->
    with_db(#{mode => aot}, fun(Db) ->
        Endless =
            "with recursive c(n) as (select 1 union all select n + 1 from c)"
            " select count(*) from c",
        ?assertMatch(
            {error, #{code := interrupt}}, sqlite:exec(Db, Endless, [], #{timeout => 100})
        ),
        %% Code of this level takes the most stack.
        Nested = ["select ", lists:duplicate(100, "abs("), "1", lists:duplicate(100, ")")],
        ?assertEqual([{1}], query(Db, Nested)),
        ?assertMatch(#{mode := aot}, sqlite:info(Db))
    end).

info_counts_test_() ->
    ?t(
        with_db(fun(Db) ->
            {ok, _} = sqlite:exec(Db, "create table t (x); begin; insert into t values (1)"),
            Before = sqlite:info(Db),
            ?assertMatch(#{in_transaction := true, bytes := 8192}, Before),
            {ok, _} = sqlite:exec(Db, "commit; select 1 union select 2"),
            #{imports := #{row := Rows, sync := Syncs}} = sqlite:info(Db),
            #{imports := #{row := RowsBefore, sync := SyncsBefore}} = Before,
            ?assertEqual(RowsBefore + 2, Rows),
            ?assert(Syncs > SyncsBefore)
        end)
    ).

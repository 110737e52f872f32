%%% @doc What the tests of this example share.
-module(sqlite_test_lib).

-export([with_path/1]).
-export([with_db/1]).
-export([with_db/2]).
-export([open/2]).
-export([query/2]).
-export([query/3]).
-export([kill/1]).

%% @doc Run `Fun' with the path of a database that does not exist, and clean up.
-spec with_path(fun((file:filename()) -> Result)) -> Result.
with_path(Fun) ->
    Directory = filename:join(
        os:getenv("TMPDIR", "/tmp"),
        io_lib:format("hb_beamr_sqlite_~s_~b", [os:getpid(), erlang:unique_integer([positive])])
    ),
    ok = file:make_dir(Directory),
    try
        Fun(unicode:characters_to_list(filename:join(Directory, "test.db")))
    after
        ok = file:del_dir_r(Directory)
    end.

%% @equiv with_db(#{}, Fun)
-spec with_db(fun((sqlite:db()) -> Result)) -> Result.
with_db(Fun) ->
    with_db(#{}, Fun).

%% @doc Run `Fun' with a new database.
-spec with_db(sqlite:options(), fun((sqlite:db()) -> Result)) -> Result.
with_db(Options, Fun) ->
    with_path(fun(Path) ->
        Db = open(Path, Options),
        try
            Fun(Db)
        after
            ok = sqlite:close(Db)
        end
    end).

-spec open(file:filename(), sqlite:options()) -> sqlite:db().
open(Path, Options) ->
    {ok, Db} = sqlite:open(Path, Options),
    Db.

%% @doc The rows.
-spec query(sqlite:db(), unicode:chardata()) -> [tuple()].
query(Db, Sql) ->
    query(Db, Sql, []).

-spec query(sqlite:db(), unicode:chardata(), sqlite_codec:parameters()) -> [tuple()].
query(Db, Sql, Parameters) ->
    {ok, #{rows := Rows}} = sqlite:exec(Db, Sql, Parameters),
    Rows.

%% @doc Kill a process and wait until it is dead.
-spec kill(pid()) -> ok.
kill(Pid) ->
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

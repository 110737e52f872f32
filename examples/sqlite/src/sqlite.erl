%%% @doc SQLite in an Erlang process, its disk in Erlang.
%%%
%%% SQLite runs as WebAssembly inside the process that {@link open/1} starts.
%%% Its files are ordinary SQLite files, but SQLite itself never touches them:
%%% it asks Erlang for every page.
%%%
%%% ```
%%% 1> {ok, Db} = sqlite:open("/tmp/hello.db").
%%% 2> sqlite:exec(Db, "create table t (a, b)").
%%% 3> sqlite:exec(Db, "insert into t values (?, ?)", [1, <<"one">>]).
%%% 4> sqlite:exec(Db, "select * from t").
%%% {ok,#{changes => 0,columns => [<<"a">>,<<"b">>],
%%%       last_insert_rowid => 1,rows => [{1,<<"one">>}]}}
%%% '''
-module(sqlite).

-export([open/1]).
-export([open/2]).
-export([exec/2]).
-export([exec/3]).
-export([exec/4]).
-export([info/1]).
-export([close/1]).
-export([format_error/1]).

-export_type([db/0]).
-export_type([options/0]).
-export_type([exec_options/0]).
-export_type([result/0]).
-export_type([error/0]).
-export_type([info/0]).

%% A process: it may be monitored, linked and killed.
-type db() :: pid().
-type options() :: #{
    %% The guest, if it is not the one beside this module's directory.
    wasm => binary(),
    %% Whether it is interpreted or compiled, see hb_beamr:start/2. `aot' waits for the compiler
    %% the first time.
    mode => interp | aot | auto,
    %% How large the database and its journal may each become. Default: 1 GiB.
    max_bytes => pos_integer(),
    %% How large a result may become. Default: 256 MiB.
    max_result_bytes => pos_integer(),
    %% Memory for unchanged and for changed pages. Default: 64 MiB each.
    max_clean_bytes => non_neg_integer(),
    max_dirty_bytes => non_neg_integer(),
    %% The process with which the database closes. Default: the calling process.
    owner => pid(),
    %% Called in the database's process before each import is answered.
    on_import => fun((sqlite_import:import(), sqlite_storage:storage()) -> term())
}.
-type exec_options() :: #{
    %% Milliseconds until the SQL is interrupted. Default: infinity.
    timeout => timeout()
}.
-type result() :: #{
    %% Of the last statement that returns columns; [] if none does.
    columns := [binary()],
    rows := [tuple()],
    %% Rows changed by all statements, those changed by triggers included.
    changes := non_neg_integer(),
    last_insert_rowid := integer()
}.
-type error() :: sqlite_error:t().
-type info() :: #{
    path := binary(),
    bytes := non_neg_integer(),
    journal_bytes := non_neg_integer(),
    guest_memory_bytes := non_neg_integer(),
    %% Compiled code is `aot'.
    mode := interp | aot,
    in_transaction := boolean(),
    %% How often each import was answered.
    imports := sqlite_import:counts()
}.

%% The guest's memory ends at 256 MiB.
-define(MAX_REQUEST, (128 * 1024 * 1024)).

%% @equiv open(File, #{})
-spec open(file:name_all()) -> {ok, db()} | {error, error()}.
open(File) ->
    open(File, #{}).

%% @doc Open a database, which is made if there is none.
%%
%% A transaction that a crash cut short is rolled back now. The database closes
%% when its owner ends. `busy': a process of this node has it open.
-spec open(file:name_all(), options()) -> {ok, db()} | {error, error()}.
open(File, Options) when is_map(Options) ->
    maps:foreach(fun(Key, Value) -> is_option(Key, Value) orelse error(badarg) end, Options),
    sqlite_server:start(path(File), Options).

%% @equiv exec(Db, Sql, [])
-spec exec(db(), unicode:chardata()) -> {ok, result()} | {error, error()}.
exec(Db, Sql) ->
    exec(Db, Sql, []).

%% @equiv exec(Db, Sql, Parameters, #{})
-spec exec(db(), unicode:chardata(), sqlite_codec:parameters()) ->
    {ok, result()} | {error, error()}.
exec(Db, Sql, Parameters) ->
    exec(Db, Sql, Parameters, #{}).

%% @doc Run all statements of `Sql', up to the first that fails.
%%
%% Parameters in a list are used up by the `?' of one statement after the
%% other; those in a map have names, and serve all statements. Outside of a
%% transaction each statement is one, and durable when this function returns.
-spec exec(db(), unicode:chardata(), sqlite_codec:parameters(), exec_options()) ->
    {ok, result()} | {error, error()}.
exec(Db, Sql, Parameters, Options) ->
    Timeout = maps:get(timeout, Options, infinity),
    is_timeout(Timeout) orelse error(badarg),
    case request(Sql, Parameters, Timeout) of
        {ok, Request} ->
            try
                sqlite_server:exec(Db, Request, infinity)
            catch
                exit:{_, {gen_server, call, _}} ->
                    {error, sqlite_error:new(closed, "the database's process is gone")}
            end;
        {error, _} = Error ->
            Error
    end.

%% @doc What the database is doing and has done.
-spec info(db()) -> info().
info(Db) ->
    sqlite_server:info(Db).

%% @doc Close the database. An open transaction is rolled back.
-spec close(db()) -> ok.
close(Db) ->
    try
        sqlite_server:close(Db)
    catch
        exit:{_, {gen_server, call, _}} -> ok
    end.

%% @doc A sentence for people.
-spec format_error(error()) -> unicode:chardata().
format_error(#{extended := Extended, message := Message}) ->
    io_lib:format("~ts (~s)", [Message, Extended]).

%%% Internals

-spec is_option(term(), term()) -> boolean().
is_option(wasm, Wasm) -> is_binary(Wasm);
is_option(mode, Mode) -> lists:member(Mode, [interp, aot, auto]);
is_option(max_bytes, Bytes) -> is_integer(Bytes) andalso Bytes > 0;
is_option(max_result_bytes, Bytes) -> is_integer(Bytes) andalso Bytes > 0;
is_option(max_clean_bytes, Bytes) -> is_integer(Bytes) andalso Bytes >= 0;
is_option(max_dirty_bytes, Bytes) -> is_integer(Bytes) andalso Bytes >= 0;
is_option(owner, Owner) -> is_pid(Owner);
is_option(on_import, Fun) -> is_function(Fun, 2);
is_option(_, _) -> false.

-spec is_timeout(term()) -> boolean().
is_timeout(infinity) -> true;
is_timeout(Timeout) -> is_integer(Timeout) andalso Timeout >= 0.

-spec path(file:name_all()) -> binary().
path(File) ->
    case filename:absname(File) of
        Path when is_binary(Path) ->
            Path;
        Path ->
            Encoding = file:native_name_encoding(),
            <<_/binary>> = unicode:characters_to_binary(Path, unicode, Encoding)
    end.

-spec request(unicode:chardata(), sqlite_codec:parameters(), timeout()) ->
    {ok, sqlite_server:request()} | {error, error()}.
request(Sql, Parameters, Timeout) ->
    TooBig = "SQL and parameters are larger than 128 MiB",
    case {sql(Sql), sqlite_codec:encode_parameters(Parameters)} of
        {{error, Text}, _} ->
            {error, sqlite_error:new(misuse, Text)};
        {_, {error, Text}} ->
            {error, sqlite_error:new(misuse, Text)};
        {{ok, Text}, {ok, Encoded}} ->
            Values = iolist_to_binary(Encoded),
            case byte_size(Text) + byte_size(Values) =< ?MAX_REQUEST of
                true -> {ok, #{sql => Text, parameters => Values, timeout => Timeout}};
                false -> {error, sqlite_error:new(toobig, TooBig)}
            end
    end.

%% SQLite would silently ignore what follows a NUL.
-spec sql(unicode:chardata()) -> {ok, binary()} | {error, string()}.
sql(Sql) ->
    try unicode:characters_to_binary(Sql) of
        Text when is_binary(Text) ->
            case binary:match(Text, <<0>>) of
                nomatch -> {ok, Text};
                _ -> {error, "the SQL contains a NUL character"}
            end;
        _ ->
            {error, "the SQL is not UTF-8"}
    catch
        error:badarg -> {error, "the SQL is not characters"}
    end.

%%% @doc The process of one open database: it owns the guest and its storage.
%%%
%%% The import function runs here, because this process makes the calls. When it
%%% is killed the guest and the unsynced pages go with it. When the process that
%%% opened the database ends, this one ends too, even in the middle of a statement:
%%% to the database that is a crash like any other.
-module(sqlite_server).

-behaviour(gen_server).

-export([start/2]).
-export([exec/3]).
-export([info/1]).
-export([close/1]).

-export([init/1]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([terminate/2]).

-export_type([request/0]).

-type request() :: #{sql := binary(), parameters := binary(), timeout := timeout()}.

-record(state, {
    path :: binary(),
    wasm :: binary(),
    %% How the guest is started, the first time and again.
    start :: hb_beamr:options(),
    instance = none :: none | pid(),
    %% What passes from import to import, and from call to call.
    import :: sqlite_import:state()
}).

%% For the frames of the guest: SQLite's parser and code generator recurse as
%% deep as an expression is nested, up to 1,000 levels.
-define(STACK_SIZE, (4 * 1024 * 1024)).
%% Operations of SQLite's virtual machine between two looks at the clock.
-define(TICK_INTERVAL, 2000).

%%% API

%% @doc Open the database at an absolute path.
-spec start(Path :: binary(), sqlite:options()) -> {ok, pid()} | {error, sqlite_error:t()}.
start(Path, Options) ->
    Owner = maps:get(owner, Options, self()),
    case gen_server:start(?MODULE, {Path, Options, Owner}, []) of
        {ok, Server} -> {ok, Server};
        {error, {shutdown, Error}} -> {error, Error};
        %% Killed, or crashed, on the way.
        {error, Reason} -> {error, sqlite_error:new(closed, "~p", [Reason])}
    end.

%% @doc Run SQL.
-spec exec(pid(), request(), timeout()) -> {ok, sqlite:result()} | {error, sqlite_error:t()}.
exec(Server, Request, Timeout) ->
    gen_server:call(Server, {exec, Request}, Timeout).

%% @doc See `sqlite:info/1'.
-spec info(pid()) -> sqlite:info().
info(Server) ->
    gen_server:call(Server, info, infinity).

%% @doc Roll an open transaction back and end.
-spec close(pid()) -> ok.
close(Server) ->
    gen_server:call(Server, close, infinity).

%%% Callbacks

-spec init({binary(), sqlite:options(), pid()}) -> {ok, #state{}} | {stop, {shutdown, term()}}.
init({Path, Options, Owner}) ->
    Server = self(),
    _ = spawn(fun() -> end_with(Owner, Server) end),
    case read_wasm(Options) of
        {ok, Wasm} -> open_storage(Wasm, Path, Options);
        {error, Error} -> {stop, {shutdown, Error}}
    end.

-spec handle_call(term(), gen_server:from(), #state{}) ->
    {reply, term(), #state{}} | {stop, term(), term(), #state{}}.
handle_call({exec, Request}, _From, State) ->
    exec_request(Request, State);
handle_call(info, _From, #state{path = Path, import = Import} = State) ->
    Storage = sqlite_import:storage(Import),
    {ok, Memory} = hb_beamr_io:size(State#state.instance),
    {ok, #{mode := Mode}} = hb_beamr:info(State#state.instance),
    {ok, [InTransaction], State1} = call("db_in_transaction", [], State),
    Info = #{
        path => Path,
        bytes => sqlite_storage:size(Storage, database),
        journal_bytes => sqlite_storage:size(Storage, journal),
        guest_memory_bytes => Memory,
        mode => Mode,
        in_transaction => InTransaction =/= 0,
        imports => sqlite_import:counts(Import)
    },
    {reply, Info, State1};
handle_call(close, _From, State) ->
    _ = call("db_close", [], State),
    {stop, normal, ok, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_Message, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info(_Message, State) ->
    {noreply, State}.

-spec terminate(term(), #state{}) -> ok.
terminate(_Reason, #state{import = Import} = State) ->
    stop_guest(State),
    sqlite_storage:close(sqlite_import:storage(Import)).

%%% Opening

%% A process of its own, because the server does not look up while a guest runs.
-spec end_with(Owner :: pid(), Server :: pid()) -> ok.
end_with(Owner, Server) ->
    OwnerMonitor = monitor(process, Owner),
    ServerMonitor = monitor(process, Server),
    receive
        {'DOWN', ServerMonitor, process, Server, _} ->
            ok;
        {'DOWN', OwnerMonitor, process, Owner, _} ->
            exit(Server, shutdown),
            ok
    end.

-spec read_wasm(sqlite:options()) -> {ok, binary()} | {error, sqlite_error:t()}.
read_wasm(#{wasm := Wasm}) when is_binary(Wasm) ->
    {ok, Wasm};
read_wasm(_Options) ->
    Ebin = filename:dirname(code:which(?MODULE)),
    File = filename:join([filename:dirname(Ebin), "priv", "sqlite.wasm"]),
    case file:read_file(File) of
        {ok, Wasm} -> {ok, Wasm};
        {error, Reason} -> {error, sqlite_error:new(cantopen, "~ts: ~p", [File, Reason])}
    end.

-spec open_storage(Wasm, Path, sqlite:options()) ->
    {ok, #state{}} | {stop, {shutdown, sqlite_error:t()}}
when
    Wasm :: binary(),
    Path :: binary().
open_storage(Wasm, Path, Options) ->
    case sqlite_storage:open(Path, Options) of
        {ok, Storage} ->
            Import = sqlite_import:new(Storage, Options),
            State = #state{
                path = Path,
                wasm = Wasm,
                start = maps:merge(#{stack_size => ?STACK_SIZE}, maps:with([mode], Options)),
                import = Import
            },
            started(start_guest(State));
        {error, busy} ->
            {stop, {shutdown, sqlite_error:new(busy, "another process has this database open")}};
        {error, Reason} ->
            {stop, {shutdown, sqlite_error:new(cantopen, "~ts: ~p", [Path, Reason])}}
    end.

-spec started({ok, #state{}} | {error, sqlite_error:t(), #state{}}) ->
    {ok, #state{}} | {stop, {shutdown, sqlite_error:t()}}.
started({ok, State}) ->
    {ok, State};
started({error, Error, State}) ->
    ok = terminate(normal, State),
    {stop, {shutdown, Error}}.

%%% The guest

-spec start_guest(#state{}) -> {ok, #state{}} | {error, sqlite_error:t(), #state{}}.
start_guest(#state{wasm = Wasm, start = Start} = State) ->
    case hb_beamr:start(Wasm, Start) of
        {ok, Instance, Imports, _Exports} ->
            State1 = State#state{instance = Instance},
            case sqlite_import:check(Imports) of
                ok -> open_database(State1);
                {error, Reason} -> {error, sqlite_error:new(trap, "~p", [Reason]), State1}
            end;
        {error, Reason} ->
            {error, sqlite_error:new(trap, "~p", [Reason]), State}
    end.

-spec open_database(#state{}) -> {ok, #state{}} | {error, sqlite_error:t(), #state{}}.
open_database(State) ->
    case call("_initialize", [], request(infinity, State)) of
        {ok, [], State1} ->
            case call("db_open", [], State1) of
                {ok, [0], State2} ->
                    {ok, State2};
                {ok, [Code], State2} ->
                    {Error, State3} = guest_error(Code, infinity, State2),
                    {error, Error, State3};
                {broken, Error, State2} ->
                    {error, Error, State2}
            end;
        {broken, Error, State1} ->
            {error, Error, State1}
    end.

-spec stop_guest(#state{}) -> ok.
stop_guest(#state{instance = none}) -> ok;
stop_guest(#state{instance = Instance}) -> hb_beamr:stop(Instance).

-spec request(timeout(), #state{}) -> #state{}.
request(Timeout, #state{import = Import} = State) ->
    Deadline =
        case Timeout of
            infinity -> infinity;
            _ -> erlang:monotonic_time() + erlang:convert_time_unit(Timeout, millisecond, native)
        end,
    State#state{import = sqlite_import:start_request(Import, Deadline)}.

%% `broken': the guest stopped in the middle, and its memory cannot be trusted.
-spec call(string(), [integer()], #state{}) ->
    {ok, [integer()], #state{}} | {broken, sqlite_error:t(), #state{}}.
call(Function, Args, #state{instance = Instance, import = Import} = State) ->
    case hb_beamr:call(Instance, Function, Args, fun sqlite_import:answer/3, Import, #{}) of
        {ok, Results, Import1} ->
            {ok, Results, State#state{import = Import1}};
        {error, Reason, Import1} ->
            {broken, sqlite_error:new(trap, text(Reason)), State#state{import = Import1}};
        {error, Class, Reason, Stacktrace, Import1} ->
            Text = io_lib:format("import function: ~p", [{Class, Reason, Stacktrace}]),
            {broken, sqlite_error:new(trap, Text), State#state{import = Import1}};
        {error, Reason} ->
            {broken, sqlite_error:new(trap, text(Reason)), State}
    end.

%%% Running SQL

-spec exec_request(request(), #state{}) ->
    {reply, Answer, #state{}} | {stop, term(), Answer, #state{}}
when
    Answer :: {ok, sqlite:result()} | {error, sqlite_error:t()}.
exec_request(#{timeout := Timeout} = Request, State) ->
    case send_request(Request, State) of
        {ok, Pointer, Args} ->
            Outcome = call("db_exec", Args, request(Timeout, State)),
            answer(Outcome, Pointer, Timeout);
        {error, Error} ->
            {reply, {error, Error}, State}
    end.

%% The text, the NUL that ends it, and the parameters lie in one piece of memory.
-spec send_request(request(), #state{}) ->
    {ok, Pointer :: non_neg_integer(), Args :: [integer()]} | {error, sqlite_error:t()}.
send_request(#{sql := Sql, parameters := Parameters, timeout := Timeout}, State) ->
    #state{instance = Instance} = State,
    Bytes = <<Sql/binary, 0, Parameters/binary>>,
    Ticks =
        case Timeout of
            infinity -> 0;
            _ -> ?TICK_INTERVAL
        end,
    case hb_beamr_io:malloc(Instance, byte_size(Bytes)) of
        {ok, Pointer} ->
            ok = hb_beamr_io:write(Instance, Pointer, Bytes),
            Length = byte_size(Sql),
            Args = [Pointer, Length, Pointer + Length + 1, byte_size(Parameters), Ticks],
            {ok, Pointer, Args};
        {error, _} ->
            {error, sqlite_error:new(nomem, "out of memory")}
    end.

-spec answer(Outcome, non_neg_integer(), timeout()) -> {reply, Answer, #state{}} | Stop when
    Outcome :: {ok, [integer()], #state{}} | {broken, sqlite_error:t(), #state{}},
    Answer :: {ok, sqlite:result()} | {error, sqlite_error:t()},
    Stop :: {stop, term(), Answer, #state{}}.
answer({ok, [0], State}, Pointer, _Timeout) ->
    ok = hb_beamr_io:free(State#state.instance, Pointer),
    {Columns, Rows} = sqlite_import:result(State#state.import),
    {ok, [Changes], State1} = call("db_changes", [], State),
    {ok, [RowId], State2} = call("db_last_insert_rowid", [], State1),
    Result = #{
        columns => Columns,
        rows => Rows,
        changes => Changes,
        last_insert_rowid => RowId
    },
    {reply, {ok, Result}, request(infinity, State2)};
answer({ok, [Code], State}, Pointer, Timeout) ->
    ok = hb_beamr_io:free(State#state.instance, Pointer),
    {Error, State1} = guest_error(Code, Timeout, State),
    {reply, {error, Error}, request(infinity, State1)};
answer({broken, Error, State}, _Pointer, _Timeout) ->
    restart(Error, State).

%% A new guest over the same storage: it finds the journal of the transaction
%% that was cut short, and rolls it back.
-spec restart(sqlite_error:t(), #state{}) ->
    {reply, {error, sqlite_error:t()}, #state{}}
    | {stop, term(), {error, sqlite_error:t()}, #state{}}.
restart(Error, State) ->
    stop_guest(State),
    case start_guest(request(infinity, State#state{instance = none})) of
        {ok, State1} -> {reply, {error, Error}, State1};
        {error, Reason, State1} -> {stop, {shutdown, Reason}, {error, Error}, State1}
    end.

%%% Errors

-spec guest_error(integer(), timeout(), #state{}) -> {sqlite_error:t(), #state{}}.
guest_error(Code, Timeout, #state{instance = Instance, import = Import} = State) ->
    {Message, State2} =
        case call("db_error_message", [], State) of
            {ok, [Pointer], State1} when Pointer =/= 0 ->
                {ok, Text} = hb_beamr_io:read_string(Instance, Pointer band 16#FFFFFFFF),
                {Text, State1};
            {_, _, State1} ->
                {<<"out of memory">>, State1}
        end,
    {explained(Code, Message, sqlite_import:reason(Import), Timeout, State), State2}.

%% The guest knows that something failed; why it did is known here.
-spec explained(integer(), binary(), Reason, timeout(), #state{}) -> sqlite_error:t() when
    Reason :: none | sqlite_storage:error_reason() | result_too_large | timeout.
explained(_Code, _Message, result_too_large, _Timeout, _State) ->
    sqlite_error:new(toobig, "the result is larger than max_result_bytes");
explained(Code, _Message, timeout, Timeout, _State) ->
    sqlite_error:from_code(Code, io_lib:format("interrupted after ~b ms", [Timeout]));
explained(Code, Message, {disk, Reason}, _Timeout, #state{path = Path}) ->
    sqlite_error:from_code(Code, io_lib:format("~ts (~ts: ~p)", [Message, Path, Reason]));
explained(Code, Message, _Reason, _Timeout, _State) ->
    sqlite_error:from_code(Code, Message).

-spec text(term()) -> unicode:chardata().
text(Reason) ->
    case io_lib:printable_unicode_list(Reason) of
        true -> Reason;
        false -> io_lib:format("~p", [Reason])
    end.

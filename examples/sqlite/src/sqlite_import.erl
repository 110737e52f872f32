%%% @doc The host's side of the guest's imports (`c_src/host.h').
%%%
%%% {@link answer/3} is the import function of every call into the guest. The
%%% guest is not trusted: file numbers, addresses, offsets and sizes are checked
%%% here, and a guest that sends nonsense gets a trap.
-module(sqlite_import).

-export([new/2]).
-export([start_request/2]).
-export([result/1]).
-export([storage/1]).
-export([reason/1]).
-export([counts/1]).
-export([check/1]).
-export([answer/3]).

-export_type([state/0]).
-export_type([options/0]).
-export_type([import/0]).
-export_type([counts/0]).

-type import() ::
    read
    | write
    | truncate
    | size
    | sync
    | delete
    | now
    | random
    | columns
    | row
    | tick.
-type counts() :: #{import() => non_neg_integer()}.
-type options() :: #{
    %% A result that is larger ends its statement. Default: 256 MiB.
    max_result_bytes => pos_integer(),
    %% Called before each import is answered, in the database's process.
    on_import => fun((import(), sqlite_storage:storage()) -> term()),
    _ => _
}.

-record(state, {
    storage :: sqlite_storage:storage(),
    counters :: counters:counters_ref(),
    on_import :: none | fun((import(), sqlite_storage:storage()) -> term()),
    max_result_bytes :: pos_integer(),
    %% The present request.
    deadline = infinity :: infinity | integer(),
    columns = [] :: [binary()],
    rows = [] :: [tuple()],
    result_bytes = 0 :: non_neg_integer(),
    %% Why the last import that failed did, for the error message.
    reason = none :: none | sqlite_storage:error_reason() | result_too_large | timeout
}).

-opaque state() :: #state{}.

%% host.h
-define(OK, 0).
-define(IO_ERROR, -1).
-define(FULL, -2).

%% SQLite's largest page is 64 KiB; nothing it reads or writes at a time is larger.
-define(MAX_IO, 65536).
-define(MAX_RANDOM, 4096).
-define(MAX_OFFSET, 16#7FFFFFFFFFFF).
-define(MIB, (1024 * 1024)).

%%% API

%% @doc The state for the first call into a guest.
-spec new(sqlite_storage:storage(), options()) -> state().
new(Storage, Options) ->
    #state{
        storage = Storage,
        counters = counters:new(length(imports()), []),
        on_import = maps:get(on_import, Options, none),
        max_result_bytes = maps:get(max_result_bytes, Options, 256 * ?MIB)
    }.

%% @doc Forget the last request's result. `Deadline': in native monotonic time.
-spec start_request(state(), Deadline :: infinity | integer()) -> state().
start_request(State, Deadline) ->
    State#state{deadline = Deadline, columns = [], rows = [], result_bytes = 0, reason = none}.

%% @doc The columns and rows of the last statement that had any.
-spec result(state()) -> {[binary()], [tuple()]}.
result(#state{columns = Columns, rows = Rows}) ->
    {Columns, lists:reverse(Rows)}.

%% @doc The storage, as the last import left it.
-spec storage(state()) -> sqlite_storage:storage().
storage(#state{storage = Storage}) ->
    Storage.

%% @doc Why an import of this request failed.
-spec reason(state()) -> none | sqlite_storage:error_reason() | result_too_large | timeout.
reason(#state{reason = Reason}) ->
    Reason.

%% @doc How often each import was answered.
-spec counts(state()) -> counts().
counts(#state{counters = Counters}) ->
    Indices = lists:seq(1, length(imports())),
    maps:from_list(lists:zip(imports(), [counters:get(Counters, Index) || Index <- Indices])).

%% @doc Whether a module asks for nothing that is not answered here.
-spec check(Imports :: [tuple()]) -> ok | {error, {unknown_import, tuple()}}.
check(Imports) ->
    case [Import || Import <- Imports, not is_known(Import)] of
        [] -> ok;
        [Unknown | _] -> {error, {unknown_import, Unknown}}
    end.

%% @doc The import function: see `hb_beamr:call/6'.
-spec answer(state(), map(), map()) ->
    {ok, [integer()] | {import_exception, string()}, state()}.
answer(State, #{instance := Instance, module := Module, func := Func, args := Args}, _Opts) ->
    case import(Module, Func) of
        {Import, Index} ->
            counters:add(State#state.counters, Index, 1),
            notify(Import, State),
            try handle(Import, Args, Instance, State) of
                {Result, State1} -> {ok, [Result], State1}
            catch
                throw:{guest, What} -> {ok, {import_exception, What}, State}
            end;
        unknown ->
            {ok, {import_exception, "unknown import " ++ Module ++ "." ++ Func}, State}
    end.

%%% The imports

%% In the order of their counters.
-spec imports() -> [import()].
imports() ->
    [read, write, truncate, size, sync, delete, now, random, columns, row, tick].

-spec import(string(), string()) -> {import(), pos_integer()} | unknown.
import("storage", "read") -> {read, 1};
import("storage", "write") -> {write, 2};
import("storage", "truncate") -> {truncate, 3};
import("storage", "size") -> {size, 4};
import("storage", "sync") -> {sync, 5};
import("storage", "delete") -> {delete, 6};
import("storage", "now") -> {now, 7};
import("storage", "random") -> {random, 8};
import("result", "columns") -> {columns, 9};
import("result", "row") -> {row, 10};
import("result", "tick") -> {tick, 11};
import(_, _) -> unknown.

-spec is_known(tuple()) -> boolean().
is_known({func, Module, Name, _Signature}) -> import(Module, Name) =/= unknown;
is_known(_) -> false.

-spec notify(import(), state()) -> term().
notify(_Import, #state{on_import = none}) -> ok;
notify(Import, #state{on_import = Fun, storage = Storage}) -> Fun(Import, Storage).

-spec handle(import(), [integer()], pid(), state()) -> {integer(), state()}.
handle(read, [File, Offset, Pointer, Size], Instance, #state{storage = Storage} = State) ->
    check_range(Offset, Size, ?MAX_IO),
    case sqlite_storage:read(Storage, file(File), Offset, Size) of
        {ok, Bytes} ->
            write_memory(Instance, Pointer, Bytes),
            {byte_size(Bytes), State};
        {error, Reason} ->
            failed(Reason, State)
    end;
handle(write, [File, Offset, Pointer, Size], Instance, #state{storage = Storage} = State) ->
    check_range(Offset, Size, ?MAX_IO),
    Bytes = read_memory(Instance, Pointer, Size),
    stored(sqlite_storage:write(Storage, file(File), Offset, Bytes), State);
handle(truncate, [File, Size], _Instance, #state{storage = Storage} = State) ->
    check_range(Size, 0, 0),
    stored(sqlite_storage:truncate(Storage, file(File), Size), State);
handle(size, [File], _Instance, #state{storage = Storage} = State) ->
    {sqlite_storage:size(Storage, file(File)), State};
handle(sync, [File], _Instance, #state{storage = Storage} = State) ->
    stored(sqlite_storage:sync(Storage, file(File)), State);
handle(delete, [File, Durable], _Instance, #state{storage = Storage} = State) ->
    stored(sqlite_storage:delete(Storage, file(File), Durable =/= 0), State);
handle(now, [], _Instance, State) ->
    {erlang:system_time(millisecond), State};
handle(random, [Pointer, Size], Instance, State) ->
    check_range(0, Size, ?MAX_RANDOM),
    write_memory(Instance, Pointer, crypto:strong_rand_bytes(Size)),
    {?OK, State};
handle(columns, [Pointer, Size], Instance, State) ->
    Bytes = read_memory(Instance, Pointer, Size),
    Columns = decoded(sqlite_codec:decode_columns(Bytes)),
    {?OK, State#state{columns = Columns, rows = [], result_bytes = 0}};
handle(row, [Pointer, Size], Instance, #state{rows = Rows, result_bytes = Total} = State) ->
    case Size + Total =< State#state.max_result_bytes of
        true ->
            Row = decoded(sqlite_codec:decode_row(read_memory(Instance, Pointer, Size))),
            {?OK, State#state{rows = [Row | Rows], result_bytes = Total + Size}};
        false ->
            {1, State#state{reason = result_too_large}}
    end;
handle(tick, [], _Instance, #state{deadline = Deadline} = State) ->
    %% An atom is larger than any integer: infinity is never reached.
    case erlang:monotonic_time() >= Deadline of
        true -> {1, State#state{reason = timeout}};
        false -> {0, State}
    end;
handle(Import, Args, _Instance, _State) ->
    throw({guest, lists:flatten(io_lib:format("~s does not take ~p", [Import, Args]))}).

-spec stored({ok, sqlite_storage:storage()} | {error, Reason}, state()) -> {integer(), state()} when
    Reason :: sqlite_storage:error_reason().
stored({ok, Storage}, State) -> {?OK, State#state{storage = Storage}};
stored({error, Reason}, State) -> failed(Reason, State).

-spec failed(sqlite_storage:error_reason(), state()) -> {integer(), state()}.
failed(full, State) -> {?FULL, State#state{reason = full}};
failed({disk, enospc} = Reason, State) -> {?FULL, State#state{reason = Reason}};
failed(Reason, State) -> {?IO_ERROR, State#state{reason = Reason}}.

%%% Checks

-spec file(integer()) -> sqlite_disk:file().
file(0) -> database;
file(1) -> journal;
file(_) -> throw({guest, "no such file"}).

-spec check_range(integer(), integer(), non_neg_integer()) -> ok.
check_range(Offset, Size, MaxSize) when
    Offset >= 0, Offset =< ?MAX_OFFSET, Size >= 0, Size =< MaxSize
->
    ok;
check_range(_Offset, _Size, _MaxSize) ->
    throw({guest, "offset or size out of range"}).

-spec decoded({ok, Value} | {error, malformed}) -> Value.
decoded({ok, Value}) -> Value;
decoded({error, malformed}) -> throw({guest, "malformed row"}).

%% Addresses are unsigned, arguments are signed.
-spec read_memory(pid(), integer(), integer()) -> binary().
read_memory(Instance, Pointer, Size) when Size >= 0 ->
    case hb_beamr_io:read(Instance, Pointer band 16#FFFFFFFF, Size) of
        {ok, Bytes} -> Bytes;
        {error, _} -> throw({guest, "address out of range"})
    end;
read_memory(_Instance, _Pointer, _Size) ->
    throw({guest, "negative size"}).

-spec write_memory(pid(), integer(), binary()) -> ok.
write_memory(Instance, Pointer, Bytes) ->
    case hb_beamr_io:write(Instance, Pointer band 16#FFFFFFFF, Bytes) of
        ok -> ok;
        {error, _} -> throw({guest, "address out of range"})
    end.

%%% @doc The disk of one database: the file and its rollback journal.
%%%
%%% It is a process of its own so that a database that is killed cannot leave
%%% half a request behind. A process that dies inside a system call is gone for
%%% Erlang while the call still runs; the next one to open the database could
%%% then read what the dead one is about to overwrite. Here every request ends
%%% before the next begins, whoever sent it, and one client at a time is served.
%%%
%%% The disk ends with its client. Within a node two clients cannot have the
%%% same path at a time; between nodes, or with other programs, nothing
%%% prevents it.
-module(sqlite_disk).

-behaviour(gen_server).

-include_lib("kernel/include/file.hrl").

-export([open/1]).
-export([close/1]).
-export([size/2]).
-export([read/4]).
-export([write/3]).
-export([delete/3]).

-export([init/1]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).

-export_type([disk/0]).
-export_type([file/0]).
-export_type([change/0]).

-opaque disk() :: pid().
-type file() :: database | journal.
-type change() :: #{
    %% Bytes of the present file that stay; the others are cut off first.
    keep := non_neg_integer(),
    writes := [{Offset :: non_neg_integer(), iodata()}],
    %% The size afterwards.
    size := non_neg_integer(),
    %% Whether to return only when a power failure could not undo it.
    durable := boolean()
}.

-record(state, {
    path :: binary(),
    name :: term(),
    client = none :: none | {pid(), reference()},
    open = #{} :: #{file() => file:fd()},
    %% Made, but the entry in the directory is not durable yet.
    created = [] :: [file()]
}).

%% A disk that nobody attaches to (its starter died in between) goes away.
-define(ATTACH_TIMEOUT, 5000).
-define(OPEN_ATTEMPTS, 100).
-define(MAX_LINKS, 16).

%%% API

%% @doc Open the disk at an absolute path for the calling process.
%%
%% Files are made when they are first written to; their folder must exist.
%% `{error, busy}': another process has the disk.
-spec open(Path :: binary()) -> {ok, disk()} | {error, busy | term()}.
open(Path) ->
    case resolve(Path) of
        {ok, RealPath} -> open(RealPath, ?OPEN_ATTEMPTS);
        {error, _} = Error -> Error
    end.

%% @doc Close the disk. What was not written is lost.
-spec close(disk()) -> ok.
close(Disk) ->
    try
        gen_server:call(Disk, close, infinity)
    catch
        exit:_ -> ok
    end.

%% @doc The size in bytes; 0 if the file does not exist.
-spec size(disk(), file()) -> {ok, non_neg_integer()} | {error, term()}.
size(Disk, File) ->
    gen_server:call(Disk, {size, File}, infinity).

%% @doc Read `Size' bytes, fewer at the end of the file.
-spec read(disk(), file(), Offset, Size) -> {ok, binary()} | {error, term()} when
    Offset :: non_neg_integer(),
    Size :: non_neg_integer().
read(Disk, File, Offset, Size) ->
    gen_server:call(Disk, {read, File, Offset, Size}, infinity).

%% @doc Cut off, write, set the size. May be repeated after an error.
-spec write(disk(), file(), change()) -> ok | {error, term()}.
write(Disk, File, Change) ->
    gen_server:call(Disk, {write, File, Change}, infinity).

%% @doc Delete a file, if it exists.
-spec delete(disk(), file(), Durable :: boolean()) -> ok | {error, term()}.
delete(Disk, File, Durable) ->
    gen_server:call(Disk, {delete, File, Durable}, infinity).

%%% Callbacks

-spec init(binary()) -> {ok, #state{}, timeout()}.
init(Path) ->
    %% Kept: the node's name may change.
    {ok, #state{path = Path, name = name(Path)}, ?ATTACH_TIMEOUT}.

-spec handle_call(term(), gen_server:from(), #state{}) ->
    {reply, term(), #state{}} | {stop, normal, ok, #state{}}.
handle_call(attach, {Client, _}, State) ->
    case is_free(State) of
        true -> {reply, ok, attach(Client, State)};
        false -> {reply, {error, busy}, State}
    end;
handle_call(Request, {Client, _}, #state{client = {Client, _}} = State) ->
    handle_request(Request, State);
handle_call(_Request, _From, State) ->
    {reply, {error, not_attached}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_Message, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, normal, #state{}}.
handle_info({'DOWN', Monitor, process, Client, _}, #state{client = {Client, Monitor}} = State) ->
    {stop, normal, release(State)};
handle_info(timeout, #state{client = none} = State) ->
    {stop, normal, release(State)};
handle_info(_Message, State) ->
    {noreply, State}.

%%% Opening

%% One file has one journal, and one name here, however its path is spelled.
-spec resolve(binary()) -> {ok, Path :: binary()} | {error, term()}.
resolve(Path) ->
    [Root | Parts] = filename:split(Path),
    case real_path(Root, Parts, ?MAX_LINKS) of
        {ok, Real} ->
            case file:read_file_info(filename:dirname(Real), [raw]) of
                {ok, #file_info{type = directory}} -> {ok, Real};
                {ok, _} -> {error, enotdir};
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

-spec real_path(binary(), [binary()], non_neg_integer()) -> {ok, binary()} | {error, eloop}.
real_path(_Done, _Parts, 0) ->
    {error, eloop};
real_path(Done, [], _Links) ->
    {ok, Done};
real_path(Done, [<<".">> | Parts], Links) ->
    real_path(Done, Parts, Links);
real_path(Done, [<<"..">> | Parts], Links) ->
    real_path(filename:dirname(Done), Parts, Links);
real_path(Done, [Part | Parts], Links) ->
    Path = filename:join(Done, Part),
    case file:read_link_all(Path) of
        {ok, Target} ->
            Encoding = file:native_name_encoding(),
            Encoded = unicode:characters_to_binary(Target, Encoding, Encoding),
            [Root | Rest] = filename:split(filename:absname(Encoded, Done)),
            real_path(Root, Rest ++ Parts, Links - 1);
        {error, _} ->
            real_path(Path, Parts, Links)
    end.

-spec open(binary(), non_neg_integer()) -> {ok, disk()} | {error, term()}.
open(_Path, 0) ->
    {error, busy};
open(Path, Attempts) ->
    case gen_server:start({via, global, name(Path)}, ?MODULE, Path, []) of
        {ok, Disk} -> attach_to(Disk, Path, Attempts);
        {error, {already_started, Disk}} -> attach_to(Disk, Path, Attempts);
        {error, _} = Error -> Error
    end.

-spec attach_to(pid(), binary(), pos_integer()) -> {ok, disk()} | {error, term()}.
attach_to(Disk, Path, Attempts) ->
    try gen_server:call(Disk, attach, infinity) of
        ok -> {ok, Disk};
        {error, _} = Error -> Error
    catch
        %% It was about to end; the next attempt starts another.
        exit:_ -> open(Path, Attempts - 1)
    end.

-spec name(binary()) -> term().
name(Path) ->
    {?MODULE, node(), Path}.

%% The old client may be dead although its 'DOWN' is not here yet.
-spec is_free(#state{}) -> boolean().
is_free(#state{client = none}) -> true;
is_free(#state{client = {Client, _}}) -> not is_process_alive(Client).

-spec attach(pid(), #state{}) -> #state{}.
attach(Client, State) ->
    detach(State),
    State#state{client = {Client, monitor(process, Client)}}.

-spec detach(#state{}) -> ok.
detach(#state{client = none}) ->
    ok;
detach(#state{client = {_, Monitor}}) ->
    true = demonitor(Monitor, [flush]),
    ok.

%% Free the name first: whoever opens the path from here on starts a new disk,
%% and everything written by this one is written.
-spec release(#state{}) -> #state{}.
release(#state{name = Name, open = Open} = State) ->
    detach(State),
    _ = global:unregister_name(Name),
    maps:foreach(fun(_, Fd) -> _ = file:close(Fd) end, Open),
    State#state{client = none, open = #{}}.

%%% Requests

-spec handle_request(term(), #state{}) ->
    {reply, term(), #state{}} | {stop, normal, ok, #state{}}.
handle_request({size, File}, State) ->
    case file_size(path(File, State)) of
        {ok, Size} -> {reply, {ok, Size}, State};
        {error, enoent} -> {reply, {ok, 0}, State};
        {error, _} = Error -> {reply, Error, State}
    end;
handle_request({read, File, Offset, Size}, State) ->
    with_file(File, State, fun(Fd, State1) ->
        case file:pread(Fd, Offset, Size) of
            eof -> {{ok, <<>>}, State1};
            Result -> {Result, State1}
        end
    end);
handle_request({write, File, Change}, State) ->
    with_file(File, State, fun(Fd, State1) -> change(File, Fd, Change, State1) end);
handle_request({delete, File, Durable}, State) ->
    {Result, State1} = delete_file(File, Durable, State),
    {reply, Result, State1};
handle_request(close, State) ->
    {stop, normal, ok, release(State)}.

-spec with_file(file(), #state{}, Fun) -> {reply, term(), #state{}} when
    Fun :: fun((file:fd(), #state{}) -> {term(), #state{}}).
with_file(File, State, Fun) ->
    case open_file(File, State) of
        {ok, Fd, State1} ->
            {Result, State2} = Fun(Fd, State1),
            {reply, Result, State2};
        {error, _} = Error ->
            {reply, Error, State}
    end.

%% Makes the file if there is none.
-spec open_file(file(), #state{}) -> {ok, file:fd(), #state{}} | {error, term()}.
open_file(File, #state{open = Open} = State) when is_map_key(File, Open) ->
    {ok, maps:get(File, Open), State};
open_file(File, #state{open = Open, created = Created} = State) ->
    Path = path(File, State),
    IsNew = file_size(Path) =:= {error, enoent},
    case file:open(Path, [raw, binary, read, write]) of
        {ok, Fd} ->
            NewlyCreated = [File || IsNew] ++ Created,
            {ok, Fd, State#state{open = Open#{File => Fd}, created = NewlyCreated}};
        {error, _} = Error ->
            Error
    end.

-spec file_size(binary()) -> {ok, non_neg_integer()} | {error, term()}.
file_size(Path) ->
    case file:read_file_info(Path, [raw]) of
        {ok, #file_info{type = regular, size = Size}} -> {ok, Size};
        {ok, #file_info{}} -> {error, not_a_regular_file};
        {error, _} = Error -> Error
    end.

-spec change(file(), file:fd(), change(), #state{}) -> {ok | {error, term()}, #state{}}.
change(File, Fd, #{keep := Keep, writes := Writes, size := Size, durable := Durable}, State) ->
    Steps = [
        fun() -> shrink(Fd, Keep) end,
        fun() -> write_all(Fd, Writes) end,
        fun() -> resize(Fd, Size) end
    ],
    case {all(Steps), Durable} of
        {ok, true} -> make_durable(File, Fd, State);
        {Result, _} -> {Result, State}
    end.

-spec shrink(file:fd(), non_neg_integer()) -> ok | {error, term()}.
shrink(Fd, Size) ->
    case file:position(Fd, eof) of
        {ok, Present} when Present =< Size -> ok;
        {ok, _} -> resize(Fd, Size);
        {error, _} = Error -> Error
    end.

-spec resize(file:fd(), non_neg_integer()) -> ok | {error, term()}.
resize(Fd, Size) ->
    case file:position(Fd, eof) of
        {ok, Size} ->
            ok;
        {ok, _} ->
            {ok, Size} = file:position(Fd, Size),
            file:truncate(Fd);
        {error, _} = Error ->
            Error
    end.

-spec write_all(file:fd(), [{non_neg_integer(), iodata()}]) -> ok | {error, term()}.
write_all(Fd, Writes) ->
    case file:pwrite(Fd, Writes) of
        ok -> ok;
        {error, {_Written, Reason}} -> {error, Reason}
    end.

-spec make_durable(file(), file:fd(), #state{}) -> {ok | {error, term()}, #state{}}.
make_durable(File, Fd, #state{created = Created} = State) ->
    IsNew = lists:member(File, Created),
    Steps = [fun() -> file:datasync(Fd) end] ++ [fun() -> sync_directory(State) end || IsNew],
    case all(Steps) of
        ok -> {ok, State#state{created = lists:delete(File, Created)}};
        {error, _} = Error -> {Error, State}
    end.

-spec delete_file(file(), boolean(), #state{}) -> {ok | {error, term()}, #state{}}.
delete_file(File, Durable, #state{open = Open, created = Created} = State) ->
    State1 = State#state{
        open = maps:remove(File, Open), created = lists:delete(File, Created)
    },
    _ = [file:close(maps:get(File, Open)) || is_map_key(File, Open)],
    case file:delete(path(File, State), [raw]) of
        ok when Durable -> {sync_directory(State), State1};
        ok -> {ok, State1};
        {error, enoent} -> {ok, State1};
        {error, _} = Error -> {Error, State1}
    end.

%% A file is found again after a power failure only if its directory is synced.
-spec sync_directory(#state{}) -> ok | {error, term()}.
sync_directory(#state{path = Path}) ->
    case file:open(filename:dirname(Path), [raw, read, directory]) of
        {ok, Fd} ->
            Result = file:sync(Fd),
            ok = file:close(Fd),
            case Result of
                %% Some file systems have no such operation, and need none.
                {error, Reason} when Reason =:= einval; Reason =:= enotsup -> ok;
                _ -> Result
            end;
        {error, _} = Error ->
            Error
    end.

-spec path(file(), #state{}) -> binary().
path(database, #state{path = Path}) -> Path;
path(journal, #state{path = Path}) -> <<Path/binary, "-journal">>.

-spec all([fun(() -> ok | {error, term()})]) -> ok | {error, term()}.
all([]) ->
    ok;
all([Step | Steps]) ->
    case Step() of
        ok -> all(Steps);
        {error, _} = Error -> Error
    end.

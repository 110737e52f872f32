%%% @doc Errors: SQLite's result codes as atoms, with a message.
-module(sqlite_error).

-export([new/2]).
-export([new/3]).
-export([from_code/2]).

-export_type([t/0]).
-export_type([code/0]).

-type t() :: #{
    code := code(),
    %% More precise where SQLite is, such as constraint_unique.
    extended := atom(),
    message := binary()
}.

-type code() ::
    %% SQLite's own: https://www.sqlite.org/rescode.html
    error
    | internal
    | perm
    | abort
    | busy
    | locked
    | nomem
    | readonly
    | interrupt
    | ioerr
    | corrupt
    | notfound
    | full
    | cantopen
    | protocol
    | empty
    | schema
    | toobig
    | constraint
    | mismatch
    | misuse
    | nolfs
    | auth
    | format
    | range
    | notadb
    | unknown
    %% The database's process is gone.
    | closed
    %% The guest broke down. It has been started again from its storage.
    | trap.

%% @doc An error that is not SQLite's.
-spec new(code(), unicode:chardata()) -> t().
new(Code, Message) ->
    #{code => Code, extended => Code, message => unicode:characters_to_binary(Message)}.

%% @equiv new(Code, io_lib:format(Format, Args))
-spec new(code(), io:format(), [term()]) -> t().
new(Code, Format, Args) ->
    new(Code, io_lib:format(Format, Args)).

%% @doc An error with a (possibly extended) result code of SQLite.
-spec from_code(integer(), unicode:chardata()) -> t().
from_code(Number, Message) ->
    (new(code(Number), Message))#{extended => name(Number)}.

-spec code(integer()) -> code().
code(Extended) ->
    case Extended band 16#FF of
        1 -> error;
        2 -> internal;
        3 -> perm;
        4 -> abort;
        5 -> busy;
        6 -> locked;
        7 -> nomem;
        8 -> readonly;
        9 -> interrupt;
        10 -> ioerr;
        11 -> corrupt;
        12 -> notfound;
        13 -> full;
        14 -> cantopen;
        15 -> protocol;
        16 -> empty;
        17 -> schema;
        18 -> toobig;
        19 -> constraint;
        20 -> mismatch;
        21 -> misuse;
        22 -> nolfs;
        23 -> auth;
        24 -> format;
        25 -> range;
        26 -> notadb;
        _ -> unknown
    end.

%% The extended codes that callers are likely to tell apart.
-spec name(integer()) -> atom().
name(275) -> constraint_check;
name(531) -> constraint_commithook;
name(787) -> constraint_foreignkey;
name(1043) -> constraint_function;
name(1299) -> constraint_notnull;
name(1555) -> constraint_primarykey;
name(1811) -> constraint_trigger;
name(2067) -> constraint_unique;
name(2579) -> constraint_rowid;
name(3091) -> constraint_datatype;
name(266) -> ioerr_read;
name(778) -> ioerr_write;
name(1034) -> ioerr_fsync;
name(1546) -> ioerr_truncate;
name(2570) -> ioerr_delete;
name(Extended) -> code(Extended).

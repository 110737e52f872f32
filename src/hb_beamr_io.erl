%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc The memory of an instance.
%%%
%%% Addresses and sizes are in bytes, from 0 to 18,446,744,073,709,551,615; a range that passes
%%% the end of memory reads and writes nothing. Addresses that a guest passes as 32-bit integers
%%% come as signed numbers: above 2 GiB `Address band 16#FFFFFFFF' is what is wanted here.
%%%
%%% Memory can be used while the guest stands still: between calls, and while it waits for the
%%% answer of an import. While it runs these functions wait.
-module(hb_beamr_io).

-export([size/1]).
-export([grow/2]).
-export([read/3]).
-export([write/3]).
-export([malloc/2]).
-export([free/2]).
-export([write_string/2]).
-export([read_string/2]).
-export([read_string/3]).

-compile({no_auto_import, [size/1]}).

-define(MAX, 16#FFFFFFFFFFFFFFFF).
-define(IS_U64(N), is_integer(N), N >= 0, N =< ?MAX).

-define(FIRST_CHUNK, 256).
-define(LAST_CHUNK, 65536).

%% @doc The size of memory in bytes; 0 if the module has none.
-spec size(hb_beamr:instance()) -> {ok, Bytes :: non_neg_integer()} | {error, string()}.
size(Instance) when is_pid(Instance) ->
    result(hb_beamr_cache:use(Instance, fun hb_beamr_port:size/1)).

%% @doc Grow memory by pages of 65,536 bytes, as the guest's own `memory.grow' does.
%%
%% Answers how many pages it had. Waits for its turn, as a call does.
-spec grow(hb_beamr:instance(), Pages :: non_neg_integer()) ->
    {ok, PagesBefore :: non_neg_integer()} | {error, hb_beamr_error:reason()}.
grow(Instance, Pages) when is_pid(Instance), ?IS_U64(Pages) ->
    case hb_beamr_cache:use(Instance, fun(Port) -> hb_beamr_port:grow(Port, Pages) end) of
        {ok, Before} -> {ok, Before};
        Failure -> {error, hb_beamr_error:new(Failure)}
    end;
grow(Instance, Pages) when is_pid(Instance) ->
    Text = ["cannot grow by ", hb_beamr_error:show(Pages), " pages"],
    {error, hb_beamr_error:new(no_memory, Text)}.

%% @doc Read `Size' bytes from `Offset'.
%%
%% The bytes are a copy: the guest does not change them any more. Reading 0 bytes is allowed up to
%% the end of memory.
-spec read(hb_beamr:instance(), Offset :: non_neg_integer(), Size :: non_neg_integer()) ->
    {ok, binary()} | {error, string()}.
read(Instance, Offset, Size) when is_pid(Instance), ?IS_U64(Offset), ?IS_U64(Size) ->
    Read = fun(Port) -> hb_beamr_port:read(Port, Offset, Size) end,
    result(hb_beamr_cache:use(Instance, Read));
read(Instance, Offset, Size) when is_pid(Instance) ->
    bad_range(Offset, Size).

%% @doc Write a binary, or other `iodata()', to `Offset': all of it or nothing.
-spec write(hb_beamr:instance(), Offset :: non_neg_integer(), Data :: iodata()) ->
    ok | {error, string()}.
write(Instance, Offset, Data) when is_pid(Instance), ?IS_U64(Offset), is_binary(Data) ->
    Write = fun(Port) -> hb_beamr_port:write(Port, Offset, Data) end,
    result(hb_beamr_cache:use(Instance, Write));
write(Instance, Offset, Data) when is_pid(Instance), ?IS_U64(Offset) ->
    case binary(Data) of
        {ok, Binary} -> write(Instance, Offset, Binary);
        Error -> Error
    end;
write(Instance, Offset, _Data) when is_pid(Instance) ->
    {error, not_a_number("offset", Offset)}.

%% @doc Allocate memory with the guest's own `malloc'.
%%
%% `{error, malloc_failed}' if that answers 0, traps, or is not exported.
-spec malloc(hb_beamr:instance(), Size :: non_neg_integer()) ->
    {ok, Pointer :: pos_integer()} | {error, malloc_failed}.
malloc(Instance, Size) when is_pid(Instance) ->
    case own(Instance, "malloc", Size) of
        {ok, Values, _} ->
            case hb_beamr_value:decode_unsigned(Values) of
                [Pointer] when is_integer(Pointer), Pointer > 0 -> {ok, Pointer};
                _ -> {error, malloc_failed}
            end;
        _ ->
            {error, malloc_failed}
    end.

%% @doc Give memory back with the guest's own `free'.
-spec free(hb_beamr:instance(), Pointer :: non_neg_integer()) -> ok | {error, string()}.
free(Instance, Pointer) when is_pid(Instance) ->
    case own(Instance, "free", Pointer) of
        {ok, _, _} -> ok;
        Failure -> {error, hb_beamr_call:failure_string(Failure)}
    end.

-spec own(hb_beamr:instance(), string(), term()) -> hb_beamr_call:outcome().
own(Instance, Function, Argument) when ?IS_U64(Argument) ->
    hb_beamr_call:run(
        Instance, Function, [Argument], fun hb_beamr:stub/3, #{}, #{}, infinity
    );
own(_Instance, Function, Argument) ->
    Text = not_a_number("argument of " ++ Function, Argument),
    {error, invalid_args, unicode:characters_to_binary(Text), #{}}.

%% @doc Write bytes with a NUL behind them into memory that is allocated for them, see {@link
%% malloc/2}.
-spec write_string(hb_beamr:instance(), iodata()) ->
    {ok, Pointer :: pos_integer()} | {error, malloc_failed | string()}.
write_string(Instance, Data) when is_pid(Instance) ->
    case binary(Data) of
        {ok, Bytes} ->
            case malloc(Instance, byte_size(Bytes) + 1) of
                {ok, Pointer} -> write_allocated(Instance, Pointer, <<Bytes/binary, 0>>);
                Error -> Error
            end;
        Error ->
            Error
    end.

-spec write_allocated(hb_beamr:instance(), pos_integer(), binary()) ->
    {ok, pos_integer()} | {error, string()}.
write_allocated(Instance, Pointer, Bytes) ->
    case write(Instance, Pointer, Bytes) of
        ok ->
            {ok, Pointer};
        Error ->
            _ = free(Instance, Pointer),
            Error
    end.

%% @doc Read the bytes from `Offset' to the next NUL, without it.
%%
%% An error if there is none before the end of memory.
-spec read_string(hb_beamr:instance(), Offset :: non_neg_integer()) ->
    {ok, binary()} | {error, string()}.
read_string(Instance, Offset) ->
    read_string(Instance, Offset, ?FIRST_CHUNK, ?LAST_CHUNK).

%% @doc The same, reading `ChunkSize' bytes at a time.
-spec read_string(hb_beamr:instance(), Offset :: non_neg_integer(), ChunkSize :: pos_integer()) ->
    {ok, binary()} | {error, string()}.
read_string(Instance, Offset, ChunkSize) when ?IS_U64(ChunkSize), ChunkSize > 0 ->
    read_string(Instance, Offset, ChunkSize, ChunkSize);
read_string(Instance, _Offset, ChunkSize) when is_pid(Instance) ->
    {error, not_a_number("chunk size", ChunkSize)}.

-spec read_string(hb_beamr:instance(), term(), pos_integer(), pos_integer()) ->
    {ok, binary()} | {error, string()}.
read_string(Instance, Offset, Chunk, LastChunk) when is_pid(Instance), ?IS_U64(Offset) ->
    case size(Instance) of
        {ok, End} when Offset =< End -> read_chunks(Instance, Offset, End, Chunk, LastChunk, []);
        {ok, _} -> bad_range(Offset, 1);
        Error -> Error
    end;
read_string(Instance, Offset, _Chunk, _LastChunk) when is_pid(Instance) ->
    {error, not_a_number("offset", Offset)}.

%% Most strings are short: chunks begin small and double.
-spec read_chunks(
    hb_beamr:instance(),
    non_neg_integer(),
    non_neg_integer(),
    pos_integer(),
    pos_integer(),
    iodata()
) -> {ok, binary()} | {error, string()}.
read_chunks(_Instance, End, End, _Chunk, _LastChunk, _Read) ->
    {error, "the string has no NUL before the end of memory"};
read_chunks(Instance, Offset, End, Chunk, LastChunk, Read) ->
    Size = min(Chunk, End - Offset),
    case read(Instance, Offset, Size) of
        {ok, Bytes} ->
            case binary:match(Bytes, <<0>>) of
                {Length, _} ->
                    {ok, iolist_to_binary([Read, binary:part(Bytes, 0, Length)])};
                nomatch ->
                    Next = min(2 * Chunk, LastChunk),
                    read_chunks(Instance, Offset + Size, End, Next, LastChunk, [Read, Bytes])
            end;
        Error ->
            Error
    end.

-spec binary(term()) -> {ok, binary()} | {error, string()}.
binary(Data) ->
    try
        {ok, iolist_to_binary(Data)}
    catch
        error:badarg -> {error, "the data are no bytes (iodata)"}
    end.

-spec bad_range(term(), term()) -> {error, string()}.
bad_range(Offset, Size) ->
    [S, O] = [hb_beamr_error:show(Term) || Term <- [Size, Offset]],
    {error, lists:flatten(["out of bounds: ", S, " bytes at ", O])}.

-spec not_a_number(string(), term()) -> string().
not_a_number(What, Value) ->
    Shown = hb_beamr_error:show(Value),
    lists:flatten(["the ", What, " is an integer from 0 to 2^64 - 1, not ", Shown]).

-spec result(Result | hb_beamr_port:failure()) -> Result | {error, string()}.
result({error, Code, Text}) -> {error, hb_beamr_error:string(Code, Text)};
result(closed) -> {error, "instance is not running"};
result(Result) -> Result.

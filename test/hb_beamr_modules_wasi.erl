%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The part of WASI (`wasi_snapshot_preview1') that programs need which compute and print: arguments,
%%% environment, a clock that stands still, random bytes, standard input that is empty, standard
%%% output and error that are kept. There are no files; asking for one finds none. What is not here
%%% ends the call.
-module(hb_beamr_modules_wasi).

-export([new/2]).
-export([run/2]).
-export([import/3]).
-export([output/1]).

-export_type([world/0]).

-type world() :: #{
    args := [binary()],
    env := [binary()],
    output := [binary()],
    exited := running | ExitCode :: integer(),
    _ => _
}.

-define(SUCCESS, 0).
-define(BADF, 8).
-define(NOENT, 44).
-define(SPIPE, 70).

-define(CHARACTER_DEVICE, 2).
-define(ALL_RIGHTS, 16#1FFFFFFF).
%% 2026-01-01, in nanoseconds.
-define(NOW, 1767225600_000000000).

-spec new([iodata()], [iodata()]) -> world().
new(Args, Env) ->
    #{
        args => [iolist_to_binary(Arg) || Arg <- Args],
        env => [iolist_to_binary(Variable) || Variable <- Env],
        output => [],
        exited => running
    }.

%% Start a program, and what it answers and prints until it ends.
-spec run(hb_beamr:instance(), world()) -> {ExitCode :: integer(), Output :: binary()}.
run(Instance, World) ->
    case hb_beamr:call(Instance, "_start", [], fun import/3, World) of
        {ok, [], After} -> {0, output(After)};
        {error, "Exception: exit", #{exited := Code} = After} -> {Code, output(After)}
    end.

-spec output(world()) -> binary().
output(#{output := Output}) ->
    iolist_to_binary(lists:reverse(Output)).

%% An import function: its state is the world.
-spec import(world(), map(), term()) -> {ok, term(), world()}.
import(World, #{module := "wasi_snapshot_preview1", func := "proc_exit", args := [Code]}, _) ->
    {ok, {import_exception, "exit"}, World#{exited := Code}};
import(World, #{module := "wasi_snapshot_preview1", func := "fd_write"} = Call, _) ->
    #{args := [Fd, Vectors, Count, Written], instance := Instance} = Call,
    true = Fd =:= 1 orelse Fd =:= 2,
    Data = gather(Instance, Vectors, Count),
    ?SUCCESS = put_u32(Instance, Written, byte_size(Data)),
    #{output := Output} = World,
    {ok, [?SUCCESS], World#{output := [Data | Output]}};
import(World, #{module := "wasi_snapshot_preview1", func := Name} = Call, _) ->
    #{args := Args, instance := Instance} = Call,
    {ok, [answer(Name, Args, Instance, World)], World}.

%% What changes no world.
-spec answer(string(), [integer()], hb_beamr:instance(), world()) -> Errno :: non_neg_integer().
answer("args_sizes_get", [Count, Size], Instance, #{args := Args}) ->
    put_sizes(Instance, Count, Size, Args);
answer("args_get", [Pointers, Texts], Instance, #{args := Args}) ->
    put_strings(Instance, Pointers, Texts, Args);
answer("environ_sizes_get", [Count, Size], Instance, #{env := Env}) ->
    put_sizes(Instance, Count, Size, Env);
answer("environ_get", [Pointers, Texts], Instance, #{env := Env}) ->
    put_strings(Instance, Pointers, Texts, Env);
answer("clock_time_get", [_Clock, _Precision, Time], Instance, _) ->
    put_bytes(Instance, Time, <<?NOW:64/little>>);
answer("random_get", [Pointer, Size], Instance, _) ->
    put_bytes(Instance, Pointer, binary:copy(<<4>>, Size));
answer("fd_fdstat_get", [Fd, Stat], Instance, _) when Fd < 3 ->
    put_bytes(Instance, Stat, <<?CHARACTER_DEVICE, 0:56, ?ALL_RIGHTS:64/little, 0:64>>);
answer("fd_filestat_get", [Fd, Stat], Instance, _) when Fd < 3 ->
    put_bytes(Instance, Stat, <<0:128, ?CHARACTER_DEVICE, 0:56, 1:64/little, 0:64, 0:192>>);
answer("fd_read", [0, _Vectors, _Count, Read], Instance, _) ->
    put_u32(Instance, Read, 0);
answer("fd_seek", [Fd, _Offset, _Whence, _Position], _, _) when Fd < 3 ->
    ?SPIPE;
answer("fd_tell", [Fd, _Position], _, _) when Fd < 3 ->
    ?SPIPE;
answer("fd_close", [Fd], _, _) when Fd < 3 ->
    ?SUCCESS;
answer("fd_prestat_get", [_Fd, _Prestat], _, _) ->
    ?BADF;
answer("path_" ++ _, _, _, _) ->
    ?NOENT.

-spec gather(hb_beamr:instance(), integer(), integer()) -> binary().
gather(Instance, Vectors, Count) ->
    {ok, Table} = hb_beamr_io:read(Instance, unsigned(Vectors), Count * 8),
    iolist_to_binary([
        begin
            {ok, Data} = hb_beamr_io:read(Instance, Pointer, Size),
            Data
        end
     || <<Pointer:32/little, Size:32/little>> <= Table
    ]).

-spec put_sizes(hb_beamr:instance(), integer(), integer(), [binary()]) -> ?SUCCESS.
put_sizes(Instance, Count, Size, Strings) ->
    ?SUCCESS = put_u32(Instance, Count, length(Strings)),
    put_u32(Instance, Size, lists:sum([byte_size(S) + 1 || S <- Strings])).

-spec put_strings(hb_beamr:instance(), integer(), integer(), [binary()]) -> ?SUCCESS.
put_strings(Instance, Pointers, Texts, Strings) ->
    {Addresses, _} = lists:mapfoldl(
        fun(S, Next) -> {<<Next:32/little>>, Next + byte_size(S) + 1} end, Texts, Strings
    ),
    ?SUCCESS = put_bytes(Instance, Pointers, Addresses),
    put_bytes(Instance, Texts, [[S, 0] || S <- Strings]).

-spec put_u32(hb_beamr:instance(), integer(), non_neg_integer()) -> ?SUCCESS.
put_u32(Instance, Pointer, Value) ->
    put_bytes(Instance, Pointer, <<Value:32/little>>).

-spec put_bytes(hb_beamr:instance(), integer(), iodata()) -> ?SUCCESS.
put_bytes(Instance, Pointer, Data) ->
    ok = hb_beamr_io:write(Instance, unsigned(Pointer), Data),
    ?SUCCESS.

-spec unsigned(integer()) -> non_neg_integer().
unsigned(Pointer) ->
    Pointer band 16#FFFFFFFF.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Compiles the modules of test scripts with `priv/hb_beamrc', a few at a time, and keeps what comes
%%% of it in a folder, a file for each module, until there is another build of the compiler.
-module(hb_beamr_conformance_compiler).

-export([start/2]).
-export([stop/1]).
-export([compile/2]).

-export_type([compiler/0]).

-opaque compiler() :: pid().

-type outcome() :: {ok, binary()} | {error, hb_beamr_error:reason()}.

-type job() :: {Digest :: string(), Bytes :: binary()}.

-type state() :: #{
    command := [string()],
    folder := file:filename(),
    waiting := queue:queue(job()),
    askers := #{string() => [reference()]},
    free := non_neg_integer()
}.

-define(TIMEOUT, 600000).

%% @doc Start it, with options of the compiler, for a folder of its own.
-spec start(file:filename(), [string()]) -> {ok, compiler()} | {error, no_compiler}.
start(Folder, Options) ->
    Program = filename:join(code:priv_dir(hb_beamr), "hb_beamrc"),
    case filelib:is_regular(Program) of
        true ->
            {0, Identity} = run([Program, "--identity"]),
            Key = digest([Identity, lists:join($\s, Options)]),
            Own = filename:join(Folder, Key),
            _ = [
                file:del_dir_r(Old)
             || Old <- filelib:wildcard(filename:join(Folder, "*")), Old =/= Own
            ],
            ok = filelib:ensure_dir(filename:join(Own, "file")),
            State = #{
                command => [Program | Options],
                folder => Own,
                waiting => queue:new(),
                askers => #{},
                free => erlang:system_info(schedulers_online)
            },
            {ok, spawn(fun() -> loop(State) end)};
        false ->
            {error, no_compiler}
    end.

-spec stop(compiler()) -> ok.
stop(Compiler) ->
    Compiler ! stop,
    ok.

%% @doc The compiled module, or why it is refused.
-spec compile(compiler(), binary()) -> outcome().
compile(Compiler, Bytes) ->
    Alias = monitor(process, Compiler, [{alias, reply_demonitor}]),
    Compiler ! {compile, {digest(Bytes), Bytes}, Alias},
    receive
        {Alias, Outcome} -> Outcome;
        {'DOWN', Alias, process, _, Reason} -> exit(Reason)
    after ?TIMEOUT ->
        exit(timeout)
    end.

-spec digest(iodata()) -> string().
digest(Bytes) ->
    lists:flatten([io_lib:format("~2.16.0b", [B]) || <<B>> <= crypto:hash(sha256, Bytes)]).

%% Modules that are asked for several times are compiled once.
-spec loop(state()) -> ok.
loop(#{askers := Askers, waiting := Waiting} = State) ->
    receive
        {compile, {Digest, _} = Job, Alias} when not is_map_key(Digest, Askers) ->
            loop(next(State#{
                askers := Askers#{Digest => [Alias]}, waiting := queue:in(Job, Waiting)
            }));
        {compile, {Digest, _}, Alias} ->
            loop(State#{askers := maps:update_with(Digest, fun(As) -> [Alias | As] end, Askers)});
        {done, Digest, Outcome} ->
            {Aliases, Left} = maps:take(Digest, Askers),
            _ = [Alias ! {Alias, Outcome} || Alias <- Aliases],
            #{free := Free} = State,
            loop(next(State#{askers := Left, free := Free + 1}));
        stop ->
            ok
    end.

-spec next(state()) -> state().
next(#{free := 0} = State) ->
    State;
next(#{waiting := Waiting, free := Free} = State) ->
    case queue:out(Waiting) of
        {{value, {Digest, _} = Job}, Rest} ->
            Compiler = self(),
            spawn_link(fun() -> Compiler ! {done, Digest, kept(Job, State)} end),
            State#{waiting := Rest, free := Free - 1};
        {empty, _} ->
            State
    end.

%% What the compiler said before, if it was asked.
-spec kept(job(), state()) -> outcome().
kept({Digest, Bytes}, #{folder := Folder, command := Command}) ->
    Name = filename:join(Folder, Digest),
    [Module, Compiled, Refused] = [Name ++ Suffix || Suffix <- [".wasm", ".hba", ".refused"]],
    case {file:read_file(Compiled), file:read_file(Refused)} of
        {{ok, Code}, _} ->
            {ok, Code};
        {_, {ok, Why}} ->
            refused(Why);
        _ ->
            ok = file:write_file(Module, Bytes),
            {Status, Output} = run(Command ++ [Module, "-o", Compiled]),
            ok = file:delete(Module),
            case Status of
                0 ->
                    file:read_file(Compiled);
                _ ->
                    ok = file:write_file(Refused, Output),
                    refused(Output)
            end
    end.

-spec refused(binary()) -> outcome().
refused(Output) ->
    Message = string:trim(string:prefix(Output, "hb_beamrc: ")),
    {error, {bad_module, #{message => Message}}}.

-spec run([string(), ...]) -> {Status :: non_neg_integer(), Output :: binary()}.
run([Program | Arguments]) ->
    Port = open_port({spawn_executable, Program}, [
        {args, Arguments}, exit_status, stderr_to_stdout, binary, hide
    ]),
    collect(Port, <<>>).

-spec collect(port(), binary()) -> {non_neg_integer(), binary()}.
collect(Port, Output) ->
    receive
        {Port, {data, More}} -> collect(Port, <<Output/binary, More/binary>>);
        {Port, {exit_status, Status}} -> {Status, Output}
    end.

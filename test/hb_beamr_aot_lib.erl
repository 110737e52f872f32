%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Helpers of the tests of compiled code: compilers that are scripts, a cache and a folder for
%%% temporary files of the test's own.
-module(hb_beamr_aot_lib).

-export([has_compiler/0]).
-export([needs_compiler/1]).
-export([enter/2]).
-export([leave/1]).

-export([fake/2]).
-export([counted/1]).
-export([gated/1]).
-export([endless/1]).
-export([stop_application/0]).
-export([refusing/1]).
-export([note_run/1]).
-export([runs/1]).
-export([open_gate/1]).
-export([wait_for_program/1]).
-export([is_running/1]).
-export([temporary_files/1]).

-export([aot_file/2]).
-export([seal/1]).
-export([cache_files/1]).
-export([erl/3]).

%% The compiler that was built, if LLVM was there.
-spec compiler() -> file:filename().
compiler() ->
    filename:join(hb_beamr_port:priv_dir(), "hb_beamrc").

-spec has_compiler() -> boolean().
has_compiler() ->
    filelib:is_regular(compiler()).

%% For `init_per_group'.
-spec needs_compiler(Config) -> Config | {skip, string()}.
needs_compiler(Config) ->
    case has_compiler() of
        true -> Config;
        false -> {skip, "there is no priv/hb_beamrc: LLVM was not there at build time"}
    end.

%% An application that has just started, with an empty cache.
-spec enter(atom(), [{atom(), term()}]) -> [{atom(), term()}].
enter(Case, Config) ->
    _ = application:stop(hb_beamr),
    _ = application:load(hb_beamr),
    Unique = integer_to_list(erlang:unique_integer([positive])),
    Name = atom_to_list(Case) ++ "-" ++ Unique,
    Folder = filename:join(proplists:get_value(priv_dir, Config), Name),
    [Temporary, Cache] = [filename:join(Folder, Part) || Part <- ["tmp", "cache"]],
    ok = filelib:ensure_dir(filename:join(Temporary, "x")),
    Before = os:getenv("TMPDIR"),
    true = os:putenv("TMPDIR", Temporary),
    ok = application:set_env(hb_beamr, aot_cache_dir, Cache),
    {ok, _} = application:ensure_all_started(hb_beamr),
    [{folder, Folder}, {temporary, Temporary}, {cache, Cache}, {before, Before} | Config].

-spec leave([{atom(), term()}]) -> ok.
leave(Config) ->
    _ = application:stop(hb_beamr),
    [
        application:unset_env(hb_beamr, Key)
     || Key <- [
            aot_cache_dir, aot_cache_size, aot_compiler, aot_compilers, aot_options, aot_trusted,
            default_mode
        ]
    ],
    case proplists:get_value(before, Config) of
        false -> os:unsetenv("TMPDIR");
        Before -> os:putenv("TMPDIR", Before)
    end,
    ok.

%%% Compilers

%% A program of the shell's that takes the compiler's place.
-spec fake([{atom(), term()}], iodata()) -> ok.
fake(Config, Script) ->
    Unique = integer_to_list(erlang:unique_integer([positive])),
    File = filename:join(proplists:get_value(folder, Config), "compiler-" ++ Unique),
    ok = file:write_file(File, ["#!/bin/sh\n", Script, "\n"]),
    ok = file:change_mode(File, 8#755),
    application:set_env(hb_beamr, aot_compiler, File).

%% The compiler, which leaves a line for each module in "runs".
-spec counted([{atom(), term()}]) -> ok.
counted(Config) ->
    fake(Config, [note_run(Config), "exec '", compiler(), "' \"$@\""]).

%% The same, but each waits for its gate to be opened.
-spec gated([{atom(), term()}]) -> ok.
gated(Config) ->
    Gate = ["'", in_folder(Config, "gate-"), "'$$"],
    fake(Config, [
        "mkfifo ", Gate, "\n",
        note_run(Config),
        "read -r line <", Gate, "\n",
        "exec '", compiler(), "' \"$@\""
    ]).

%% One that runs until it is killed.
-spec endless([{atom(), term()}]) -> ok.
endless(Config) ->
    fake(Config, [note_run(Config), "exec sleep 100000"]).

%% One that takes no module.
-spec refusing([{atom(), term()}]) -> ok.
refusing(Config) ->
    fake(Config, ["echo 'hb_beamrc: not this one' >&2\nexit 1"]).

%% Leaves a line for each module: the number of the program and its arguments.
-spec note_run([{atom(), term()}]) -> iolist().
note_run(Config) ->
    ["echo \"$$ $*\" >>'", in_folder(Config, "runs"), "'\n"].

%% The arguments of each run so far.
-spec runs([{atom(), term()}]) -> [string()].
runs(Config) ->
    case file:read_file(in_folder(Config, "runs")) of
        {ok, Lines} -> string:lexemes(binary_to_list(Lines), "\n");
        {error, enoent} -> []
    end.

%% The compiler that has waited for longest passes; if none waits, the next one that does.
-spec open_gate([{atom(), term()}]) -> ok.
open_gate(Config) ->
    Gates = [
        Gate
     || Run <- runs(Config),
        Gate <- [in_folder(Config, "gate-" ++ hd(string:lexemes(Run, " ")))],
        element(1, file:read_link_info(Gate)) =:= ok
    ],
    case Gates of
        [Gate | _] ->
            [] = os:cmd("echo go >'" ++ Gate ++ "'"),
            ok = file:delete(Gate);
        [] ->
            erlang:yield(),
            open_gate(Config)
    end.

-spec in_folder([{atom(), term()}], string()) -> file:filename().
in_folder(Config, Name) ->
    filename:join(proplists:get_value(folder, Config), Name).

%% Until a compiler has begun that writes its number to "runs" first; that number.
-spec wait_for_program([{atom(), term()}]) -> string().
wait_for_program(Config) ->
    hb_beamr_test_lib:wait_until(fun() -> runs(Config) =/= [] end),
    hd(string:lexemes(lists:last(runs(Config)), " ")).

%% A process that has ended and that nobody has asked about is no process.
-spec is_running(string()) -> boolean().
is_running(Number) ->
    case file:read_file("/proc/" ++ Number ++ "/stat") of
        {ok, Stat} -> re:run(Stat, "\\) Z ") =:= nomatch;
        {error, _} -> false
    end.

%% What is left of compilers.
-spec temporary_files([{atom(), term()}]) -> [file:filename()].
temporary_files(Config) ->
    {ok, Names} = file:list_dir(proplists:get_value(temporary, Config)),
    [Name || "hb_beamr-aot-" ++ _ = Name <- Names].

%%% Files

%% A file of compiled code as the cache sees it: whole, and with some contents.
-spec aot_file(Engine :: <<_:256>>, binary()) -> binary().
aot_file(Engine, Contents) ->
    seal(<<0, "hba", 1:32/little, 0:256, Engine/binary, Contents/binary>>).

%% With the digest that its contents have.
-spec seal(binary()) -> binary().
seal(<<Head:8/binary, _:32/binary, Rest/binary>>) ->
    <<Head/binary, (crypto:hash(sha256, Rest))/binary, Rest/binary>>.

-spec cache_files([{atom(), term()}]) -> [file:filename()].
cache_files(Config) ->
    lists:sort(filelib:wildcard(filename:join(proplists:get_value(cache, Config), "*"))).

%% Another node, started by the shell: with commands of the shell's before it, and an expression.
-spec erl([{atom(), term()}], string(), string()) -> {ExitStatus :: integer(), Output :: string()}.
erl(Config, Commands, Expression) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    File = in_folder(Config, "expression-" ++ integer_to_list(erlang:unique_integer([positive]))),
    ok = file:write_file(File, Expression),
    Paths = [[" -pa '", Path, "'"] || Path <- hb_beamr_test_lib:code_paths()],
    Script = [
        Commands, "\nexec '", Erl, "' -noshell -noinput", Paths,
        " -hb_beamr aot_cache_dir '\"", proplists:get_value(cache, Config), "\"'",
        " -eval \"$(cat '", File, "')\""
    ],
    Port = open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-c", lists:flatten(Script)]}, exit_status, stderr_to_stdout
    ]),
    collect(Port, []).

-spec collect(port(), iodata()) -> {integer(), string()}.
collect(Port, Output) ->
    receive
        {Port, {data, Data}} -> collect(Port, [Output, Data]);
        {Port, {exit_status, Status}} -> {Status, lists:flatten(Output)}
    end.

%% A driver that is still loaded would have the code.
-spec stop_application() -> ok | {error, term()}.
stop_application() ->
    Result = application:stop(hb_beamr),
    hb_beamr_test_lib:wait_until(fun() ->
        {ok, Drivers} = erl_ddll:loaded_drivers(),
        not lists:member("hb_beamr", Drivers)
    end),
    Result.

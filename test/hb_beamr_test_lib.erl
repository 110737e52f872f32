%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Helpers of the tests: modules in text format, and waiting without sleeping.
-module(hb_beamr_test_lib).

-export([wasm/1]).
-export([wat/1]).
-export([is_compiled/0]).
-export([padded_module/2]).
-export([filled_module/2]).
-export([start/1]).
-export([start_wat/1]).

-export([wait_until/1]).
-export([wait_for_port/1]).
-export([run/1]).
-export([caller/1]).
-export([waiting_caller/1]).
-export([answer/1]).
-export([ports/0]).
-export([mailbox/0]).
-export([rss/0]).
-export([settled_rss/0]).
-export([binary_memory/0]).
-export([driver_mappings/0]).
-export([code_paths/0]).
-export([is_long/0]).
-export([erl/1]).

-define(FLAGS, "--debug-names --enable-tail-call --enable-extended-const --enable-memory64 --enable-exceptions").

%% A fixture, compiled; once per node.
-spec wasm(atom()) -> binary().
wasm(Name) ->
    remember({?MODULE, Name}, fun() -> compile(fixture(Name)) end).

%% Those of the library's tests serve here, too.
-spec fixture(atom()) -> file:filename().
fixture(Name) ->
    Tests = filename:dirname(wat_dir()),
    Library = filename:join([filename:dirname(Tests), "native", "hb_beamr", "lib", "test"]),
    Paths = [filename:join([Dir, "wat", atom_to_list(Name) ++ ".wat"]) || Dir <- [Tests, Library]],
    %% Where there is none, wat2wasm says so.
    hd([Path || Path <- Paths, filelib:is_regular(Path)] ++ Paths).

%% A module given as text.
-spec wat(iodata()) -> binary().
wat(Text) ->
    Key = {?MODULE, erlang:md5(Text)},
    remember(Key, fun() ->
        Path = temporary(".wat"),
        ok = file:write_file(Path, Text),
        Wasm = compile(Path),
        ok = file:delete(Path),
        Wasm
    end).

-spec remember(term(), fun(() -> binary())) -> binary().
remember(Key, Make) ->
    case persistent_term:get(Key, none) of
        none ->
            Wasm = Make(),
            persistent_term:put(Key, Wasm),
            Wasm;
        Wasm ->
            Wasm
    end.

-spec compile(file:filename()) -> binary().
compile(Path) ->
    Target = temporary(".wasm"),
    Output = os:cmd("wat2wasm " ?FLAGS " '" ++ Path ++ "' -o '" ++ Target ++ "'"),
    case file:read_file(Target) of
        {ok, Wasm} ->
            Module =
                case is_compiled() of
                    true -> compile_to_code(Target);
                    false -> Wasm
                end,
            ok = file:delete(Target),
            Module;
        {error, enoent} ->
            error({wat2wasm, Path, Output})
    end.

%% Whether the tests run once more, with compiled code in place of their modules.
-spec is_compiled() -> boolean().
is_compiled() ->
    os:getenv("HB_BEAMR_TEST_COMPILED") =/= false.

-spec compile_to_code(file:filename()) -> binary().
compile_to_code(Path) ->
    Compiler = filename:join(code:priv_dir(hb_beamr), "hb_beamrc"),
    Target = temporary(".aot"),
    Output = os:cmd("'" ++ Compiler ++ "' -O1 --frames '" ++ Path ++ "' -o '" ++ Target ++ "'"),
    case file:read_file(Target) of
        {ok, Compiled} ->
            ok = file:delete(Target),
            Compiled;
        {error, enoent} ->
            error({hb_beamrc, Path, Output})
    end.

-spec temporary(string()) -> file:filename().
temporary(Extension) ->
    Dir = os:getenv("TMPDIR", "/tmp"),
    Unique = integer_to_list(erlang:unique_integer([positive])),
    filename:join(Dir, "hb_beamr_test_" ++ os:getpid() ++ "_" ++ Unique ++ Extension).

%% Beside the source of this module, or of one of the folders above the compiled one.
-spec wat_dir() -> file:filename().
wat_dir() ->
    Source = proplists:get_value(source, ?MODULE:module_info(compile), ""),
    Compiled = filename:dirname(filename:absname(code:which(?MODULE))),
    {ok, Here} = file:get_cwd(),
    Candidates =
        [filename:join(filename:dirname(Source), "wat") | above(Compiled)] ++ above(Here),
    hd([Dir || Dir <- Candidates, filelib:is_dir(Dir)]).

-spec above(file:filename()) -> [file:filename()].
above("/") ->
    [];
above(Dir) ->
    [filename:join(Dir, "wat"), filename:join([Dir, "test", "wat"]) | above(filename:dirname(Dir))].

%% A valid module of about this size, unlike that of another number, made without a tool: a custom
%% section, and the export "number" that answers the number.
-spec padded_module(Bytes :: non_neg_integer(), Number :: non_neg_integer()) -> binary().
padded_module(Bytes, Number) when Number < 1 bsl 30 ->
    <<A:2, B:7, C:7, D:7, E:7>> = <<Number:30>>,
    Padding = binary:copy(<<Number:32>>, Bytes div 4),
    <<
        0, "asm", 1:32/little,
        1, 5, 1, 16#60, 0, 1, 16#7F,
        3, 2, 1, 0,
        7, 10, 1, 6, "number", 0, 0,
        10, 10, 1, 8, 0, 16#41, 1:1, E:7, 1:1, D:7, 1:1, C:7, 1:1, B:7, A, 16#0B,
        0, (leb128(byte_size(Padding) + 4))/binary, 3, "pad", Padding/binary
    >>.

%% A valid module with a memory that begins with so many bytes of data, of one kind.
-spec filled_module(Bytes :: pos_integer(), Byte :: byte()) -> binary().
filled_module(Bytes, Byte) ->
    Data = binary:copy(<<Byte>>, Bytes),
    Pages = leb128((Bytes + 65535) div 65536),
    Segment = <<1, 0, 16#41, 0, 16#0B, (leb128(Bytes))/binary, Data/binary>>,
    <<
        0, "asm", 1:32/little,
        5, (byte_size(Pages) + 2), 1, 0, Pages/binary,
        7, 10, 1, 6, "memory", 2, 0,
        11, (leb128(byte_size(Segment)))/binary, Segment/binary
    >>.

-spec leb128(non_neg_integer()) -> binary().
leb128(N) when N < 128 -> <<N>>;
leb128(N) -> <<1:1, N:7, (leb128(N bsr 7))/binary>>.

-spec start(atom()) -> pid().
start(Name) ->
    {ok, Instance, _, _} = hb_beamr:start(wasm(Name)),
    Instance.

-spec start_wat(iodata()) -> pid().
start_wat(Text) ->
    {ok, Instance, _, _} = hb_beamr:start(wat(Text)),
    Instance.

%% What is true sooner or later; the test's time limit is the only limit.
-spec wait_until(fun(() -> boolean())) -> ok.
wait_until(Condition) ->
    case Condition() of
        true ->
            ok;
        false ->
            erlang:yield(),
            wait_until(Condition)
    end.

%% Until a process waits for an answer or a turn.
-spec wait_for_port(pid()) -> ok.
wait_for_port(Pid) ->
    wait_until(fun() ->
        case process_info(Pid, [status, current_function]) of
            [{status, waiting}, {current_function, {hb_beamr_port, _, _}}] -> true;
            undefined -> error({process_has_ended, Pid});
            _ -> false
        end
    end).

%% Run something in a process of its own; its result, or how it ended.
-spec run(fun(() -> Result)) -> {ok, Result} | {ended, term()}.
run(Do) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Do()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {result, Result}} -> {ok, Result};
        {'DOWN', Monitor, process, Pid, Reason} -> {ended, Reason}
    end.

%% A process that does something, for `answer/1'. It ends with the test, and must leave no message.
-spec caller(fun(() -> term())) -> {pid(), reference()}.
caller(Do) ->
    Test = self(),
    spawn_monitor(fun() ->
        Watch = spawn_link(fun() -> end_with(Test) end),
        Answer = Do(),
        unlink(Watch),
        exit(Watch, kill),
        exit({answer, Answer, mailbox()})
    end).

-spec end_with(pid()) -> no_return().
end_with(Test) ->
    Monitor = erlang:monitor(process, Test),
    receive
        {'DOWN', Monitor, process, Test, _} -> exit(the_test_has_ended)
    end.

%% The same, when it waits for an answer or a turn.
-spec waiting_caller(fun(() -> term())) -> {pid(), reference()}.
waiting_caller(Do) ->
    {Pid, _} = Caller = caller(Do),
    wait_for_port(Pid),
    Caller.

%% What it answered, or how it ended.
-spec answer({pid(), reference()}) -> term().
answer({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {answer, Answer, []}} -> Answer;
        {'DOWN', Monitor, process, Pid, Reason} -> {ended, Reason}
    end.

%% Those of this library; one is the node's.
-spec ports() -> [port()].
ports() ->
    [Port || Port <- erlang:ports(), erlang:port_info(Port, name) =:= {name, "hb_beamr"}].

%% Everything that waits in the mailbox of the calling process.
-spec mailbox() -> [term()].
mailbox() ->
    {messages, Messages} = process_info(self(), messages),
    Messages.

%% Resident memory of the node in KiB.
-spec rss() -> non_neg_integer().
rss() ->
    {ok, Status} = file:read_file("/proc/self/status"),
    {match, [Kib]} = re:run(Status, "VmRSS:\\s+(\\d+)", [{capture, [1], list}]),
    list_to_integer(Kib).

-spec settled_rss() -> non_neg_integer().
settled_rss() ->
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    rss().

%% Bytes in binaries; 0 where the emulator's own allocators are switched off, see `ct-asan.sh'.
-spec binary_memory() -> non_neg_integer().
binary_memory() ->
    try
        erlang:memory(binary)
    catch
        error:notsup -> 0
    end.

%% Where the driver's code and data are in the memory of the node; empty when it is unloaded.
-spec driver_mappings() -> [[binary() | char()]].
driver_mappings() ->
    {ok, Maps} = file:read_file("/proc/self/maps"),
    [
        [Line, $\n]
     || Line <- string:split(Maps, "\n", all), string:find(Line, "hb_beamr.so") =/= nomatch
    ].

-spec code_paths() -> [file:filename()].
code_paths() ->
    [filename:dirname(filename:absname(code:which(M))) || M <- [hb_beamr, ?MODULE]].

%% HB_BEAMR_LONG=1: the tests that count cycles make all of them.
-spec is_long() -> boolean().
is_long() ->
    os:getenv("HB_BEAMR_LONG", "") =:= "1".

%% Run an expression in an emulator of its own: its exit status and what it printed.
-spec erl(string()) -> {ExitStatus :: integer(), Output :: string()}.
erl(Expression) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    Paths = lists:append([["-pa", Path] || Path <- code_paths()]),
    Args = ["-noshell", "-noinput"] ++ Paths ++ ["-eval", Expression],
    Port = open_port({spawn_executable, Erl}, [{args, Args}, exit_status, stderr_to_stdout]),
    collect(Port, []).

-spec collect(port(), iodata()) -> {integer(), string()}.
collect(Port, Output) ->
    receive
        {Port, {data, Data}} -> collect(Port, [Output, Data]);
        {Port, {exit_status, Status}} -> {Status, lists:flatten(Output)}
    end.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc Compiling modules ahead of time.
%%%
%%% ```
%%% {ok, _Imports, _Exports, Aot} = hb_beamr_aot:compile("calculator.wasm", #{}),
%%% {ok, Instance, _, _} = hb_beamr:start(Aot, aot).
%%% '''
%%%
%%% The compiler is a program of its own, `priv/hb_beamrc', which is there if LLVM was when this
%%% library was built. What it makes holds machine code and the module itself, runs on machines with
%%% the processor it was made for, and with the build of this library that it was made by.
%%%
%%% Nobody needs this module to run compiled code: `mode => aot' and `mode => auto' of {@link
%%% hb_beamr:start/2} compile, and keep what they compiled.
-module(hb_beamr_aot).

-export([compile/1]).
-export([compile/2]).
-export([identity/0]).

%% For this library.
-export([run/3]).

-export_type([options/0]).
-export_type([identity/0]).

-type options() :: #{
    opt_level => 0..3,
    cpu => atom() | string() | binary(),
    features => string() | binary(),
    target => x86_64 | aarch64,
    frames => boolean(),
    exceptions => lower | force,
    timeout => timeout(),
    max_memory => pos_integer() | infinity,
    nice => boolean()
}.
%% <dl>
%% <dt>`opt_level'</dt>
%% <dd>How much is done for fast code; default 3.</dd>
%% <dt>`cpu'</dt>
%% <dd>The processor that the code needs, `"x86-64-v2"' for instance, or `native'; default: that of
%%   this machine, rounded down to one of `x86-64', `x86-64-v2', `x86-64-v3'.</dd>
%% <dt>`features'</dt>
%% <dd>What the processor has beyond that, or lacks: `"+avx2,-fma"'.</dd>
%% <dt>`target'</dt>
%% <dd>Another kind of machine.</dd>
%% <dt>`frames'</dt>
%% <dd>Whether traps tell the functions that they happened in. That makes the code slower;
%%   default: `false'.</dd>
%% <dt>`exceptions'</dt>
%% <dd>As in {@type hb_beamr:options()}.</dd>
%% <dt>`timeout'</dt>
%% <dd>Milliseconds that the compiler may take; default: ten minutes.</dd>
%% <dt>`max_memory'</dt>
%% <dd>Bytes that the compiler may take; default: 4 GiB.</dd>
%% <dt>`nice'</dt>
%% <dd>Whether the compiler runs at the lowest priority; default: `false'.</dd>
%% </dl>

-type identity() :: #{engine := binary(), compiler := binary(), cpu := binary()}.
%% What the compiler compiles for: the key of the engine (32 bytes), which compiled code and the
%% library that runs it must have in common; the SHA-256 of the compiler; the processor unless told.

%% What is said of an error, in bytes.
-define(MAX_TEXT, 2000).

%% @equiv compile(Module, #{})
-spec compile(Module :: binary() | file:filename()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()], Aot :: binary()}
    | {error, timeout | hb_beamr_error:reason()}.
compile(Module) ->
    compile(Module, #{}).

%% @doc Compile a module: a binary, or the name of a file as a string.
%%
%% Answers what {@link hb_beamr:start/2} would, without starting anything, and the compiled code, for
%% `start/2', on this machine or on others like it. Nothing is looked up in the cache or written to
%% it. The compiler ends with the calling process.
%%
%% Errors: `timeout'; `no_compiler'; `refused' if the module is not valid or uses what cannot be
%% compiled; `compiler_limit', `compiler_failed', `io', `invalid_option', `not_started'.
-spec compile(Module :: binary() | file:filename(), options()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()], Aot :: binary()}
    | {error, timeout | hb_beamr_error:reason()}.
compile(Module, Options) when is_binary(Module); is_list(Module) ->
    case hb_beamr_aot_options:read(Options) of
        {ok, #{timeout := Timeout} = Read} ->
            case {wasm(Module), hb_beamr_app:ensure_started()} of
                {{ok, Wasm}, ok} -> compile(Wasm, Read, hb_beamr_deadline:in_force(Timeout));
                {{error, Reason}, _} -> {error, Reason};
                {_, NotStarted} -> NotStarted
            end;
        Invalid ->
            Invalid
    end.

-spec wasm(binary() | file:filename()) -> {ok, binary()} | {error, hb_beamr_error:reason()}.
wasm(Wasm) when is_binary(Wasm) ->
    {ok, Wasm};
wasm(Name) ->
    case file:read_file(Name) of
        {ok, Wasm} ->
            {ok, Wasm};
        {error, Reason} ->
            Text = ["cannot read ", hb_beamr_error:show(Name), ": ", file:format_error(Reason)],
            {error, hb_beamr_error:new(io, Text)}
    end.

-spec compile(binary(), hb_beamr_aot_options:options(), hb_beamr_deadline:deadline()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()], binary()}
    | {error, timeout | hb_beamr_error:reason()}.
compile(Wasm, Options, Deadline) ->
    case run(Wasm, Options, Deadline) of
        {ok, Aot} ->
            case describe(Aot, Deadline) of
                {ok, Imports, Exports} ->
                    {ok, Imports, Exports, Aot};
                {error, {bad_module, _} = Reason} ->
                    %% It may be for another machine.
                    case hb_beamr_aot_options:is_native(Options) of
                        true -> {error, Reason};
                        false -> add_code(describe(Wasm, Deadline), Aot)
                    end;
                Error ->
                    Error
            end;
        Error ->
            Error
    end.

-spec add_code({ok, Imports, Exports} | {error, Reason}, binary()) ->
    {ok, Imports, Exports, binary()} | {error, Reason}.
add_code({ok, Imports, Exports}, Aot) -> {ok, Imports, Exports, Aot};
add_code(Error, _Aot) -> Error.

%% A port of its own, without an instance.
-spec describe(binary(), hb_beamr_deadline:deadline()) ->
    {ok, [hb_beamr:import()], [hb_beamr:export()]} | {error, timeout | hb_beamr_error:reason()}.
describe(Module, Deadline) ->
    Describe = fun(Port, _Id) -> hb_beamr_port:describe(Port) end,
    case hb_beamr_port:with_module(Module, [], Deadline, Describe) of
        {ok, Imports, Exports} -> hb_beamr_instance:description(Imports, Exports);
        timeout -> {error, timeout};
        {no_port, Text} -> {error, hb_beamr_error:new(system_limit, Text)};
        Failure -> {error, hb_beamr_error:new(Failure)}
    end.

%% @doc What the compiler compiles for. Nothing is run to find out.
-spec identity() -> {ok, identity()} | {error, hb_beamr_error:reason()}.
identity() ->
    case hb_beamr_app:ensure_started() of
        ok ->
            Program = program(),
            %% Another program of that name is looked at anew.
            Key = {Program, filelib:last_modified(Program), filelib:file_size(Program)},
            case hb_beamr_compiler:recall(Key) of
                {ok, Identity} -> {ok, Identity};
                none -> find_identity(Program, Key)
            end;
        NotStarted ->
            NotStarted
    end.

-spec find_identity(file:filename(), term()) ->
    {ok, identity()} | {error, hb_beamr_error:reason()}.
find_identity(Program, Key) ->
    case {file:read_file(Program), hb_beamr_port:target()} of
        {{ok, Bytes}, {ok, Engine, Cpu}} ->
            Identity = #{engine => Engine, compiler => crypto:hash(sha256, Bytes), cpu => Cpu},
            hb_beamr_compiler:remember(Key, Identity),
            {ok, Identity};
        {{error, Reason}, _} ->
            {error, hb_beamr_aot_process:no_compiler(Program, Reason)};
        {_, {no_port, Text}} ->
            {error, hb_beamr_error:new(system_limit, Text)};
        {_, Failure} ->
            {error, hb_beamr_error:new(Failure)}
    end.

%% @private
%% @doc Run the compiler; the application is running.
-spec run(binary(), hb_beamr_aot_options:options(), hb_beamr_deadline:deadline()) ->
    {ok, Aot :: binary()} | {error, timeout | hb_beamr_error:reason()}.
run(Wasm, Options, Deadline) ->
    Arguments =
        [<<"--end-with-stdin">>, <<"--progress=never">> | hb_beamr_aot_options:arguments(Options)],
    case hb_beamr_aot_process:run(program(), Arguments, Wasm, Deadline) of
        {exit, 0, _, Aot} when is_binary(Aot) -> {ok, Aot};
        Ended -> failure(Ended)
    end.

%% In the application's environment, for who has it elsewhere. It runs in a folder of its own, and
%% a node may have a relative code path.
-spec program() -> file:filename().
program() ->
    case application:get_env(hb_beamr, aot_compiler) of
        {ok, Program} -> filename:absname(Program);
        undefined -> filename:absname(filename:join(hb_beamr_port:priv_dir(), "hb_beamrc"))
    end.

-spec failure(hb_beamr_aot_process:ended()) ->
    {error, timeout | hb_beamr_error:reason()}.
failure({error, Reason}) ->
    {error, Reason};
failure({exit, Status, Words, _}) ->
    {error, hb_beamr_error:new(code(Status), text(Status, words(Words)))}.

-spec code(non_neg_integer()) -> hb_beamr_error:code().
code(1) -> refused;
code(3) -> io;
code(4) -> compiler_limit;
code(_) -> compiler_failed.

-spec text(non_neg_integer(), unicode:chardata()) -> unicode:chardata().
text(Status, Words) when Status > 128, Status < 160 ->
    Signal = io_lib:format("the compiler was ended by signal ~b", [Status - 128]),
    [Signal, [[": ", Words] || Words =/= []]];
text(Status, []) ->
    io_lib:format("the compiler ended with status ~b", [Status]);
text(_, Words) ->
    Words.

%% What the compiler said, without its name in front of each line.
-spec words(binary()) -> string().
words(Words) ->
    Lines = [
        without_name(Line)
     || Line <- string:lexemes(hb_beamr_error:text(Words), "\r\n")
    ],
    Text = lists:append(lists:join("; ", Lines)),
    lists:nthtail(max(0, length(Text) - ?MAX_TEXT), Text).

-spec without_name(string()) -> string().
without_name("hb_beamrc: " ++ Line) -> Line;
without_name(Line) -> Line.

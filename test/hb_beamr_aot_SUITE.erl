%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Compiling ahead of time: the compiler as a program that may fail in every way, and what runs.
-module(hb_beamr_aot_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [{group, any_compiler}, {group, the_compiler}].

groups() ->
    [
        {any_compiler, [
            without_a_compiler,
            options_that_do_not_exist,
            options_are_passed_on,
            how_a_compiler_ends,
            what_a_compiler_says,
            out_of_time,
            the_caller_is_killed,
            the_application_stops,
            the_node_ends,
            the_process_is_killed,
            what_crashed_nodes_left,
            what_is_compiled_for,
            auto_without_a_compiler
        ]},
        {the_compiler, [
            compile_answers_what_start_does,
            a_file,
            for_another_machine,
            not_a_module,
            out_of_memory,
            compiled_code_starts_in_every_way,
            aot_compiles_once,
            equal_modules_at_once,
            the_deadline_of_a_start,
            who_does_not_wait_is_not_served,
            what_cannot_be_compiled,
            auto_starts_at_once,
            auto_takes_the_best,
            auto_after_an_application_start,
            auto_of_what_cannot_be_compiled,
            auto_with_one_compiler,
            auto_of_much_at_once,
            what_cannot_be_interpreted,
            default_mode,
            options_of_the_node,
            exceptions_forced,
            frames_on_demand,
            damaged_code,
            the_size_of_the_stack,
            what_others_brought,
            what_others_brought_first,
            a_module_that_is_code,
            trusted_digests,
            trusted_signatures,
            events,
            no_program_is_left
        ]}
    ].

init_per_group(the_compiler, Config) ->
    hb_beamr_aot_lib:needs_compiler(Config);
init_per_group(_, Config) ->
    Config.

end_per_group(_, _Config) ->
    ok.

init_per_testcase(Case, Config) ->
    hb_beamr_aot_lib:enter(Case, Config).

end_per_testcase(_, Config) ->
    hb_beamr_aot_lib:leave(Config),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% Any compiler

without_a_compiler(Config) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    NotExecutable = filename:join(?config(folder, Config), "text"),
    ok = file:write_file(NotExecutable, "no program"),
    [
        begin
            ok = application:set_env(hb_beamr, aot_compiler, Program),
            ?assertMatch({error, {no_compiler, _}}, hb_beamr_aot:compile(Wasm)),
            ?assertMatch({error, {no_compiler, _}}, hb_beamr:start(Wasm, #{mode => aot})),
            {error, Words} = hb_beamr:start(Wasm, aot),
            ?assertEqual("there is no compiler " ++ Program, lists:sublist(Words, 21 + length(Program)))
        end
     || Program <- [filename:join(?config(folder, Config), "none"), NotExecutable]
    ],
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)).

options_that_do_not_exist(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    Invalid = [
        #{unknown => 1},
        #{opt_level => 4},
        #{opt_level => -1},
        #{opt_level => 1.0},
        #{cpu => ""},
        #{cpu => "a b"},
        #{cpu => <<"x\n">>},
        #{cpu => binary:copy(<<"x">>, 2000)},
        #{cpu => 1},
        #{features => [<<1:3>>]},
        #{target => [-1]},
        #{frames => 1},
        #{exceptions => catch_them},
        #{timeout => -1},
        #{timeout => 1 bsl 32},
        #{max_memory => 0},
        #{max_memory => 1 bsl 64},
        #{nice => maybe_so},
        [],
        atom
    ],
    [
        ?assertMatch({error, {invalid_option, _}}, hb_beamr_aot:compile(Wasm, Options))
     || Options <- Invalid
    ],
    [
        begin
            ok = application:set_env(hb_beamr, aot_options, Options),
            ?assertMatch({error, {invalid_option, _}}, hb_beamr:start(Wasm, #{mode => aot}))
        end
     || Options <- [#{target => aarch64} | Invalid]
    ].

options_are_passed_on(Config) ->
    hb_beamr_aot_lib:fake(Config, "echo \"$*\"; exit 1"),
    Said = fun(Options) ->
        {error, {refused, #{message := Said}}} =
            hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing), Options),
        string:lexemes(binary_to_list(Said), " ")
    end,
    Always = ["--end-with-stdin", "--progress=never", "module.wasm", "-o", "module.aot"],
    Default = ["-O3", "--memory-limit=4294967296"],
    ?assertEqual(lists:sort(Default ++ Always), lists:sort(Said(#{}))),
    ?assertEqual(
        lists:sort(
            [
                "-O1",
                "--cpu=x86-64-v2",
                "--features=+avx2,-fma",
                "--target=x86_64",
                "--frames",
                "--force-exceptions",
                "--nice",
                "--memory-limit=1000"
            ] ++ Always
        ),
        lists:sort(
            Said(#{
                opt_level => 1,
                cpu => "x86-64-v2",
                features => <<"+avx2,-fma">>,
                target => x86_64,
                frames => true,
                exceptions => force,
                nice => true,
                max_memory => 1000
            })
        )
    ),
    ?assertEqual(lists:sort(["-O3" | Always]), lists:sort(Said(#{max_memory => infinity}))).

how_a_compiler_ends(Config) ->
    [
        begin
            hb_beamr_aot_lib:fake(Config, Script),
            {error, {Code, #{message := Message}}} =
                hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing)),
            ?assertEqual({Script, Expected}, {Script, Code}),
            ?assertNotEqual(nomatch, string:find(Message, Word), Message)
        end
     || {Script, Expected, Word} <- [
            {"echo hb_beamrc: no good >&2; exit 1", refused, "no good"},
            {"echo 'hb_beamrc: no such option' >&2; exit 2", compiler_failed, "no such option"},
            {"echo 'hb_beamrc: disk full' >&2; exit 3", io, "disk full"},
            {"echo 'hb_beamrc: too much' >&2; exit 4", compiler_limit, "too much"},
            {"exit 5", compiler_failed, "status 5"},
            {"exit 127", compiler_failed, "status 127"},
            {"kill -KILL $$", compiler_failed, "signal 9"},
            {"echo half way; kill -SEGV $$", compiler_failed, "signal 11: half way"},
            %% It says that it is done, and nothing is there.
            {"exit 0", io, "cannot read"},
            {"mkdir module.aot; exit 0", io, "cannot read"},
            {"echo nonsense >module.aot; exit 0", bad_module, "not a WebAssembly"},
            {": >module.aot; exit 0", bad_module, "empty"}
        ]
    ],
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)).

what_a_compiler_says(Config) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    Message = fun(Script) ->
        hb_beamr_aot_lib:fake(Config, Script),
        {error, {refused, #{message := Said}} = Reason} = hb_beamr_aot:compile(Wasm),
        ?assert(io_lib:char_list(hb_beamr_error:format_error(Reason))),
        Said
    end,
    ?assertEqual(<<"the compiler ended with status 1">>, Message("exit 1")),
    ?assertEqual(<<"a; b">>, Message("echo 'hb_beamrc: a'; echo 'hb_beamrc: b' >&2; exit 1")),
    ?assertEqual(<<"\x{e9}"/utf8>>, Message("printf '\\303\\251'; exit 1")),
    ?assert(is_binary(Message("printf '\\377\\376\\000'; exit 1"))),
    Long = Message("head -c 1000000 /dev/zero | tr '\\0' x; echo the end; exit 1"),
    ?assert(byte_size(Long) < 10000),
    ?assertNotEqual(nomatch, string:find(Long, "the end")).

%% The program does not look at its input, so it has to be killed.
out_of_time(Config) ->
    hb_beamr_aot_lib:endless(Config),
    ?assertEqual(
        {error, timeout},
        hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing), #{timeout => 200})
    ),
    nothing_is_left(Config).

the_caller_is_killed(Config) ->
    hb_beamr_aot_lib:endless(Config),
    {Caller, Monitor} = spawn_monitor(fun() ->
        hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing))
    end),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    exit(Caller, kill),
    receive
        {'DOWN', Monitor, process, Caller, killed} -> ok
    end,
    hb_beamr_test_lib:wait_until(fun() -> supervisor:which_children(hb_beamr_aot_sup) =:= [] end),
    nothing_is_left(Config).

the_application_stops(Config) ->
    hb_beamr_aot_lib:endless(Config),
    Caller = hb_beamr_test_lib:caller(fun() ->
        hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing))
    end),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    ok = application:stop(hb_beamr),
    nothing_is_left(Config),
    ?assertMatch({error, {not_started, _}}, hb_beamr_test_lib:answer(Caller)).

%% Whatever ends it, the program reads the end of its input.
the_node_ends(Config) ->
    hb_beamr_aot_lib:fake(Config, [hb_beamr_aot_lib:note_run(Config), "exec cat >/dev/null"]),
    {ok, Fake} = application:get_env(hb_beamr, aot_compiler),
    [
        begin
            Before = length(hb_beamr_aot_lib:runs(Config)),
            Expression = io_lib:format(
                "ok = application:load(hb_beamr),"
                "ok = application:set_env(hb_beamr, aot_compiler, ~p),"
                "spawn(fun() -> hb_beamr_aot:compile(<<0, \"asm\", 1:32/little>>) end),"
                "(fun Wait() -> case hb_beamr_aot_lib:runs([{folder, ~p}]) of"
                " Runs when length(Runs) > ~b -> ~s; _ -> Wait() end end)().",
                [Fake, ?config(folder, Config), Before, End]
            ),
            _ = hb_beamr_aot_lib:erl(Config, "", lists:flatten(Expression)),
            Program = hb_beamr_aot_lib:wait_for_program(Config),
            hb_beamr_test_lib:wait_until(fun() -> not hb_beamr_aot_lib:is_running(Program) end)
        end
     || End <- ["halt(0)", "init:stop()", "os:cmd(\"kill -KILL \" ++ os:getpid())"]
    ].

the_process_is_killed(Config) ->
    hb_beamr_aot_lib:fake(Config, [hb_beamr_aot_lib:note_run(Config), "exec cat >/dev/null"]),
    Caller = hb_beamr_test_lib:caller(fun() ->
        hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing))
    end),
    Program = hb_beamr_aot_lib:wait_for_program(Config),
    [{_, Process, _, _}] = supervisor:which_children(hb_beamr_aot_sup),
    exit(Process, kill),
    ?assertMatch({error, {internal, _}}, hb_beamr_test_lib:answer(Caller)),
    hb_beamr_test_lib:wait_until(fun() -> not hb_beamr_aot_lib:is_running(Program) end).

what_crashed_nodes_left(Config) ->
    Old = filename:join(?config(temporary, Config), "hb_beamr-aot-1-old"),
    New = filename:join(?config(temporary, Config), "hb_beamr-aot-2-new"),
    Other = filename:join(?config(temporary, Config), "other"),
    Link = filename:join(?config(temporary, Config), "hb_beamr-aot-3-link"),
    [ok = filelib:ensure_dir(filename:join(Folder, "x")) || Folder <- [Old, New, Other]],
    ok = file:write_file(filename:join(Old, "module.wasm"), "x"),
    ok = file:write_file(filename:join(Other, "kept"), "x"),
    ok = file:make_symlink(Other, Link),
    LongAgo = {{2020, 1, 1}, {0, 0, 0}},
    [ok = file:change_time(Folder, LongAgo) || Folder <- [Old, Other]],
    ok = hb_beamr_aot_process:remove_leftovers(),
    ?assertEqual(
        ["hb_beamr-aot-2-new", "hb_beamr-aot-3-link"],
        lists:sort(hb_beamr_aot_lib:temporary_files(Config))
    ),
    ?assert(filelib:is_file(filename:join(Other, "kept"))).

%% What decides about the code; another program makes other code.
what_is_compiled_for(Config) ->
    hb_beamr_aot_lib:fake(Config, "exit 1"),
    {ok, #{engine := <<_:32/binary>>, compiler := First, cpu := Cpu}} = hb_beamr_aot:identity(),
    ?assert(lists:member(Cpu, [<<"x86-64">>, <<"x86-64-v2">>, <<"x86-64-v3">>, <<"generic">>])),
    hb_beamr_aot_lib:fake(Config, "exit 2"),
    {ok, #{compiler := Second}} = hb_beamr_aot:identity(),
    ?assertNotEqual(First, Second).

auto_without_a_compiler(Config) ->
    hb_beamr_aot_lib:fake(Config, "exit 127"),
    Wasm = hb_beamr_test_lib:wasm(nothing),
    {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, [1]}, hb_beamr:call(Instance, "one", [])),
    hb_beamr_test_lib:wait_until(fun() -> is_tuple(compilation(Instance)) end),
    ?assertMatch({failed, {compiler_failed, _}}, compilation(Instance)),
    ?assertMatch({ok, #{mode := interp, opt_level := none}}, hb_beamr:info(Instance)),
    %% It is not tried again.
    {ok, Other, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({failed, _}, compilation(Other)),
    ?assertMatch({ok, #{compiler := #{failed := 1, queued := 0, running := 0}}}, hb_beamr:info()).

%%% The compiler

compile_answers_what_start_does(Config) ->
    [
        begin
            Wasm = hb_beamr_test_lib:wasm(Name),
            {ok, Interpreted, Imports, Exports} = hb_beamr:start(Wasm),
            ok = hb_beamr:stop(Interpreted),
            {ok, Imports, Exports, Aot} = hb_beamr_aot:compile(Wasm, #{opt_level => Level}),
            ?assertMatch(<<0, "hba", _/binary>>, Aot),
            {ok, Instance, Imports, Exports} = hb_beamr:start(Aot, aot),
            ?assertMatch({ok, #{mode := aot, opt_level := Level}}, hb_beamr:info(Instance)),
            ?assertEqual({ok, Imports, Exports}, hb_beamr:describe(Instance)),
            ok = hb_beamr:stop(Instance)
        end
     || Name <- [nothing, imports, values, memory, references, exceptions], Level <- [0, 1, 2, 3]
    ],
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)),
    ?assertEqual([], hb_beamr_aot_lib:cache_files(Config)).

a_file(Config) ->
    Name = filename:join(?config(folder, Config), "module \x{e9} 'x'.wasm"),
    ok = file:write_file(Name, hb_beamr_test_lib:wasm(values)),
    {ok, [], _, Aot} = hb_beamr_aot:compile(Name),
    {ok, Instance, _, _} = hb_beamr:start(Aot, aot),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2])),
    [
        ?assertMatch({error, {io, _}}, hb_beamr_aot:compile(File))
     || File <- [Name ++ ".none", ?config(folder, Config), "", [0], [-1], [a]]
    ].

%% The driver does not load it here, but what it imports and exports is known.
for_another_machine(_) ->
    Wasm = hb_beamr_test_lib:wasm(imports),
    {ok, Interpreted, Imports, Exports} = hb_beamr:start(Wasm),
    ok = hb_beamr:stop(Interpreted),
    Other =
        case string:prefix(erlang:system_info(system_architecture), "aarch64") of
            nomatch -> aarch64;
            _ -> x86_64
        end,
    case hb_beamr_aot:compile(Wasm, #{target => Other}) of
        {ok, Imports, Exports, Aot} ->
            ?assertMatch({error, {bad_module, _}}, hb_beamr:start(Aot, #{mode => aot}));
        {error, {Code, _}} ->
            %% This LLVM makes no code for it.
            ?assert(lists:member(Code, [refused, compiler_failed]))
    end,
    ?assertMatch(
        {error, {compiler_failed, _}}, hb_beamr_aot:compile(Wasm, #{cpu => "no-such-processor"})
    ).

not_a_module(_) ->
    Invalid = <<0, "asm", 1:32/little, 10, 2, 1, 0>>,
    [
        begin
            ?assertMatch({error, {refused, _}}, hb_beamr_aot:compile(Bytes)),
            ?assertMatch({error, {bad_module, _}}, hb_beamr:start(Bytes, #{mode => aot})),
            ?assertMatch({error, {bad_module, _}}, hb_beamr:start(Bytes, #{mode => auto})),
            ?assertMatch({error, [_ | _]}, hb_beamr:start(Bytes, aot))
        end
     || Bytes <- [<<>>, <<"not a module">>, <<0, "asm">>, Invalid]
    ],
    {ok, #{compiler := Numbers}} = hb_beamr:info(),
    ?assertMatch(#{done := 0, running := 0, queued := 0}, Numbers).

out_of_memory(Config) ->
    ?assertMatch(
        {error, {compiler_limit, _}},
        hb_beamr_aot:compile(hb_beamr_test_lib:wasm(imports), #{max_memory => 1000000})
    ),
    ok = application:set_env(hb_beamr, aot_options, #{max_memory => 1000000}),
    ?assertMatch(
        {error, {compiler_limit, _}},
        hb_beamr:start(hb_beamr_test_lib:wasm(imports), #{mode => aot})
    ),
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)).

compiled_code_starts_in_every_way(_) ->
    {ok, Imports, Exports, Aot} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(imports)),
    ok = application:set_env(hb_beamr, aot_trusted, all),
    Starts = [
        fun() -> hb_beamr:start(Aot) end,
        fun() -> hb_beamr:start(Aot, wasm) end,
        fun() -> hb_beamr:start(Aot, aot) end,
        fun() -> hb_beamr:start(Aot, #{}) end,
        fun() -> hb_beamr:start(Aot, #{exceptions => force}) end
        | [
            fun() -> hb_beamr:start(Aot, #{mode => Mode}) end
         || Mode <- [interp, aot, auto]
        ]
    ],
    [
        begin
            {ok, Instance, Imports, Exports} = Start(),
            ?assertMatch({ok, #{mode := aot, compilation := none}}, hb_beamr:info(Instance)),
            ?assertEqual({ok, [7]}, hb_beamr:call(Instance, "seven", []))
        end
     || Start <- Starts
    ],
    ?assertMatch(
        {error, {limit, module_size, _}}, hb_beamr:start(Aot, #{mode => aot, max_module_size => 100})
    ).

aot_compiles_once(Config) ->
    hb_beamr_aot_lib:counted(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    [
        begin
            {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
            ?assertMatch(
                {ok, #{mode := aot, opt_level := 3, compilation := {done, 3}}},
                hb_beamr:info(Instance)
            ),
            ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2]))
        end
     || _ <- [1, 2, 3]
    ],
    {ok, _, _, _} = hb_beamr:start(Wasm, aot),
    {ok, _} = hb_beamr:start_link(Wasm, #{mode => aot}),
    ?assertEqual(1, length(hb_beamr_aot_lib:runs(Config))),
    ?assertMatch(
        {ok, #{compiler := #{done := 1, failed := 0, cache_hits := 0, cache_misses := 1}}},
        hb_beamr:info()
    ),
    %% Another start of the application finds it in the cache.
    ok = hb_beamr_aot_lib:stop_application(),
    {ok, Again, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
    ?assertMatch({ok, #{mode := aot, compilation := {done, 3}}}, hb_beamr:info(Again)),
    ?assertMatch({ok, #{compiler := #{cache_hits := 1, cache_misses := 0}}}, hb_beamr:info()),
    ?assertEqual(1, length(hb_beamr_aot_lib:runs(Config))),
    %% Without a cache it is compiled again, and once while the application runs.
    ok = hb_beamr_aot_lib:stop_application(),
    ok = application:set_env(hb_beamr, aot_cache_dir, none),
    [{ok, _, _, _} = hb_beamr:start(Wasm, #{mode => aot}) || _ <- [1, 2]],
    ?assertEqual(2, length(hb_beamr_aot_lib:runs(Config))).

equal_modules_at_once(Config) ->
    hb_beamr_aot_lib:gated(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    Callers = [
        hb_beamr_test_lib:caller(fun() -> start_and_add(Wasm, #{mode => aot}) end)
     || _ <- lists:seq(1, 20)
    ],
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    hb_beamr_test_lib:wait_until(fun() ->
        lists:all(
            fun({Pid, _}) -> process_info(Pid, current_function) =:= {current_function, {gen, do_call, 4}} end,
            Callers
        )
    end),
    hb_beamr_aot_lib:open_gate(Config),
    [?assertEqual({ok, [3]}, hb_beamr_test_lib:answer(Caller)) || Caller <- Callers],
    ?assertEqual(1, length(hb_beamr_aot_lib:runs(Config))).

start_and_add(Wasm, Options) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm, Options),
    Result = hb_beamr:call(Instance, "add", [1, 2]),
    ok = hb_beamr:stop(Instance),
    Result.

%% What was begun goes on, for the next one.
the_deadline_of_a_start(Config) ->
    hb_beamr_aot_lib:gated(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    ?assertEqual({error, timeout}, hb_beamr:start(Wasm, #{mode => aot, timeout => 0})),
    ?assertEqual([], hb_beamr_aot_lib:runs(Config)),
    ?assertEqual({error, timeout}, hb_beamr:start(Wasm, #{mode => aot, timeout => 1000})),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    hb_beamr_aot_lib:open_gate(Config),
    ?assertEqual({ok, [3]}, start_and_add(Wasm, #{mode => aot})),
    ?assertEqual(1, length(hb_beamr_aot_lib:runs(Config))).

%% What has not begun is not begun for nobody.
who_does_not_wait_is_not_served(Config) ->
    ok = application:set_env(hb_beamr, aot_compilers, 1),
    hb_beamr_aot_lib:gated(Config),
    First = hb_beamr_test_lib:caller(fun() ->
        start_and_add(hb_beamr_test_lib:wasm(values), #{mode => aot})
    end),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    {Second, Monitor} = spawn_monitor(fun() ->
        hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{mode => aot})
    end),
    hb_beamr_test_lib:wait_until(fun() -> number(queued) =:= 1 end),
    exit(Second, kill),
    receive
        {'DOWN', Monitor, process, Second, killed} -> ok
    end,
    hb_beamr_aot_lib:open_gate(Config),
    ?assertEqual({ok, [3]}, hb_beamr_test_lib:answer(First)),
    hb_beamr_test_lib:wait_until(fun() -> number(queued) + number(running) =:= 0 end),
    ?assertEqual(1, length(hb_beamr_aot_lib:runs(Config))).

what_cannot_be_compiled(Config) ->
    hb_beamr_aot_lib:refusing(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    ?assertMatch(
        {error, {refused, #{message := <<"not this one">>}}},
        hb_beamr:start(Wasm, #{mode => aot})
    ),
    ?assertEqual({error, "not this one"}, hb_beamr:start(Wasm, aot)),
    ?assertMatch({ok, #{compiler := #{failed := 2, done := 0}}}, hb_beamr:info()),
    %% Nothing is left of them.
    ?assertMatch({ok, #{instances := 0}}, hb_beamr:info()).

auto_starts_at_once(Config) ->
    hb_beamr_aot_lib:gated(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertEqual({ok, [3]}, hb_beamr:call(First, "add", [1, 2])),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    ?assertMatch({ok, #{mode := interp, compilation := running}}, hb_beamr:info(First)),
    ?assertMatch({ok, #{compiler := #{running := 1, done := 0}}}, hb_beamr:info()),
    {ok, Second, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := interp, compilation := running}}, hb_beamr:info(Second)),
    hb_beamr_aot_lib:open_gate(Config),
    hb_beamr_test_lib:wait_until(fun() -> compilation(First) =:= {done, 0} end),
    {ok, Third, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch(
        {ok, #{mode := aot, opt_level := 0, compilation := {done, 0}}}, hb_beamr:info(Third)
    ),
    ?assertEqual({ok, [3]}, hb_beamr:call(Third, "add", [1, 2])),
    hb_beamr_aot_lib:open_gate(Config),
    hb_beamr_test_lib:wait_until(fun() -> compilation(First) =:= {done, 3} end),
    {ok, Fourth, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch(
        {ok, #{mode := aot, opt_level := 3, compilation := {done, 3}}}, hb_beamr:info(Fourth)
    ),
    %% What runs goes on as it is.
    ?assertMatch({ok, #{mode := interp}}, hb_beamr:info(First)),
    ?assertMatch({ok, #{mode := aot, opt_level := 0}}, hb_beamr:info(Third)),
    [?assertEqual({ok, [3]}, hb_beamr:call(I, "add", [1, 2])) || I <- [First, Second, Third, Fourth]],
    ?assertEqual(2, length(hb_beamr_aot_lib:runs(Config))),
    [?assertNotEqual(nomatch, string:find(Run, "--nice")) || Run <- hb_beamr_aot_lib:runs(Config)],
    %% In other modes as ever.
    {ok, Interpreted, _, _} = hb_beamr:start(Wasm, #{mode => interp}),
    ?assertMatch({ok, #{mode := interp}}, hb_beamr:info(Interpreted)),
    ?assertMatch({ok, #{compiler := #{cache_misses := 1, cache_hits := 0}}}, hb_beamr:info()).

%% Who waits for the best does not get the quick one.
auto_takes_the_best(Config) ->
    hb_beamr_aot_lib:gated(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    hb_beamr_aot_lib:open_gate(Config),
    hb_beamr_test_lib:wait_until(fun() -> compilation(First) =:= {done, 0} end),
    Waiting = hb_beamr_test_lib:caller(fun() ->
        {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
        hb_beamr:info(Instance)
    end),
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_aot_lib:runs(Config)) =:= 2 end),
    hb_beamr_aot_lib:open_gate(Config),
    ?assertMatch({ok, #{mode := aot, opt_level := 3}}, hb_beamr_test_lib:answer(Waiting)),
    ?assertEqual(2, length(hb_beamr_aot_lib:runs(Config))).

%% The best code is in the cache: no quick one is made.
%% The driver still has the code that it was given, if it stays loaded.
auto_after_an_application_start(_) ->
    ok = hb_beamr_port:load(),
    Wasm = hb_beamr_test_lib:wasm(values),
    ok = application:set_env(hb_beamr, aot_options, #{opt_level => 1}),
    {ok, _, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
    ok = application:stop(hb_beamr),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := aot, opt_level := 1}}, hb_beamr:info(First)),
    ?assertEqual(none, compilation(First)),
    ok = application:stop(hb_beamr),
    ok = application:unset_env(hb_beamr, aot_options),
    {ok, Second, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := aot, opt_level := 1}}, hb_beamr:info(Second)),
    hb_beamr_test_lib:wait_until(fun() -> compilation(Second) =:= {done, 3} end),
    {ok, Third, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := aot, opt_level := 3}}, hb_beamr:info(Third)).

auto_of_what_cannot_be_compiled(Config) ->
    hb_beamr_aot_lib:refusing(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    hb_beamr_test_lib:wait_until(fun() -> is_tuple(compilation(First)) end),
    ?assertMatch({failed, {refused, #{message := <<"not this one">>}}}, compilation(First)),
    ?assertEqual({ok, [3]}, start_and_add(Wasm, #{mode => auto})),
    ?assertMatch({ok, #{compiler := #{failed := 1, queued := 0}}}, hb_beamr:info()).

%% Quick code of every module comes before the best one of any.
auto_with_one_compiler(Config) ->
    ok = application:set_env(hb_beamr, aot_compilers, 1),
    hb_beamr_aot_lib:gated(Config),
    Instances = [
        begin
            {ok, Instance, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(Name), #{mode => auto}),
            Instance
        end
     || Name <- [values, imports, memory]
    ],
    _ = hb_beamr_aot_lib:wait_for_program(Config),
    ?assertEqual([running, queued, queued], [compilation(Instance) || Instance <- Instances]),
    ?assertMatch({1, 2}, {number(running), number(queued)}),
    lists:foreach(
        fun(Run) ->
            hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_aot_lib:runs(Config)) =:= Run end),
            hb_beamr_aot_lib:open_gate(Config)
        end,
        lists:seq(1, 6)
    ),
    hb_beamr_test_lib:wait_until(fun() -> number(done) =:= 6 end),
    ?assertEqual(
        ["-O0", "-O0", "-O0", "-O3", "-O3", "-O3"],
        [lists:nth(4, string:lexemes(Run, " ")) || Run <- hb_beamr_aot_lib:runs(Config)]
    ),
    ?assertEqual([{done, 3} || _ <- Instances], [compilation(Instance) || Instance <- Instances]).

%% What waits for a compiler holds memory: not more than 64 MiB of it.
auto_of_much_at_once(Config) ->
    ok = application:set_env(hb_beamr, aot_compilers, 1),
    hb_beamr_aot_lib:gated(Config),
    Size = 30 bsl 20,
    Large = fun(Number) ->
        <<A:7, B:7, C:7, D:7>> = <<(Size + 2):28>>,
        Length = <<1:1, D:7, 1:1, C:7, 1:1, B:7, 0:1, A:7>>,
        Section = <<0, Length/binary, 1, Number, 0:Size/unit:8>>,
        <<(hb_beamr_test_lib:wasm(values))/binary, Section/binary>>
    end,
    Instances = [
        begin
            {ok, Instance, _, _} = hb_beamr:start(Large(Number), #{mode => auto}),
            Instance
        end
     || Number <- "abcd"
    ],
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_aot_lib:runs(Config)) =:= 1 end),
    ?assertEqual(
        [running, queued, queued, none], [compilation(Instance) || Instance <- Instances]
    ).

%% There is nothing to start at once.
what_cannot_be_interpreted(Config) ->
    hb_beamr_aot_lib:counted(Config),
    Module = fun(Number) ->
        hb_beamr_test_lib:wat([
            "(module (func (export \"lane\") (result i32)"
            "  (i32x4.extract_lane 0 (v128.const i32x4 ",
            integer_to_list(Number),
            " 2 3 4))))"
        ])
    end,
    ?assertMatch({error, {not_compiled, _}}, hb_beamr:start(Module(7), #{mode => interp})),
    {ok, Aot, _, _} = hb_beamr:start(Module(7), #{mode => aot}),
    ?assertEqual({ok, [7]}, hb_beamr:call(Aot, "lane", [])),
    ?assertMatch({ok, #{mode := aot, opt_level := 3}}, hb_beamr:info(Aot)),
    {ok, Auto, _, _} = hb_beamr:start(Module(8), #{mode => auto}),
    ?assertEqual({ok, [8]}, hb_beamr:call(Auto, "lane", [])),
    ?assertMatch({ok, #{mode := aot, opt_level := 0}}, hb_beamr:info(Auto)),
    hb_beamr_test_lib:wait_until(fun() -> compilation(Auto) =:= {done, 3} end),
    {ok, Again, _, _} = hb_beamr:start(Module(8), #{mode => auto}),
    ?assertMatch({ok, #{mode := aot, opt_level := 3}}, hb_beamr:info(Again)),
    ?assertEqual(3, length(hb_beamr_aot_lib:runs(Config))),
    hb_beamr_aot_lib:refusing(Config),
    ?assertMatch({error, {refused, _}}, hb_beamr:start(Module(9), #{mode => auto})).

default_mode(_) ->
    Wasm = hb_beamr_test_lib:wasm(values),
    Mode = fun(Start) ->
        {ok, Instance, _, _} = Start(),
        {ok, #{mode := Mode}} = hb_beamr:info(Instance),
        Mode
    end,
    ?assertEqual(interp, Mode(fun() -> hb_beamr:start(Wasm) end)),
    ok = application:set_env(hb_beamr, default_mode, aot),
    ?assertEqual(aot, Mode(fun() -> hb_beamr:start(Wasm) end)),
    ?assertEqual(aot, Mode(fun() -> hb_beamr:start(Wasm, #{}) end)),
    ?assertEqual(interp, Mode(fun() -> hb_beamr:start(Wasm, #{mode => interp}) end)),
    ok = application:set_env(hb_beamr, default_mode, auto),
    ?assertEqual(aot, Mode(fun() -> hb_beamr:start(Wasm) end)),
    ok = application:set_env(hb_beamr, default_mode, fast),
    ?assertMatch({error, {invalid_option, _}}, hb_beamr:start(Wasm, #{})).

options_of_the_node(Config) ->
    hb_beamr_aot_lib:counted(Config),
    ok = application:set_env(hb_beamr, aot_options, #{opt_level => 1, cpu => "x86-64"}),
    {ok, Instance, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => aot}),
    ?assertMatch({ok, #{opt_level := 1, compilation := {done, 1}}}, hb_beamr:info(Instance)),
    [Run] = hb_beamr_aot_lib:runs(Config),
    ?assertNotEqual(nomatch, string:find(Run, "-O1 --cpu=x86-64 ")),
    %% Other options are other code.
    ok = application:set_env(hb_beamr, aot_options, #{}),
    {ok, Other, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => aot}),
    ?assertMatch({ok, #{opt_level := 3}}, hb_beamr:info(Other)),
    ?assertEqual(2, length(hb_beamr_aot_lib:cache_files(Config))).

exceptions_forced(Config) ->
    hb_beamr_aot_lib:counted(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    [
        begin
            {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => aot, exceptions => How}),
            ?assertMatch({ok, #{mode := aot}}, hb_beamr:info(Instance)),
            ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2]))
        end
     || How <- [lower, force, lower, force]
    ],
    [Lowered, Forced] = hb_beamr_aot_lib:runs(Config),
    ?assertEqual(nomatch, string:find(Lowered, "--force-exceptions")),
    ?assertNotEqual(nomatch, string:find(Forced, "--force-exceptions")).

frames_on_demand(_) ->
    Wasm = hb_beamr_test_lib:wasm(traps),
    {ok, _, _, Plain} = hb_beamr_aot:compile(Wasm),
    {ok, Without, _, _} = hb_beamr:start(Plain, aot),
    {error, "Exception: unreachable"} = hb_beamr:call(Without, "deep", []),
    ?assertMatch({trap, #{kind := unreachable}}, hb_beamr:last_error(Without)),
    case hb_beamr_aot:compile(Wasm, #{frames => true}) of
        {ok, _, _, Aot} ->
            {ok, Instance, _, _} = hb_beamr:start(Aot, aot),
            {error, "Exception: unreachable"} = hb_beamr:call(Instance, "deep", []),
            {trap, #{kind := unreachable, frames := Frames}} = hb_beamr:last_error(Instance),
            ?assertEqual(
                [<<"inner">>, <<"middle">>, <<"outer">>], [Name || #{name := Name} <- Frames]
            );
        {error, {refused, #{message := Message}}} ->
            {skip, "this compiler keeps no frames: " ++ binary_to_list(Message)}
    end.

%% It is the native one, in proportion to what interpreted code may have.
the_size_of_the_stack(_) ->
    Wasm = hb_beamr_test_lib:wat(
        "(module (func $down (export \"down\") (param i32) (result i32)"
        "  (if (result i32) (local.get 0)"
        "    (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))"
        "    (else (i32.const 0)))))"
    ),
    {ok, _, _, Aot} = hb_beamr_aot:compile(Wasm, #{opt_level => 0}),
    Deepest = fun(Size) ->
        {ok, Instance, _, _} = hb_beamr:start(Aot, #{mode => aot, stack_size => Size}),
        Reaches = fun(Depth) ->
            case hb_beamr:call(Instance, "down", [Depth]) of
                {ok, [Depth]} ->
                    true;
                {error, _} ->
                    {trap, #{kind := stack_overflow}} = hb_beamr:last_error(Instance),
                    false
            end
        end,
        search(Reaches, 1000)
    end,
    Least = Deepest(4096),
    ?assert(Least >= 8000),
    ?assertEqual(Least, Deepest(131072)),
    %% Each to within 1 %.
    ?assert(Deepest(262144) > Least * 19 / 10),
    ?assert(Deepest(262144) < Least * 21 / 10),
    ?assert(Deepest(524288) > Least * 38 / 10),
    ?assertEqual(Deepest(524288), Deepest(67108864)).

search(Reaches, Depth) ->
    case Reaches(Depth) of
        true -> search(Reaches, Depth + Depth div 100);
        false -> Depth
    end.

damaged_code(_) ->
    {ok, _, _, Aot} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values)),
    Size = byte_size(Aot),
    Damaged =
        [flip(Aot, At) || At <- lists:seq(4, 120) ++ lists:seq(121, Size - 1, 61)] ++
            [binary:part(Aot, 0, Length) || Length <- lists:seq(4, 130) ++ lists:seq(131, Size - 1, 61)] ++
            [<<Aot/binary, 0>>],
    [
        begin
            {error, {bad_module, _} = Reason} = hb_beamr:start(Bytes, #{mode => aot}),
            ?assertMatch([_ | _], hb_beamr_error:format_error(Reason))
        end
     || Bytes <- Damaged
    ],
    %% With a digest that fits.
    Foreign = hb_beamr_aot_lib:seal(flip(Aot, 40)),
    {error, {bad_module, #{message := Message}}} = hb_beamr:start(Foreign, #{mode => aot}),
    ?assertNotEqual(nomatch, string:find(Message, "another build")),
    ?assertMatch({error, _}, hb_beamr:start(hb_beamr_aot_lib:seal(binary:part(Aot, 0, 100)), #{mode => aot})),
    {ok, _, _, _} = hb_beamr:start(Aot, aot).

flip(Bytes, At) ->
    <<Before:At/binary, Byte, After/binary>> = Bytes,
    <<Before/binary, (Byte bxor 16#10), After/binary>>.

%% Who starts compiled code takes the responsibility for it, and nobody else gets it.
what_others_brought(_) ->
    Wasm = hb_beamr_test_lib:wasm(values),
    {ok, _, _, Brought} = hb_beamr_aot:compile(Wasm, #{opt_level => 1}),
    {ok, _, _, _} = hb_beamr:start(Brought, aot),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := interp}}, hb_beamr:info(First)),
    hb_beamr_test_lib:wait_until(fun() -> compilation(First) =:= {done, 3} end),
    {ok, Second, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
    ?assertMatch({ok, #{mode := aot, compilation := {done, 3}}}, hb_beamr:info(Second)).

%% Nor is it in the way of what is made for them.
what_others_brought_first(_) ->
    Wasm = hb_beamr_test_lib:wasm(traps),
    {ok, _, _, Brought} = hb_beamr_aot:compile(Wasm, #{frames => true}),
    {ok, Theirs, _, _} = hb_beamr:start(Brought, aot),
    {ok, First, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := interp}}, hb_beamr:info(First)),
    hb_beamr_test_lib:wait_until(fun() -> compilation(First) =:= {done, 3} end),
    Frames = fun(Instance) ->
        {error, "Exception: " ++ _} = hb_beamr:call(Instance, "unreachable", []),
        {trap, #{frames := Found}} = hb_beamr:last_error(Instance),
        Found
    end,
    {ok, Second, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
    ?assertMatch({ok, #{mode := aot}}, hb_beamr:info(Second)),
    ?assertMatch({[_ | _], []}, {Frames(Theirs), Frames(Second)}).

%% Bytes that somebody starts as a module may come from anywhere.
a_module_that_is_code(_) ->
    {ok, _, _, Aot} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values)),
    [
        begin
            ok = application:set_env(hb_beamr, default_mode, Default),
            ?assertMatch({error, {untrusted, _}}, hb_beamr:start(Aot, Options))
        end
     || Default <- [interp, aot, auto],
        Options <- [#{}, #{mode => interp}, #{mode => auto}, #{exceptions => force}]
    ],
    Text = "compiled code is only run where start is told so: start(Aot, aot)",
    ?assertEqual({error, Text}, hb_beamr:start(Aot)),
    ?assertEqual({error, Text}, hb_beamr:start(Aot, wasm)),
    {ok, _, _, _} = hb_beamr:start(Aot, aot),
    {ok, _, _, _} = hb_beamr:start(Aot, #{mode => aot}).

trusted_digests(_) ->
    {ok, _, _, Aot} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values)),
    Digest = crypto:hash(sha256, Aot),
    Hex = binary:encode_hex(Digest),
    [
        begin
            ok = application:set_env(hb_beamr, aot_trusted, {sha256, Digests}),
            ?assertMatch({error, {untrusted, _}}, hb_beamr:start(Aot, #{})),
            ?assertMatch({error, [_ | _]}, hb_beamr:start(Aot, aot))
        end
     || Digests <- [[], [<<0:256>>], ["none"], [atom]]
    ],
    [
        begin
            ok = application:set_env(hb_beamr, aot_trusted, {sha256, [<<0:256>>, Given]}),
            ?assertMatch({ok, _, _, _}, hb_beamr:start(Aot, #{}))
        end
     || Given <- [Digest, Hex, binary_to_list(Hex), string:lowercase(Hex)]
    ],
    %% What is compiled here is run.
    ok = application:set_env(hb_beamr, aot_trusted, {sha256, []}),
    ?assertMatch({ok, _, _, _}, hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => aot})),
    ok = application:set_env(hb_beamr, aot_trusted, some),
    ?assertMatch({error, {invalid_option, _}}, hb_beamr:start(Aot, #{})).

trusted_signatures(_) ->
    {ok, _, _, Aot} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values)),
    {Public, Private} = crypto:generate_key(eddsa, ed25519),
    {Other, _} = crypto:generate_key(eddsa, ed25519),
    Signature = crypto:sign(eddsa, none, Aot, [Private, ed25519]),
    Start = fun(Keys, Options) ->
        ok = application:set_env(hb_beamr, aot_trusted, {public_key, Keys}),
        hb_beamr:start(Aot, Options)
    end,
    ?assertMatch({ok, _, _, _}, Start([Public], #{signature => Signature})),
    ?assertMatch({ok, _, _, _}, Start([Other, binary:encode_hex(Public)], #{signature => Signature})),
    [
        ?assertMatch({error, {untrusted, _}}, Start(Keys, Options))
     || {Keys, Options} <- [
            {[Public], #{}},
            {[Public], #{signature => <<>>}},
            {[Public], #{signature => flip(Signature, 0)}},
            {[Other], #{signature => Signature}},
            {[], #{signature => Signature}},
            {[<<"key">>], #{signature => Signature}}
        ]
    ],
    ?assertMatch({error, [_ | _]}, hb_beamr:start(Aot, aot)).

events(Config) ->
    hb_beamr_test_telemetry:during(fun() ->
        Wasm = hb_beamr_test_lib:wasm(values),
        Size = byte_size(Wasm),
        Digest = crypto:hash(sha256, Wasm),
        {ok, _, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
        receive
            {event, _, [hb_beamr, compilation, stop], Measured, Told} ->
                ?assertMatch(#{duration := _, module_size := Size, code_size := _}, Measured),
                ?assertEqual(#{module => Digest, level => 3, cached => false}, Told)
        end,
        ok = application:stop(hb_beamr),
        {ok, _, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
        receive
            {event, _, [hb_beamr, compilation, stop], _, #{cached := Cached}} -> ?assert(Cached)
        end,
        hb_beamr_aot_lib:refusing(Config),
        {error, Reason} = hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{mode => aot}),
        receive
            {event, _, [hb_beamr, compilation, failure], Failed, Why} ->
                ?assertMatch(#{duration := _, module_size := _}, Failed),
                ?assertMatch(#{module := _, level := 3, reason := Reason}, Why)
        end
    end).

%% Also of those that nobody waits for.
no_program_is_left(Config) ->
    hb_beamr_aot_lib:endless(Config),
    {ok, Instance, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => auto}),
    Waiting = hb_beamr_test_lib:caller(fun() ->
        hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{mode => aot})
    end),
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_aot_lib:runs(Config)) =:= 2 end),
    ?assertEqual(running, compilation(Instance)),
    ok = application:stop(hb_beamr),
    nothing_is_left(Config),
    ?assertMatch({error, {not_started, _}}, hb_beamr_test_lib:answer(Waiting)).

%%% Helpers

compilation(Instance) ->
    {ok, #{compilation := State}} = hb_beamr:info(Instance),
    State.

number(Name) ->
    {ok, #{compiler := #{Name := Number}}} = hb_beamr:info(),
    Number.

nothing_is_left(Config) ->
    Programs = [hd(string:lexemes(Run, " ")) || Run <- hb_beamr_aot_lib:runs(Config)],
    ?assertNotEqual([], Programs),
    [?assertNot(hb_beamr_aot_lib:is_running(Program)) || Program <- Programs],
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)).

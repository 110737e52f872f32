%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Real modules: programs of this project that emscripten compiles in its two ways to throw, and
%%% modules that others have built. `test/modules/build.sh' builds and fetches them.
-module(hb_beamr_modules_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        {group, invoke},
        {group, legacy},
        regular_expressions_match,
        regular_expressions_in_much_text,
        python_computes,
        python_raises,
        an_imported_memory,
        an_imported_memory_with_an_image,
        an_imported_memory_that_grows,
        limits_of_an_imported_memory,
        more_than_4_gib_of_memory
    ].

%% By imports of emscripten's, and by WebAssembly's exceptions: the answers are the same.
groups() ->
    [{invoke, [], throwing()}, {legacy, [], throwing()}].

throwing() ->
    [
        cxx_exceptions_are_handled,
        cxx_an_uncaught_exception_is_an_error,
        cxx_terminate_is_called,
        lua_errors,
        lua_many_errors,
        lua_coroutines,
        lua_strings,
        lua_tables,
        lua_closures,
        lua_deep_recursion,
        lua_asks_the_host
    ].

init_per_suite(Config) ->
    case hb_beamr_modules_files:are_built() of
        true -> Config;
        false -> {skip, "test/modules/build.sh has not been run"}
    end.

end_per_suite(_) ->
    ok.

init_per_group(Way, Config) ->
    [{way, atom_to_list(Way)} | Config].

end_per_group(_, _) ->
    ok.

%%% C++

cxx_exceptions_are_handled(Config) ->
    Cxx = start_cxx(Config),
    Lines = string:lexemes(hb_beamr_modules_files:read("cxx/expected.txt"), "\n"),
    Expected = [list_to_tuple(string:split(Line, ": ")) || Line <- Lines],
    ?assertEqual(Expected, [{Name, run_cxx(Cxx, Name)} || {Name, _} <- Expected]).

cxx_an_uncaught_exception_is_an_error(Config) ->
    Cxx = start_cxx(Config),
    ?assertMatch({error, "Exception: " ++ _}, run_cxx(Cxx, "uncaught")),
    ?assertEqual(<<"int1 two">>, run_cxx(Cxx, "nested")).

cxx_terminate_is_called(Config) ->
    Cxx = start_cxx(Config),
    ?assertEqual({error, "Exception: terminated"}, run_cxx(Cxx, "to_terminate")),
    ?assertEqual(<<"terminate">>, trace(Cxx)).

start_cxx(Config) ->
    start("cxx", Config, #{}).

run_cxx(Instance, Case) ->
    {ok, Name} = hb_beamr_io:write_string(Instance, Case),
    case call(Instance, "run", [Name]) of
        {ok, [1], _} -> trace(Instance);
        {error, Text, _} -> {error, Text}
    end.

trace(Instance) ->
    {ok, [Trace]} = hb_beamr:call(Instance, "trace", []),
    {ok, Text} = hb_beamr_io:read_string(Instance, Trace),
    Text.

%%% Lua

lua_errors(Config) -> lua("errors", Config).
lua_many_errors(Config) -> lua("many_errors", Config).
lua_coroutines(Config) -> lua("coroutines", Config).
lua_strings(Config) -> lua("strings", Config).
lua_tables(Config) -> lua("tables", Config).
lua_closures(Config) -> lua("closures", Config).
lua_deep_recursion(Config) -> lua("deep", Config).
lua_asks_the_host(Config) -> lua("host", Config).

%% Run a program, and again in the same instance.
lua(Name, Config) ->
    Lua = start_lua(Config),
    Program = hb_beamr_modules_files:read("lua/programs/" ++ Name ++ ".lua"),
    Expected = hb_beamr_modules_files:read("lua/programs/" ++ Name ++ ".expected"),
    ?assertEqual(lines(Expected), lines(eval(Lua, Program))),
    ?assertEqual(<<"5\n">>, eval(Lua, "print(2 + 3)")).

eval(Lua, Program) ->
    {ok, Pointer} = hb_beamr_io:write_string(Lua, Program),
    {ok, [Output], _} = call(Lua, "eval", [Pointer]),
    ok = hb_beamr_io:free(Lua, Pointer),
    {ok, Text} = hb_beamr_io:read_string(Lua, Output),
    Text.

lines(Text) ->
    string:split(Text, "\n", all).

%% Its C functions call themselves up to 200 times: the guest's frames need more than is usual.
start_lua(Config) ->
    start("lua", Config, #{stack_size => 8 bsl 20}).

%%% The host's side of both

start(Program, Config, Options) ->
    Name = Program ++ "_" ++ proplists:get_value(way, Config),
    hb_beamr_modules_emscripten:start(hb_beamr_modules_files:wasm(Name), Options).

call(Instance, Function, Args) ->
    Import = hb_beamr_modules_cxx:around(fun host/3),
    State = {hb_beamr_modules_cxx:new(), hb_beamr_modules_wasi:new([], [])},
    hb_beamr:call(Instance, Function, Args, Import, State).

host(State, #{module := "host", func := "host_open", args := [Which]}, _) ->
    {ok, [proplists:get_value(Which, [{1, 3}], -44)], State};
host(State, #{module := "host", func := "host_call_back", args := [Depth]} = Call, _) ->
    #{instance := Instance} = Call,
    {ok, [Result], _} = call(Instance, "call_back", [Depth]),
    {ok, [Result], State};
host(State, #{module := "host", func := "host_terminated"}, _) ->
    {ok, {import_exception, "terminated"}, State};
host(State, #{module := "host", func := "host_ask", args := [Number]}, _) ->
    {ok, [max(-1, Number * abs(Number))], State};
host(State, Call, Opts) ->
    hb_beamr_modules_emscripten:import(State, Call, Opts).

%%% A module from npm, made by emscripten: functions imported from env, and a memory that grows

regular_expressions_match(_) ->
    Engine = hb_beamr_modules_regex:start(hb_beamr_modules_files:wasm("onig")),
    %% What the same module answers its own JavaScript.
    [
        ?assertEqual(Expected, hb_beamr_modules_regex:match(Engine, Patterns, Text, From))
     || {Patterns, Text, From, Expected} <- [
            {["b+", "a"], "xxabbb", 0, {ok, {1, [{2, 3}]}}},
            {["(\\w+)@(\\w+)\\.com"], "mail joe@example.com now", 0,
                {ok, {0, [{5, 20}, {5, 8}, {9, 16}]}}},
            {["(?<year>\\d{4})-(?<m>\\d\\d)"], "on 2024-05-06", 0,
                {ok, {0, [{3, 10}, {3, 7}, {8, 10}]}}},
            {["(?<=foo)bar"], "bar foobar", 0, {ok, {0, [{7, 10}]}}},
            {["(?i)HELLO"], "say hello", 0, {ok, {0, [{4, 9}]}}},
            {["\\p{Han}+"], <<"abc 漢字 x"/utf8>>, 0, {ok, {0, [{4, 10}]}}},
            {["(a"], "x", 0, {error, <<"end pattern with unmatched parenthesis">>}},
            {["z"], "abc", 0, nomatch},
            {["\\b(\\d+)\\b"], "1 22 333", 2, {ok, {0, [{2, 4}, {2, 4}]}}},
            {["(x)?y"], "y", 0, {ok, {0, [{0, 1}, none]}}},
            {["(?:a|b)*?c"], "ababc", 0, {ok, {0, [{0, 5}]}}},
            {["[[:alpha:]&&[^a-m]]+"], "abcxyzdef", 0, {ok, {0, [{3, 6}]}}},
            {["(?<p>\\((?:[^()]|\\g<p>)*\\))"], "x(a(b)c)y", 0, {ok, {0, [{1, 8}, {1, 8}]}}}
        ]
    ].

regular_expressions_in_much_text(_) ->
    {Instance, _} = Engine = hb_beamr_modules_regex:start(hb_beamr_modules_files:wasm("onig")),
    {ok, Before} = hb_beamr_io:size(Instance),
    Size = 20000000,
    ?assert(Size > Before),
    Text = [binary:copy(<<"a">>, Size), "needle"],
    ?assertEqual(
        {ok, {0, [{Size, Size + 6}]}}, hb_beamr_modules_regex:match(Engine, ["needle$"], Text, 0)
    ),
    {ok, After} = hb_beamr_io:size(Instance),
    ?assert(After > Size).

%%% A module of 26 MB: CPython, with its library, for WASI

python_computes(_) ->
    Program =
        "import sys, json, re, hashlib, math, fractions, itertools\n"
        "print(sys.version_info[:2], sys.platform, sys.argv[1:])\n"
        "print(hashlib.sha256(b'x' * 100000).hexdigest()[:16])\n"
        "print(2 ** 200, math.factorial(25))\n"
        "print(fractions.Fraction(1, 3) + fractions.Fraction(1, 6))\n"
        "print(json.dumps({'b': [1, 2.5, None], 'a': '\\u00fc'}, sort_keys=True))\n"
        "print(re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'hello world'))\n"
        "print(sum(i * i for i in range(20000)), sorted('python'))\n"
        "print(list(itertools.islice(itertools.permutations('abc'), 3)))\n",
    {0, Output} = python(["-c", Program, "one", "two"]),
    ?assertEqual(
        [
            "(3, 12) wasi ['one', 'two']",
            "d69e689881578332",
            "1606938044258990275541962092341162602522202993782792835301376"
            " 15511210043330985984000000",
            "1/2",
            "{\"a\": \"\\u00fc\", \"b\": [1, 2.5, null]}",
            "world hello",
            "2666466670000 ['h', 'n', 'o', 'p', 't', 'y']",
            "[('a', 'b', 'c'), ('a', 'c', 'b'), ('b', 'a', 'c')]"
        ],
        string:lexemes(binary_to_list(Output), "\n")
    ).

python_raises(_) ->
    {1, Output} = python(["-u", "-c", "def f(n): return 1 // n\nprint('before')\nf(0)"]),
    ?assertEqual(
        [
            "before",
            "Traceback (most recent call last):",
            "  File \"<string>\", line 3, in <module>",
            "  File \"<string>\", line 1, in f",
            "ZeroDivisionError: integer division or modulo by zero"
        ],
        string:lexemes(binary_to_list(Output), "\n")
    ),
    ?assertEqual({3, <<>>}, python(["-c", "import sys; sys.exit(3)"])).

python(Args) ->
    {ok, Instance, _, _} = hb_beamr:start(hb_beamr_modules_files:wasm("python")),
    World = hb_beamr_modules_wasi:new(["python" | Args], ["PYTHONHASHSEED=0"]),
    Answer = hb_beamr_modules_wasi:run(Instance, World),
    ok = hb_beamr:stop(Instance),
    Answer.

%%% A module from npm that imports its memory

-define(PAGE, 65536).
%% What the import asks for.
-define(LEAST_PAGES, 1040).
-define(MOST_PAGES, 65536).

an_imported_memory(_) ->
    {ok, Instance, Imports, Exports} = hb_beamr:start(argon2()),
    ?assertEqual([{memory, "env", "memory", []}], Imports),
    ?assertEqual(false, lists:keyfind(memory, 1, Exports)),
    ?assertEqual({ok, ?LEAST_PAGES * ?PAGE}, hb_beamr_io:size(Instance)),
    Work = hb_beamr_modules_argon2:prepare(example_of_rfc_9106()),
    ok = hb_beamr_io:write(Instance, 0, hb_beamr_modules_argon2:image(Work)),
    ?assertEqual(hash_of_rfc_9106(), hb_beamr_modules_argon2:fill(Instance, 0, Work)),

    %% Each instance has its own.
    {ok, Another, _, _} = hb_beamr:start(argon2()),
    ?assertEqual({ok, <<0:1024/unit:8>>}, hb_beamr_io:read(Another, 6144, 1024)),
    ok = hb_beamr:stop(Another),
    ok = hb_beamr:stop(Instance).

an_imported_memory_with_an_image(_) ->
    Work = hb_beamr_modules_argon2:prepare(example_of_rfc_9106()),
    Image = hb_beamr_modules_argon2:image(Work),
    [
        begin
            Imports = #{{"env", "memory"} => Memory},
            {ok, Instance, _, _} = hb_beamr:start(argon2(), #{imports => Imports}),
            ?assertEqual({ok, ?LEAST_PAGES * ?PAGE}, hb_beamr_io:size(Instance)),
            ?assertEqual({ok, <<0:8>>}, hb_beamr_io:read(Instance, byte_size(Image), 1)),
            ?assertEqual(hash_of_rfc_9106(), hb_beamr_modules_argon2:fill(Instance, 0, Work)),
            ok = hb_beamr:stop(Instance)
        end
     || Memory <- [
            Image,
            {memory, #{image => Image}},
            {memory, #{image => Image, minimum => ?LEAST_PAGES, maximum => ?MOST_PAGES}}
        ]
    ].

%% The blocks lie over what was the end of the memory.
an_imported_memory_that_grows(_) ->
    {ok, Instance, _, _} = hb_beamr:start(argon2()),
    Base = ?LEAST_PAGES * ?PAGE - 20000,
    Work = hb_beamr_modules_argon2:prepare(example_of_rfc_9106()),
    Image = hb_beamr_modules_argon2:image(Work),
    ?assertMatch({error, _}, hb_beamr_io:write(Instance, Base, Image)),
    ?assertEqual({ok, ?LEAST_PAGES}, hb_beamr_io:grow(Instance, 1)),
    ok = hb_beamr_io:write(Instance, Base, Image),
    ?assertEqual(hash_of_rfc_9106(), hb_beamr_modules_argon2:fill(Instance, Base, Work)),
    ok = hb_beamr:stop(Instance).

limits_of_an_imported_memory(_) ->
    Start = fun(Options) -> hb_beamr:start(argon2(), Options) end,
    %% That of the import.
    {ok, Instance, _, _} = Start(#{max_memory => infinity}),
    ?assertMatch({error, _}, hb_beamr_io:grow(Instance, ?MOST_PAGES - ?LEAST_PAGES + 1)),
    ?assertEqual({ok, ?LEAST_PAGES * ?PAGE}, hb_beamr_io:size(Instance)),
    ?assertEqual({ok, ?LEAST_PAGES}, hb_beamr_io:grow(Instance, 0)),
    ok = hb_beamr:stop(Instance),
    %% That of the instance.
    Bytes = (?LEAST_PAGES + 2) * ?PAGE,
    {ok, Limited, _, _} = Start(#{max_memory => Bytes}),
    ?assertMatch({error, _}, hb_beamr_io:grow(Limited, 3)),
    ?assertEqual({ok, ?LEAST_PAGES}, hb_beamr_io:grow(Limited, 2)),
    ?assertEqual({ok, Bytes}, hb_beamr_io:size(Limited)),
    ok = hb_beamr:stop(Limited),
    ?assertMatch({error, {limit, memory, _}}, Start(#{max_memory => ?PAGE})),
    %% What does not match.
    [
        ?assertMatch({error, {_, _}}, Start(#{imports => #{{"env", "memory"} => Offer}}))
     || Offer <- [
            {memory, #{minimum => ?LEAST_PAGES - 1}},
            {memory, #{minimum => ?LEAST_PAGES}},
            {memory, #{minimum => ?LEAST_PAGES, maximum => ?MOST_PAGES + 1}},
            {memory, #{minimum => ?LEAST_PAGES, maximum => ?MOST_PAGES, index_type => i64}},
            {table, #{type => funcref}}
        ]
    ],
    ?assertMatch({error, {_, _}}, Start(#{unresolved => refuse})).

argon2() ->
    hb_beamr_modules_files:wasm("no-simd").

%% Of the RFC's section 5.3.
example_of_rfc_9106() ->
    #{
        password => binary:copy(<<1>>, 32),
        salt => binary:copy(<<2>>, 16),
        secret => binary:copy(<<3>>, 8),
        data => binary:copy(<<4>>, 12),
        lanes => 4,
        memory => 32,
        passes => 3,
        size => 32
    }.

hash_of_rfc_9106() ->
    <<16#0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659:256>>.

%%% A 64-bit memory of more than 4 GiB

-define(GIB, (1 bsl 30)).

more_than_4_gib_of_memory(_) ->
    case available_memory() of
        Bytes when Bytes > 7 * ?GIB -> more_than_4_gib();
        Bytes -> {skip, io_lib:format("needs 7 GiB of free memory, here are ~b MiB", [Bytes bsr 20])}
    end.

more_than_4_gib() ->
    Wasm = hb_beamr_modules_files:wasm("large64"),
    Size = 5 * ?GIB,
    {ok, Limited, _, _} = hb_beamr:start(Wasm),
    ?assertEqual({ok, [-1]}, hb_beamr:call(Limited, "grow", [Size div ?PAGE - 1])),
    ok = hb_beamr:stop(Limited),

    {ok, Large, _, _} = hb_beamr:start(Wasm, #{max_memory => Size}),
    ?assertEqual({ok, [1]}, hb_beamr:call(Large, "grow", [Size div ?PAGE - 1])),
    ?assertEqual({ok, [-1]}, hb_beamr:call(Large, "grow", [1])),
    ?assertEqual({ok, [Size div ?PAGE]}, hb_beamr:call(Large, "size", [])),
    ?assertEqual({ok, Size}, hb_beamr_io:size(Large)),

    %% Each page of all 5 GiB is written, and read.
    {ok, []} = hb_beamr:call(Large, "stamp", [0, Size, 4096]),
    ?assertEqual({ok, [0]}, hb_beamr:call(Large, "wrong", [0, Size, 4096])),
    Last = Size - 4096,
    ?assertEqual({ok, <<Last:64/little>>}, hb_beamr_io:read(Large, Last, 8)),

    %% What is moved over the border of 4 GiB does not come round to the beginning.
    Below = 4 * ?GIB - 3,
    ok = hb_beamr_io:write(Large, Below, <<"border">>),
    ?assertEqual({ok, <<"border">>}, hb_beamr_io:read(Large, Below, 6)),
    ?assertEqual({ok, <<0:64>>}, hb_beamr_io:read(Large, 0, 8)),
    {ok, []} = hb_beamr:call(Large, "copy", [Below + ?GIB div 2, Below, 6]),
    ?assertEqual({ok, <<"border">>}, hb_beamr_io:read(Large, Below + ?GIB div 2, 6)),
    {ok, []} = hb_beamr:call(Large, "fill", [4 * ?GIB - 5, $z, 10]),
    ?assertEqual({ok, <<"zzzzzzzzzz">>}, hb_beamr_io:read(Large, 4 * ?GIB - 5, 10)),
    {ok, []} = hb_beamr:call(Large, "store64", [4 * ?GIB - 4, 16#0102030405060708]),
    ?assertEqual({ok, [16#0102030405060708]}, hb_beamr:call(Large, "load64", [4 * ?GIB - 4])),
    {ok, []} = hb_beamr:call(Large, "store64_far", [8, 77]),
    ?assertEqual({ok, [77]}, hb_beamr:call(Large, "load64", [4 * ?GIB + 7])),
    ?assertEqual({ok, <<0:64>>}, hb_beamr_io:read(Large, 0, 8)),

    %% A whole GiB at once, from below the border to above it.
    {ok, []} = hb_beamr:call(Large, "copy", [4 * ?GIB, ?GIB, ?GIB]),
    ?assertEqual({ok, <<?GIB:64/little>>}, hb_beamr_io:read(Large, 4 * ?GIB, 8)),
    Copied = 2 * ?GIB - 4096,
    ?assertEqual({ok, <<Copied:64/little>>}, hb_beamr_io:read(Large, Last, 8)),

    %% Behind the end.
    [
        ?assertEqual({error, "Exception: out of bounds memory access"}, Answer)
     || Answer <- [
            hb_beamr:call(Large, "load64", [Size - 7]),
            hb_beamr:call(Large, "load8_far", [Size - 16#FFFFFFFF]),
            hb_beamr:call(Large, "load64", [-8]),
            hb_beamr:call(Large, "fill", [Size - 1, 0, 2]),
            hb_beamr:call(Large, "copy", [0, Size - 1, 2])
        ]
    ],
    ?assertMatch({error, _}, hb_beamr_io:read(Large, Size - 1, 2)),
    ok = hb_beamr:stop(Large).

available_memory() ->
    {ok, Text} = file:read_file("/proc/meminfo"),
    {match, [KiB]} = re:run(Text, "MemAvailable:\\s+(\\d+)", [{capture, [1], list}]),
    list_to_integer(KiB) * 1024.

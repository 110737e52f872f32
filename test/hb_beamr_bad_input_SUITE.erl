%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Whatever comes from outside: modules, names, arguments, options. Never a crash, never a hang.
-module(hb_beamr_bad_input_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        garbage_is_no_module,
        a_truncated_module,
        modules_of_100_mb,
        garbage_of_100_mb,
        a_module_with_a_changed_byte,
        invalid_modules,
        things_that_are_no_binary,
        aot_files,
        options_that_do_not_exist,
        imports_that_cannot_be_linked,
        data_that_do_not_fit,
        traps_of_every_kind_wherever_they_happen,
        a_start_function_that_imports,
        nothing_is_left_of_a_failed_start,
        arguments_of_wrong_number_and_type,
        arguments_that_are_no_list_of_numbers,
        names_that_do_not_exist,
        names_that_are_none,
        long_names,
        functions_that_are_none,
        pids_that_are_no_instance,
        import_functions_that_are_none,
        import_functions_that_kill,
        ranges_of_memory,
        memory_to_restore,
        terms_that_are_too_large_to_print
    ].

is_error({error, Text}) when is_list(Text), Text =/= [] -> io_lib:char_list(Text);
is_error({error, {_, #{message := _}} = Reason}) -> hb_beamr_error:format_error(Reason) =/= [];
is_error(_) -> false.

garbage_is_no_module(_) ->
    [
        ?assertEqual({error, Text}, hb_beamr:start(Bytes))
     || {Bytes, Text} <- [
            {<<>>, "the module is empty (0 bytes)"},
            {<<0>>, ends_in_header(1)},
            {<<0, "asm">>, ends_in_header(4)},
            {<<"garbage">>, no_module()},
            {<<0, "ASM", 1, 0, 0, 0>>, no_module()},
            {binary:copy(<<0>>, 100000), no_module()},
            {binary:copy(<<255>>, 3000000), no_module()},
            {<<0, "asm", 2, 0, 0, 0>>, invalid("not a WebAssembly module of version 1", 4)},
            {<<0, "asm", 1, 0, 0, 0, 255>>, invalid("malformed section id", 8)}
        ]
    ].

invalid(Text, Offset) ->
    lists:flatten(io_lib:format("invalid module: ~s (at offset ~b)", [Text, Offset])).

no_module() ->
    invalid("not a WebAssembly module: it does not begin with \"\\0asm\"", 0).

ends_in_header(Offset) ->
    invalid("not a WebAssembly module: it ends within its header", Offset).

a_truncated_module(_) ->
    %% (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    Sections = [
        <<0, "asm", 1:32/little>>,
        <<1, 7, 1, 96, 2, 127, 127, 1, 127>>,
        <<3, 2, 1, 0>>,
        <<7, 7, 1, 3, "add", 0, 0>>,
        <<10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11>>
    ],
    Wasm = iolist_to_binary(Sections),
    Whole = byte_size(Wasm),
    [
        begin
            Answer = hb_beamr:start(binary:part(Wasm, 0, Length)),
            case Length of
                0 -> ?assertEqual({error, "the module is empty (0 bytes)"}, Answer);
                _ when Length < 8 -> ?assertEqual({error, ends_in_header(Length)}, Answer);
                %% Between two sections a module may end, but not without the code of a function.
                8 -> ?assertMatch({ok, _, [], []}, Answer);
                17 -> ?assertMatch({ok, _, [], []}, Answer);
                Whole -> ?assertMatch({ok, _, [], [{func, "add", "(ii)i"}]}, Answer);
                _ -> ?assert(lists:member(Answer, cut_off(Length)), Answer)
            end
        end
     || Length <- lists:seq(0, Whole)
    ].

cut_off(Length) ->
    Absent = "function section has non-zero count but code section is absent",
    [{error, invalid("unexpected end-of-file", Offset)} || Offset <- lists:seq(8, Length)] ++
        [{error, invalid(Absent, Length)}].

%% Large by what nobody needs, and by data.
modules_of_100_mb(_) ->
    Size = 100000000,
    Padded = hb_beamr_test_lib:padded_module(Size, 77),
    {ok, Instance, [], [{func, "number", "()i"}]} = hb_beamr:start(Padded),
    ?assertEqual({ok, [77]}, hb_beamr:call(Instance, "number", [])),
    ?assertEqual(
        {error, invalid("unexpected end-of-file", 48)},
        hb_beamr:start(binary:part(Padded, 0, byte_size(Padded) - 1))
    ),
    ?assertEqual(
        {error, invalid("section out of order", byte_size(Padded) + 2)},
        hb_beamr:start(<<Padded/binary, 1, 1, 0>>)
    ),
    Filled = hb_beamr_test_lib:filled_module(Size, 7),
    {ok, Large, [], [{memory, "memory", []}]} = hb_beamr:start(Filled),
    ?assertEqual({ok, <<7, 0>>}, hb_beamr_io:read(Large, Size - 1, 2)),
    ok = hb_beamr:stop(Large).

garbage_of_100_mb(_) ->
    Zeros = binary:copy(<<0>>, 100000000),
    Ones = binary:copy(<<255>>, 100000000),
    Header = <<0, "asm", 1:32/little>>,
    [
        ?assertEqual({error, Text}, hb_beamr:start(Bytes))
     || {Bytes, Text} <- [
            {Zeros, no_module()},
            {Ones, no_module()},
            {<<Header/binary, Zeros/binary>>, invalid("unexpected end-of-file", 10)},
            {<<Header/binary, Ones/binary>>, invalid("malformed section id", 8)}
        ]
    ].

a_module_with_a_changed_byte(_) ->
    Wasm = hb_beamr_test_lib:wasm(values),
    rand:seed(exsss, 42),
    [
        begin
            At = rand:uniform(byte_size(Wasm)) - 1,
            <<Before:At/binary, _, After/binary>> = Wasm,
            Byte = rand:uniform(256) - 1,
            case hb_beamr:start(<<Before/binary, Byte, After/binary>>) of
                {ok, Instance, _, Exports} ->
                    _ = [hb_beamr:call(Instance, Name, []) || {func, Name, _} <- Exports],
                    ok = hb_beamr:stop(Instance);
                Error ->
                    ?assert(is_error(Error))
            end
        end
     || _ <- lists:seq(1, 2000)
    ].

invalid_modules(_) ->
    [
        ?assert(is_error(hb_beamr:start(Bytes)))
     || Bytes <- [
            %% A function that leaves nothing although it has a result.
            <<0, "asm", 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 10, 4, 1, 2, 0, 11>>,
            %% A function without a body.
            <<0, "asm", 1, 0, 0, 0, 1, 4, 1, 16#60, 0, 0, 3, 2, 1, 0>>,
            %% A section twice.
            <<0, "asm", 1, 0, 0, 0, 1, 4, 1, 16#60, 0, 0, 1, 4, 1, 16#60, 0, 0>>,
            %% An export of a function that does not exist.
            <<0, "asm", 1, 0, 0, 0, 7, 5, 1, 1, $a, 0, 9>>,
            %% An export whose name is not UTF-8.
            <<0, "asm", 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 255, 2, 0>>
        ]
    ].

things_that_are_no_binary(_) ->
    [
        begin
            ?assert(is_error(hb_beamr:start(Thing))),
            ?assert(is_error(hb_beamr:start(Thing, #{})))
        end
     || Thing <- [atom, "list", [<<0, "asm">>], 1, {}, #{}, <<1:3>>, self()]
    ].

aot_files(_) ->
    [
        ?assert(is_error(Answer))
     || Aot <- [
            <<0, "aot", 3, 0, 0, 0, 1, 2, 3>>,
            <<0, "hba">>,
            <<0, "hba", 1:32/little>>,
            hb_beamr_aot_lib:aot_file(<<0:256>>, <<>>),
            hb_beamr_aot_lib:aot_file(<<0:256>>, <<"no code">>)
        ],
        Answer <- [
            hb_beamr:start(Aot),
            hb_beamr:start(Aot, wasm),
            hb_beamr:start(Aot, aot),
            hb_beamr:start(Aot, #{mode => interp}),
            hb_beamr:start(Aot, #{mode => auto})
        ]
    ].

options_that_do_not_exist(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    [
        ?assert(is_error(hb_beamr:start(Wasm, Options)), Options)
     || Options <- [
            #{unknown => 1},
            #{owner => atom},
            #{stack_size => 0},
            #{stack_size => 4095},
            #{stack_size => 67108865},
            #{stack_size => 1.0},
            #{stack_size => 1 bsl 100},
            #{mode => compiled},
            #{mode => "aot"},
            #{signature => sig},
            #{1 => 2},
            atom,
            [],
            [{owner, self()}],
            1
        ]
    ].

imports_that_cannot_be_linked(_) ->
    Unlinkable =
        "these imports cannot be linked: global 'a'.'base': a value of type i64 is wanted; "
        "global ''.'g': a value of type i32 is wanted",
    ?assertEqual(
        {error, Unlinkable},
        hb_beamr:start(
            hb_beamr_test_lib:wat(
                "(module"
                " (import \"a\" \"base\" (global i64))"
                " (import \"b\" \"f\" (func))"
                " (import \"\" \"g\" (global i32)))"
            )
        )
    ).

data_that_do_not_fit(_) ->
    ?assertEqual(
        {error, "the module cannot be instantiated: out of bounds memory access"},
        hb_beamr:start(hb_beamr_test_lib:wasm(bad_segment))
    ).

%% In the start function, in a call, in a call that an import makes while the outer one waits.
traps_of_every_kind_wherever_they_happen(_) ->
    [
        begin
            Exception = "Exception: " ++ Text,
            ?assertEqual(
                {error, Exception ++ " (in the start function)"},
                hb_beamr:start(trapping(Body, "(start $trap)"))
            ),
            {ok, Instance, _, _} = hb_beamr:start(trapping(Body, "")),
            ?assertEqual({error, Exception}, hb_beamr:call(Instance, "trap", [])),
            Nested = fun(State, _, _) ->
                {ok, [], [hb_beamr:call(Instance, "trap", []) | State]}
            end,
            ?assertEqual(
                {ok, [7], [{error, Exception}, {error, Exception}]},
                hb_beamr:call(Instance, "ask_twice", [], Nested, [])
            ),
            Deeper = fun(_, _, _) -> hb_beamr:call(Instance, "ask_and_trap", [], Nested, []) end,
            Answer = {error, Exception, [{error, Exception}]},
            ?assertEqual(
                {error, error, {bad_import_return, Answer}, [], state},
                hb_beamr:call(Instance, "ask_twice", [], Deeper, state)
            ),
            ?assertEqual({error, Exception}, hb_beamr:call(Instance, "trap", []))
        end
     || {Body, Text} <- [
            {"unreachable", "unreachable"},
            {"(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer divide by zero"},
            {"(drop (i64.rem_u (i64.const 1) (i64.const 0)))", "integer divide by zero"},
            {"(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer overflow"},
            {"(drop (i32.trunc_f64_s (f64.const nan)))", "invalid conversion to integer"},
            {"(drop (i32.trunc_f64_s (f64.const 1e300)))", "integer overflow"},
            {"(drop (i32.load (i32.const 65533)))", "out of bounds memory access"},
            {"(drop (i32.load offset=4294967295 (i32.const -1)))", "out of bounds memory access"},
            {"(i64.store (i32.const -1) (i64.const 0))", "out of bounds memory access"},
            {"(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))",
                "out of bounds memory access"},
            {"(call_indirect (type $none) (i32.const 0))", "indirect call type mismatch"},
            {"(call_indirect (type $none) (i32.const 1))", "uninitialized element"},
            {"(call_indirect (type $none) (i32.const 2))", "undefined element"},
            {"(call_indirect (type $none) (i32.const -1))", "undefined element"},
            {"(drop (table.get $table (i32.const 2)))", "out of bounds table access"},
            {"(table.set $table (i32.const -1) (ref.null func))", "out of bounds table access"},
            {"(call $trap)", "wasm operand stack overflow"}
        ]
    ].

trapping(Body, Start) ->
    hb_beamr_test_lib:wat([
        "(module"
        " (import \"env\" \"ask\" (func $ask))"
        " (memory 1)"
        " (table $table 2 funcref)"
        " (type $none (func))"
        " (func $one_parameter (param i32))"
        " (elem (i32.const 0) $one_parameter)"
        " (func $trap (export \"trap\") ",
        Body,
        ")"
        " (func (export \"ask_twice\") (result i32) (call $ask) (call $ask) (i32.const 7))"
        " (func (export \"ask_and_trap\") (call $ask) (call $trap))",
        Start,
        ")"
    ]).

a_start_function_that_imports(_) ->
    Instance = hb_beamr_test_lib:start(start_imports),
    ?assertEqual({ok, [0]}, hb_beamr:call(Instance, "answer", [])).

nothing_is_left_of_a_failed_start(_) ->
    Ports = length(erlang:ports()),
    {ok, _, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(nothing)),
    Processes = length(processes()),
    [
        ?assert(is_error(hb_beamr:start(Wasm)))
     || Wasm <- [
            <<"garbage">>,
            binary:copy(<<1>>, 2000000),
            hb_beamr_test_lib:wasm(start_traps),
            hb_beamr_test_lib:wasm(bad_segment),
            hb_beamr_test_lib:wasm(imports_global)
        ],
        _ <- lists:seq(1, 20)
    ],
    ?assertEqual(Processes, length(processes())),
    ?assertEqual(Ports + 1, length(erlang:ports())),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

arguments_of_wrong_number_and_type(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        begin
            ?assertEqual({error, {invalid_args, Args}}, hb_beamr:call(Values, Function, Args)),
            ?assertEqual(
                {error, {invalid_args, Args}},
                hb_beamr:call(Values, Function, Args, fun hb_beamr:stub/3, state)
            )
        end
     || {Function, Args} <- [
            {"add", []},
            {"add", [1]},
            {"add", [1, 2, 3]},
            {"add", lists:duplicate(1000, 1)},
            {"nothing", [1]},
            {"i32", [1.0]},
            {"i32", [nan]},
            {"i64", ['-inf']},
            {"i32", [1 bsl 32]},
            {"i64", [1 bsl 64]},
            {"i64", [1 bsl 100000]},
            {"f32", [1.0e300]},
            {"reverse", [1.0, 1, 1, 1]},
            {"reverse", [1, 1, 1]}
        ]
    ],
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])).

arguments_that_are_no_list_of_numbers(_) ->
    Values = hb_beamr_test_lib:start(values),
    Deep = lists:foldl(fun(_, Term) -> [Term] end, [], lists:seq(1, 1000000)),
    [
        ?assertEqual({error, {invalid_args, Args}}, hb_beamr:call(Values, Function, Args))
     || Function <- ["add", <<"add">>, 0],
        Args <- [
            atom,
            1,
            <<1, 2>>,
            {1, 2},
            #{},
            [1 | 2],
            [1, 2 | 3],
            [atom, 1],
            ["1", "2"],
            [[1], [2]],
            [Deep],
            Deep,
            lists:duplicate(70000, 1),
            [1, self()]
        ]
    ].

names_that_do_not_exist(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual(unknown(Shown), hb_beamr:call(Values, Name, []))
     || {Name, Shown} <- [
            {"no such", "no such"},
            {<<"no such">>, "no such"},
            {"ADD", "ADD"},
            {"add ", "add "},
            {"ad", "ad"},
            {[0], [0]},
            {<<0>>, [0]},
            {"add" ++ [0], "add" ++ [0]},
            {[16#1F41E], [16#1F41E]}
        ]
    ],
    %% The memory is an export, but no function.
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual(unknown("memory"), hb_beamr:call(Memory, "memory", [])),
    %% The empty name is one, if there is an export of that name.
    ?assertEqual(unknown(""), hb_beamr:call(Memory, "", [])),
    ?assertEqual(unknown(""), hb_beamr:call(Memory, <<>>, [])).

unknown(What) ->
    {error, "unknown function: " ++ What}.

names_that_are_none(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        %% Bytes that are not UTF-8 are shown as Latin-1.
        ?assertEqual(unknown([Byte]), hb_beamr:call(Values, <<Byte>>, []))
     || Byte <- [255, 16#C3]
    ],
    [
        ?assertEqual(unknown("the name is no text"), hb_beamr:call(Values, Name, []))
     || Name <- [
            [16#110000],
            [16#D800],
            [-1],
            [1 bsl 100],
            [atom],
            [1.5],
            [$a | $b],
            [$a | <<255>>]
        ]
    ].

%% What is shown of them is 200 characters.
long_names(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual(unknown(lists:duplicate(200, Shown) ++ "..."), hb_beamr:call(Values, Name, []))
     || {Name, Shown} <- [
            {lists:duplicate(100000, $x), $x},
            {binary:copy(<<"x">>, 100000), $x},
            {lists:duplicate(100000, 16#1F41D), 16#1F41D},
            {binary:copy(<<255>>, 100000), 255}
        ]
    ],
    Long = lists:duplicate(100000, $x),
    %% The compiler of modules takes names up to 32,767 bytes.
    Kept = lists:sublist(Long, case hb_beamr_test_lib:is_compiled() of true -> 32000; false -> 100000 end),
    Own = hb_beamr_test_lib:start_wat(["(module (func (export \"", Kept, "\")))"]),
    ?assertEqual({ok, []}, hb_beamr:call(Own, Kept, [])),
    ?assertEqual({ok, []}, hb_beamr:call(Own, list_to_binary(Kept), [])).

functions_that_are_none(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assert(is_error(hb_beamr:call(Values, Function, [])))
     || Function <- [
            atom, 1.0, {}, #{}, self(), <<1:3>>, -1, 1 bsl 64, {hb_beamr_function, 1, 2, 3}
        ]
    ].

pids_that_are_no_instance(_) ->
    Gone = {error, "instance is not running"},
    [
        begin
            ?assertEqual(Gone, hb_beamr:call(Pid, "add", [1, 2])),
            ?assertEqual(Gone, hb_beamr_io:read(Pid, 0, 1)),
            ?assertEqual(Gone, hb_beamr_io:write(Pid, 0, <<1>>)),
            ?assertEqual(Gone, hb_beamr_io:size(Pid)),
            ?assertEqual(ok, hb_beamr:stop(Pid)),
            ?assertEqual(none, hb_beamr:last_error(Pid)),
            ?assertMatch({error, {not_running, _}}, hb_beamr:cancel(Pid)),
            ?assertMatch({error, {not_running, _}}, hb_beamr:prepare(Pid, "add")),
            ?assertMatch({error, {not_running, _}}, hb_beamr:global_get(Pid, "add"))
        end
     || Pid <- [self(), spawn(fun() -> ok end), whereis(init)]
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()),
    [
        ?assertError(function_clause, hb_beamr:call(Thing, "add", [1, 2]))
     || Thing <- [atom, 1, "pid", make_ref()]
    ].

import_functions_that_are_none(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        ?assertError(function_clause, hb_beamr:call(Imports, "mul", [1, 1], Fun))
     || Fun <- [atom, fun() -> ok end, fun(_, _) -> ok end, 1]
    ].

%% The instance, its owner or the caller: the call ends, and so does what belongs to the dead.
import_functions_that_kill(_) ->
    Gone = {error, "instance is not running", state},
    Instance = hb_beamr_test_lib:start(imports),
    Closed = fun(Port) -> erlang:port_info(Port) =:= undefined end,
    KillInstance = fun(S, #{instance := Self}, _) ->
        {Port, _} = hb_beamr_registry:find(Self),
        exit(Self, kill),
        hb_beamr_test_lib:wait_until(fun() -> Closed(Port) end),
        {ok, [1], S}
    end,
    ?assertEqual(Gone, hb_beamr:call(Instance, "mul", [1, 1], KillInstance, state)),
    Owner = spawn(fun() -> receive stop -> ok end end),
    {ok, Owned, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(imports), #{owner => Owner}),
    {OwnedPort, _} = hb_beamr_registry:find(Owned),
    KillOwner = fun(S, _, _) ->
        exit(Owner, kill),
        hb_beamr_test_lib:wait_until(fun() -> Closed(OwnedPort) end),
        {ok, [1], S}
    end,
    ?assertEqual(Gone, hb_beamr:call(Owned, "mul", [1, 1], KillOwner, state)),
    Other = hb_beamr_test_lib:start(imports),
    Kill = fun(_, _, _) -> exit(self(), kill) end,
    ?assertEqual(
        {ended, killed},
        hb_beamr_test_lib:run(fun() -> hb_beamr:call(Other, "mul", [1, 1], Kill) end)
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(Other, "seven", [])).

ranges_of_memory(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        begin
            Text = lists:flatten(
                io_lib:format("~b bytes at ~b pass the end of memory at 65536", [Size, Offset])
            ),
            ?assertEqual({error, Text}, hb_beamr_io:read(Memory, Offset, Size)),
            Size =< 4 andalso
                ?assertEqual(
                    {error, Text}, hb_beamr_io:write(Memory, Offset, binary:copy(<<1>>, Size))
                )
        end
     || {Offset, Size} <- [
            {65533, 4},
            {65536, 1},
            {65537, 0},
            {1 bsl 32, 0},
            {1 bsl 32, 4},
            {1 bsl 64 - 1, 1},
            {1 bsl 64 - 1, 2},
            {0, 65537},
            {0, 1 bsl 32},
            {1, 1 bsl 32},
            {1 bsl 63, 1 bsl 63},
            {1 bsl 64 - 1, 1 bsl 64 - 1}
        ]
    ],
    [?assertEqual({ok, <<>>}, hb_beamr_io:read(Memory, Offset, 0)) || Offset <- [0, 65536]],
    ?assertEqual({error, "out of bounds: 1 bytes at -1"}, hb_beamr_io:read(Memory, -1, 1)),
    ?assertEqual({error, "out of bounds: -1 bytes at 1"}, hb_beamr_io:read(Memory, 1, -1)),
    ?assertEqual(
        {error, "the offset is an integer from 0 to 2^64 - 1, not -1"},
        hb_beamr_io:write(Memory, -1, <<1>>)
    ).

memory_to_restore(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ok = hb_beamr_io:write(Memory, 0, <<"abc">>),
    [
        ?assertEqual(
            {error, "the memory to restore is a binary"}, hb_beamr:deserialize(Memory, Bad)
        )
     || Bad <- [atom, "abc", [<<1>>], 1, {}, #{}, <<1:3>>, <<0:(8 * 65536), 1:1>>, self()]
    ],
    %% Too little, and nothing.
    ?assertEqual(ok, hb_beamr:deserialize(Memory, <<"x">>)),
    ?assertEqual(ok, hb_beamr:deserialize(Memory, <<>>)),
    ?assertEqual({ok, <<"xbc">>}, hb_beamr_io:read(Memory, 0, 3)),
    %% More than its maximum of four pages, and than any.
    [
        ?assertEqual(
            {error, lists:flatten(io_lib:format(
                "memory of 1 pages cannot grow by ~b: its maximum is passed or memory is short",
                [(Size - 1) div 65536]
            ))},
            hb_beamr:deserialize(Memory, <<0:(8 * Size)>>)
        )
     || Size <- [4 * 65536 + 1, 100000000]
    ],
    ?assertEqual({ok, <<"xbc">>}, hb_beamr_io:read(Memory, 0, 3)),
    %% What a module without memory answered.
    Nothing = hb_beamr_test_lib:start(nothing),
    ?assertEqual({ok, <<>>}, hb_beamr:serialize(Nothing)),
    ?assertEqual(ok, hb_beamr:deserialize(Nothing, <<>>)),
    ?assertEqual({error, "the module has no memory"}, hb_beamr:deserialize(Nothing, <<1>>)),
    ok = hb_beamr:stop(Nothing),
    ?assertEqual({error, "instance is not running"}, hb_beamr:deserialize(Nothing, <<>>)).

%% Printing a number of millions of digits would take minutes.
terms_that_are_too_large_to_print(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    Large = 1 bsl 4000000,
    Short = fun({error, Reason}) -> length(hb_beamr_error:format_error(Reason)) < 1000 end,
    [
        ?assert(Short(Answer))
     || Answer <- [
            hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{stack_size => Large}),
            hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{Large => Large}),
            hb_beamr:call(Memory, Large, []),
            hb_beamr:call(Memory, {Large}, []),
            hb_beamr:call(Memory, "load", [Large]),
            hb_beamr_io:read(Memory, Large, 1),
            hb_beamr_io:read(Memory, 0, Large),
            hb_beamr_io:write(Memory, -Large, <<1>>),
            hb_beamr_io:free(Memory, Large),
            hb_beamr_io:read_string(Memory, Large),
            hb_beamr_io:read_string(Memory, 0, [Large]),
            hb_beamr_io:grow(Memory, Large)
        ]
    ].

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
        a_module_with_a_changed_byte,
        invalid_modules,
        things_that_are_no_binary,
        aot_files,
        options_that_do_not_exist,
        imports_that_cannot_be_linked,
        data_that_do_not_fit,
        a_start_function_that_traps,
        a_start_function_that_imports,
        nothing_is_left_of_a_failed_start,
        arguments_of_wrong_number_and_type,
        arguments_that_are_no_list_of_numbers,
        names_that_do_not_exist,
        names_that_are_none,
        long_names,
        functions_that_are_none,
        pids_that_are_no_instance,
        import_functions_that_are_none
    ].

is_error({error, Text}) when is_list(Text), Text =/= [] -> io_lib:char_list(Text);
is_error(_) -> false.

garbage_is_no_module(_) ->
    [
        ?assert(is_error(hb_beamr:start(Bytes)), Bytes)
     || Bytes <- [
            <<>>,
            <<0>>,
            <<"garbage">>,
            <<0, "asm">>,
            <<0, "asm", 2, 0, 0, 0>>,
            <<0, "asm", 1, 0, 0, 0, 255>>,
            <<0, "ASM", 1, 0, 0, 0>>,
            binary:copy(<<0>>, 100000),
            binary:copy(<<255>>, 3000000)
        ]
    ].

a_truncated_module(_) ->
    Wasm = hb_beamr_test_lib:wasm(imports),
    Lengths = lists:seq(1, byte_size(Wasm) - 1),
    Started = [
        begin
            case hb_beamr:start(binary:part(Wasm, 0, Length)) of
                {ok, Instance, _, _} ->
                    %% Cut between two sections.
                    ok = hb_beamr:stop(Instance),
                    1;
                Error ->
                    ?assert(is_error(Error)),
                    0
            end
        end
     || Length <- Lengths
    ],
    ?assert(lists:sum(Started) < 10).

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
    Aot = <<0, "aot", 3, 0, 0, 0, 1, 2, 3>>,
    [
        ?assert(is_error(Answer))
     || Answer <- [
            hb_beamr:start(Aot),
            hb_beamr:start(Aot, wasm),
            hb_beamr:start(Aot, aot),
            hb_beamr:start(hb_beamr_test_lib:wasm(nothing), aot)
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
            #{1 => 2},
            atom,
            [],
            [{owner, self()}],
            1
        ]
    ].

imports_that_cannot_be_linked(_) ->
    [
        begin
            {error, Text} = Answer = hb_beamr:start(hb_beamr_test_lib:wasm(Fixture)),
            ?assert(is_error(Answer)),
            [?assertNotEqual(nomatch, string:find(Text, Name)) || Name <- ["outside", Import]]
        end
     || {Fixture, Import} <- [
            {imports_memory, "its_memory"},
            {imports_table, "its_table"},
            {imports_global, "its_global"}
        ]
    ].

data_that_do_not_fit(_) ->
    ?assert(is_error(hb_beamr:start(hb_beamr_test_lib:wasm(bad_segment)))).

a_start_function_that_traps(_) ->
    {error, Text} = hb_beamr:start(hb_beamr_test_lib:wasm(start_traps)),
    ?assertNotEqual(nomatch, string:find(Text, "unreachable")),
    ?assertNotEqual(nomatch, string:find(Text, "start function")).

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
            hb_beamr_test_lib:wasm(imports_memory)
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
        ?assertMatch({error, {invalid_args, _}}, hb_beamr:call(Values, Function, Args))
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
        ?assert(is_error(hb_beamr:call(Values, Name, [])))
     || Name <- ["no such", <<"no such">>, "ADD", "add ", "ad", [0], <<0>>, "add" ++ [0]]
    ],
    %% The memory is an export, but no function.
    ?assert(is_error(hb_beamr:call(hb_beamr_test_lib:start(memory), "memory", []))),
    ?assert(is_error(hb_beamr:call(hb_beamr_test_lib:start(nothing), "", []))).

names_that_are_none(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assert(is_error(hb_beamr:call(Values, Name, [])))
     || Name <- [
            <<255>>,
            <<16#C3>>,
            [16#110000],
            [16#D800],
            [-1],
            [atom],
            [1.5],
            [$a | $b],
            [$a | <<255>>]
        ]
    ].

long_names(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        begin
            {error, Text} = Answer = hb_beamr:call(Values, Name, []),
            ?assert(is_error(Answer)),
            ?assert(length(Text) < 1000)
        end
     || Name <- [
            lists:duplicate(100000, $x),
            binary:copy(<<"x">>, 100000),
            lists:duplicate(100000, 16#1F41D),
            binary:copy(<<255>>, 100000)
        ]
    ],
    Long = lists:duplicate(100000, $x),
    Own = hb_beamr_test_lib:start_wat(["(module (func (export \"", Long, "\")))"]),
    ?assertEqual({ok, []}, hb_beamr:call(Own, Long, [])).

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

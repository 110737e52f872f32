%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Calls without imports: values of all types, names, tables, traps.
-module(hb_beamr_call_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        integers_come_back_signed,
        integers_fit_their_width_signed_or_unsigned,
        floats,
        floats_that_erlang_has_not,
        single_precision_rounds,
        an_integer_is_taken_for_a_float,
        several_results_are_a_list_in_order,
        no_result_is_an_empty_list,
        many_arguments,
        names_are_strings_or_binaries,
        names_beyond_ascii,
        the_empty_name_is_a_name,
        table_elements,
        table_elements_that_are_none,
        prepared_functions,
        a_prepared_function_belongs_to_its_instance,
        every_kind_of_trap,
        a_trap_tells_its_frames,
        last_error_tells_about_arguments,
        last_error_gives_the_bits_of_floats,
        the_instance_stays_usable_after_a_trap,
        stack_overflow_is_a_trap,
        stack_size_is_an_option,
        globals,
        memory_with_64_bit_addresses,
        cancel_without_a_call,
        cancel_ends_a_running_call,
        counters_are_numbers
    ].

integers_come_back_signed(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual({ok, [Out]}, hb_beamr:call(Values, Function, [In]))
     || {Function, In, Out} <- [
            {"i32", 0, 0},
            {"i32", -1, -1},
            {"i32", 16#FFFFFFFF, -1},
            {"i32", 16#80000000, -16#80000000},
            {"i32", 16#7FFFFFFF, 16#7FFFFFFF},
            {"i64", -1, -1},
            {"i64", 16#FFFFFFFFFFFFFFFF, -1},
            {"i64", 16#8000000000000000, -16#8000000000000000},
            {"i64", 16#7FFFFFFFFFFFFFFF, 16#7FFFFFFFFFFFFFFF},
            {"i64", -16#8000000000000000, -16#8000000000000000},
            {"i64", 16#FFFFFFFF, 16#FFFFFFFF}
        ]
    ].

integers_fit_their_width_signed_or_unsigned(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual({error, {invalid_args, [N]}}, hb_beamr:call(Values, Function, [N]))
     || {Function, N} <- [
            {"i32", 16#100000000},
            {"i32", -16#80000001},
            {"i32", 16#7FFFFFFFFFFFFFFF},
            {"i32", 16#FFFFFFFFFFFFFFFF},
            {"i64", 16#10000000000000000},
            {"i64", -16#8000000000000001}
        ]
    ].

floats(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual({ok, [N]}, hb_beamr:call(Values, Function, [N]))
     || Function <- ["f32", "f64"], N <- [0.0, 1.5, -2.25, 1024.0]
    ],
    ?assertEqual({ok, [1.0e308]}, hb_beamr:call(Values, "f64", [1.0e308])),
    %% Zero has a sign.
    ?assertEqual({ok, [-16#80000000]}, hb_beamr:call(Values, "bits32", [-0.0])),
    ?assertEqual({ok, [-16#8000000000000000]}, hb_beamr:call(Values, "bits64", [-0.0])).

floats_that_erlang_has_not(_) ->
    Values = hb_beamr_test_lib:start(values),
    [
        ?assertEqual({ok, [N]}, hb_beamr:call(Values, Function, [N]))
     || Function <- ["f32", "f64"], N <- [nan, '+inf', '-inf']
    ],
    ?assertEqual({ok, ['+inf']}, hb_beamr:call(Values, "divide", [1.0, 0.0])),
    ?assertEqual({ok, ['-inf']}, hb_beamr:call(Values, "divide", [-1.0, 0.0])),
    ?assertEqual({ok, [nan]}, hb_beamr:call(Values, "divide", [0.0, 0.0])),
    ?assertEqual({ok, [nan]}, hb_beamr:call(Values, "from_bits32", [16#FFC00001])),
    ?assertEqual({ok, [nan]}, hb_beamr:call(Values, "from_bits64", [16#7FF0000000000001])),
    ?assertEqual({ok, [16#7F800000]}, hb_beamr:call(Values, "bits32", ['+inf'])),
    ?assertEqual({ok, [16#7FF0000000000000]}, hb_beamr:call(Values, "bits64", ['+inf'])).

single_precision_rounds(_) ->
    Values = hb_beamr_test_lib:start(values),
    <<Rounded:32/float>> = <<0.1:32/float>>,
    ?assertEqual({ok, [Rounded]}, hb_beamr:call(Values, "f32", [0.1])),
    ?assertEqual({error, {invalid_args, [1.0e308]}}, hb_beamr:call(Values, "f32", [1.0e308])).

an_integer_is_taken_for_a_float(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [5.0]}, hb_beamr:call(Values, "f64", [5])),
    ?assertEqual({ok, [-5.0]}, hb_beamr:call(Values, "f32", [-5])),
    ?assertEqual({error, {invalid_args, [5.0]}}, hb_beamr:call(Values, "i32", [5.0])),
    ?assertEqual({error, {invalid_args, [nan]}}, hb_beamr:call(Values, "i64", [nan])),
    ?assertEqual({error, {invalid_args, ['+inf']}}, hb_beamr:call(Values, "i32", ['+inf'])).

several_results_are_a_list_in_order(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual(
        {ok, [2.5, 1.5, -2, -1]}, hb_beamr:call(Values, "reverse", [-1, -2, 1.5, 2.5])
    ),
    ?assertEqual(
        {ok, [nan, '-inf', 0, 0]}, hb_beamr:call(Values, "reverse", [0, 0, '-inf', nan])
    ).

no_result_is_an_empty_list(_) ->
    ?assertEqual({ok, []}, hb_beamr:call(hb_beamr_test_lib:start(values), "nothing", [])).

many_arguments(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [15]}, hb_beamr:call(Values, "sum5", [1, 2, 3, 4, 5])),
    Count = 100,
    Wide = hb_beamr_test_lib:start_wat([
        "(module (func (export \"last\") (param",
        lists:duplicate(Count, " i64"),
        ") (result i64) (local.get ",
        integer_to_list(Count - 1),
        ")))"
    ]),
    ?assertEqual({ok, [Count]}, hb_beamr:call(Wide, "last", lists:seq(1, Count))).

names_are_strings_or_binaries(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, <<"add">>, [1, 2])).

names_beyond_ascii(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [1]}, hb_beamr:call(Values, [233, $t, 233], [])),
    ?assertEqual({ok, [1]}, hb_beamr:call(Values, <<"été"/utf8>>, [])),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, [16#1F41D], [])),
    {ok, _, _, Exports} = hb_beamr:start(hb_beamr_test_lib:wasm(values)),
    ?assert(lists:member({func, [233, $t, 233], "()i"}, Exports)),
    ?assert(lists:member({func, [16#1F41D], "()i"}, Exports)).

the_empty_name_is_a_name(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [2]}, hb_beamr:call(Values, "", [])),
    ?assertEqual({ok, [2]}, hb_beamr:call(Values, <<>>, [])).

table_elements(_) ->
    Table = hb_beamr_test_lib:start(table),
    ?assertEqual({ok, [14]}, hb_beamr:call(Table, 0, [7])),
    ?assertEqual({ok, [-3]}, hb_beamr:call(Table, 1, [-1, -2])).

table_elements_that_are_none(_) ->
    Table = hb_beamr_test_lib:start(table),
    [
        ?assertMatch({error, [_ | _]}, hb_beamr:call(Table, Element, []))
     || Element <- [2, 3, 16#FFFFFFFF, 16#100000000, 16#FFFFFFFFFFFFFFFF, 1 bsl 64, -1]
    ],
    ?assertEqual({error, {invalid_args, []}}, hb_beamr:call(Table, 0, [])),
    ?assertMatch({error, [_ | _]}, hb_beamr:call(hb_beamr_test_lib:start(nothing), 0, [])),
    ?assertEqual({ok, [14]}, hb_beamr:call(Table, 0, [7])).

prepared_functions(_) ->
    Values = hb_beamr_test_lib:start(values),
    {ok, Add} = hb_beamr:prepare(Values, "add"),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, Add, [1, 2])),
    ?assertEqual({ok, [3], state}, hb_beamr:call(Values, Add, [1, 2], fun hb_beamr:stub/3, state)),
    ?assertEqual({error, {invalid_args, [1]}}, hb_beamr:call(Values, Add, [1])),
    {ok, Unicode} = hb_beamr:prepare(Values, [16#1F41D]),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, Unicode, [])),
    ?assertMatch({error, {unknown_function, _}}, hb_beamr:prepare(Values, "no such")),
    ?assertMatch({error, {unknown_function, _}}, hb_beamr:prepare(Values, not_a_name)),
    ok = hb_beamr:stop(Values),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Values, Add, [1, 2])),
    ?assertMatch({error, {not_running, _}}, hb_beamr:prepare(Values, "add")).

a_prepared_function_belongs_to_its_instance(_) ->
    {ok, Add} = hb_beamr:prepare(hb_beamr_test_lib:start(values), "add"),
    Other = hb_beamr_test_lib:start(traps),
    ?assertMatch({error, [_ | _]}, hb_beamr:call(Other, Add, [1, 2])).

every_kind_of_trap(_) ->
    Traps = hb_beamr_test_lib:start(traps),
    [
        begin
            ?assertEqual({error, "Exception: " ++ Text}, hb_beamr:call(Traps, Function, Args)),
            ?assertMatch({trap, #{kind := Kind}}, hb_beamr:last_error(Traps))
        end
     || {Function, Args, Kind, Text} <- [
            {"unreachable", [], unreachable, "unreachable"},
            {"divide", [1, 0], integer_divide_by_zero, "integer divide by zero"},
            {"divide", [-16#80000000, -1], integer_overflow, "integer overflow"},
            {"truncate", [nan], invalid_conversion_to_integer, "invalid conversion to integer"},
            {"truncate", [1.0e30], integer_overflow, "integer overflow"},
            {"load", [65536], memory_out_of_bounds, "out of bounds memory access"},
            {"load", [-1], memory_out_of_bounds, "out of bounds memory access"},
            {"indirect", [0], indirect_call_type_mismatch, "indirect call type mismatch"},
            {"indirect", [1], uninitialized_element, "uninitialized element"},
            {"indirect", [2], undefined_element, "undefined element"},
            {"table_get", [2], table_out_of_bounds, "out of bounds table access"}
        ]
    ].

a_trap_tells_its_frames(_) ->
    Traps = hb_beamr_test_lib:start(traps),
    ?assertEqual(none, hb_beamr:last_error(Traps)),
    {error, _} = hb_beamr:call(Traps, "deep", []),
    {trap, #{kind := unreachable, message := <<"unreachable">>, frames := Frames}} =
        Reason = hb_beamr:last_error(Traps),
    ?assertEqual([<<"inner">>, <<"middle">>, <<"outer">>], [Name || #{name := Name} <- Frames]),
    ?assertEqual([1, 2, 3], [Function || #{function := Function} <- Frames]),
    Text = hb_beamr_error:format_error(Reason),
    ?assertNotEqual(nomatch, string:find(Text, "middle")),
    %% Any process may ask.
    ?assertEqual({ok, Reason}, hb_beamr_test_lib:run(fun() -> hb_beamr:last_error(Traps) end)).

last_error_tells_about_arguments(_) ->
    Values = hb_beamr_test_lib:start(values),
    {error, {invalid_args, [1]}} = hb_beamr:call(Values, "add", [1]),
    {invalid_args, #{message := TooFew}} = hb_beamr:last_error(Values),
    ?assertNotEqual(nomatch, string:find(TooFew, "2")),
    {error, {invalid_args, [a, b]}} = hb_beamr:call(Values, "add", [a, b]),
    ?assertMatch({invalid_args, #{message := <<_, _/binary>>}}, hb_beamr:last_error(Values)),
    {error, _} = hb_beamr:call(Values, "no such function", []),
    ?assertMatch(
        {unknown_function, #{message := <<"no such function">>}}, hb_beamr:last_error(Values)
    ).

%% A module whose function throws a float that no Erlang term but its bits can be.
last_error_gives_the_bits_of_floats(_) ->
    Wasm = <<
        (<<0, "asm", 1:32/little>>)/binary,
        %% (type (func)) (type (func (param f32)))
        (<<1, 8, 2, 16#60, 0, 0, 16#60, 1, 16#7D, 0>>)/binary,
        %% A function of the first, a tag of the second.
        (<<3, 2, 1, 0, 13, 3, 1, 0, 1>>)/binary,
        (<<7, 9, 1, 5, "throw", 0, 0>>)/binary,
        %% f32.const, throw 0, end
        (<<10, 11, 1, 9, 0, 16#43, 16#7FA00001:32/little, 8, 0, 16#0B>>)/binary
    >>,
    {ok, Throws, _, _} = hb_beamr:start(Wasm, #{}),
    {error, "Exception: uncaught exception" ++ _} = hb_beamr:call(Throws, "throw", []),
    ?assertMatch({trap, #{kind := exception, payload := [nan]}}, hb_beamr:last_error(Throws)),
    Bits = fun() -> hb_beamr:last_error(Throws, #{floats => bits}) end,
    ?assertMatch({trap, #{payload := [{f32, 16#7FA00001}]}}, Bits()),
    ?assertMatch({ok, {trap, #{payload := [{f32, 16#7FA00001}]}}}, hb_beamr_test_lib:run(Bits)).

the_instance_stays_usable_after_a_trap(_) ->
    Traps = hb_beamr_test_lib:start(traps),
    [
        begin
            {error, "Exception: " ++ _} = hb_beamr:call(Traps, "deep", []),
            ?assertEqual({ok, [7]}, hb_beamr:call(Traps, "fine", []))
        end
     || _ <- lists:seq(1, 1000)
    ].

stack_overflow_is_a_trap(_) ->
    Traps = hb_beamr_test_lib:start(traps),
    {error, "Exception: " ++ _} = hb_beamr:call(Traps, "recurse", [1]),
    {trap, #{kind := Kind, frames := Frames, truncated := Truncated}} =
        hb_beamr:last_error(Traps),
    ?assertEqual(stack_overflow, Kind),
    ?assert(Truncated),
    ?assertEqual([<<"recurse">>], lists:usort([Name || #{name := Name} <- Frames])),
    ?assertEqual({ok, [7]}, hb_beamr:call(Traps, "fine", [])).

stack_size_is_an_option(_) ->
    Wasm = hb_beamr_test_lib:wat(
        "(module (func $down (export \"down\") (param i32) (result i32)"
        "  (if (result i32) (local.get 0)"
        "    (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))"
        "    (else (i32.const 0)))))"
    ),
    {ok, Small, _, _} = hb_beamr:start(Wasm, #{stack_size => 8192}),
    {ok, Large, _, _} = hb_beamr:start(Wasm, #{stack_size => 16777216}),
    ?assertEqual({ok, [10]}, hb_beamr:call(Small, "down", [10])),
    %% It is that of the interpreter.
    hb_beamr_test_lib:is_compiled() orelse
        ?assertMatch({error, "Exception: " ++ _}, hb_beamr:call(Small, "down", [1000])),
    ?assertEqual({ok, [1000]}, hb_beamr:call(Large, "down", [1000])).

globals(_) ->
    Globals = hb_beamr_test_lib:start(globals),
    ?assertEqual({ok, -1}, hb_beamr:global_get(Globals, "i32")),
    ?assertEqual({ok, -2}, hb_beamr:global_get(Globals, <<"i64">>)),
    ?assertEqual({ok, 1.5}, hb_beamr:global_get(Globals, "f32")),
    ?assertEqual({ok, nan}, hb_beamr:global_get(Globals, "f64")),
    [
        begin
            ?assertEqual(ok, hb_beamr:global_set(Globals, Name, Value)),
            ?assertEqual({ok, Read}, hb_beamr:global_get(Globals, Name))
        end
     || {Name, Value, Read} <- [
            {"i32", 16#FFFFFFFF, -1},
            {"i32", 12, 12},
            {"i64", 1 bsl 63, -(1 bsl 63)},
            {"f32", '+inf', '+inf'},
            {"f64", 3, 3.0},
            {<<"f64">>, -0.5, -0.5}
        ]
    ],
    ?assertMatch({error, {invalid_args, _}}, hb_beamr:global_set(Globals, "fixed", 1)),
    ?assertMatch({error, {invalid_args, _}}, hb_beamr:global_set(Globals, "i32", 1.5)),
    ?assertMatch({error, {invalid_args, _}}, hb_beamr:global_set(Globals, "i32", 1 bsl 32)),
    ?assertMatch({error, {invalid_args, _}}, hb_beamr:global_set(Globals, "i32", atom)),
    ?assertMatch({error, {unknown_global, _}}, hb_beamr:global_get(Globals, "no such")),
    ?assertMatch({error, {unknown_global, _}}, hb_beamr:global_get(Globals, not_a_name)),
    ?assertMatch({error, {unknown_global, _}}, hb_beamr:global_set(Globals, "no such", 1)),
    ?assertMatch({error, {unknown_global, _}}, hb_beamr:global_get(Globals, "seen")),
    ?assertEqual({ok, 5}, hb_beamr:global_get(Globals, "fixed")).

memory_with_64_bit_addresses(_) ->
    Memory = hb_beamr_test_lib:start(memory64),
    ?assertEqual({ok, []}, hb_beamr:call(Memory, "store", [65535, 77])),
    ?assertEqual({ok, [77]}, hb_beamr:call(Memory, "load", [65535])),
    ?assertEqual({ok, <<77>>}, hb_beamr_io:read(Memory, 65535, 1)),
    ?assertEqual(
        {error, "Exception: out of bounds memory access"},
        hb_beamr:call(Memory, "load", [16#FFFFFFFFFFFFFFFF])
    ),
    ?assertEqual({ok, 4096}, hb_beamr_io:malloc(Memory, 10)).

cancel_without_a_call(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual(ok, hb_beamr:cancel(Values)),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])),
    ok = hb_beamr:stop(Values),
    ?assertMatch({error, {not_running, _}}, hb_beamr:cancel(Values)).

cancel_ends_a_running_call(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Caller = spawn_link(fun() ->
        Test ! {self(), hb_beamr:call(Busy, "spin", [])},
        Test ! {self(), hb_beamr:call(Busy, "one", [])}
    end),
    hb_beamr_test_lib:wait_until(fun() ->
        ok = hb_beamr:cancel(Busy),
        process_info(self(), message_queue_len) =/= {message_queue_len, 0}
    end),
    receive
        {Caller, First} -> ?assertEqual({error, "Exception: terminated"}, First)
    end,
    receive
        {Caller, Second} -> ?assertEqual({ok, [1]}, Second)
    end.

counters_are_numbers(_) ->
    {ok, Counters} = hb_beamr:counters(),
    ?assert(map_size(Counters) > 0),
    [?assert(is_atom(Name) andalso is_integer(N)) || {Name, N} <- maps:to_list(Counters)].

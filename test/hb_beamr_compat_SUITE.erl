%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The shapes that HyperBEAM relies on, each by itself.
-module(hb_beamr_compat_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        exported_functions,
        start_answers_imports_and_exports,
        start_takes_a_mode,
        stop_is_always_ok,
        call_3,
        call_4_has_an_empty_map_for_state,
        call_5_has_an_empty_map_for_options,
        call_6_passes_options,
        wasm_send_is_ok,
        stub_answers_zero,
        a_call_right_after_start,
        an_instance_used_by_another_process,
        memory_functions,
        import_names_can_be_made_binaries
    ].

exported_functions(_) ->
    [
        ?assert(lists:member(Function, hb_beamr:module_info(exports)), Function)
     || Function <- [
            {start, 1},
            {start, 2},
            {stop, 1},
            {call, 3},
            {call, 4},
            {call, 5},
            {call, 6},
            {wasm_send, 2},
            {stub, 3},
            {serialize, 1},
            {deserialize, 2}
        ]
    ],
    [
        ?assert(lists:member(Function, hb_beamr_io:module_info(exports)), Function)
     || Function <- [
            {size, 1},
            {read, 3},
            {write, 3},
            {malloc, 2},
            {free, 2},
            {write_string, 2},
            {read_string, 2},
            {read_string, 3}
        ]
    ].

start_answers_imports_and_exports(_) ->
    {ok, Instance, Imports, Exports} = hb_beamr:start(hb_beamr_test_lib:wasm(imports)),
    ?assert(is_pid(Instance)),
    ?assertEqual(
        [
            {func, "my_lib", "mul", "(ii)i"},
            {func, "env", "note", "(i)"},
            {func, "env", "floats", "(fF)fF"},
            {func, "env", "wide", "(I)I"},
            {func, "env", "pair", "()iI"},
            {func, "env", "f64", "()F"}
        ],
        Imports
    ),
    ?assertEqual(
        [
            {memory, "memory", []},
            {func, "mul", "(ii)i"},
            {func, "note", "(i)"}
        ],
        lists:sublist(Exports, 3)
    ),
    {ok, _, [], [{table, "__indirect_function_table", []}]} =
        hb_beamr:start(hb_beamr_test_lib:wasm(table)),
    {ok, _, [], Globals} = hb_beamr:start(hb_beamr_test_lib:wasm(globals)),
    ?assertMatch({global, "i32", _}, hd(Globals)).

start_takes_a_mode(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    ?assertMatch({ok, _, [], [_, _]}, hb_beamr:start(Wasm, wasm)),
    case hb_beamr_aot_lib:has_compiler() of
        true ->
            ok = application:set_env(hb_beamr, aot_cache_dir, none),
            ?assertMatch({ok, _, [], [_, _]}, hb_beamr:start(Wasm, aot)),
            ok = application:unset_env(hb_beamr, aot_cache_dir);
        false -> ?assertMatch({error, "there is no compiler" ++ _}, hb_beamr:start(Wasm, aot))
    end.

stop_is_always_ok(_) ->
    Instance = hb_beamr_test_lib:start(nothing),
    [?assertEqual(ok, hb_beamr:stop(Instance)) || _ <- lists:seq(1, 3)],
    ?assertEqual(ok, hb_beamr:stop(self())),
    ?assertEqual(ok, hb_beamr:stop(spawn(fun() -> ok end))),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

call_3(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, <<"add">>, [1, 2])),
    ?assertEqual({error, {invalid_args, [1]}}, hb_beamr:call(Values, "add", [1])),
    ?assertMatch({error, "unknown function: no such"}, hb_beamr:call(Values, "no such", [])).

call_4_has_an_empty_map_for_state(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Mul = fun(S, #{args := [A, B]}, _) -> {ok, [A * B], S} end,
    ?assertEqual({ok, [32], #{}}, hb_beamr:call(Imports, <<"power">>, [2, 5], Mul)),
    ?assertEqual({error, "Exception: unreachable", #{}}, hb_beamr:call(Imports, "trap", [], Mul)).

call_5_has_an_empty_map_for_options(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Keep = fun(S, _, Opts) -> {ok, [0], {S, Opts}} end,
    ?assertEqual({ok, [0], {state, #{}}}, hb_beamr:call(Imports, "mul", [1, 1], Keep, state)).

call_6_passes_options(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Keep = fun(_, _, Opts) -> {ok, [0], Opts} end,
    Opts = #{some => options},
    ?assertEqual({ok, [0], Opts}, hb_beamr:call(Imports, "mul", [1, 1], Keep, state, Opts)),
    ?assertEqual(
        {error, {invalid_args, [x, y]}}, hb_beamr:call(Imports, "mul", [x, y], Keep, state, Opts)
    ),
    ?assertMatch(
        {error, "unknown function: no such", state},
        hb_beamr:call(Imports, "no such", [], Keep, state, Opts)
    ),
    ?assertMatch(
        {error, throw, reason, [_ | _], state},
        hb_beamr:call(Imports, "mul", [1, 1], fun(_, _, _) -> throw(reason) end, state, Opts)
    ).

wasm_send_is_ok(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual(ok, hb_beamr:wasm_send(Values, {command, term_to_binary({size})})),
    ?assertEqual(ok, hb_beamr:wasm_send(Values, stop)),
    ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

stub_answers_zero(_) ->
    ?assertEqual({ok, [0], state}, hb_beamr:stub(state, #{}, #{})).

a_call_right_after_start(_) ->
    [
        begin
            {ok, Values, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(values)),
            ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2])),
            ok = hb_beamr:stop(Values)
        end
     || _ <- lists:seq(1, 1000)
    ].

an_instance_used_by_another_process(_) ->
    Values = hb_beamr_test_lib:start(values),
    ?assertEqual(
        {ok, {ok, [3]}},
        hb_beamr_test_lib:run(fun() -> hb_beamr:call(Values, "add", [1, 2]) end)
    ).

memory_functions(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual({ok, 65536}, hb_beamr_io:size(Memory)),
    ?assertEqual(ok, hb_beamr_io:write(Memory, 0, <<"Hello, World!">>)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, 1000000, <<"Bad hello world!">>)),
    ?assertEqual({ok, <<"Hello, World!">>}, hb_beamr_io:read(Memory, 66, 13)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Memory, 1000000, 13)),
    ?assertMatch({ok, _}, hb_beamr_io:malloc(Memory, 100)),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Memory, 128 * 1024 * 1024)),
    {ok, Pointer} = hb_beamr_io:write_string(Memory, <<"Hello, World!">>),
    ?assertEqual({ok, <<"Hello, World!">>}, hb_beamr_io:read_string(Memory, Pointer)),
    ?assertEqual(ok, hb_beamr_io:free(Memory, Pointer)).

import_names_can_be_made_binaries(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    Binaries = fun(_, #{module := M, func := F, func_sig := S}, _) ->
        {ok, [0], {list_to_binary(M), list_to_binary(F), list_to_binary(S)}}
    end,
    ?assertEqual(
        {ok, [0], {<<"my_lib">>, <<"mul">>, <<"(ii)i">>}},
        hb_beamr:call(Imports, "mul", [1, 1], Binaries)
    ).

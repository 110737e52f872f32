%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% References and tables.
-module(hb_beamr_references_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        any_term_is_an_externref,
        terms_are_kept_and_go_with_the_instance,
        null,
        functions_that_the_guest_gives,
        references_of_an_import,
        references_that_do_not_fit,
        functions_of_another_instance,
        a_global,
        tables,
        a_table_that_grows_far,
        tables_that_cannot,
        floats_as_bits
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

any_term_is_an_externref(_) ->
    Instance = start(),
    [
        ?assertEqual(
            {ok, [{externref, Term}]}, hb_beamr:call(Instance, "echo", [{externref, Term}])
        )
     || Term <- [
            self(),
            make_ref(),
            fun() -> ok end,
            null,
            {externref, 1},
            #{},
            [],
            1 bsl 1000,
            1,
            1.0,
            binary:copy(<<"large">>, 100000)
        ]
    ],
    ok = hb_beamr:stop(Instance).

terms_are_kept_and_go_with_the_instance(_) ->
    Instance = start(),
    Large = binary:copy(<<7>>, 1 bsl 20),
    {ok, []} = hb_beamr:call(Instance, "keep", [1, {externref, Large}]),
    Told = hb_beamr_test_lib:run(fun() -> hb_beamr:call(Instance, "kept", [1]) end),
    ?assertEqual({ok, {ok, [{externref, Large}]}}, Told),
    Kept = kept(),
    ?assert(Kept > 0),
    ok = hb_beamr:stop(Instance),
    ?assertEqual(0, kept()),
    %% However it ends.
    Other = start(),
    {ok, []} = hb_beamr:call(Other, "keep", [1, {externref, Large}]),
    exit(Other, kill),
    hb_beamr_test_lib:wait_until(fun() -> kept() =:= 0 end).

kept() ->
    ets:info(hb_beamr_externref, size).

null(_) ->
    Instance = start(),
    ?assertEqual({ok, [null]}, hb_beamr:call(Instance, "echo", [null])),
    ?assertEqual({ok, [null]}, hb_beamr:call(Instance, "echo_function", [null])),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "is_null", [null])),
    ?assertEqual({ok, [0]}, hb_beamr:call(Instance, "is_null", [{externref, null}])),
    ok = hb_beamr:stop(Instance).

functions_that_the_guest_gives(_) ->
    Instance = start(),
    {ok, [Triple]} = hb_beamr:call(Instance, "triple", []),
    ?assertEqual({ok, [21]}, hb_beamr:call(Instance, Triple, [7])),
    ?assertEqual({ok, [Triple]}, hb_beamr:call(Instance, "echo_function", [Triple])),
    ?assertEqual({error, {invalid_args, []}}, hb_beamr:call(Instance, Triple, [])),
    ok = hb_beamr:table_set(Instance, "functions", 2, Triple),
    ?assertEqual({ok, [12]}, hb_beamr:call(Instance, "call", [2, 4])),
    ok = hb_beamr:stop(Instance),
    ?assertEqual({error, "instance is not running"}, hb_beamr:call(Instance, Triple, [7])).

references_of_an_import(_) ->
    Instance = start(),
    Ask = fun(State, #{instance := Same, args := [{externref, Term}, Function]}, _) ->
        {ok, [Value]} = hb_beamr:call(Same, Function, [5]),
        {ok, [{externref, {Term, Value}}], State}
    end,
    ?assertEqual(
        {ok, [{externref, {me, 15}}], s},
        hb_beamr:call(Instance, "ask", [{externref, me}], Ask, s)
    ),
    Null = fun(State, _, _) -> {ok, [null], State} end,
    ?assertEqual({ok, [null], s}, hb_beamr:call(Instance, "ask", [null], Null, s)),
    Wrong = fun(State, _, _) -> {ok, [5], State} end,
    ?assertEqual(
        {error, "result of import env.ask (rp)r: result 1 is not an externref", s},
        hb_beamr:call(Instance, "ask", [null], Wrong, s)
    ),
    ok = hb_beamr:stop(Instance).

references_that_do_not_fit(_) ->
    Instance = start(),
    {ok, [Triple]} = hb_beamr:call(Instance, "triple", []),
    [
        ?assertEqual({error, {invalid_args, Args}}, hb_beamr:call(Instance, Name, Args))
     || {Name, Args} <- [
            {"echo", [5]},
            {"echo", [Triple]},
            {"echo", [{externref, 1, 2}]},
            {"echo_function", [{externref, 1}]},
            {"echo_function", [5]},
            {"echo_function", [{funcref, Instance, 1000000}]},
            {"echo_function", [{funcref, Instance, -1}]},
            {"echo_function", [{funcref, Instance, 1 bsl 32}]},
            {"echo_function", [{funcref, Instance, 1 bsl 70}]},
            {"double", [null]},
            {"double", [{externref, 1}]}
        ]
    ],
    ?assertMatch({error, "unknown function: " ++ _}, hb_beamr:call(Instance, {funcref, Instance, x}, [])),
    ?assertMatch({error, _}, hb_beamr:call(Instance, {funcref, Instance, 1000000}, [])),
    ok = hb_beamr:stop(Instance).

functions_of_another_instance(_) ->
    One = start(),
    Other = start(),
    {ok, [Triple]} = hb_beamr:call(One, "triple", []),
    ?assertEqual({error, {invalid_args, [Triple]}}, hb_beamr:call(Other, "echo_function", [Triple])),
    ?assertMatch(
        {invalid_args, #{message := <<"argument 1 is a funcref of another instance">>}},
        hb_beamr:last_error(Other)
    ),
    ?assertEqual(
        {error, "unknown function: it is a funcref of another instance"},
        hb_beamr:call(Other, Triple, [1])
    ),
    ?assertMatch(
        {error, {invalid_args, #{message := <<"value 1 is a funcref of another instance">>}}},
        hb_beamr:table_set(Other, "functions", 0, Triple)
    ),
    [ok = hb_beamr:stop(Instance) || Instance <- [One, Other]].

a_global(_) ->
    Instance = start(),
    ?assertEqual({ok, null}, hb_beamr:global_get(Instance, "thing")),
    ok = hb_beamr:global_set(Instance, "thing", {externref, {a, term}}),
    ?assertEqual({ok, {externref, {a, term}}}, hb_beamr:global_get(Instance, "thing")),
    ?assertMatch({error, {invalid_args, _}}, hb_beamr:global_set(Instance, "thing", 5)),
    ok = hb_beamr:stop(Instance).

tables(_) ->
    Instance = start(),
    ?assertEqual({ok, 2}, hb_beamr:table_size(Instance, "things")),
    ?assertEqual({ok, null}, hb_beamr:table_get(Instance, "things", 0)),
    ok = hb_beamr:table_set(Instance, "things", 0, {externref, zero}),
    ?assertEqual({ok, [{externref, zero}]}, hb_beamr:call(Instance, "kept", [0])),
    ?assertEqual({ok, 2}, hb_beamr:table_grow(Instance, "things", 3, {externref, new})),
    ?assertEqual({ok, 5}, hb_beamr:table_size(Instance, "things")),
    ?assertEqual({ok, {externref, new}}, hb_beamr:table_get(Instance, "things", 4)),
    ?assertEqual({ok, 5}, hb_beamr:table_grow(Instance, <<"things">>, 0, null)),
    {ok, Double} = hb_beamr:table_get(Instance, "functions", 0),
    ?assertEqual({ok, [8]}, hb_beamr:call(Instance, Double, [4])),
    ?assertEqual({ok, null}, hb_beamr:table_get(Instance, "functions", 1)),
    ok = hb_beamr:table_set(Instance, "functions", 0, null),
    ?assertEqual(
        {error, "Exception: uninitialized element"}, hb_beamr:call(Instance, "call", [0, 4])
    ),
    %% While a guest waits.
    Nested = fun(State, #{instance := Same}, _) ->
        ok = hb_beamr:table_set(Same, "things", 1, {externref, within}),
        {ok, {externref, within}} = hb_beamr:table_get(Same, "things", 1),
        {ok, [null], State}
    end,
    ?assertEqual({ok, [null], s}, hb_beamr:call(Instance, "ask", [null], Nested, s)),
    ok = hb_beamr:stop(Instance).

%% By more than is filled at once.
a_table_that_grows_far(_) ->
    Wasm = hb_beamr_test_lib:wat("(module (table (export \"t\") 1000000 3000000 externref))"),
    {ok, Instance, _, _} = hb_beamr:start(Wasm, #{}),
    ?assertEqual({ok, 1000000}, hb_beamr:table_grow(Instance, "t", 900000, {externref, far})),
    ?assertEqual({ok, {externref, far}}, hb_beamr:table_get(Instance, "t", 1899999)),
    ?assertEqual({ok, 1900000}, hb_beamr:table_size(Instance, "t")),
    ?assertMatch({error, {no_memory, _}}, hb_beamr:table_grow(Instance, "t", 2000000, null)),
    ok = hb_beamr:stop(Instance).

tables_that_cannot(_) ->
    Instance = start(),
    [
        ?assertMatch({error, {Code, #{message := _}}}, hb_beamr:F(Instance, Name, Index, Value))
     || {Code, F, Name, Index, Value} <- [
            {unknown_table, table_set, "no_such", 0, null},
            {unknown_table, table_set, "double", 0, null},
            {unknown_table, table_set, <<255>>, 0, null},
            {unknown_table, table_set, [-1], 0, null},
            {unknown_table, table_grow, "thing", 0, null},
            {out_of_bounds, table_set, "things", 2, null},
            {out_of_bounds, table_set, "things", 1 bsl 63, null},
            {invalid_args, table_set, "things", 0, 5},
            {invalid_args, table_set, "things", 0, {funcref, Instance, 1}},
            {invalid_args, table_set, "functions", 0, {externref, 5}},
            {invalid_args, table_set, "functions", 0, {funcref, Instance, 1 bsl 30}},
            {invalid_args, table_grow, "things", 1, 5},
            {no_memory, table_grow, "functions", 1, null},
            {no_memory, table_grow, "things", 1 bsl 40, null},
            {no_memory, table_grow, "things", 1 bsl 64 - 1, null}
        ]
    ],
    ?assertMatch({error, {unknown_table, _}}, hb_beamr:table_size(Instance, "no_such")),
    ?assertMatch({error, {out_of_bounds, _}}, hb_beamr:table_get(Instance, "things", 2)),
    ?assertError(function_clause, hb_beamr:table_get(Instance, "things", -1)),
    ok = hb_beamr:stop(Instance),
    ?assertMatch({error, {not_running, _}}, hb_beamr:table_size(Instance, "things")).

floats_as_bits(_) ->
    Instance = hb_beamr_test_lib:start(values),
    Bits = #{floats => bits},
    [
        ?assertEqual({ok, [{Type, Value}]}, hb_beamr:call(Instance, Name, [{Type, Value}], Bits))
     || {Name, Type, Value} <- [
            {"f32", f32, 16#7FA00001},
            {"f32", f32, 16#FFC00000},
            {"f32", f32, 16#80000000},
            {"f64", f64, 16#7FF4000000000001},
            {"f64", f64, 16#FFF8000000000000}
        ]
    ],
    ?assertEqual({ok, [nan]}, hb_beamr:call(Instance, "f32", [{f32, 16#7FA00001}])),
    ?assertEqual(
        {ok, [{f64, 16#3FF0000000000000}, {f32, 16#40000000}, 3, 4]},
        hb_beamr:call(Instance, "reverse", [4, 3, 2.0, 1.0], Bits)
    ),
    [
        ?assertEqual({error, {invalid_args, [Arg]}}, hb_beamr:call(Instance, "f32", [Arg]))
     || Arg <- [{f32, -1}, {f32, 1 bsl 32}, {f32, 1.0}, {f64, 1 bsl 64}, {f16, 1}]
    ],
    ok = hb_beamr:stop(Instance).

start() ->
    hb_beamr_test_lib:start(references).

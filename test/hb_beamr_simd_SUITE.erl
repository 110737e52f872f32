%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Vectors between Erlang and compiled guests: binaries of 16 bytes.
-module(hb_beamr_simd_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(A, <<1:64/little, 2:64/little>>).
-define(B, <<"sixteen bytes...">>).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        interpreted_code_has_none,
        arguments_and_results,
        many,
        arguments_that_do_not_fit,
        imports,
        answers_that_do_not_fit,
        answers_of_others,
        globals,
        imported_globals,
        exceptions,
        nested_calls
    ].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    case hb_beamr_aot_lib:needs_compiler(Config) of
        {skip, _} = Skip ->
            Skip;
        _ ->
            Wasm = hb_beamr_test_lib:wasm(vectors),
            {ok, _, Exports, Aot} = hb_beamr_aot:compile(Wasm, #{}),
            [{wasm, Wasm}, {exports, Exports}, {aot, Aot} | Config]
    end.

end_per_suite(_) ->
    ok.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

interpreted_code_has_none(Config) ->
    ?assertMatch(
        {error, {not_compiled, #{message := <<"the module uses SIMD", _/binary>>}}},
        hb_beamr:start(proplists:get_value(wasm, Config), #{mode => interp})
    ).

arguments_and_results(Config) ->
    ?assert(lists:member({func, "lane", "(iV)i"}, proplists:get_value(exports, Config))),
    Instance = start(Config),
    [
        ?assertEqual({ok, [Vector]}, hb_beamr:call(Instance, Echo, [Vector]))
     || Echo <- ["echo", prepared(Instance, "echo")],
        Vector <- [?A, ?B, <<0:128>>, <<-1:128>>, binary:part(binary:copy(?B, 100), 3, 16)]
    ],
    ?assertEqual({ok, [7]}, hb_beamr:call(Instance, "lane", [0, <<0:32, 7:32/little, 0:64>>])),
    ?assertEqual({ok, [?A]}, call_bits(Instance, "echo", [?A])),
    ok = hb_beamr:stop(Instance).

many(Config) ->
    Instance = start(Config),
    V = fun(N) -> <<N:128/little>> end,
    Arguments =
        [V(0), 1, V(2), 3.0, 4, V(5), V(6), 7.0, V(8), 9, V(10), 11, V(12), 13.0, V(14), 15, V(16)] ++
            [17, V(18), 19, 20, 21, V(22)],
    ?assertEqual({ok, [V(16), V(18), 21, V(22)]}, hb_beamr:call(Instance, "many", Arguments)),
    ok = hb_beamr:stop(Instance).

arguments_that_do_not_fit(Config) ->
    Instance = start(Config),
    Refused = fun(Function, Arguments) ->
        {error, {invalid_args, Arguments}} = hb_beamr:call(Instance, Function, Arguments),
        {invalid_args, #{message := Message}} = hb_beamr:last_error(Instance),
        Message
    end,
    [
        ?assertEqual(
            iolist_to_binary([
                "argument 1 is no value: a v128 has 16 bytes, not ",
                integer_to_list(byte_size(Bytes))
            ]),
            Refused("echo", [Bytes])
        )
     || Bytes <- [<<>>, <<1>>, <<0:120>>, <<0:136>>, <<0:256>>, binary:copy(?A, 100000)]
    ],
    [
        ?assertEqual(<<"argument 1 is not a v128">>, Refused("echo", [Value]))
     || Value <- [0, -1, 1 bsl 63, 1.5, nan, null, {f32, 0}, {f64, 0}, {externref, ?A}]
    ],
    [
        ?assertMatch(<<"argument 1 is no value: ", _/binary>>, Refused("echo", [Value]))
     || Value <- [binary_to_list(?A), <<0:127>>, <<0:129>>, {v128, ?A}, [?A], 1 bsl 127]
    ],
    ?assertEqual(<<"argument 1 is not an i32">>, Refused("lane", [?A, ?A])),
    ?assertEqual(<<"argument 2 is not a v128">>, Refused("lane", [1, 1])),
    ?assertEqual(<<"expected 1 arguments (V)V, got 0">>, Refused("echo", [])),
    ?assertEqual(<<"expected 1 arguments (V)V, got 2">>, Refused("echo", [?A, ?A])),
    ?assertEqual(<<"expected 2 arguments (iV)i, got 3">>, Refused("lane", [1, ?A, 1])),
    %% As many bytes as other values would have, and none too many.
    Nine = lists:duplicate(9, ?A),
    ?assertMatch(<<"expected 1 arguments", _/binary>>, Refused("echo", Nine)),
    ?assertMatch(<<"expected 1 arguments", _/binary>>, Refused("one_by_table", Nine ++ Nine)),
    ?assertEqual({ok, [?A]}, hb_beamr:call(Instance, "echo", [?A])),
    ok = hb_beamr:stop(Instance).

imports(Config) ->
    Instance = start(Config),
    [
        ?assertEqual(
            {ok, [?B, 42, ?A], s},
            hb_beamr:call(Instance, Function, [?A, 21, ?B], fun swap/3, s)
        )
     || Function <- ["swap", "swap_by_table", "return_swap"]
    ],
    ?assertEqual({ok, [42], s}, hb_beamr:call(Instance, "one_by_table", [41], fun swap/3, s)),
    ok = hb_beamr:stop(Instance).

answers_that_do_not_fit(Config) ->
    Instance = start(Config),
    Refused = fun(Results) ->
        Import = fun(State, _, _) -> {ok, Results, State} end,
        {error, Text, s} = hb_beamr:call(Instance, "swap", [?A, 21, ?B], Import, s),
        Text
    end,
    Prefix = "result of import env.swap (ViV)VIV: ",
    ?assertEqual(Prefix ++ "result 1 is not a v128", Refused([1, 2, 3])),
    ?assertEqual(Prefix ++ "result 2 is not an i64", Refused([?A, ?A, ?A])),
    ?assertEqual(Prefix ++ "result 3 is not a v128", Refused([?A, 2, 3])),
    ?assertEqual(Prefix ++ "expected 3 results (VIV), got 2", Refused([?A, 2])),
    ?assertEqual(
        Prefix ++ "3 is no value: a v128 has 16 bytes, not 15", Refused([?A, 2, <<0:120>>])
    ),
    %% Surplus values are nobody's.
    Surplus = fun(State, _, _) -> {ok, [?A, 2, ?B, ?A, <<1>>], State} end,
    ?assertEqual({ok, [?A, 2, ?B], s}, hb_beamr:call(Instance, "swap", [?A, 1, ?B], Surplus, s)),
    ok = hb_beamr:stop(Instance).

answers_of_others(Config) ->
    Instance = start(Config),
    Import = fun(State, #{args := [A, B, C], token := Token}, _) ->
        spawn_link(fun() ->
            {error, {bad_result, _}} = hb_beamr:reply(Token, {ok, [A, B]}),
            ok = hb_beamr:reply(Token, {ok, [C, B, A]})
        end),
        {defer, State}
    end,
    ?assertEqual(
        {ok, [?B, 21, ?A], s}, hb_beamr:call(Instance, "swap", [?A, 21, ?B], Import, s)
    ),
    ok = hb_beamr:stop(Instance).

globals(Config) ->
    Instance = start(Config),
    Initial = <<1:32/little, 2:32/little, 3:32/little, 4:32/little>>,
    ?assertEqual({ok, Initial}, hb_beamr:global_get(Instance, "counter")),
    ?assertEqual({ok, Initial}, hb_beamr:global_get(Instance, "counter", #{floats => bits})),
    ok = hb_beamr:global_set(Instance, "counter", ?B),
    ?assertEqual({ok, ?B}, hb_beamr:global_get(Instance, "counter")),
    Refused = fun(Name, Value) ->
        {error, {invalid_args, #{message := Message}}} = hb_beamr:global_set(Instance, Name, Value),
        Message
    end,
    ?assertEqual(<<"value 1 is not a v128">>, Refused("counter", 1)),
    ?assertEqual(
        <<"value 1 is no value: a v128 has 16 bytes, not 17">>, Refused("counter", <<0:136>>)
    ),
    ?assertEqual(<<"value 1 is not an i32">>, Refused("after", ?A)),
    ?assertEqual({ok, 7}, hb_beamr:global_get(Instance, "after")),
    ?assertEqual({ok, ?B}, hb_beamr:global_get(Instance, "counter")),
    ok = hb_beamr:stop(Instance).

imported_globals(Config) ->
    Instance = start(Config),
    ?assertEqual({ok, ?B}, hb_beamr:global_get(Instance, "given")),
    ok = hb_beamr:stop(Instance),
    [
        ?assertMatch({error, {link, _}}, start(Config, Given))
     || Given <- [1, 1.5, null, {global, i64, const, 1}, {global, v128, var, ?B}]
    ],
    [
        ?assertMatch({error, {invalid_option, _}}, start(Config, {global, v128, const, Value}))
     || Value <- [<<0:120>>, <<0:136>>, [?B]]
    ],
    ?assertMatch({error, {link, _}}, start(Config, {global, v128, const, 1})).

exceptions(Config) ->
    Instance = start(Config),
    ?assertEqual(
        {error, "Exception: uncaught exception 'own' (1, 0x00000000000000020000000000000001, 2)"},
        hb_beamr:call(Instance, "throw", [?A])
    ),
    ?assertMatch(
        {trap, #{kind := exception, payload := [1, ?A, 2]}}, hb_beamr:last_error(Instance)
    ),
    Throw = fun(Payload) ->
        Import = fun(State, _, _) -> {ok, {import_exception, {"own", Payload}}, State} end,
        hb_beamr:call(Instance, "catch", [], Import, s)
    end,
    ?assertEqual({ok, [3, ?B, 4], s}, Throw([3, ?B, 4])),
    ?assertMatch({error, _, s}, Throw([3, 4])),
    ?assertMatch({error, _, s}, Throw([3, 4, 5])),
    ?assertMatch({error, _, s}, Throw([3, <<0:136>>, 4])),
    ?assertEqual({ok, [3, ?A, 4], s}, Throw([3, ?A, 4])),
    ok = hb_beamr:stop(Instance).

nested_calls(Config) ->
    Instance = start(Config),
    Import = fun(State, #{args := [A, _, B]}, _) ->
        {ok, [B]} = hb_beamr:call(Instance, "echo", [B]),
        {ok, [A, State, B], State}
    end,
    ?assertEqual({ok, [?A, 5, ?B], 5}, hb_beamr:call(Instance, "swap", [?A, 21, ?B], Import, 5)),
    ok = hb_beamr:stop(Instance).

%%% Helpers

start(Config) ->
    {ok, Instance, _, _} = start(Config, {global, v128, const, ?B}),
    Instance.

start(Config, Given) ->
    Options = #{mode => aot, imports => #{{"env", "given"} => Given}},
    hb_beamr:start(proplists:get_value(aot, Config), Options).

prepared(Instance, Name) ->
    {ok, Prepared} = hb_beamr:prepare(Instance, Name),
    Prepared.

call_bits(Instance, Name, Arguments) ->
    hb_beamr:call(Instance, Name, Arguments, #{floats => bits}).

swap(State, #{func := "swap", args := [A, N, B]}, _) -> {ok, [B, 2 * N, A], State};
swap(State, #{func := "one", args := [N]}, _) -> {ok, [N + 1], State}.

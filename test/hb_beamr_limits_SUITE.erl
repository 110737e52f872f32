%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Limits of an instance and of the node: by option, by the application's environment, at once.
-module(hb_beamr_limits_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(PAGE, 65536).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        memory,
        memory_of_the_module,
        table_elements,
        call_depth,
        results,
        module_size,
        stack_size,
        the_environment_has_defaults,
        an_option_wins_over_the_environment,
        others_are_not_affected,
        invalid_options,
        an_invalid_environment,
        the_usual_limits,
        instances_of_the_node,
        memory_of_the_node,
        memory_of_the_node_by_growing,
        waiting_calls_of_the_node,
        many_processes_at_the_limit_of_instances,
        many_processes_at_the_limit_of_memory,
        an_invalid_environment_of_the_node
    ].

init_per_testcase(_, Config) ->
    restart([]),
    Config.

end_per_testcase(_, _Config) ->
    restart([]),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%% The application with this environment and nothing else of ours.
restart(Env) ->
    _ = application:stop(hb_beamr),
    _ = application:load(hb_beamr),
    [application:unset_env(hb_beamr, Key) || Key <- keys()],
    set(Env),
    ok = application:start(hb_beamr).

set(Env) ->
    [ok = application:set_env(hb_beamr, Key, Value) || {Key, Value} <- Env].

keys() ->
    instance_keys() ++ node_keys().

instance_keys() ->
    [max_memory, max_table_elements, max_call_depth, max_results, max_module_size, stack_size].

node_keys() ->
    [max_instances, max_total_memory, max_waiting_calls].

%% A limit is given in both ways; what comes of it must be the same.
both_ways(Key, Value, Test) ->
    Test(#{Key => Value}),
    set([{Key, Value}]),
    Test(#{}),
    ok = application:unset_env(hb_beamr, Key).

%%% Limits of an instance

memory(_) ->
    Wasm = hb_beamr_test_lib:wasm(memory),
    both_ways(max_memory, 2 * ?PAGE, fun(Options) ->
        Memory = start(Wasm, Options),
        ?assertEqual({ok, [1]}, hb_beamr:call(Memory, "grow", [1])),
        ?assertEqual({ok, [-1]}, hb_beamr:call(Memory, "grow", [1])),
        ?assertEqual(
            {error,
                {limit, memory, #{
                    limit => 2 * ?PAGE,
                    wanted => 3 * ?PAGE,
                    message =>
                        <<"the limit of an instance's memory is 131072 bytes, wanted is 196608">>
                }}},
            hb_beamr_io:grow(Memory, 1)
        ),
        ?assertEqual({ok, 2 * ?PAGE}, hb_beamr_io:size(Memory)),
        ?assertEqual({ok, [$H]}, hb_beamr:call(Memory, "load", [66]))
    end),
    %% What the module itself declares is another matter.
    Memory = start(Wasm, #{max_memory => infinity}),
    ?assertMatch({ok, 1}, hb_beamr_io:grow(Memory, 3)),
    ?assertMatch({error, {no_memory, _}}, hb_beamr_io:grow(Memory, 1)).

memory_of_the_module(_) ->
    Wasm = hb_beamr_test_lib:wasm(memory),
    Ports = ports(),
    both_ways(max_memory, ?PAGE - 1, fun(Options) ->
        ?assertMatch(
            {error, {limit, memory, #{limit := ?PAGE - 1, wanted := ?PAGE}}},
            hb_beamr:start(Wasm, Options)
        )
    end),
    set([{max_memory, 0}]),
    ?assertEqual(
        {error, "the limit of an instance's memory is 0 bytes, wanted is 65536"},
        hb_beamr:start(Wasm)
    ),
    ?assertEqual(Ports, ports()),
    %% One without a memory needs none.
    ?assertEqual({ok, [1]}, hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", [])).

table_elements(_) ->
    Table = hb_beamr_test_lib:wat(
        "(module (table (export \"t\") 3 10 funcref)"
        "  (func (export \"grow\") (param i32) (result i32)"
        "    (table.grow 0 (ref.null func) (local.get 0))))"
    ),
    both_ways(max_table_elements, 2, fun(Options) ->
        ?assertEqual(
            {error,
                {limit, table_elements, #{
                    limit => 2,
                    wanted => 3,
                    message => <<"the limit of a table is 2 elements, wanted is 3">>
                }}},
            hb_beamr:start(Table, Options)
        )
    end),
    both_ways(max_table_elements, 5, fun(Options) ->
        Instance = start(Table, Options),
        ?assertEqual({ok, [-1]}, hb_beamr:call(Instance, "grow", [3])),
        ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "grow", [2])),
        ?assertEqual({ok, [-1]}, hb_beamr:call(Instance, "grow", [1]))
    end).

call_depth(_) ->
    Text = "the limit of nested calls is 2, wanted is 3",
    both_ways(max_call_depth, 2, fun(Options) ->
        Imports = start(hb_beamr_test_lib:wasm(imports), Options),
        Nest = fun Self(Depth, #{args := [A, B]}, _) ->
            case hb_beamr:call(Imports, "mul", [A, B], Self, Depth + 1) of
                {ok, Results, State} ->
                    {ok, Results, State};
                {error, Reason, State} ->
                    ?assertMatch(
                        {limit, call_depth, #{limit := 2, wanted := 3}},
                        hb_beamr:last_error(Imports)
                    ),
                    {ok, [A * B], {Reason, State}}
            end
        end,
        ?assertEqual({ok, [42], {Text, 2}}, hb_beamr:call(Imports, "mul", [6, 7], Nest, 0))
    end),
    One = start(hb_beamr_test_lib:wasm(imports), #{max_call_depth => 1}),
    Nest = fun(_, _, _) -> {ok, [5], hb_beamr:call(One, "seven", [])} end,
    ?assertEqual(
        {ok, [5], {error, "the limit of nested calls is 1, wanted is 2"}},
        hb_beamr:call(One, "mul", [1, 1], Nest)
    ),
    ?assertEqual({ok, [7]}, hb_beamr:call(One, "seven", [])).

results(_) ->
    both_ways(max_results, 3, fun(Options) ->
        Values = start(hb_beamr_test_lib:wasm(values), Options),
        ?assertEqual(
            {error, "the limit of a function's results is 3, wanted is 4"},
            hb_beamr:call(Values, "reverse", [1, 2, 3.0, 4.0])
        ),
        ?assertMatch({limit, results, #{limit := 3, wanted := 4}}, hb_beamr:last_error(Values)),
        ?assertEqual({ok, [3]}, hb_beamr:call(Values, "add", [1, 2]))
    end),
    Values = start(hb_beamr_test_lib:wasm(values), #{max_results => 4}),
    ?assertMatch({ok, [_, _, _, _]}, hb_beamr:call(Values, "reverse", [1, 2, 3.0, 4.0])).

module_size(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    Size = byte_size(Wasm),
    both_ways(max_module_size, Size - 1, fun(Options) ->
        {error, {limit, module_size, #{limit := Limit, wanted := Size, message := Text}}} =
            hb_beamr:start(Wasm, Options),
        ?assertEqual(Size - 1, Limit),
        ?assertEqual(
            lists:flatten(
                io_lib:format("the limit of a module is ~b bytes, wanted is ~b", [Limit, Size])
            ),
            binary_to_list(Text)
        )
    end),
    both_ways(max_module_size, Size, fun(Options) ->
        ?assertEqual({ok, [1]}, hb_beamr:call(start(Wasm, Options), "one", []))
    end).

stack_size(_) ->
    Traps = hb_beamr_test_lib:wasm(traps),
    both_ways(stack_size, 4096, fun(Options) ->
        Small = start(Traps, Options),
        {error, "Exception: " ++ _} = hb_beamr:call(Small, "recurse", [1]),
        ?assertMatch({trap, #{kind := stack_overflow}}, hb_beamr:last_error(Small)),
        ?assertEqual({ok, [7]}, hb_beamr:call(Small, "fine", []))
    end).

the_environment_has_defaults(_) ->
    set([{max_memory, ?PAGE}, {max_results, 1}, {max_call_depth, 1}]),
    Imports = hb_beamr_test_lib:start(imports),
    ?assertMatch({error, {limit, memory, _}}, hb_beamr_io:grow(Imports, 1)),
    ?assertEqual(
        {error, "the limit of a function's results is 1, wanted is 2"},
        hb_beamr:call(Imports, "pair", [])
    ),
    %% Also of those that a supervisor starts.
    {ok, Linked} = hb_beamr:start_link(hb_beamr_test_lib:wasm(imports), #{}),
    ?assertMatch({error, {limit, memory, _}}, hb_beamr_io:grow(Linked, 1)),
    ok = hb_beamr:stop(Linked).

an_option_wins_over_the_environment(_) ->
    set([{max_memory, 0}, {max_module_size, 0}, {max_call_depth, 1}]),
    Wasm = hb_beamr_test_lib:wasm(memory),
    ?assertMatch({error, {limit, module_size, _}}, hb_beamr:start(Wasm, #{})),
    ?assertMatch(
        {error, {limit, memory, _}}, hb_beamr:start(Wasm, #{max_module_size => infinity})
    ),
    Memory = start(Wasm, #{max_module_size => infinity, max_memory => infinity}),
    ?assertEqual({ok, 1}, hb_beamr_io:grow(Memory, 3)).

others_are_not_affected(_) ->
    Wasm = hb_beamr_test_lib:wasm(memory),
    Before = start(Wasm, #{}),
    Bounded = start(Wasm, #{max_memory => ?PAGE, max_call_depth => 1, max_results => 0}),
    After = start(Wasm, #{}),
    ?assertMatch({error, {limit, memory, _}}, hb_beamr_io:grow(Bounded, 1)),
    ?assertMatch(
        {error, "the limit of a function's results" ++ _}, hb_beamr:call(Bounded, "freed", [])
    ),
    [
        begin
            ?assertEqual({ok, 1}, hb_beamr_io:grow(Instance, 1)),
            ?assertEqual({ok, [0]}, hb_beamr:call(Instance, "freed", []))
        end
     || Instance <- [Before, After]
    ].

%%% Invalid values

invalid_options(_) ->
    Wasm = hb_beamr_test_lib:wasm(nothing),
    Ports = ports(),
    [
        begin
            Text = io_lib:format("invalid option: ~tp => ~tp", [Key, Value]),
            Error =
                {error, {invalid_option, #{message => unicode:characters_to_binary(Text)}}},
            ?assertEqual(Error, hb_beamr:start(Wasm, #{Key => Value})),
            ?assertEqual(Error, hb_beamr:start_link(Wasm, #{Key => Value}))
        end
     || {Key, Value} <-
            [{Key, Value} || Key <- instance_keys(), Value <- [-1, 1.5, many, "1", 1 bsl 64]] ++
                [
                    {max_call_depth, 0},
                    {max_call_depth, 1 bsl 32},
                    {max_results, 1 bsl 32},
                    {stack_size, 4095},
                    {stack_size, 67108865},
                    {stack_size, infinity},
                    {owner, nobody},
                    {owner, undefined},
                    {max_instances, 1},
                    {max_total_memory, 1},
                    {no_such, option},
                    {"max_memory", 1}
                ]
    ],
    ?assertEqual(Ports, ports()).

an_invalid_environment(_) ->
    set([{max_memory, lots}]),
    ?assertEqual(
        {error, "invalid option: max_memory => lots"},
        hb_beamr:start(hb_beamr_test_lib:wasm(nothing))
    ),
    ?assertMatch(
        {ok, _, _, _}, hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{max_memory => infinity})
    ).

%%% Limits of the node

the_usual_limits(_) ->
    {ok, #{limits := Limits, physical_memory := Physical}} = hb_beamr:info(),
    ?assertEqual(
        #{
            instances => 1 bsl 64 - 1,
            total_memory => Physical,
            waiting_calls => 262144
        },
        Limits
    ),
    ?assert(Physical > 1 bsl 20).

instances_of_the_node(_) ->
    restart([{max_instances, 2}]),
    ?assertMatch({ok, #{limits := #{instances := 2}}}, hb_beamr:info()),
    Wasm = hb_beamr_test_lib:wasm(nothing),
    [First, Second] = [start(Wasm, #{}) || _ <- [1, 2]],
    Text = "the limit of instances in this node is 2, wanted is 3",
    [
        begin
            ?assertEqual(
                {error,
                    {limit, instances, #{
                        limit => 2, wanted => 3, message => list_to_binary(Text)
                    }}},
                hb_beamr:start(Wasm, #{})
            ),
            ?assertEqual({error, Text}, hb_beamr:start(Wasm)),
            %% Also modules that are loaded in the background.
            ?assertMatch(
                {error, {limit, instances, _}},
                hb_beamr:start(hb_beamr_test_lib:padded_module(3 bsl 20, N), #{})
            )
        end
     || N <- [1, 2, 3]
    ],
    ?assertEqual({ok, [1]}, hb_beamr:call(First, "one", [])),
    ok = hb_beamr:stop(Second),
    Third = start(Wasm, #{}),
    ?assertMatch({error, {limit, instances, _}}, hb_beamr:start(Wasm, #{})),
    %% One that does not start does not count.
    ok = hb_beamr:stop(Third),
    {error, _} = hb_beamr:start(hb_beamr_test_lib:wasm(start_traps)),
    {error, _} = hb_beamr:start(<<"not a module">>),
    ?assertEqual({ok, [1]}, hb_beamr:call(start(Wasm, #{}), "one", [])).

memory_of_the_node(_) ->
    restart([{max_total_memory, 3 * ?PAGE}]),
    Wasm = hb_beamr_test_lib:wasm(memory),
    [First | _] = [start(Wasm, #{}) || _ <- [1, 2, 3]],
    ?assertEqual(
        {error,
            {limit, total_memory, #{
                limit => 3 * ?PAGE,
                wanted => 4 * ?PAGE,
                message =>
                    <<"the limit of all instances' memory is 196608 bytes, wanted is 262144">>
            }}},
        hb_beamr:start(Wasm, #{})
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(hb_beamr_test_lib:start(nothing), "one", [])),
    ok = hb_beamr:stop(First),
    Next = start(Wasm, #{}),
    ?assertMatch({ok, #{memory := 3 * ?PAGE}}, hb_beamr:info()),
    ?assertEqual({ok, ?PAGE}, hb_beamr_io:size(Next)).

memory_of_the_node_by_growing(_) ->
    restart([{max_total_memory, 4 * ?PAGE}]),
    Wasm = hb_beamr_test_lib:wasm(memory),
    [First, Second] = [start(Wasm, #{}) || _ <- [1, 2]],
    ?assertEqual({ok, 1}, hb_beamr_io:grow(First, 2)),
    ?assertEqual({ok, [-1]}, hb_beamr:call(Second, "grow", [1])),
    ?assertMatch(
        {error, {limit, total_memory, #{limit := 4 * ?PAGE, wanted := 5 * ?PAGE}}},
        hb_beamr_io:grow(Second, 1)
    ),
    ok = hb_beamr:stop(First),
    ?assertEqual({ok, [1]}, hb_beamr:call(Second, "grow", [3])),
    ?assertMatch({ok, #{memory := 4 * ?PAGE}}, hb_beamr:info()).

waiting_calls_of_the_node(_) ->
    restart([{max_waiting_calls, 2}]),
    [One, Other] = [hb_beamr_test_lib:start(busy) || _ <- [1, 2]],
    Holders = [
        hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Pid, "spin", []) end)
     || Pid <- [One, Other]
    ],
    Waiting = [
        hb_beamr_test_lib:waiting_caller(fun() -> hb_beamr:call(Pid, "one", []) end)
     || Pid <- [One, Other]
    ],
    ?assertMatch({ok, #{waiting := 2}}, hb_beamr:info()),
    Text = "the limit of calls that wait for their turn in this node is 2, wanted is 3",
    ?assertEqual({error, Text}, hb_beamr:call(One, "one", [])),
    ?assertMatch({limit, waiting_calls, #{limit := 2, wanted := 3}}, hb_beamr:last_error(One)),
    ?assertMatch({error, {limit, waiting_calls, _}}, hb_beamr_io:grow(Other, 1)),
    %% Nobody else is held up.
    ?assertEqual({ok, [1]}, hb_beamr:call(hb_beamr_test_lib:start(busy), "one", [])),
    [ok = hb_beamr:cancel(Pid) || Pid <- [One, Other]],
    [
        ?assertEqual({error, "Exception: terminated"}, hb_beamr_test_lib:answer(Holder))
     || Holder <- Holders
    ],
    [?assertEqual({ok, [1]}, hb_beamr_test_lib:answer(Caller)) || Caller <- Waiting],
    ?assertMatch({ok, #{waiting := 0}}, hb_beamr:info()),
    ?assertEqual({ok, [1]}, hb_beamr:call(One, "one", [])).

many_processes_at_the_limit_of_instances(_) ->
    restart([{max_instances, 5}]),
    Wasm = hb_beamr_test_lib:wasm(nothing),
    [
        begin
            Starters = [
                hb_beamr_test_lib:caller(fun() -> hb_beamr:start(Wasm, #{owner => none}) end)
             || _ <- lists:seq(1, 20)
            ],
            Answers = [hb_beamr_test_lib:answer(Starter) || Starter <- Starters],
            Instances = [Instance || {ok, Instance, _, _} <- Answers],
            ?assertEqual(5, length(Instances)),
            [
                ?assertMatch({error, {limit, instances, #{limit := 5}}}, Answer)
             || Answer <- Answers, element(1, Answer) =/= ok
            ],
            [ok = hb_beamr:stop(Instance) || Instance <- Instances]
        end
     || _ <- lists:seq(1, 50)
    ].

many_processes_at_the_limit_of_memory(_) ->
    Count = 10,
    restart([{max_total_memory, (Count + 7) * ?PAGE}]),
    Wasm = hb_beamr_test_lib:wasm(memory),
    [
        begin
            Instances = [start(Wasm, #{}) || _ <- lists:seq(1, Count)],
            Growers = [
                hb_beamr_test_lib:caller(fun() -> hb_beamr:call(Instance, "grow", [1]) end)
             || Instance <- Instances, _ <- [1, 2, 3]
            ],
            Answers = [hb_beamr_test_lib:answer(Grower) || Grower <- Growers],
            ?assertEqual(7, length([N || {ok, [N]} <- Answers, N > 0])),
            ?assertEqual(23, length([N || {ok, [N]} <- Answers, N =:= -1])),
            [ok = hb_beamr:stop(Instance) || Instance <- Instances]
        end
     || _ <- lists:seq(1, 20)
    ],
    ?assertMatch({ok, #{memory := 0}}, hb_beamr:info()).

an_invalid_environment_of_the_node(_) ->
    [
        begin
            ok = application:stop(hb_beamr),
            set([{Key, Value}]),
            Text = lists:flatten(io_lib:format("invalid option: ~p => ~p", [Key, Value])),
            ?assertEqual(
                {error, {not_started, #{message => list_to_binary(Text)}}},
                hb_beamr:start(hb_beamr_test_lib:wasm(nothing), #{})
            ),
            ?assertEqual({error, Text}, hb_beamr:start(hb_beamr_test_lib:wasm(nothing))),
            %% That of the process that refused closes a little later.
            hb_beamr_test_lib:wait_until(fun() -> hb_beamr_test_lib:ports() =:= [] end),
            restart([])
        end
     || Key <- node_keys(), Value <- [-1, many, 1.5, 1 bsl 64]
    ].

%%% Helpers

start(Wasm, Options) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm, Options),
    Instance.

ports() ->
    length(hb_beamr_test_lib:ports()).

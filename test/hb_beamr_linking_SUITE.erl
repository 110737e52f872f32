%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Imports that are no functions: what `start' gets for them becomes the instance's own.
-module(hb_beamr_linking_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(PAGE, 65536).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        memory_table_and_globals,
        an_image_of_a_memory,
        a_large_image,
        each_instance_has_its_own,
        globals_without_values,
        globals_in_element_segments,
        values_that_do_not_fit,
        types_are_compared,
        nothing_else_is_linked,
        offers_that_are_none,
        offers_that_nobody_wants,
        names_of_any_kind
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

memory_table_and_globals(_) ->
    {ok, Instance, Imports, _} = start(#{}),
    ?assertEqual({memory, "env", "memory", []}, hd(Imports)),
    ?assertEqual({ok, [$d]}, hb_beamr:call(Instance, "load", [16])),
    ?assertEqual({ok, [7]}, hb_beamr:call(Instance, 1, [])),
    ?assertEqual({ok, [1]}, hb_beamr:call(Instance, "grow", [2])),
    ?assertEqual({ok, [-1]}, hb_beamr:call(Instance, "grow", [1])),
    ?assertEqual({ok, 3 * ?PAGE}, hb_beamr_io:size(Instance)),
    ?assertEqual({ok, -5}, hb_beamr:global_get(Instance, "counter")),
    ?assertEqual({ok, {f32, 16#7FA00001}}, hb_beamr:global_get(Instance, "ratio", #{floats => bits})),
    ?assertEqual({ok, nan}, hb_beamr:global_get(Instance, "ratio")),
    ?assertEqual({ok, {externref, {any, "term"}}}, hb_beamr:global_get(Instance, "thing")),
    ?assertEqual(ok, hb_beamr:global_set(Instance, "counter", 6)),
    ?assertEqual({ok, 6}, hb_beamr:global_get(Instance, "counter")),
    ok = hb_beamr:stop(Instance).

an_image_of_a_memory(_) ->
    [
        begin
            {ok, Instance, _, _} = start(#{{"env", "memory"} => Offer}),
            ?assertEqual({ok, [$a]}, hb_beamr:call(Instance, "load", [0])),
            ?assertEqual({ok, [$d]}, hb_beamr:call(Instance, "load", [16])),
            ?assertEqual({ok, [$z]}, hb_beamr:call(Instance, "load", [?PAGE - 1])),
            ok = hb_beamr:stop(Instance)
        end
     || Image <- [<<"a", 0:((?PAGE - 2) * 8), "z">>],
        Offer <- [Image, {memory, #{image => Image}}]
    ],
    ?assertMatch(
        {error,
            {link, #{
                message :=
                    <<"these imports cannot be linked: memory 'env'.'memory': an image of 65537 ",
                        _/binary>>
            }}},
        start(#{{"env", "memory"} => binary:copy(<<1>>, ?PAGE + 1)})
    ).

a_large_image(_) ->
    Wasm = hb_beamr_test_lib:wat(
        "(module (memory (import \"env\" \"memory\") 320)"
        " (func (export \"load\") (param i32) (result i32) (i32.load (local.get 0))))"
    ),
    Image = <<<<N:32/little>> || N <- lists:seq(0, 320 * ?PAGE div 4 - 1)>>,
    {ok, Instance, _, _} = hb_beamr:start(Wasm, #{imports => #{{"env", "memory"} => Image}}),
    [
        ?assertEqual({ok, [N]}, hb_beamr:call(Instance, "load", [4 * N]))
     || N <- [0, 1, 1000000, 320 * ?PAGE div 4 - 1]
    ],
    ok = hb_beamr:stop(Instance).

each_instance_has_its_own(_) ->
    {ok, One, _, _} = start(#{}),
    {ok, Other, _, _} = start(#{{"env", "base"} => 32, {"env", "counter"} => 9}),
    ok = hb_beamr_io:write(One, 32, <<"one">>),
    ?assertEqual({ok, <<"data">>}, hb_beamr_io:read(Other, 32, 4)),
    ?assertEqual({ok, <<0, 0, 0, 0>>}, hb_beamr_io:read(Other, 16, 4)),
    ok = hb_beamr:global_set(One, "counter", 1),
    ?assertEqual({ok, 9}, hb_beamr:global_get(Other, "counter")),
    [ok = hb_beamr:stop(Instance) || Instance <- [One, Other]].

globals_without_values(_) ->
    ?assertEqual(
        {error,
            "these imports cannot be linked: global 'env'.'base': a value of type i32 is wanted; "
            "global 'env'.'counter': a value of type i64 is wanted; "
            "global 'env'.'ratio': a value of type f32 is wanted; "
            "global 'env'.'thing': a value of type externref is wanted; "
            "global '\\x00é'.'': a value of type i32 is wanted"},
        hb_beamr:start(hb_beamr_test_lib:wasm(own_imports))
    ).

%% Each item names a global, whose number is not that of anything else: neither of a function nor of a term.
globals_in_element_segments(_) ->
    Offers = #{
        {"", "thing"} => {global, externref, const, {externref, {a, "thing"}}},
        {"", "other"} => {global, externref, const, {externref, other}},
        {"", "no thing"} => {global, externref, const, null},
        {"", "no function"} => {global, funcref, const, null}
    },
    {ok, Instance, _, _} = hb_beamr:start(elements_of_globals(), #{imports => Offers}),
    Things = [{externref, {a, "thing"}}, null, {externref, other}],
    Elements = fun(Table) ->
        [element(2, hb_beamr:table_get(Instance, Table, Element)) || Element <- [0, 1, 2]]
    end,
    ?assertEqual(Things, Elements("things")),
    ?assertEqual({ok, []}, hb_beamr:call(Instance, "init", [])),
    ?assertEqual(lists:reverse(Things), Elements("things")),
    ?assertEqual([null, null, null], Elements("functions")),
    [
        ?assertEqual(
            {error, "Exception: uninitialized element"}, hb_beamr:call(Instance, "call", [Element])
        )
     || Element <- [0, 1, 2]
    ],
    ok = hb_beamr:stop(Instance).

%% (module
%%   (import "" "thing" (global externref)) (import "" "other" (global externref))
%%   (import "" "no thing" (global externref)) (import "" "no function" (global funcref))
%%   (table (export "things") 3 externref) (table (export "functions") 3 funcref)
%%   (elem (table 0) (i32.const 0) externref (global.get 0) (global.get 2) (global.get 1))
%%   (elem externref (global.get 1) (global.get 2) (global.get 0))
%%   (elem (table 1) (i32.const 0) funcref (global.get 3))
%%   (elem funcref (global.get 3) (global.get 3))
%%   (func $f) (func $g) (func $h) (func $i)
%%   (func (export "init")
%%     (table.init 0 1 (i32.const 0) (i32.const 0) (i32.const 3))
%%     (table.init 1 3 (i32.const 1) (i32.const 0) (i32.const 2)))
%%   (func (export "call") (param i32) (call_indirect 1 (type 0) (local.get 0))))
%% wat2wasm does not write the segments.
elements_of_globals() ->
    Name = fun(Text) -> [byte_size(Text), Text] end,
    Section = fun(Id, Items) ->
        Bytes = iolist_to_binary([length(Items), Items]),
        [Id, byte_size(Bytes), Bytes]
    end,
    Import = fun(Text, Type) -> [0, Name(Text), 3, Type, 0] end,
    Get = fun(Globals) -> [length(Globals), [[16#23, Global, 16#0B] || Global <- Globals]] end,
    At0 = [16#41, 0, 16#0B],
    Code = fun(Bytes) -> [length(Bytes) + 2, 0, Bytes, 16#0B] end,
    Init = fun(Table, Segment, Count) ->
        [16#41, Table, 16#41, 0, 16#41, Count, 16#FC, 12, Segment, Table]
    end,
    iolist_to_binary([
        <<0, "asm", 1:32/little>>,
        Section(1, [[16#60, 0, 0], [16#60, 1, 16#7F, 0]]),
        Section(2, [
            Import(<<"thing">>, 16#6F),
            Import(<<"other">>, 16#6F),
            Import(<<"no thing">>, 16#6F),
            Import(<<"no function">>, 16#70)
        ]),
        Section(3, [0, 0, 0, 0, 0, 1]),
        Section(4, [[16#6F, 0, 3], [16#70, 0, 3]]),
        Section(7, [
            [Name(<<"things">>), 1, 0],
            [Name(<<"functions">>), 1, 1],
            [Name(<<"init">>), 0, 4],
            [Name(<<"call">>), 0, 5]
        ]),
        Section(9, [
            [6, 0, At0, 16#6F, Get([0, 2, 1])],
            [5, 16#6F, Get([1, 2, 0])],
            [6, 1, At0, 16#70, Get([3])],
            [5, 16#70, Get([3, 3])]
        ]),
        Section(10, [
            Code([]),
            Code([]),
            Code([]),
            Code([]),
            Code(Init(0, 1, 3) ++ Init(1, 3, 2)),
            Code([16#20, 0, 16#11, 0, 1])
        ])
    ]).

values_that_do_not_fit(_) ->
    [
        ?assertMatch({error, {link, #{message := _}}}, start(#{{"env", Name} => Value}))
     || {Name, Value} <- [
            {"base", 1 bsl 32},
            {"base", 1.5},
            {"base", null},
            {"counter", nan},
            {"ratio", 1.0e300},
            {"thing", 5},
            {"memory", 17},
            {"table", null},
            {"table", <<"image">>},
            {"base", <<"image">>},
            {"answer", 5},
            {"failure", 5},
            {"base", {global, i64, const, 5}},
            {"base", {global, i32, var, 5}},
            {"counter", {global, i64, const, 5}}
        ]
    ].

types_are_compared(_) ->
    [
        begin
            {ok, Instance, _, _} = start(#{{"env", Name} => Offer}),
            ok = hb_beamr:stop(Instance)
        end
     || {Name, Offer} <- [
            {"memory", {memory, #{minimum => 1, maximum => 3}}},
            {"memory", {memory, #{minimum => 2, maximum => 2}}},
            {"table", {table, #{type => funcref, minimum => 2, maximum => 4}}},
            {"answer", {func, "()i"}},
            {"answer", {func, <<"()i">>}},
            {"failure", {tag, "(i)"}},
            {"counter", {global, i64, var, -1}}
        ]
    ],
    [
        ?assertEqual(
            {error, "these imports cannot be linked: " ++ Why},
            strings(start(#{{"env", Name} => Offer}))
        )
     || {Name, Offer, Why} <- [
            {"memory", {memory, #{minimum => 0, maximum => 3}},
                "memory 'env'.'memory': a memory (0 to 3 pages) is offered, a memory (1 to 3 "
                "pages) is wanted"},
            {"memory", {memory, #{minimum => 1}},
                "memory 'env'.'memory': a memory (1 pages) is offered, a memory (1 to 3 pages) is "
                "wanted"},
            {"memory", {memory, #{minimum => 1, maximum => 3, index_type => i64}},
                "memory 'env'.'memory': a memory (64-bit, 1 to 3 pages) is offered, a memory (1 "
                "to 3 pages) is wanted"},
            {"memory", {func, "()"},
                "memory 'env'.'memory': a function () is offered, a memory (1 to 3 pages) is "
                "wanted"},
            {"table", {table, #{type => externref, minimum => 2, maximum => 4}},
                "table 'env'.'table': a table of type externref (2 to 4 elements) is offered, a "
                "table of type funcref (2 to 4 elements) is wanted"},
            {"answer", {func, "(i)i"},
                "function 'env'.'answer': a function (i)i is offered, a function ()i is wanted"},
            {"failure", {tag, "()"},
                "tag 'env'.'failure': a tag () is offered, a tag (i) is wanted"}
        ]
    ].

nothing_else_is_linked(_) ->
    ?assertEqual(
        {error,
            "these imports cannot be linked: memory 'env'.'memory': nothing is offered; "
            "function 'env'.'answer': nothing is offered; table 'env'.'table': nothing is "
            "offered; tag 'env'.'failure': nothing is offered"},
        strings(
            hb_beamr:start(hb_beamr_test_lib:wasm(own_imports), #{
                imports => globals(), unresolved => refuse
            })
        )
    ).

offers_that_are_none(_) ->
    [
        ?assertMatch({error, {invalid_option, #{message := _}}}, start(Imports))
     || Imports <- [
            #{"env" => 5},
            #{{"env", memory} => <<>>},
            #{{"env", [-1]} => <<>>},
            #{{"env", "memory"} => atom},
            #{{"env", "memory"} => {memory, #{minimum => -1}}},
            #{{"env", "memory"} => {memory, #{minimum => 1 bsl 64}}},
            #{{"env", "memory"} => {memory, #{minimum => 1, maximum => many}}},
            #{{"env", "memory"} => {memory, #{pages => 1}}},
            #{{"env", "memory"} => {memory, #{maximum => 3}}},
            #{{"env", "memory"} => {memory, #{index_type => i32, image => <<>>}}},
            #{{"env", "memory"} => {memory, #{image => "a"}}},
            #{{"env", "table"} => {table, #{minimum => 1}}},
            #{{"env", "table"} => {table, #{type => i32, minimum => 1}}},
            #{{"env", "base"} => {global, i32, mutable, 1}},
            #{{"env", "base"} => {global, int, const, 1}},
            #{{"env", "base"} => {funcref, self(), 0}},
            #{{"env", "answer"} => {func, func}}
        ]
    ],
    ?assertMatch(
        {error, {invalid_option, _}},
        hb_beamr:start(hb_beamr_test_lib:wasm(own_imports), #{imports => []})
    ).

offers_that_nobody_wants(_) ->
    {ok, Instance, _, _} = start(#{{"env", "no_such"} => 5, {"other", "memory"} => <<"image">>}),
    ok = hb_beamr:stop(Instance).

names_of_any_kind(_) ->
    Others = maps:remove({[0, $é], ""}, globals()),
    [
        begin
            {ok, Instance, _, _} = hb_beamr:start(
                hb_beamr_test_lib:wasm(own_imports), #{imports => Others#{Names => 77}}
            ),
            ?assertEqual({ok, 77}, hb_beamr:global_get(Instance, "odd")),
            ok = hb_beamr:stop(Instance)
        end
     || Names <- [{<<0, "é"/utf8>>, ""}, {[0, $é], <<>>}]
    ].

start(Imports) ->
    hb_beamr:start(hb_beamr_test_lib:wasm(own_imports), #{imports => maps:merge(globals(), Imports)}).

globals() ->
    #{
        {"env", "base"} => 16,
        {"env", "counter"} => -5,
        {"env", "ratio"} => {f32, 16#7FA00001},
        {"env", "thing"} => {externref, {any, "term"}},
        {[0, $é], ""} => 1
    }.

strings({error, Reason}) -> {error, hb_beamr_error:format_error(Reason)};
strings(Other) -> Other.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Memory: sizes, ranges, copies of all lengths, strings, the guest's own allocator.
-module(hb_beamr_io_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(PAGE, 65536).
-define(MIB, 1048576).

suite() ->
    [{timetrap, {minutes, 2}}].

all() ->
    [
        size_is_in_bytes,
        a_module_without_memory,
        what_is_written_is_read,
        the_guest_sees_it,
        ranges_that_pass_the_end,
        nothing_is_written_past_the_end,
        empty_ranges,
        ranges_that_are_none,
        data_that_are_none,
        iodata_is_data,
        copies_of_all_lengths,
        the_bytes_are_a_copy,
        growing,
        growing_too_far,
        allocation,
        allocators_that_fail,
        addresses_are_unsigned,
        strings,
        strings_of_all_lengths,
        strings_without_an_end,
        chunk_sizes,
        state_can_be_saved_and_restored,
        restoring_grows_memory,
        restoring_what_does_not_fit,
        memory_of_a_stopped_instance,
        a_running_guest_is_waited_for,
        other_processes_may_read_while_an_import_waits
    ].

size_is_in_bytes(_) ->
    ?assertEqual({ok, ?PAGE}, hb_beamr_io:size(hb_beamr_test_lib:start(memory))),
    ?assertEqual({ok, 1024 * ?PAGE}, hb_beamr_io:size(hb_beamr_test_lib:start(large_memory))).

a_module_without_memory(_) ->
    Nothing = hb_beamr_test_lib:start(nothing),
    ?assertEqual({ok, 0}, hb_beamr_io:size(Nothing)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Nothing, 0, 1)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Nothing, 0, <<1>>)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Nothing, 0)),
    ?assertMatch({error, {no_memory, _}}, hb_beamr_io:grow(Nothing, 1)),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Nothing, 1)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:free(Nothing, 1)),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:write_string(Nothing, "text")),
    ?assertEqual({ok, <<>>}, hb_beamr:serialize(Nothing)),
    ?assertMatch({error, [_ | _]}, hb_beamr:deserialize(Nothing, <<1>>)).

what_is_written_is_read(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual({ok, <<"Hello, World!">>}, hb_beamr_io:read(Memory, 66, 13)),
    ?assertEqual(ok, hb_beamr_io:write(Memory, 66, <<"Salut">>)),
    ?assertEqual({ok, <<"Salut, World!">>}, hb_beamr_io:read(Memory, 66, 13)),
    ?assertEqual({ok, <<"tail">>}, hb_beamr_io:read(Memory, ?PAGE - 4, 4)),
    ?assertEqual(ok, hb_beamr_io:write(Memory, ?PAGE - 4, <<"last">>)),
    ?assertEqual({ok, <<"last">>}, hb_beamr_io:read(Memory, ?PAGE - 4, 4)).

the_guest_sees_it(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ok = hb_beamr_io:write(Memory, 100, <<200>>),
    ?assertEqual({ok, [200]}, hb_beamr:call(Memory, "load", [100])),
    {ok, []} = hb_beamr:call(Memory, "store", [101, 7]),
    ?assertEqual({ok, <<200, 7>>}, hb_beamr_io:read(Memory, 100, 2)).

ranges_that_pass_the_end(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        begin
            ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Memory, Offset, Size)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, Offset, <<0:(8 * 4)>>))
        end
     || {Offset, Size} <- [
            {?PAGE - 3, 4},
            {?PAGE, 1},
            {?PAGE + 1, 0},
            {1000000, 13},
            {16#7FFFFFFF, 4},
            {16#80000000, 4},
            {16#FFFFFFFF, 4},
            {16#FFFFFFFFFFFFFFFF, 1},
            {16#FFFFFFFFFFFFFFFF, 2},
            {16#FFFFFFFFFFFFFFFC, 4},
            {16#FFFFFFFFFFFFFFFC, 16#FFFFFFFFFFFFFFFF}
        ]
    ],
    [
        ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Memory, 0, Size))
     || Size <- [?PAGE + 1, 2 * ?MIB, 1 bsl 32, 1 bsl 40, 1 bsl 63, 1 bsl 64 - 1]
    ],
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, 0, <<0:(8 * 2 * ?MIB)>>)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, 1 bsl 63, <<0:(8 * 2 * ?MIB)>>)).

nothing_is_written_past_the_end(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    {error, _} = hb_beamr_io:write(Memory, ?PAGE - 4, <<"longer">>),
    ?assertEqual({ok, <<"tail">>}, hb_beamr_io:read(Memory, ?PAGE - 4, 4)).

empty_ranges(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual({ok, <<>>}, hb_beamr_io:read(Memory, 0, 0)),
    ?assertEqual({ok, <<>>}, hb_beamr_io:read(Memory, ?PAGE, 0)),
    ?assertEqual(ok, hb_beamr_io:write(Memory, 0, <<>>)),
    ?assertEqual(ok, hb_beamr_io:write(Memory, ?PAGE, <<>>)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, ?PAGE + 1, <<>>)).

ranges_that_are_none(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        begin
            ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Memory, Bad, 1)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:read(Memory, 0, Bad)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, Bad, <<1>>)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, Bad)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, 0, Bad)),
            ?assertMatch({error, {no_memory, _}}, hb_beamr_io:grow(Memory, Bad)),
            ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Memory, Bad)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:free(Memory, Bad))
        end
     || Bad <- [-1, 1 bsl 64, 1 bsl 1000, 1.0, atom, "1", <<1>>, [], {}]
    ].

data_that_are_none(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        begin
            ?assertMatch({error, [_ | _]}, hb_beamr_io:write(Memory, 0, Bad)),
            ?assertMatch({error, [_ | _]}, hb_beamr_io:write_string(Memory, Bad))
        end
     || Bad <- [atom, 1, [256], [atom], [1.0], <<1:3>>, {}, [-1], [<<1>> | 2]]
    ].

iodata_is_data(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual(ok, hb_beamr_io:write(Memory, 0, ["ab", [<<"cd">>, $e | <<"f">>]])),
    ?assertEqual({ok, <<"abcdef">>}, hb_beamr_io:read(Memory, 0, 6)).

copies_of_all_lengths(_) ->
    Memory = hb_beamr_test_lib:start(large_memory),
    [
        begin
            Bytes = crypto_free_bytes(Size),
            ?assertEqual(ok, hb_beamr_io:write(Memory, Offset, Bytes)),
            {ok, Read} = hb_beamr_io:read(Memory, Offset, Size),
            ?assert(Bytes =:= Read)
        end
     || Size <- [1, 63, 64, 65, 4096, ?MIB - 1, ?MIB, ?MIB + 1, 16 * ?MIB],
        Offset <- [0, 1, 4095, 32 * ?MIB]
    ],
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%% Bytes that differ everywhere, without an application for it.
crypto_free_bytes(Size) ->
    Seed = <<<<(rand:uniform(256) - 1)>> || _ <- lists:seq(1, min(Size, 997))>>,
    binary:part(binary:copy(Seed, Size div byte_size(Seed) + 1), 0, Size).

the_bytes_are_a_copy(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    {ok, Before} = hb_beamr_io:read(Memory, 0, 1000),
    ok = hb_beamr_io:write(Memory, 0, binary:copy(<<255>>, 1000)),
    ?assertEqual(<<"Hello">>, binary:part(Before, 66, 5)).

growing(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertEqual({ok, 1}, hb_beamr_io:grow(Memory, 2)),
    ?assertEqual({ok, 3 * ?PAGE}, hb_beamr_io:size(Memory)),
    ?assertEqual({ok, 3}, hb_beamr_io:grow(Memory, 0)),
    ?assertEqual({ok, <<0>>}, hb_beamr_io:read(Memory, 3 * ?PAGE - 1, 1)),
    ?assertEqual({ok, <<"Hello">>}, hb_beamr_io:read(Memory, 66, 5)),
    ?assertEqual({ok, [3]}, hb_beamr:call(Memory, "grow", [1])),
    ?assertEqual({ok, 4 * ?PAGE}, hb_beamr_io:size(Memory)).

growing_too_far(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        ?assertMatch({error, {no_memory, _}}, hb_beamr_io:grow(Memory, Pages))
     || Pages <- [4, 65536, 1 bsl 32, 1 bsl 48, 1 bsl 64 - 1]
    ],
    ?assertEqual({ok, ?PAGE}, hb_beamr_io:size(Memory)).

allocation(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    {ok, First} = hb_beamr_io:malloc(Memory, 100),
    {ok, Second} = hb_beamr_io:malloc(Memory, 100),
    ?assert(Second >= First + 100),
    ?assertEqual(ok, hb_beamr_io:free(Memory, First)),
    ?assertEqual({ok, [First]}, hb_beamr:call(Memory, "freed", [])),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Memory, 128 * ?MIB)).

allocators_that_fail(_) ->
    High = hb_beamr_test_lib:start(high_malloc),
    ?assertEqual({error, "Exception: unreachable"}, hb_beamr_io:free(High, 1)),
    %% The allocated memory does not exist.
    ?assertMatch({error, [_ | _]}, hb_beamr_io:write_string(High, "text")),
    Odd = hb_beamr_test_lib:start_wat(
        "(module (memory 1) (func (export \"malloc\") (param i32) (result f32) (f32.const 4))"
        " (func (export \"free\") (param i32 i32)))"
    ),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Odd, 1)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:free(Odd, 1)),
    None = hb_beamr_test_lib:start_wat("(module (memory 1) (func (export \"malloc\")))"),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(None, 1)).

addresses_are_unsigned(_) ->
    ?assertEqual(
        {ok, 16#FFFFFFF0}, hb_beamr_io:malloc(hb_beamr_test_lib:start(high_malloc), 1)
    ).

strings(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        begin
            {ok, Pointer} = hb_beamr_io:write_string(Memory, Text),
            ?assertEqual({ok, iolist_to_binary(Text)}, hb_beamr_io:read_string(Memory, Pointer))
        end
     || Text <- ["Hello", <<"Hello">>, "", <<>>, ["He", <<"llo">>, $!], <<"été"/utf8>>]
    ],
    ?assertEqual({ok, <<"Hello, World!">>}, hb_beamr_io:read_string(Memory, 66)),
    ?assertEqual({ok, <<"World!">>}, hb_beamr_io:read_string(Memory, 73)).

strings_of_all_lengths(_) ->
    Memory = hb_beamr_test_lib:start(large_memory),
    [
        begin
            Text = binary:copy(<<"x">>, Length),
            ok = hb_beamr_io:write(Memory, 3, [Text, 0]),
            {ok, Read} = hb_beamr_io:read_string(Memory, 3),
            ?assert(Text =:= Read)
        end
     || Length <- [0, 1, 254, 255, 256, 257, 767, 768, 769, 65536, 100000, 3 * ?MIB]
    ].

strings_without_an_end(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, ?PAGE - 4)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, ?PAGE)),
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, ?PAGE + 1)),
    ok = hb_beamr_io:write(Memory, ?PAGE - 1, <<0>>),
    ?assertEqual({ok, <<"tai">>}, hb_beamr_io:read_string(Memory, ?PAGE - 4)),
    ?assertEqual({ok, <<>>}, hb_beamr_io:read_string(Memory, ?PAGE - 1)).

chunk_sizes(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    [
        ?assertEqual({ok, <<"Hello, World!">>}, hb_beamr_io:read_string(Memory, 66, Chunk))
     || Chunk <- [1, 2, 8, 13, 14, 1000, ?PAGE, 1 bsl 64 - 1]
    ],
    ?assertMatch({error, [_ | _]}, hb_beamr_io:read_string(Memory, 66, 0)).

state_can_be_saved_and_restored(_) ->
    First = hb_beamr_test_lib:start(memory),
    ok = hb_beamr_io:write(First, 66, <<"Changed">>),
    {ok, Saved} = hb_beamr:serialize(First),
    ?assertEqual(?PAGE, byte_size(Saved)),
    Second = hb_beamr_test_lib:start(memory),
    ?assertEqual(ok, hb_beamr:deserialize(Second, Saved)),
    ?assertEqual({ok, Saved}, hb_beamr:serialize(Second)).

restoring_grows_memory(_) ->
    First = hb_beamr_test_lib:start(memory),
    {ok, 1} = hb_beamr_io:grow(First, 3),
    ok = hb_beamr_io:write(First, 4 * ?PAGE - 3, <<"end">>),
    {ok, Saved} = hb_beamr:serialize(First),
    Second = hb_beamr_test_lib:start(memory),
    ?assertEqual(ok, hb_beamr:deserialize(Second, Saved)),
    ?assertEqual({ok, Saved}, hb_beamr:serialize(Second)),
    %% A part is restored without touching the rest.
    ?assertEqual(ok, hb_beamr:deserialize(Second, <<1, 2, 3>>)),
    ?assertEqual({ok, <<"end">>}, hb_beamr_io:read(Second, 4 * ?PAGE - 3, 3)).

restoring_what_does_not_fit(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ?assertMatch({error, [_ | _]}, hb_beamr:deserialize(Memory, <<0:(8 * (4 * ?PAGE + 1))>>)),
    ?assertEqual({ok, ?PAGE}, hb_beamr_io:size(Memory)).

memory_of_a_stopped_instance(_) ->
    Memory = hb_beamr_test_lib:start(memory),
    ok = hb_beamr:stop(Memory),
    Gone = {error, "instance is not running"},
    ?assertEqual(Gone, hb_beamr_io:size(Memory)),
    ?assertEqual(Gone, hb_beamr_io:read(Memory, 0, 1)),
    ?assertEqual(Gone, hb_beamr_io:read(Memory, 0, 2 * ?MIB)),
    ?assertEqual(Gone, hb_beamr_io:write(Memory, 0, <<1>>)),
    ?assertEqual(Gone, hb_beamr_io:write(Memory, 0, <<0:(8 * 2 * ?MIB)>>)),
    ?assertEqual(Gone, hb_beamr_io:read_string(Memory, 0)),
    ?assertEqual(Gone, hb_beamr_io:free(Memory, 1)),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:malloc(Memory, 1)),
    ?assertEqual({error, malloc_failed}, hb_beamr_io:write_string(Memory, "text")),
    ?assertMatch({error, {not_running, _}}, hb_beamr_io:grow(Memory, 1)),
    ?assertEqual(Gone, hb_beamr:serialize(Memory)),
    ?assertEqual(Gone, hb_beamr:deserialize(Memory, <<1>>)),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

a_running_guest_is_waited_for(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    ok = hb_beamr_io:write(Busy, 0, <<"text">>),
    {Caller, Monitor} = spawn_monitor(fun() -> exit(hb_beamr:call(Busy, "spin", [])) end),
    hb_beamr_test_lib:wait_for_port(Caller),
    Test = self(),
    Large = binary:copy(<<7>>, 2 * ?MIB),
    Doing = [
        {fun() -> hb_beamr_io:read(Busy, 0, 4) end, {ok, <<"text">>}},
        {fun() -> hb_beamr_io:size(Busy) end, {ok, ?PAGE}},
        {fun() -> hb_beamr_io:write(Busy, 10, <<1>>) end, ok},
        {fun() -> element(1, hb_beamr_io:write(Busy, 10, Large)) end, error},
        {fun() -> element(1, hb_beamr_io:read(Busy, 10, 2 * ?MIB)) end, error},
        {fun() -> hb_beamr:call(Busy, "one", []) end, {ok, [1]}}
    ],
    Waiting = [
        {spawn_link(fun() -> Test ! {self(), Do()} end), Expected}
     || {Do, Expected} <- Doing
    ],
    [hb_beamr_test_lib:wait_for_port(Pid) || {Pid, _} <- Waiting],
    ?assertEqual([], hb_beamr_test_lib:mailbox()),
    ok = hb_beamr:cancel(Busy),
    [receive {Pid, Result} -> ?assertEqual(Expected, Result) end || {Pid, Expected} <- Waiting],
    receive
        {'DOWN', Monitor, process, Caller, Ended} ->
            ?assertEqual({error, "Exception: terminated"}, Ended)
    end.

other_processes_may_read_while_an_import_waits(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Wait = fun(S, _, _) ->
        {ok, Read} = hb_beamr_test_lib:run(fun() ->
            ok = hb_beamr_io:write(Busy, 0, <<"other">>),
            hb_beamr_io:read(Busy, 0, 5)
        end),
        {ok, [1], [Read | S]}
    end,
    ?assertEqual({ok, [1], [{ok, <<"other">>}]}, hb_beamr:call(Busy, "wait", [1], Wait, [])).

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The end of a node, whatever its guests do at that time: at once, with the wanted exit status and
%%% without a word. Each node is an emulator of its own, which runs `child/2'.
-module(hb_beamr_node_end_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

-define(MIB, 1048576).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [halt, halt_without_flush, init_stop, terminate_signal].

halt(_) ->
    ends(halt, 7).

halt_without_flush(_) ->
    ends(halt_without_flush, 8).

init_stop(_) ->
    ends(init_stop, 9).

terminate_signal(_) ->
    ends(terminate_signal, 0).

ends(Way, Status) ->
    [
        begin
            Expression = lists:flatten(io_lib:format("~p:child(~p, ~p).", [?MODULE, State, Way])),
            {Ended, Output} = hb_beamr_test_lib:erl(Expression),
            ?assertEqual({State, Status}, {State, Ended}),
            ?assert(is_all(Way, Output), Output)
        end
     || State <- [
            running, waiting, queued, starting, loading_a_large_module, copying_a_large_memory, all
        ]
    ].

%% What the node wrote: nothing but what it was told to, and what Erlang says of a signal.
is_all(halt_without_flush, Output) -> lists:prefix(Output, "ready");
is_all(terminate_signal, "ready" ++ Report) -> string:find(Report, "SIGTERM received") =/= nomatch;
is_all(_, Output) -> Output =:= "ready".

%%% In the other node

child(all, Way) ->
    [
        bring(State)
     || State <- [
            running, waiting, queued, starting, loading_a_large_module, copying_a_large_memory
        ]
    ],
    bye(Way);
child(State, Way) ->
    bring(State),
    bye(Way).

bye(Way) ->
    io:put_chars("ready"),
    bye_now(Way).

bye_now(halt) -> erlang:halt(7);
bye_now(halt_without_flush) -> erlang:halt(8, [{flush, false}]);
bye_now(init_stop) -> init:stop(9);
bye_now(terminate_signal) -> os:cmd("kill -TERM " ++ os:getpid()).

bring(running) ->
    Spin = fun() -> hb_beamr:call(hb_beamr_test_lib:start(busy), "spin", []) end,
    [waits_for_port(Spin) || _ <- lists:seq(1, 4)];
bring(waiting) ->
    [waits_in_import(hb_beamr_test_lib:start(busy)) || _ <- lists:seq(1, 4)];
bring(queued) ->
    Busy = hb_beamr_test_lib:start(busy),
    waits_in_import(Busy),
    [waits_for_port(fun() -> hb_beamr:call(Busy, "one", []) end) || _ <- lists:seq(1, 4)];
bring(starting) ->
    Wasm = hb_beamr_test_lib:wasm(start_spins),
    waits_for_port(fun() -> hb_beamr:start(Wasm) end);
bring(loading_a_large_module) ->
    %% Others all the time.
    waits_for_port(fun Load() ->
        Wasm = hb_beamr_test_lib:padded_module(50 * ?MIB, rand:uniform(1 bsl 30)),
        case hb_beamr:start(Wasm) of
            {ok, _, _, _} -> Load();
            {error, _} -> wait_for_the_end()
        end
    end);
bring(copying_a_large_memory) ->
    Memory = hb_beamr_test_lib:start(large_memory),
    waits_for_port(fun Copy() ->
        copies(Memory) andalso Copy(),
        wait_for_the_end()
    end).

copies(Memory) ->
    case hb_beamr_io:read(Memory, 0, 64 * ?MIB) of
        {ok, Bytes} -> hb_beamr_io:write(Memory, 0, Bytes) =:= ok;
        {error, _} -> false
    end.

%% The node ends, and with it the instances first. Who does not expect that would write a report.
wait_for_the_end() ->
    receive
        never -> ok
    end.

waits_for_port(Do) ->
    hb_beamr_test_lib:wait_for_port(spawn_link(Do)).

waits_in_import(Instance) ->
    Main = self(),
    Wait = fun(_, _, _) ->
        Main ! {self(), waits},
        receive never -> ok end
    end,
    Caller = spawn(fun() -> hb_beamr:call(Instance, "wait", [1], Wait) end),
    receive
        {Caller, waits} -> ok
    end.

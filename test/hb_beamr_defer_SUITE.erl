%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Imports that other processes answer.
-module(hb_beamr_defer_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

%% Milliseconds that something without an end does not keep.
-define(SOON, 5).

-define(GONE, {error, "instance is not running", deferred}).
-define(TERMINATED, {error, "Exception: terminated", deferred}).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [
        a_reply_after_deferring,
        every_form_of_answer,
        a_reply_while_the_import_function_runs,
        a_reply_of_the_import_function_itself,
        the_first_reply_counts,
        one_of_many_replies_counts,
        wrong_results_leave_it_waiting,
        an_exception,
        an_exception_within_invoke,
        terms_that_are_no_tokens,
        a_reply_to_an_import_that_was_answered,
        a_reply_after_the_call_was_killed,
        a_reply_after_the_call_has_failed,
        a_reply_after_the_end_of_the_instance,
        a_reply_from_another_node,
        a_reply_to_a_node_that_is_gone,
        the_instance_ends_while_it_waits,
        a_replier_that_dies,
        the_deadline_of_the_import,
        the_deadline_of_the_call,
        cancel_while_deferred,
        nested_deferrals,
        the_outer_import_is_answered_first,
        a_reply_waits_for_a_nested_guest,
        an_import_from_the_background,
        many_at_once,
        a_reply_and_an_ordinary_answer_at_once,
        a_reply_and_a_failure_at_once,
        a_reply_and_a_deadline_at_once,
        a_reply_and_cancel_at_once,
        a_reply_and_stop_at_once,
        other_messages_are_left_alone
    ].

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(hb_beamr),
    Config.

end_per_testcase(_, _Config) ->
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

%%% Replies

a_reply_after_deferring(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Caller, Token} = deferred(Busy),
            ?assertMatch({ok, #{activity := waiting}}, hb_beamr:info(Busy)),
            ?assertEqual(ok, hb_beamr:reply(Token, {ok, [N]})),
            ?assertEqual({ok, [N], deferred}, answer(Caller))
        end
     || N <- lists:seq(1, 100)
    ].

every_form_of_answer(_) ->
    Imports = hb_beamr_test_lib:start(imports),
    [
        begin
            Caller = hb_beamr_test_lib:caller(fun() ->
                hb_beamr:call(Imports, Function, Args, replying_elsewhere(Answer), before)
            end),
            ?assertEqual({ok, Results, deferred}, answer(Caller))
        end
     || {Function, Args, Answer, Results} <- [
            {"mul", [1, 1], {ok, [5]}, [5]},
            {"mul", [1, 1], [5], [5]},
            {"mul", [1, 1], [16#FFFFFFFF, 99], [-1]},
            {"f64", [], [3], [3.0]},
            {"f64", [], [nan], [nan]},
            {"pair", [], [1, -(1 bsl 63)], [1, -(1 bsl 63)]},
            {"floats", [0.0, 0.0], ['-inf', 1.5], ['-inf', 1.5]},
            {"note", [1], [], []},
            {"note", [1], {ok, []}, []}
        ]
    ].

a_reply_while_the_import_function_runs(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Reply = fun(_, #{token := Token}, _) ->
        {ok, ok} = hb_beamr_test_lib:run(fun() -> hb_beamr:reply(Token, [5]) end),
        {defer, deferred}
    end,
    ?assertEqual({ok, [5], deferred}, hb_beamr:call(Busy, "wait", [0], Reply, before)),
    %% Then it is of no use what the function answers, but its state is.
    [
        begin
            Other = fun(_, #{token := Token}, _) ->
                {ok, ok} = hb_beamr_test_lib:run(fun() -> hb_beamr:reply(Token, [5]) end),
                Answer
            end,
            ?assertEqual({ok, [5], deferred}, hb_beamr:call(Busy, "wait", [0], Other, before))
        end
     || Answer <- [
            {ok, [6], deferred},
            {ok, {import_exception, "no"}, deferred},
            {defer, deferred, #{timeout => 0}}
        ]
    ].

a_reply_of_the_import_function_itself(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Reply = fun(_, #{token := Token, args := [N]}, _) ->
        ok = hb_beamr:reply(Token, [N]),
        [{error, {stale_token, _}} = hb_beamr:reply(Token, Late) || Late <- [[N + 1], [1.5], []]],
        {defer, deferred}
    end,
    [
        ?assertEqual({ok, [N], deferred}, hb_beamr:call(Busy, "wait", [N], Reply, before))
     || N <- lists:seq(1, 100)
    ].

the_first_reply_counts(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {Caller, Token} = deferred(Busy),
    ?assertEqual(ok, hb_beamr:reply(Token, [5])),
    Stale = hb_beamr:reply(Token, [6]),
    ?assertMatch({error, {stale_token, #{message := <<_, _/binary>>}}}, Stale),
    ?assertEqual({ok, [5], deferred}, answer(Caller)),
    ?assertEqual(Stale, hb_beamr:reply(Token, {import_exception, "no"})).

one_of_many_replies_counts(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Caller, Token} = deferred(Busy),
            Repliers = [
                {N, hb_beamr_test_lib:caller(fun() -> hb_beamr:reply(Token, [N]) end)}
             || N <- lists:seq(1, 20)
            ],
            Answers = [{N, answer(Replier)} || {N, Replier} <- Repliers],
            {[{Winner, ok}], Others} =
                lists:partition(fun({_, Answer}) -> Answer =:= ok end, Answers),
            ?assertEqual({ok, [Winner], deferred}, answer(Caller)),
            [?assertMatch({error, {stale_token, _}}, Answer) || {_, Answer} <- Others]
        end
     || _ <- lists:seq(1, 100)
    ].

wrong_results_leave_it_waiting(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {{Pid, _} = Caller, Token} = deferred(Busy),
    [
        begin
            {error, {bad_result, #{message := Text}} = Reason} = hb_beamr:reply(Token, Wrong),
            ?assert(byte_size(Text) > 0),
            ?assert(is_list(hb_beamr_error:format_error(Reason)))
        end
     || Wrong <- [
            [],
            [1.5],
            [nan],
            [1 bsl 32],
            [1 bsl 64],
            [atom],
            ["1"],
            1,
            ok,
            {ok, 1},
            {ok, {ok, 1}},
            {error, reason},
            {import_exception, not_text},
            {import_exception, <<255>>},
            {import_exception, [-1]},
            [1 | improper]
        ]
    ],
    hb_beamr_test_lib:wait_for_port(Pid),
    ?assertEqual(ok, hb_beamr:reply(Token, [5])),
    ?assertEqual({ok, [5], deferred}, answer(Caller)).

%%% Exceptions

an_exception(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Defer = replying_elsewhere({import_exception, ["out ", <<"of">>, " paper ", 233]}),
    ?assertEqual(
        {error, "Exception: out of paper " ++ [233], deferred},
        hb_beamr:call(Busy, "wait", [0], Defer, before)
    ),
    ?assertMatch(
        {trap, #{kind := host, message := <<"out of paper é"/utf8>>}}, hb_beamr:last_error(Busy)
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

%% One by which C++ throws is caught, whoever raises it; others are not.
an_exception_within_invoke(_) ->
    Invoke = hb_beamr_test_lib:start(invoke),
    Raise = replying_elsewhere({import_exception, "thrown"}),
    ?assertEqual(
        {ok, [0, 1, 65536], deferred}, hb_beamr:call(Invoke, "try", [5], Raise, before)
    ),
    ?assertEqual(
        {error, "Exception: thrown", deferred}, hb_beamr:call(Invoke, "try", [4], Raise, before)
    ),
    Answer = replying_elsewhere([50]),
    ?assertEqual({ok, [50, 0, 65536], deferred}, hb_beamr:call(Invoke, "try", [4], Answer, before)).

%%% Tokens that are none, or none any more

terms_that_are_no_tokens(_) ->
    [
        ?assertMatch({error, {invalid_args, _}}, hb_beamr:reply(Term, [1]))
     || Term <- [token, {}, make_ref(), self(), {hb_beamr_token, self(), -1}, 1 bsl 10000]
    ],
    Busy = hb_beamr_test_lib:start(busy),
    [
        ?assertMatch(
            {error, {stale_token, _}}, hb_beamr:reply(setelement(3, old_token(Busy), Id), [1])
        )
     || Id <- [0, 1000, 1 bsl 64 - 1]
    ],
    %% Of a process that is no instance.
    ?assertMatch(
        {error, {not_running, _}}, hb_beamr:reply(setelement(2, old_token(Busy), self()), [1])
    ).

a_reply_to_an_import_that_was_answered(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Token = old_token(Busy),
    ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1])),
    %% Also while the next import of the instance waits.
    {Caller, Next} = deferred(Busy),
    ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1])),
    ?assertEqual(ok, hb_beamr:reply(Next, [2])),
    ?assertEqual({ok, [2], deferred}, answer(Caller)).

a_reply_after_the_call_was_killed(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {{Pid, Monitor}, Token} = deferred(Busy),
            exit(Pid, kill),
            receive
                {'DOWN', Monitor, process, Pid, killed} -> ok
            end,
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])),
            ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1]))
        end
     || _ <- lists:seq(1, 100)
    ].

a_reply_after_the_call_has_failed(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Fail = fun(_, #{token := Token}, _) ->
        Test ! Token,
        throw(reason)
    end,
    {error, throw, reason, _, before} = hb_beamr:call(Busy, "wait", [0], Fail, before),
    Token = receive Sent -> Sent end,
    ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1])),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

a_reply_after_the_end_of_the_instance(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Token = old_token(Busy),
    ok = hb_beamr:stop(Busy),
    Gone = {error, {not_running, #{message => <<"instance is not running">>}}},
    ?assertEqual(Gone, hb_beamr:reply(Token, [1])).

%%% Other nodes

a_reply_from_another_node(_) ->
    with_node(fun(Peer, Node) ->
        Busy = hb_beamr_test_lib:start(busy),
        Reply = fun(Token, Answer) ->
            peer:call(Peer, hb_beamr, reply, [Token, Answer])
        end,
        [
            begin
                {Caller, Token} = deferred(Busy),
                ?assertMatch({error, {bad_result, _}}, Reply(Token, [1.5])),
                ?assertEqual(ok, Reply(Token, [N])),
                ?assertEqual({ok, [N], deferred}, answer(Caller)),
                ?assertMatch({error, {stale_token, _}}, Reply(Token, [N]))
            end
         || N <- lists:seq(1, 20)
        ],
        {Caller, Token} = deferred(Busy),
        ?assertEqual(ok, Reply(Token, {import_exception, atom_to_list(Node)})),
        ?assertEqual({error, "Exception: " ++ atom_to_list(Node), deferred}, answer(Caller)),
        ok = hb_beamr:stop(Busy),
        ?assertMatch({error, {not_running, _}}, Reply(Token, [1]))
    end).

a_reply_to_a_node_that_is_gone(_) ->
    with_node(fun(Peer, Node) ->
        Elsewhere = peer:call(Peer, erlang, whereis, [init]),
        Token = setelement(2, old_token(hb_beamr_test_lib:start(busy)), Elsewhere),
        ?assertMatch({error, {not_running, _}}, hb_beamr:reply(Token, [1])),
        peer:stop(Peer),
        {error, {not_running, #{message := Text}}} = hb_beamr:reply(Token, [1]),
        ?assertNotEqual(nomatch, string:find(Text, atom_to_list(Node)))
    end).

%% With a node beside this one, if there is a way.
with_node(Do) ->
    case start_distribution() of
        {error, Reason} ->
            {skip, {no_distribution, Reason}};
        Was ->
            Paths = lists:append([["-pa", Path] || Path <- hb_beamr_test_lib:code_paths()]),
            Peering = #{name => peer:random_name(), args => Paths, connection => standard_io},
            try
                {ok, Peer, Node} = peer:start_link(Peering),
                _ = Do(Peer, Node),
                catch peer:stop(Peer)
            after
                Was =:= started andalso net_kernel:stop()
            end,
            receive
                {'EXIT', _, _} -> ok
            after 0 -> ok
            end
    end.

start_distribution() ->
    _ = os:cmd("epmd -daemon"),
    case net_kernel:start([list_to_atom(peer:random_name(?MODULE)), shortnames]) of
        {ok, _} -> started;
        {error, {already_started, _}} -> was_there;
        {error, Reason} -> {error, Reason}
    end.

%%% Ends

the_instance_ends_while_it_waits(_) ->
    [
        begin
            Busy = hb_beamr_test_lib:start(busy),
            {Caller, Token} = deferred(Busy),
            End(Busy),
            ?assertEqual(?GONE, answer(Caller)),
            ?assertMatch({error, {not_running, _}}, hb_beamr:reply(Token, [1]))
        end
     || End <- [fun hb_beamr:stop/1, fun(Pid) -> exit(Pid, kill) end], _ <- lists:seq(1, 20)
    ].

%% It costs nobody but the call, which waits; another may reply.
a_replier_that_dies(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {Caller, Token} = deferred(Busy),
    {ended, killed} = hb_beamr_test_lib:run(fun() ->
        _ = Token,
        exit(self(), kill),
        receive never -> ok end
    end),
    ?assertEqual(ok, hb_beamr:reply(Token, [5])),
    ?assertEqual({ok, [5], deferred}, answer(Caller)).

the_deadline_of_the_import(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Defer = fun(_, #{token := Token}, _) ->
        Test ! Token,
        {defer, deferred, #{timeout => ?SOON}}
    end,
    [
        begin
            ?assertEqual(
                {error, timeout, deferred},
                hb_beamr:call(Busy, "wait", [0], Defer, before, Opts)
            ),
            ?assertMatch({timeout, _}, hb_beamr:last_error(Busy)),
            Token = receive Sent -> Sent end,
            ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1])),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", []))
        end
     || Opts <- [#{}, #{timeout => 3600000}]
    ],
    %% One that is kept changes nothing.
    InTime = fun(_, #{token := Token}, _) ->
        ok = hb_beamr:reply(Token, [5]),
        {defer, deferred, #{timeout => 3600000}}
    end,
    ?assertEqual({ok, [5], deferred}, hb_beamr:call(Busy, "wait", [0], InTime, before)),
    Forever = fun(_, #{token := Token}, _) ->
        ok = hb_beamr:reply(Token, [5]),
        {defer, deferred, #{timeout => infinity}}
    end,
    ?assertEqual({ok, [5], deferred}, hb_beamr:call(Busy, "wait", [0], Forever, before)).

the_deadline_of_the_call(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Opts = #{timeout => ?SOON},
    [
        begin
            Defer = fun(_, _, _) -> Answer end,
            ?assertEqual(
                {error, timeout, deferred}, hb_beamr:call(Busy, "wait", [0], Defer, before, Opts)
            )
        end
     || Answer <- [
            {defer, deferred},
            {defer, deferred, #{}},
            {defer, deferred, #{timeout => 3600000}}
        ]
    ],
    %% Also that of an outer call.
    Outer = fun(_, _, _) ->
        Defer = fun(_, _, _) -> {defer, deferred} end,
        {ok, [1], hb_beamr:call(Busy, "wait", [0], Defer, before)}
    end,
    ?assertEqual(
        {error, timeout, {error, timeout, deferred}},
        hb_beamr:call(Busy, "wait", [0], Outer, before, Opts)
    ),
    ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", [])).

cancel_while_deferred(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {Caller, Token} = deferred(Busy),
            ok = hb_beamr:cancel(Busy),
            ?assertEqual(?TERMINATED, answer(Caller)),
            ?assertMatch({error, {stale_token, _}}, hb_beamr:reply(Token, [1])),
            ?assertEqual({ok, [1]}, hb_beamr:call(Busy, "one", []))
        end
     || _ <- lists:seq(1, 100)
    ].

%%% Nested calls

%% Each import defers inside a nested call of the one before; they are answered from inside out.
nested_deferrals(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {Caller, Tokens} = nested(Busy, 5),
    [?assertEqual(ok, hb_beamr:reply(Token, [N])) || {N, Token} <- Tokens],
    ?assertEqual({ok, [5], [1, 2, 3, 4]}, answer(Caller)).

the_outer_import_is_answered_first(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    [
        begin
            {{Pid, _} = Caller, Tokens} = nested(Busy, 5),
            [Last | Others] = lists:keysort(1, Tokens),
            [
                ?assertEqual(ok, hb_beamr:reply(Token, [N]))
             || {N, Token} <- lists:reverse(Others)
            ],
            hb_beamr_test_lib:wait_for_port(Pid),
            {1, Token} = Last,
            ?assertEqual(ok, hb_beamr:reply(Token, [1])),
            ?assertEqual({ok, [5], [1, 2, 3, 4]}, answer(Caller))
        end
     || _ <- lists:seq(1, 20)
    ].

%% A call of depth calls within each other, each of whose imports is deferred after the nested call
%% has ended; the innermost has number 1. Answered with their numbers.
nested(Busy, Depth) ->
    Test = self(),
    Nest = fun Self(Done, #{args := [N], token := Token}, _) ->
        Test ! {token, self(), {N, Token}},
        case N of
            1 ->
                {defer, Done};
            _ ->
                {ok, [M], Inner} = hb_beamr:call(Busy, "wait", [N - 1], Self, Done),
                {defer, Inner ++ [M]}
        end
    end,
    {Pid, _} =
        Caller = hb_beamr_test_lib:caller(fun() ->
            hb_beamr:call(Busy, "wait", [Depth], Nest, [])
        end),
    Tokens = [
        receive
            {token, Pid, {N, Token}} -> {N, Token}
        end
     || N <- lists:seq(1, Depth)
    ],
    hb_beamr_test_lib:wait_for_port(Pid),
    {Caller, Tokens}.

a_reply_waits_for_a_nested_guest(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Spin = fun(_, #{token := Token}, _) ->
        Test ! Token,
        Nested = hb_beamr:call(Busy, "spin", [], #{timeout => 50}),
        {defer, Nested}
    end,
    Caller = {Pid, _} = hb_beamr_test_lib:caller(fun() ->
        hb_beamr:call(Busy, "wait", [0], Spin, before)
    end),
    Token = receive Sent -> Sent end,
    hb_beamr_test_lib:wait_for_port(Pid),
    Replier = hb_beamr_test_lib:caller(fun() -> hb_beamr:reply(Token, [5]) end),
    ?assertEqual(ok, answer(Replier)),
    ?assertEqual({ok, [5], {error, timeout}}, answer(Caller)).

an_import_from_the_background(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    Test = self(),
    Defer = fun(Count, #{token := Token}, _) ->
        Test ! {token, Token},
        {defer, Count + 1}
    end,
    [
        begin
            Caller = hb_beamr_test_lib:caller(fun() ->
                hb_beamr:call(Busy, "work_and_wait", [Steps], Defer, 0)
            end),
            [
                receive
                    {token, Token} -> ?assertEqual(ok, hb_beamr:reply(Token, [N]))
                end
             || N <- [1, 2]
            ],
            ?assertEqual({ok, [2], 2}, answer(Caller))
        end
     || Steps <- [1, 10000, 1000000]
    ].

many_at_once(_) ->
    Waiting = [{N, deferred(hb_beamr_test_lib:start(busy))} || N <- lists:seq(1, 500)],
    Shuffled = [W || {_, W} <- lists:sort([{rand:uniform(), W} || W <- Waiting])],
    [?assertEqual(ok, hb_beamr:reply(Token, [N])) || {N, {_, Token}} <- Shuffled],
    [?assertEqual({ok, [N], deferred}, answer(Caller)) || {N, {Caller, _}} <- Waiting].

%%% Races. Nothing may be lost or left in a mailbox: `answer/1' sees to that.

a_reply_and_an_ordinary_answer_at_once(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    race(fun(_) ->
        {Caller, Token, GoOn} = in_import(Busy, fun() -> {ok, [1], answered} end),
        Replier = hb_beamr_test_lib:caller(fun() -> hb_beamr:reply(Token, [2]) end),
        GoOn(),
        case answer(Replier) of
            ok ->
                ?assertEqual({ok, [2], answered}, answer(Caller)),
                replied;
            {error, {stale_token, _}} ->
                ?assertEqual({ok, [1], answered}, answer(Caller)),
                answered
        end
    end).

a_reply_and_a_failure_at_once(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    race(fun(_) ->
        {Caller, Token, GoOn} = in_import(Busy, fun() -> throw(reason) end),
        Replier = hb_beamr_test_lib:caller(fun() -> hb_beamr:reply(Token, [2]) end),
        GoOn(),
        ?assertMatch({error, throw, reason, _, before}, answer(Caller)),
        case answer(Replier) of
            ok -> replied;
            {error, {stale_token, _}} -> failed
        end
    end).

a_reply_and_a_deadline_at_once(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    race(fun(N) ->
        {Caller, Token, GoOn} = in_import(Busy, fun() ->
            {defer, deferred, #{timeout => N rem 2}}
        end),
        Replier = hb_beamr_test_lib:caller(fun() -> hb_beamr:reply(Token, [2]) end),
        GoOn(),
        Reply = answer(Replier),
        case answer(Caller) of
            {ok, [2], deferred} ->
                ?assertEqual(ok, Reply),
                replied;
            {error, timeout, deferred} ->
                late
        end
    end).

a_reply_and_cancel_at_once(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    race(fun(_) ->
        {Caller, Token} = deferred(Busy),
        Canceller = hb_beamr_test_lib:caller(fun() -> hb_beamr:cancel(Busy) end),
        Reply = hb_beamr:reply(Token, [2]),
        ?assertEqual(ok, answer(Canceller)),
        case answer(Caller) of
            {ok, [2], deferred} ->
                ?assertEqual(ok, Reply),
                replied;
            ?TERMINATED ->
                cancelled
        end
    end).

a_reply_and_stop_at_once(_) ->
    race(fun(_) ->
        Busy = hb_beamr_test_lib:start(busy),
        {Caller, Token} = deferred(Busy),
        Stopper = hb_beamr_test_lib:caller(fun() -> hb_beamr:stop(Busy) end),
        Reply = hb_beamr:reply(Token, [2]),
        ?assertEqual(ok, answer(Stopper)),
        case answer(Caller) of
            {ok, [2], deferred} ->
                ?assertEqual(ok, Reply),
                replied;
            ?GONE ->
                gone
        end
    end).

race(Round) ->
    Rounds =
        case hb_beamr_test_lib:is_long() of
            true -> 20000;
            false -> 1000
        end,
    Ends = [Round(N) || N <- lists:seq(1, Rounds)],
    ct:log("~p", [[{End, length([E || E <- Ends, E =:= End])} || End <- lists:usort(Ends)]]).

other_messages_are_left_alone(_) ->
    Busy = hb_beamr_test_lib:start(busy),
    {ok, Mailbox} = hb_beamr_test_lib:run(fun() ->
        self() ! before,
        Reply = fun(_, #{token := Token}, _) ->
            self() ! during,
            ok = hb_beamr:reply(Token, [5]),
            self() ! afterwards,
            {defer, deferred}
        end,
        {ok, [5], deferred} = hb_beamr:call(Busy, "wait", [0], Reply, before),
        hb_beamr_test_lib:mailbox()
    end),
    ?assertEqual([before, during, afterwards], Mailbox).

%%% Helpers

answer(Caller) ->
    hb_beamr_test_lib:answer(Caller).

%% A caller whose import is deferred, and the token of that.
deferred(Instance) ->
    {{Pid, _} = Caller, Token, GoOn} = in_import(Instance, fun() -> {defer, deferred} end),
    GoOn(),
    hb_beamr_test_lib:wait_for_port(Pid),
    {Caller, Token}.

%% A caller whose import function answers so when it is told to go on.
in_import(Instance, Answer) ->
    Test = self(),
    Import = fun(_, #{token := Token}, _) ->
        Test ! {self(), Token},
        receive go_on -> ok end,
        Answer()
    end,
    {Pid, _} =
        Caller = hb_beamr_test_lib:caller(fun() ->
            hb_beamr:call(Instance, "wait", [0], Import, before)
        end),
    receive
        {Pid, Token} -> {Caller, Token, fun() -> Pid ! go_on end}
    end.

%% An import function that has another process reply.
replying_elsewhere(Answer) ->
    fun(_, #{token := Token}, _) ->
        spawn_link(fun() -> ok = hb_beamr:reply(Token, Answer) end),
        {defer, deferred}
    end.

%% The token of an import that was answered.
old_token(Instance) ->
    Tell = fun(_, #{token := Token}, _) -> {ok, [1], Token} end,
    {ok, [1], Token} = hb_beamr:call(Instance, "wait", [0], Tell),
    Token.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% A state machine for PropEr: random programs of starts, calls, traps, imports, copies, stops and
%%% deaths of owners, compared with a model. Skipped where PropEr is not installed.
-module(hb_beamr_statem_SUITE).

-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

%% Bytes of memory that the model follows.
-define(SIZE, 64).

suite() ->
    [{timetrap, {minutes, 10}}].

all() ->
    [programs_behave_as_the_model, parallel_programs_behave_as_the_model].

init_per_suite(Config) ->
    case code:ensure_loaded(proper) of
        {module, proper} ->
            {ok, _} = application:ensure_all_started(hb_beamr),
            Config;
        {error, _} ->
            {skip, "PropEr is not installed"}
    end.

end_per_suite(_Config) ->
    ok.

count() ->
    case hb_beamr_test_lib:is_long() of
        true -> 5000;
        false -> 500
    end.

programs_behave_as_the_model(_) ->
    Property = proper:forall(proper_statem:commands(?MODULE), fun(Commands) ->
        {History, State, Result} = proper_statem:run_commands(?MODULE, Commands),
        [kill_owner(Instance) || {Instance, _} <- State],
        report(Result, [Commands, History])
    end),
    ?assert(proper:quickcheck(Property, [{numtests, count()}, quiet])),
    ?assertEqual([], hb_beamr_test_lib:mailbox()).

parallel_programs_behave_as_the_model(_) ->
    Property = proper:forall(proper_statem:parallel_commands(?MODULE), fun(Commands) ->
        {Sequential, Parallel, Result} = proper_statem:run_parallel_commands(?MODULE, Commands),
        report(Result, [Commands, Sequential, Parallel])
    end),
    ?assert(proper:quickcheck(Property, [{numtests, count() div 10}, quiet])).

report(ok, _) ->
    true;
report(Result, Program) ->
    ct:pal("~p~n~p", [Result, Program]),
    false.

%%% The model: the instances that were started, each with its memory, or `stopped'.

initial_state() ->
    [].

command([]) ->
    {call, ?MODULE, start, []};
command(State) ->
    Instance = proper_types:elements([Instance || {Instance, _} <- State]),
    Byte = proper_types:integer(0, 255),
    Offset = proper_types:integer(0, ?SIZE - 1),
    proper_types:frequency([
        {2, {call, ?MODULE, start, []}},
        {2, {call, ?MODULE, stop, [Instance]}},
        {1, {call, ?MODULE, kill_owner, [Instance]}},
        {6, {call, ?MODULE, seven, [Instance]}},
        {4, {call, ?MODULE, trap, [Instance]}},
        {4, {call, ?MODULE, count_down, [Instance, proper_types:integer(0, 20)]}},
        {3, {call, ?MODULE, fail_in_import, [Instance]}},
        {3, {call, ?MODULE, nested, [Instance, Offset, Byte]}},
        {6, {call, ?MODULE, write, [Instance, Offset, Byte]}},
        {6, {call, ?MODULE, read, [Instance, Offset]}}
    ]).

precondition(_, {call, _, start, []}) ->
    true;
precondition(State, {call, _, _, [Instance | _]}) ->
    lists:keymember(Instance, 1, State).

next_state(State, Instance, {call, _, start, []}) ->
    [{Instance, #{}} | State];
next_state(State, _, {call, _, Ends, [Instance]}) when Ends =:= stop; Ends =:= kill_owner ->
    lists:keyreplace(Instance, 1, State, {Instance, stopped});
next_state(State, _, {call, _, Writes, [Instance, Offset, Byte]}) when
    Writes =:= write; Writes =:= nested
->
    case lists:keyfind(Instance, 1, State) of
        {_, stopped} -> State;
        {_, Memory} -> lists:keyreplace(Instance, 1, State, {Instance, Memory#{Offset => Byte}})
    end;
next_state(State, _, _) ->
    State.

postcondition(_, {call, _, start, []}, {Instance, _}) ->
    is_pid(Instance);
postcondition(_, {call, _, stop, _}, Result) ->
    Result =:= ok;
postcondition(_, {call, _, kill_owner, _}, Result) ->
    Result =:= ok;
postcondition(State, {call, _, Function, [Instance | Args]}, Result) ->
    case lists:keyfind(Instance, 1, State) of
        {_, stopped} -> is_stopped(Result);
        {_, Memory} -> Result =:= expected(Function, Args, Memory)
    end.

is_stopped({error, "instance is not running"}) -> true;
is_stopped({error, "instance is not running", _}) -> true;
is_stopped(_) -> false.

expected(seven, [], _) -> {ok, [7]};
expected(trap, [], _) -> {error, "Exception: unreachable"};
expected(count_down, [N], _) -> {ok, [N], N};
expected(fail_in_import, [], _) -> {failed, throw, reason, state};
expected(nested, [_, Byte], _) -> {ok, [Byte], nested};
expected(write, _, _) -> ok;
expected(read, [Offset], Memory) -> {ok, <<(maps:get(Offset, Memory, 0))>>}.

%%% The commands

start() ->
    Wasm = hb_beamr_test_lib:wasm(imports),
    Starter = self(),
    Owner = spawn(fun() ->
        Monitor = erlang:monitor(process, Starter),
        receive
            {'DOWN', Monitor, process, Starter, _} -> ok
        end
    end),
    {ok, Instance, _, _} = hb_beamr:start(Wasm, #{owner => Owner}),
    {Instance, Owner}.

stop({Instance, _}) ->
    hb_beamr:stop(Instance).

kill_owner({Instance, Owner}) ->
    exit(Owner, kill),
    hb_beamr_test_lib:wait_until(fun() -> not is_process_alive(Instance) end).

seven({Instance, _}) ->
    hb_beamr:call(Instance, "seven", []).

trap({Instance, _}) ->
    hb_beamr:call(Instance, "trap", []).

count_down({Instance, _}, N) ->
    Note = fun(Count, _, _) -> {ok, [], Count + 1} end,
    hb_beamr:call(Instance, "count_down", [N], Note, 0).

fail_in_import({Instance, _}) ->
    Fail = fun(_, _, _) -> throw(reason) end,
    case hb_beamr:call(Instance, "mul", [1, 1], Fail, state) of
        {error, Class, Reason, _, State} -> {failed, Class, Reason, State};
        Other -> Other
    end.

%% An import that traps in a nested call, then writes.
nested({Instance, _}, Offset, Byte) ->
    Mul = fun(_, _, _) ->
        {error, "Exception: unreachable"} = hb_beamr:call(Instance, "trap", []),
        {ok, [7]} = hb_beamr:call(Instance, "seven", []),
        ok = hb_beamr_io:write(Instance, Offset, <<Byte>>),
        {ok, [Byte], nested}
    end,
    case hb_beamr:call(Instance, "mul", [1, 1], Mul) of
        %% Stopped meanwhile, by a program beside this one.
        {error, error, {badmatch, Stopped}, _, _} -> Stopped;
        Other -> Other
    end.

write({Instance, _}, Offset, Byte) ->
    hb_beamr_io:write(Instance, Offset, <<Byte>>).

read({Instance, _}, Offset) ->
    hb_beamr_io:read(Instance, Offset, 1).

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc What an instance, and what the node, may use at most.
%%%
%%% An option of `start' wins over the application's environment, which wins over the defaults
%%% here. The environment is read when an instance starts, and for the node when the application
%%% does.
-module(hb_beamr_limits).

-export([of_instance/1]).
-export([of_node/1]).
-export([format/1]).
-export([is_option/1]).

-export_type([limits/0]).
-export_type([node_limits/0]).

-type limits() :: #{
    memory := non_neg_integer(),
    table_elements := non_neg_integer(),
    call_depth := pos_integer(),
    results := non_neg_integer(),
    module_size := non_neg_integer(),
    stack_size := 4096..67108864
}.

-type node_limits() :: #{
    instances := non_neg_integer(),
    total_memory := non_neg_integer(),
    waiting_calls := non_neg_integer()
}.

-define(MAX_64, 16#FFFFFFFFFFFFFFFF).
-define(MAX_32, 16#FFFFFFFF).

%% The option, the key, its least and largest value, and its default. `infinity' is the largest
%% value where it is allowed.
-define(OF_INSTANCE, [
    {max_memory, memory, 0, ?MAX_64, 4 bsl 30},
    {max_table_elements, table_elements, 0, ?MAX_64, 10_000_000},
    {max_call_depth, call_depth, 1, ?MAX_32, infinity},
    {max_results, results, 0, ?MAX_32, 1000},
    {max_module_size, module_size, 0, ?MAX_64, 128 bsl 20},
    {stack_size, stack_size, 4096, 67108864, 524288}
]).

-define(OF_NODE, [
    {max_instances, instances, 0, ?MAX_64, infinity},
    {max_waiting_calls, waiting_calls, 0, ?MAX_64, 262144}
]).

%% @doc The limits of an instance with these options.
-spec of_instance(map()) -> {ok, limits()} | {error, hb_beamr_error:reason()}.
of_instance(Options) ->
    read(?OF_INSTANCE, Options, #{}).

%% @doc The limits of a node whose machine has so much memory, in bytes; 0 if that is not known.
-spec of_node(PhysicalMemory :: non_neg_integer()) ->
    {ok, node_limits()} | {error, hb_beamr_error:reason()}.
of_node(0) ->
    of_node(?MAX_64);
of_node(PhysicalMemory) ->
    read([{max_total_memory, total_memory, 0, ?MAX_64, PhysicalMemory} | ?OF_NODE], #{}, #{}).

%% @doc The limits of a node for people.
-spec format(node_limits()) -> iolist().
format(Limits) ->
    lists:join(", ", [
        io_lib:format("~ts ~ts", [Option, value(maps:get(Key, Limits), Most)])
     || {Option, Key, _, Most, _} <- [{max_total_memory, total_memory, 0, ?MAX_64, 0} | ?OF_NODE]
    ]).

-spec value(non_neg_integer(), non_neg_integer()) -> string().
value(Most, Most) -> "infinity";
value(Value, _) -> integer_to_list(Value).

%% @doc Whether an option of `start' is a limit.
-spec is_option(term()) -> boolean().
is_option(Option) ->
    lists:keymember(Option, 1, ?OF_INSTANCE).

-spec read([tuple()], map(), map()) -> {ok, map()} | {error, hb_beamr_error:reason()}.
read([{Option, Key, Least, Most, Default} | Rest], Options, Limits) ->
    Value =
        case Options of
            #{Option := Given} -> Given;
            _ -> application:get_env(hb_beamr, Option, Default)
        end,
    case Value of
        infinity when Option =/= stack_size ->
            read(Rest, Options, Limits#{Key => Most});
        _ when is_integer(Value), Value >= Least, Value =< Most ->
            read(Rest, Options, Limits#{Key => Value});
        _ ->
            Text = ["invalid option: ", atom_to_list(Option), " => ", hb_beamr_error:show(Value)],
            {error, hb_beamr_error:new(invalid_option, Text)}
    end;
read([], _Options, Limits) ->
    {ok, Limits}.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The options of the compiler: as users give them, as the program takes them, and what of them
%%% decides about the code.
-module(hb_beamr_aot_options).

-export([read/1]).
-export([of_node/0]).
-export([arguments/1]).
-export([fingerprint/2]).
-export([is_native/1]).

-export_type([options/0]).

-type options() :: #{
    opt_level := 0..3,
    cpu := default | binary(),
    features := binary(),
    target := default | binary(),
    frames := boolean(),
    exceptions := lower | force,
    timeout := timeout(),
    max_memory := pos_integer() | infinity,
    nice := boolean()
}.

-define(DEFAULT, #{
    opt_level => 3,
    cpu => default,
    features => <<>>,
    target => default,
    frames => false,
    exceptions => lower,
    timeout => 600000,
    max_memory => 4 bsl 30,
    nice => false
}).

%% Longer ones are no names.
-define(MAX_NAME, 1000).

%% @doc All options, where those that are not given have their defaults.
-spec read(term()) -> {ok, options()} | {error, hb_beamr_error:reason()}.
read(Options) when is_map(Options) ->
    read(maps:to_list(Options), ?DEFAULT);
read(Other) ->
    invalid(["the options of the compiler are a map, not ", hb_beamr_error:show(Other)]).

%% @doc Those for modules that `start' compiles: `aot_options' of the application's environment.
-spec of_node() -> {ok, options()} | {error, hb_beamr_error:reason()}.
of_node() ->
    case read(application:get_env(hb_beamr, aot_options, #{})) of
        {ok, #{target := default} = Options} -> {ok, Options};
        {ok, _} -> invalid("aot_options cannot have a target: what is compiled runs here");
        Error -> Error
    end.

-spec read([{term(), term()}], options()) -> {ok, options()} | {error, hb_beamr_error:reason()}.
read([], Options) ->
    {ok, Options};
read([{Key, Value} | Rest], Options) ->
    case option(Key, Value) of
        {ok, Read} ->
            read(Rest, Options#{Key := Read});
        error ->
            [K, V] = [hb_beamr_error:show(Term) || Term <- [Key, Value]],
            invalid(["invalid option: ", K, " => ", V])
    end.

-spec option(term(), term()) -> {ok, term()} | error.
option(opt_level, Level) when Level =:= 0; Level =:= 1; Level =:= 2; Level =:= 3 ->
    {ok, Level};
option(Key, default) when Key =:= cpu; Key =:= target ->
    {ok, default};
option(cpu, Name) ->
    name(Name, "^[A-Za-z0-9._-]+$");
option(target, Name) ->
    name(Name, "^[A-Za-z0-9._-]+$");
option(features, Names) ->
    name(Names, "^[A-Za-z0-9.,_+-]*$");
option(frames, Frames) when is_boolean(Frames) ->
    {ok, Frames};
option(exceptions, How) when How =:= lower; How =:= force ->
    {ok, How};
option(timeout, Timeout) ->
    case hb_beamr_deadline:option(#{timeout => Timeout}) of
        {ok, _} -> {ok, Timeout};
        {error, _} -> error
    end;
option(max_memory, Bytes) when is_integer(Bytes), Bytes > 0, Bytes < 1 bsl 63; Bytes =:= infinity ->
    {ok, Bytes};
option(nice, Nice) when is_boolean(Nice) ->
    {ok, Nice};
option(_, _) ->
    error.

%% Part of an argument of the program. What cannot be one is refused here.
-spec name(term(), string()) -> {ok, binary()} | error.
name(Name, Pattern) when is_atom(Name) ->
    name(atom_to_binary(Name), Pattern);
name(Name, Pattern) ->
    case hb_beamr_name:utf8(Name) of
        Text when is_binary(Text), byte_size(Text) =< ?MAX_NAME ->
            case re:run(Text, Pattern, [{capture, none}, dollar_endonly]) of
                match -> {ok, Text};
                nomatch -> error
            end;
        _ ->
            error
    end.

-spec invalid(unicode:chardata()) -> {error, hb_beamr_error:reason()}.
invalid(Text) ->
    {error, hb_beamr_error:new(invalid_option, Text)}.

%% @doc The arguments of the program, without those that name files.
-spec arguments(options()) -> [binary()].
arguments(#{opt_level := Level} = Options) ->
    [<<"-O", (integer_to_binary(Level))/binary>> | lists:append([
        [<<"--target=", Target/binary>> || #{target := Target} <- [Options], Target =/= default],
        [<<"--cpu=", Cpu/binary>> || #{cpu := Cpu} <- [Options], Cpu =/= default],
        [<<"--features=", Names/binary>> || #{features := Names} <- [Options], Names =/= <<>>],
        [<<"--frames">> || #{frames := true} <- [Options]],
        [<<"--force-exceptions">> || #{exceptions := force} <- [Options]],
        [<<"--nice">> || #{nice := true} <- [Options]],
        [
            <<"--memory-limit=", (integer_to_binary(Bytes))/binary>>
         || #{max_memory := Bytes} <- [Options], Bytes =/= infinity
        ]
    ])].

%% @doc What decides about the code: with equal ones equal modules become equal code.
-spec fingerprint(options(), DefaultCpu :: binary()) -> iodata().
fingerprint(Options, DefaultCpu) ->
    Named =
        case Options of
            #{cpu := default} -> Options#{cpu := DefaultCpu};
            _ -> Options
        end,
    lists:join(0, arguments(maps:merge(Named, #{nice => false, max_memory => infinity}))).

%% @doc Whether the code is for the machine that compiles it.
-spec is_native(options()) -> boolean().
is_native(#{target := default, cpu := default, features := <<>>}) -> true;
is_native(_) -> false.

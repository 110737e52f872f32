%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Runs a test script of WebAssembly, as the converter in `test/conformance' has written it.
-module(hb_beamr_conformance).

-export([run/3]).

-export_type([outcome/0]).
-export_type([result/0]).

-type result() :: {Line :: pos_integer(), outcome()}.
%% Of a directive that says what has to be. A module has to start, and an action to return.

-type outcome() :: passed | {failed, Why :: string()} | hb_beamr_conformance_world:obstacle().

-type source() :: hb_beamr_conformance_world:wasm() | {no_text, binary()}.

-type action() ::
    {invoke, name(), binary(), [hb_beamr_conformance_value:argument()]}
    | {get, name(), binary()}
    | {start, source()}.

-type name() :: binary() | none.

-type directive() ::
    {module | definition, name(), source()}
    | {instance, name(), name()}
    | {register, binary(), name()}
    | {action, action()}
    | {assert_return, action(), [hb_beamr_conformance_value:pattern()]}
    | {assert_trap | assert_exhaustion, action(), binary()}
    | {assert_exception, action()}
    | {assert_invalid | assert_malformed | assert_unlinkable, source(), binary()}
    | {other, atom()}.

-type run() :: #{
    world := hb_beamr_conformance_world:world(),
    accepted := [atom()],
    definitions := #{name() => source()},
    %% Modules by their names, and the last one as `none'; or what became of the attempt to start.
    modules := #{name() => {ok, hb_beamr_conformance_world:instance()} | outcome()},
    missing := #{binary() => outcome()}
}.

-type started() ::
    {ok, hb_beamr_conformance_world:instance()}
    | {error, hb_beamr_error:reason() | timeout}
    | outcome().

%% What this library runs, and what compiled modules may need as well. Whatever needs more has to be
%% refused.
-define(COMPILED, [simd]).
-define(ACCEPTED, [
    mutable_global,
    saturating_float_to_int,
    sign_extension,
    multi_value,
    bulk_memory,
    reference_types,
    tail_call,
    extended_const,
    memory64,
    exceptions,
    legacy_exceptions
]).

%% What does not fit traps since version 2, and could not be linked before.
-define(IS_OF_SEGMENTS(Message),
    Message =:= <<"elements segment does not fit">> orelse
        Message =:= <<"data segment does not fit">>
).

%% With modules that are compiled by that compiler, if it is not `none'.
-spec run(
    {script, [{pos_integer(), directive()}]},
    hb_beamr:options(),
    none | hb_beamr_conformance_compiler:compiler()
) -> [result()].
run({script, Directives}, Options, Compiler) ->
    Run = #{
        world => hb_beamr_conformance_world:new(Options, Compiler),
        accepted =>
            case Compiler of
                none -> ?ACCEPTED;
                _ -> ?COMPILED ++ ?ACCEPTED
            end,
        definitions => #{},
        modules => #{},
        missing => #{}
    },
    {Results, _} = lists:mapfoldl(fun run_line/2, Run, Directives),
    [{Line, Outcome} || {Line, Outcome} <- Results, Outcome =/= none].

-spec run_line({pos_integer(), directive()}, run()) -> {{pos_integer(), outcome() | none}, run()}.
run_line({Line, Directive}, Run) ->
    try directive(Directive, Run) of
        {Outcome, Run2} -> {{Line, Outcome}, Run2}
    catch
        Class:Reason:Stack ->
            Outcome = failed("the harness: ~p", [{Class, Reason, Stack}]),
            {{Line, Outcome}, without_module(Directive, Outcome, Run)}
    end.

%% What follows is about this module, not about the one before it.
-spec without_module(directive(), outcome(), run()) -> run().
without_module({Kind, Name, _}, Outcome, #{modules := Modules} = Run) when
    Kind =:= module; Kind =:= instance
->
    Run#{modules := Modules#{Name => Outcome, none => Outcome}};
without_module(_, _, Run) ->
    Run.

-spec directive(directive(), run()) -> {outcome() | none, run()}.
directive({module, Name, Source}, Run) ->
    define(Name, Source, Run);
directive({definition, Name, Source}, #{definitions := Definitions} = Run) ->
    {none, Run#{definitions := Definitions#{Name => Source, none => Source}}};
directive({instance, Name, Definition}, #{definitions := Definitions} = Run) ->
    define(Name, maps:get(Definition, Definitions), Run);
directive({register, As, Name}, Run) ->
    {none, register(As, Name, Run)};
directive({action, Action}, Run) ->
    act(Action, Run, fun
        ({ok, _}) -> passed;
        (Answer) -> unexpected(Answer, "to return")
    end);
directive({assert_return, Action, Patterns}, Run) ->
    act(Action, Run, fun(Answer) -> returned(Answer, Patterns) end);
directive({assert_trap, Action, Message}, Run) ->
    act(Action, Run, fun(Answer) -> trapped(Answer, binary_to_list(Message)) end);
directive({assert_exhaustion, Action, Message}, Run) ->
    act(Action, Run, fun(Answer) -> trapped(Answer, binary_to_list(Message)) end);
directive({assert_exception, Action}, Run) ->
    act(Action, Run, fun
        ({exception, _, _}) -> passed;
        (Answer) -> unexpected(Answer, "an exception")
    end);
directive({_, {no_text, _}, _Message}, Run) ->
    {{not_expressible, text_format}, Run};
directive({assert_unlinkable, Source, Message}, Run) ->
    {unlinkable(Source, Message, Run), Run};
directive({Kind, Source, _Message}, Run) when Kind =:= assert_invalid; Kind =:= assert_malformed ->
    {refused(Source, Run), Run};
directive({other, Kind}, Run) ->
    {{not_expressible, Kind}, Run}.

%% ---- Modules ------------------------------------------------------------------------------------

-spec define(name(), source(), run()) -> {outcome(), run()}.
define(Name, Source, Run) ->
    {Started, #{modules := Modules} = Run2} = start(Source, forget_last(Run)),
    Module =
        case Started of
            {error, Reason} -> failed("does not start: ~ts", [format(Reason)]);
            _ -> Started
        end,
    Run3 = Run2#{modules := Modules#{Name => Module, none => Module}},
    case Module of
        {ok, _} -> {passed, Run3};
        Outcome -> {Outcome, Run3}
    end.

%% The last module cannot be named any more, if it has no name.
-spec forget_last(run()) -> run().
forget_last(#{modules := #{none := {ok, Last}} = Modules, world := World} = Run) ->
    case [Name || {Name, {ok, Instance}} <- maps:to_list(Modules), Instance =:= Last] of
        [none] -> Run#{world := hb_beamr_conformance_world:stop(Last, World)};
        _ -> Run
    end;
forget_last(Run) ->
    Run.

-spec start(source(), run()) -> {started(), run()}.
start({no_text, Why}, Run) ->
    {failed("the converter cannot read it: ~ts", [Why]), Run};
start({wasm, Bytes, _, _, Imports, _, _} = Wasm, #{world := World} = Run) ->
    case {needs(Wasm, Run), missing(Imports, Run)} of
        {[], none} ->
            case hb_beamr_conformance_world:start(Wasm, World) of
                {ok, Instance, World2} -> {{ok, Instance}, Run#{world := World2}};
                {error, Reason, World2} ->
                    {not_accepted_or(Reason), Run#{world := World2}};
                {cannot, Why, World2} -> {Why, Run#{world := World2}}
            end;
        {[], Missing} ->
            {depends_on(Missing), skip(Wasm, Missing, Run)};
        {Needs, _} ->
            Outcome = {not_accepted, Needs},
            {must_refuse(Bytes, Outcome), skip(Wasm, Outcome, Run)}
    end.

%% The reason why a module does not start, unless it is one that this library never starts.
-spec not_accepted_or(hb_beamr_error:reason() | timeout) -> started().
not_accepted_or({bad_module, #{message := <<"not supported: a ", What/binary>>}} = Reason) ->
    case lists:member(What, [<<"global of type exnref">>, <<"table of type exnref">>]) of
        true -> {not_accepted, [exnref_in_globals_and_tables]};
        false -> {error, Reason}
    end;
not_accepted_or(Reason) ->
    {error, Reason}.

-spec skip(hb_beamr_conformance_world:wasm(), outcome(), run()) -> run().
skip(_, {failed, _}, Run) ->
    Run;
skip(Wasm, Outcome, #{world := World} = Run) ->
    Run#{world := hb_beamr_conformance_world:skip(Wasm, Outcome, World)}.

%% The proposals that a module needs and that this library has not.
-spec needs(hb_beamr_conformance_world:wasm(), run()) -> [atom()].
needs({wasm, _, _, Needs, _, _, _}, #{accepted := Accepted}) ->
    Needs -- Accepted.

%% What became of an instance that is imported from, if it did not start.
-spec missing([{binary(), binary(), term()}], run()) -> none | outcome().
missing(Imports, #{missing := Missing}) ->
    case [maps:get(Module, Missing) || {Module, _, _} <- Imports, is_map_key(Module, Missing)] of
        [] -> none;
        [Outcome | _] -> Outcome
    end.

%% What depends on a module that should have started cannot pass.
-spec depends_on(outcome()) -> outcome().
depends_on({failed, _}) -> {failed, "a module did not start"};
depends_on(Outcome) -> Outcome.

-spec must_refuse(binary(), outcome()) -> outcome().
must_refuse(Bytes, Outcome) ->
    case hb_beamr:start(Bytes, #{}) of
        {error, {bad_module, _}} ->
            Outcome;
        {error, {not_compiled, _}} when Outcome =:= {not_accepted, ?COMPILED} ->
            Outcome;
        {ok, Pid, _, _} ->
            ok = hb_beamr:stop(Pid),
            failed("is accepted", []);
        {error, Reason} ->
            failed("not refused, but: ~ts", [format(Reason)])
    end.

-spec register(binary(), name(), run()) -> run().
register(As, Name, #{modules := Modules, world := World, missing := Missing} = Run) ->
    case maps:get(Name, Modules) of
        {ok, Instance} ->
            World2 = hb_beamr_conformance_world:register(As, Instance, World),
            Run#{world := World2, missing := maps:remove(As, Missing)};
        Outcome ->
            Run#{missing := Missing#{As => Outcome}}
    end.

%% Under all proposals it may be valid; then it is to be refused because one is not accepted.
-spec refused(hb_beamr_conformance_world:wasm(), run()) -> outcome().
refused({wasm, Bytes, valid, _, _, _, _}, _Run) ->
    must_refuse(Bytes, passed);
refused({wasm, Bytes, invalid, _, _, _, _} = Wasm, Run) ->
    case needs(Wasm, Run) of
        [] -> must_refuse(Bytes, passed);
        Needs -> must_refuse(Bytes, {not_accepted, Needs})
    end.

-spec unlinkable(source(), binary(), run()) -> outcome().
unlinkable({wasm, Bytes, _, _, Imports, _, _} = Wasm, Message, #{world := World} = Run) ->
    case {needs(Wasm, Run), missing(Imports, Run)} of
        {[], none} ->
            case hb_beamr_conformance_world:link(Wasm, World) of
                {error, {link, _}} -> passed;
                {cannot, Why} -> Why;
                ok -> failed("is linked", []);
                {error, {instantiate, _}} when ?IS_OF_SEGMENTS(Message) -> passed;
                {error, Reason} -> failed("not refused for its imports: ~ts", [format(Reason)])
            end;
        {[], Missing} ->
            depends_on(Missing);
        {Needs, _} ->
            must_refuse(Bytes, {not_accepted, Needs})
    end.

%% ---- Actions ------------------------------------------------------------------------------------

-type answer() :: hb_beamr_conformance_world:answer().

-spec act(action(), run(), fun((answer()) -> outcome())) -> {outcome(), run()}.
act({invoke, Name, Function, Arguments}, #{world := World} = Run, Judge) ->
    case {module(Name, Run), hb_beamr_conformance_value:arguments(Arguments)} of
        {{ok, Instance}, {ok, Values}} ->
            {Answer, World2} = hb_beamr_conformance_world:call(Instance, Function, Values, World),
            {judge(Answer, Judge), Run#{world := World2}};
        {{ok, _}, error} ->
            {{not_expressible, reference_of_the_host}, Run};
        {Outcome, _} ->
            {depends_on(Outcome), Run}
    end;
act({get, Name, Global}, #{world := World} = Run, Judge) ->
    case module(Name, Run) of
        {ok, Instance} ->
            {Answer, World2} = hb_beamr_conformance_world:global(Instance, Global, World),
            {judge(Answer, Judge), Run#{world := World2}};
        Outcome ->
            {depends_on(Outcome), Run}
    end;
act({start, Source}, Run, Judge) ->
    case start(Source, Run) of
        {{ok, _}, Run2} -> {Judge({ok, []}), Run2};
        {{error, Reason}, Run2} -> {Judge(failed_start(Reason)), Run2};
        {Outcome, Run2} -> {Outcome, Run2}
    end.

-spec failed_start(hb_beamr_error:reason() | timeout) -> answer().
failed_start({trap, #{kind := exception, tag := Tag, payload := Payload}}) ->
    {exception, Tag, Payload};
failed_start({Code, #{message := Message}}) when Code =:= trap; Code =:= instantiate ->
    {trap, hb_beamr_error:text(Message)};
failed_start(Reason) ->
    {error, Reason}.

-spec module(name(), run()) -> {ok, hb_beamr_conformance_world:instance()} | outcome().
module(Name, #{modules := Modules}) ->
    maps:get(Name, Modules).

-spec judge(answer(), fun((answer()) -> outcome())) -> outcome().
judge({cannot, Outcome}, _) -> Outcome;
judge(Answer, Judge) -> Judge(Answer).

-spec returned(answer(), [hb_beamr_conformance_value:pattern()]) -> outcome().
returned({ok, Values} = Answer, Patterns) ->
    case hb_beamr_conformance_value:match(Values, Patterns) of
        true -> passed;
        false -> unexpected(Answer, io_lib:format("~0p", [Patterns]))
    end;
returned(Answer, Patterns) ->
    unexpected(Answer, io_lib:format("~0p", [Patterns])).

%% Messages may say more than the script expects, or less.
-spec trapped(answer(), string()) -> outcome().
trapped({trap, Text} = Answer, Message) ->
    case lists:prefix(Message, Text) orelse (Text =/= "" andalso lists:prefix(Text, Message)) of
        true -> passed;
        false -> unexpected(Answer, Message)
    end;
trapped(Answer, Message) ->
    unexpected(Answer, Message).

-spec unexpected(answer(), iodata()) -> outcome().
unexpected(Answer, Expected) ->
    failed("~0p, expected ~ts", [Answer, Expected]).

-spec failed(string(), [term()]) -> outcome().
failed(Format, Arguments) ->
    {failed, lists:flatten(io_lib:format(Format, Arguments))}.

-spec format(hb_beamr_error:reason() | timeout) -> string().
format({_, #{message := Message}}) -> hb_beamr_error:text(Message);
format(Reason) -> lists:flatten(hb_beamr_error:format_error(Reason)).

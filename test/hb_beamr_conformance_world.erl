%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The instances of one test script, and what is between them.
%%%
%%% Instances know nothing of each other. A function that a module imports from another instance is
%%% answered by an import function that calls that instance. Memories, tables and mutable globals
%%% that scripts share are one for each instance here; who is called gets the contents from whoever
%%% had them last ({@link hb_beamr_conformance_share}). Where that cannot be done the
%%% answer is `{cannot, Why}', and nobody knows any more what such a call would have changed.
-module(hb_beamr_conformance_world).

-export([new/2]).
-export([start/2]).
-export([skip/3]).
-export([link/2]).
-export([stop/2]).
-export([register/3]).
-export([call/4]).
-export([global/3]).

-export_type([world/0]).
-export_type([instance/0]).
-export_type([wasm/0]).
-export_type([type/0]).
-export_type([answer/0]).
-export_type([obstacle/0]).

-opaque world() :: #{
    options := hb_beamr:options(),
    compiler := none | hb_beamr_conformance_compiler:compiler(),
    instances := #{instance() => state()},
    registered := #{binary() => instance() | spectest},
    latest := #{object() => instance() | {lost, obstacle()}}
}.

-opaque instance() :: pos_integer().

-type wasm() :: {
    wasm,
    Bytes :: binary(),
    Validity :: valid | invalid,
    Needs :: [atom()],
    Imports :: [{binary(), binary(), type()}],
    Exports :: [{binary(), type(), origin()}],
    HasStart :: boolean()
}.
%% What the converter tells about a module; see `test/conformance/src/module.rs'.

-type type() ::
    {func | tag, Signature :: binary()}
    | {memory, i32 | i64, Minimum :: non_neg_integer(), Maximum :: none | non_neg_integer()}
    | {table, Of :: atom(), i32 | i64, Minimum :: non_neg_integer(), none | non_neg_integer()}
    | {global, Of :: atom(), const | var}.

-type state() :: #{
    pid := pid(),
    imports := #{{binary(), binary()} => item()},
    exports := #{binary() => {type(), object()}},
    shared := [object()],
    is_registered := boolean(),
    lost := none | obstacle()
}.

-type origin() :: {import, Position :: non_neg_integer()} | {own, Index :: non_neg_integer()}.

%% What a name stands for: something of the module `spectest', or an export of an instance.
-type item() :: {spectest, binary(), type()} | {instance(), binary(), type(), object()}.

%% What there is once, however many instances import and export it.
-type object() :: {Owner :: instance(), func | memory | table | global | tag, term()}.

-type named_item() :: {{Module :: binary(), Name :: binary()}, item() | none}.

-type answer() ::
    {ok, [hb_beamr:value()]}
    | {trap, string()}
    | {exception, Tag :: term(), Payload :: [hb_beamr:value()]}
    | {error, term()}
    | {cannot, obstacle()}.

-type obstacle() :: {not_expressible, atom()} | {not_accepted, [atom()]}.

%% Milliseconds; nothing takes as long, unless it hangs.
-define(TIMEOUT, 60000).

%% Instances are started with these options, of modules that this compiler has compiled.
-spec new(hb_beamr:options(), none | hb_beamr_conformance_compiler:compiler()) -> world().
new(Options, Compiler) ->
    #{
        options => Options#{timeout => ?TIMEOUT},
        compiler => Compiler,
        instances => #{},
        registered => #{<<"spectest">> => spectest},
        latest => #{}
    }.

-spec start(wasm(), world()) ->
    {ok, instance(), world()}
    | {error, hb_beamr_error:reason() | timeout, world()}
    | {cannot, obstacle(), world()}.
start({wasm, _, _, _, Imports, _, HasStart} = Wasm, World) ->
    Items = items(Imports, World),
    try
        %% The import functions of calls do not answer to start functions.
        HasStart andalso lists:any(fun is_call/1, Items) andalso
            cannot(import_of_a_start_function),
        start(Wasm, Items, offers(Imports, Items, World), World)
    catch
        throw:{cannot, Why} ->
            {cannot, Why, lose(shared_imports(Items), Why, World)}
    end.

%% A module that cannot be started might have written into what it imports.
-spec skip(wasm(), obstacle(), world()) -> world().
skip({wasm, _, _, _, Imports, _, _}, Why, World) ->
    lose(shared_imports(items(Imports, World)), Why, World).

-spec start(wasm(), [named_item()], [hb_beamr_conformance_share:offered()], world()) ->
    {ok, instance(), world()} | {error, hb_beamr_error:reason() | timeout, world()}.
start({wasm, Bytes, _, _, _, _, HasStart} = Wasm, Items, Offers, World) ->
    #{options := Options} = World,
    Short = [Offered || Offered <- Offers, hb_beamr_conformance_share:is_short(Offered)],
    %% A start function could see it.
    HasStart andalso Short =/= [] andalso cannot(larger_than_the_import_asks_for),
    Limited = hb_beamr_conformance_share:limits(Offers, Options),
    case run(Bytes, hb_beamr_conformance_share:options(Offers, Limited), World) of
        {ok, Pid, _, _} ->
            {Instance, World2} = add(Pid, Wasm, Items, World),
            World3 = have(Instance, shared_imports(Items), World2),
            {ok, Instance, lists:foldl(complete(Instance), World3, Short)};
        {error, {Ran, _}} when Short =/= [], Ran =:= instantiate orelse Ran =:= trap ->
            cannot(larger_than_the_import_asks_for);
        {error, {Ran, _} = Reason} when Ran =:= instantiate; Ran =:= trap ->
            %% It may have written into what it shares before it failed.
            Why = {not_expressible, memory_of_a_failed_start},
            {error, Reason, lose(shared_imports(Items), Why, World)};
        {error, Reason} ->
            {error, Reason, World}
    end.

-spec run(binary(), hb_beamr:options(), world()) ->
    {ok, pid(), term(), term()} | {error, hb_beamr_error:reason() | timeout}.
run(Bytes, Options, #{compiler := none}) ->
    hb_beamr:start(Bytes, Options);
run(Bytes, Options, #{compiler := Compiler}) ->
    case hb_beamr_conformance_compiler:compile(Compiler, Bytes) of
        {ok, Compiled} -> hb_beamr:start(Compiled, Options#{mode => aot});
        Refused -> Refused
    end.

%% Make what an instance imports as large as it is elsewhere.
-spec complete(instance()) -> fun((hb_beamr_conformance_share:offered(), world()) -> world()).
complete(Instance) ->
    fun({Name, _, _} = Offered, World) ->
        {_, _, Type, Object} =
            case maps:get(Name, maps:get(imports, state(Instance, World))) of
                {spectest, Named, T} -> {none, none, T, {Instance, element(1, T), Named}};
                Item -> Item
            end,
        To = {pid(Instance, World), exported_as(Object, Instance, World)},
        try hb_beamr_conformance_share:complete(Offered, element(1, Type), To) of
            ok -> World
        catch
            throw:{cannot, Why} -> lose_instance(Instance, Why, World)
        end
    end.

%% Try to start a module whose imports do not fit. What they hold does not count.
-spec link(wasm(), world()) ->
    ok | {error, hb_beamr_error:reason() | timeout} | {cannot, obstacle()}.
link({wasm, Bytes, _, _, Imports, _, _}, #{options := Options} = World) ->
    Offers = [
        {Name, offer_of_type(Item, World), Type}
     || {{Name, Item}, {_, _, Type}} <- lists:zip(items(Imports, World), Imports)
    ],
    IsShort = lists:any(fun hb_beamr_conformance_share:is_short/1, Offers),
    case run(Bytes, hb_beamr_conformance_share:options(Offers, Options), World) of
        {ok, Pid, _, _} ->
            hb_beamr:stop(Pid);
        {error, {Ran, _}} when IsShort, Ran =:= instantiate orelse Ran =:= trap ->
            {cannot, {not_expressible, larger_than_the_import_asks_for}};
        {error, Reason} ->
            {error, Reason}
    end.

%% End an instance that nobody can name or import from any more.
-spec stop(instance(), world()) -> world().
stop(Instance, #{instances := Instances} = World) ->
    case state(Instance, World) of
        #{is_registered := false, shared := [], pid := Pid} ->
            ok = hb_beamr:stop(Pid),
            World#{instances := maps:remove(Instance, Instances)};
        _ ->
            World
    end.

%% Let others import from an instance by this name.
-spec register(binary(), instance(), world()) -> world().
register(Name, Instance, #{registered := Registered} = World) ->
    World2 = update(Instance, #{is_registered => true}, World),
    World2#{registered := Registered#{Name => Instance}}.

-spec global(instance(), binary(), world()) -> {answer(), world()}.
global(Instance, Name, World) ->
    try
        World2 = enter(Instance, World),
        case hb_beamr:global_get(pid(Instance, World2), Name, #{floats => bits}) of
            {ok, Value} -> {{ok, [Value]}, World2};
            {error, _} = Error -> {Error, World2}
        end
    catch
        throw:{cannot, Why} -> {{cannot, Why}, World}
    end.

-spec call(instance(), binary(), [hb_beamr:value()], world()) -> {answer(), world()}.
call(Instance, Name, Arguments, World) ->
    try
        nested_call(Instance, Name, Arguments, enter(Instance, World))
    catch
        throw:{cannot, Why} -> {{cannot, Why}, lose_instance(Instance, Why, World)}
    end.

-spec nested_call(instance(), binary(), [hb_beamr:value()], world()) -> {answer(), world()}.
nested_call(Instance, Name, Arguments, World) ->
    Pid = pid(Instance, World),
    Import = fun(World1, Call, _Opts) -> import(Instance, Call, World1) end,
    Opts = #{floats => bits, timeout => ?TIMEOUT},
    case hb_beamr:call(Pid, Name, Arguments, Import, World, Opts) of
        {ok, Values, World2} -> {{ok, Values}, World2};
        {error, {invalid_args, _} = Reason} -> {{error, Reason}, World};
        {error, "Exception: " ++ Text, World2} -> {failure(Text, Pid), World2};
        {error, Reason, World2} -> {{error, Reason}, World2};
        {error, throw, {cannot, _} = Why, _Stack, _World} -> throw(Why);
        {error, Class, Reason, Stack, _World} -> erlang:raise(Class, Reason, Stack)
    end.

-spec failure(string(), pid()) -> answer().
failure(Text, Pid) ->
    case hb_beamr:last_error(Pid, #{floats => bits}) of
        {trap, #{kind := exception, tag := Tag, payload := Payload}} -> {exception, Tag, Payload};
        {trap, #{kind := stack_overflow}} -> {trap, "call stack exhausted: " ++ Text};
        _ -> {trap, Text}
    end.

%% ---- What an instance imports -------------------------------------------------------------------

-spec import(instance(), hb_beamr:import_call(), world()) -> {ok, term(), world()}.
import(Instance, #{module := Module, func := Function, args := Arguments}, World) ->
    Name = {unicode:characters_to_binary(Module), unicode:characters_to_binary(Function)},
    case maps:get(Name, maps:get(imports, state(Instance, World))) of
        {spectest, _, _} ->
            {ok, [], World};
        {Other, Export, _, _} ->
            {Answer, World2} = nested_call(Other, Export, Arguments, enter(Other, World)),
            {ok, passed_on(Answer, Other, Instance, World2), enter(Instance, World2)}
    end.

%% What a call of one instance answers to the import of another.
-spec passed_on(answer(), instance(), instance(), world()) -> term().
passed_on({ok, Values}, _, _, _) ->
    [own_value(Value) || Value <- Values];
passed_on({trap, Text}, _, _, _) ->
    {import_exception, Text};
passed_on({exception, Tag, Payload}, From, To, World) ->
    Object = tag(Tag, From, World),
    case [Name || {Name, {_, _, _, O}} <- imports(To, World), O =:= Object] of
        [Name | _] -> {import_exception, {Name, [own_value(Value) || Value <- Payload]}};
        [] -> cannot(exception_with_a_tag_that_is_not_imported)
    end;
passed_on({error, Reason}, _, _, _) ->
    error(Reason).

-spec imports(instance(), world()) -> [{{binary(), binary()}, item()}].
imports(Instance, World) ->
    maps:to_list(maps:get(imports, state(Instance, World))).

%% The tag that an instance calls so: by the name of an export, or those of an import.
-spec tag(term(), instance(), world()) -> object() | none.
tag({Module, Name}, Instance, World) ->
    Key = {unicode:characters_to_binary(Module), unicode:characters_to_binary(Name)},
    case maps:get(imports, state(Instance, World)) of
        #{Key := {_, _, _, Object}} -> Object;
        _ -> none
    end;
tag(Name, Instance, World) when is_list(Name); is_binary(Name) ->
    Key = unicode:characters_to_binary(Name),
    case maps:get(exports, state(Instance, World)) of
        #{Key := {_, Object}} -> Object;
        _ -> none
    end;
tag(_, _, _) ->
    none.

%% A function of an instance means nothing to another one.
-spec own_value(Value) -> Value when Value :: hb_beamr:value().
own_value({funcref, _, _}) -> cannot(function_of_another_instance);
own_value(Value) -> Value.

-spec items([{binary(), binary(), type()}], world()) -> [named_item()].
items(Imports, World) ->
    [{{Module, Name}, item(Module, Name, World)} || {Module, Name, _} <- Imports].

-spec item(binary(), binary(), world()) -> item() | none.
item(Module, Name, #{registered := Registered} = World) ->
    case Registered of
        #{Module := spectest} ->
            case hb_beamr_conformance_spectest:type(Name) of
                none -> none;
                Type -> {spectest, Name, Type}
            end;
        #{Module := Instance} ->
            case maps:get(exports, state(Instance, World)) of
                #{Name := {Type, Object}} -> {Instance, Name, Type, Object};
                _ -> none
            end;
        _ ->
            none
    end.

-spec is_call(named_item()) -> boolean().
is_call({_, {_, _, {func, _}, _}}) -> true;
is_call(_) -> false.

-spec offers([{binary(), binary(), type()}], [named_item()], world()) ->
    [hb_beamr_conformance_share:offered()].
offers(Imports, Items, World) ->
    [
        {Name, offer(Item, World), Type}
     || {{Name, Item}, {_, _, Type}} <- lists:zip(Items, Imports)
    ].

-spec offer(item() | none, world()) -> term().
offer(none, _) ->
    none;
offer({spectest, _, Type}, _) ->
    hb_beamr_conformance_spectest:offer(Type);
offer({_, _, {Kind, Signature}, _}, _) when Kind =:= func; Kind =:= tag ->
    {Kind, binary_to_list(Signature)};
offer({Instance, Name, Type, Object}, World) ->
    {Pid, Exported} = latest(Object, {Instance, Name}, World),
    hb_beamr_conformance_share:offer(Type, Pid, Exported).

%% The same for a module that is going to be refused.
-spec offer_of_type(item() | none, world()) -> term().
offer_of_type(Item, World) ->
    try
        offer(Item, World)
    catch
        throw:{cannot, _} -> by_type(element(3, Item))
    end.

-spec by_type(type()) -> term().
by_type({global, Of, Mutability}) ->
    {global, Of, Mutability, null};
by_type({table, Of, Index, Minimum, Maximum}) ->
    {table, #{type => Of, index_type => Index, minimum => Minimum, maximum => Maximum}};
by_type({memory, Index, Minimum, Maximum}) ->
    {memory, #{index_type => Index, minimum => Minimum, maximum => Maximum}}.

%% Who has its present contents, and by which name.
-spec latest(object(), {instance(), binary()}, world()) -> {pid(), binary()}.
latest(Object, {Instance, Name}, #{latest := Latest} = World) ->
    case maps:get(Object, Latest, Instance) of
        Instance -> {pid(Instance, World), Name};
        {lost, Why} -> throw({cannot, Why});
        Other -> {pid(Other, World), exported_as(Object, Other, World)}
    end.

%% ---- Instances and what they share --------------------------------------------------------------

-spec state(instance(), world()) -> state().
state(Instance, #{instances := Instances}) ->
    maps:get(Instance, Instances).

-spec pid(instance(), world()) -> pid().
pid(Instance, World) ->
    maps:get(pid, state(Instance, World)).

-spec shared(instance(), world()) -> [object()].
shared(Instance, World) ->
    maps:get(shared, state(Instance, World)).

-spec update(instance(), map(), world()) -> world().
update(Instance, Changes, #{instances := Instances} = World) ->
    State = maps:merge(state(Instance, World), Changes),
    World#{instances := Instances#{Instance := State}}.

-spec add(pid(), wasm(), [named_item()], world()) -> {instance(), world()}.
add(Pid, {wasm, _, _, _, _, Exports, _}, Items, #{instances := Instances} = World) ->
    Instance = erlang:unique_integer([positive]),
    Named = [
        {Name, {type(Type, Of, Items), object(Type, Of, Instance, Items)}}
     || {Name, Type, Of} <- Exports
    ],
    State = #{
        pid => Pid,
        imports => maps:from_list(Items),
        exports => maps:from_list(Named),
        shared => [],
        is_registered => false,
        lost => none
    },
    {Instance, World#{instances := Instances#{Instance => State}}}.

%% What is exported again has the type that it had where it comes from.
-spec type(type(), origin(), [named_item()]) -> type().
type(Type, {own, _}, _) ->
    Type;
type(_, {import, Position}, Items) ->
    {_, Item} = lists:nth(Position + 1, Items),
    element(3, Item).

-spec object(type(), origin(), instance(), [named_item()]) -> object().
object(Type, {own, Index}, Instance, _) ->
    {Instance, element(1, Type), Index};
object(Type, {import, Position}, Instance, Items) ->
    case lists:nth(Position + 1, Items) of
        {_, {spectest, Name, _}} -> {Instance, element(1, Type), Name};
        {_, {_, _, _, Object}} -> Object
    end.

%% What has contents and is imported from another instance. What `spectest' has is new for each.
-spec shared_imports([named_item()]) -> [object()].
shared_imports(Items) ->
    lists:usort([Object || {_, {_, _, Type, Object}} <- Items, has_contents(Type)]).

-spec has_contents(type()) -> boolean().
has_contents({memory, _, _, _}) -> true;
has_contents({table, _, _, _, _}) -> true;
has_contents({global, _, var}) -> true;
has_contents(_) -> false.

%% An instance shares these objects from now on, and has their latest contents.
-spec have(instance(), [object()], world()) -> world().
have(Instance, Objects, World) ->
    lists:foldl(
        fun({Owner, _, _} = Object, W) ->
            #{latest := Latest} = W2 = share(Object, Instance, share(Object, Owner, W)),
            W2#{latest := Latest#{Object => Instance}}
        end,
        World,
        Objects
    ).

-spec share(object(), instance(), world()) -> world().
share(Object, Instance, World) ->
    update(Instance, #{shared => lists:usort([Object | shared(Instance, World)])}, World).

-spec lose([object()], obstacle(), world()) -> world().
lose(Objects, Why, World) ->
    lists:foldl(
        fun({Owner, _, _} = Object, W) ->
            #{latest := Latest} = W2 = share(Object, Owner, W),
            W2#{latest := Latest#{Object => {lost, Why}}}
        end,
        World,
        Objects
    ).

%% A call was not made, or not to its end: nobody knows what this instance, and those that it could
%% call, would have now.
-spec lose_instance(instance(), obstacle(), world()) -> world().
lose_instance(Instance, Why, World) ->
    case state(Instance, World) of
        #{lost := none, shared := Shared} ->
            World2 = update(Instance, #{lost => Why}, lose(Shared, Why, World)),
            Called = [Other || {_, {Other, _, {func, _}, _}} <- imports(Instance, World)],
            lists:foldl(fun(Other, W) -> lose_instance(Other, Why, W) end, World2, Called);
        _ ->
            World
    end.

%% Before an instance runs it gets the contents of all that it shares, from who ran last.
-spec enter(instance(), world()) -> world().
enter(Instance, World) ->
    case state(Instance, World) of
        #{lost := none, shared := Shared} ->
            lists:foldl(fun(Object, W) -> fetch(Object, Instance, W) end, World, Shared);
        #{lost := Why} ->
            throw({cannot, Why})
    end.

-spec fetch(object(), instance(), world()) -> world().
fetch(Object, Instance, #{latest := Latest} = World) ->
    case maps:get(Object, Latest) of
        Instance ->
            World;
        {lost, Why} ->
            throw({cannot, Why});
        Other ->
            ok = hb_beamr_conformance_share:copy(
                element(2, Object),
                {pid(Other, World), exported_as(Object, Other, World)},
                {pid(Instance, World), exported_as(Object, Instance, World)}
            ),
            World#{latest := Latest#{Object := Instance}}
    end.

%% The name by which the host can reach an object of an instance. The memory needs none.
-spec exported_as(object(), instance(), world()) -> binary() | none.
exported_as(Object, Instance, World) ->
    Exports = maps:to_list(maps:get(exports, state(Instance, World))),
    case [Name || {Name, {_, O}} <- Exports, O =:= Object] of
        [Name | _] -> Name;
        [] -> none
    end.

-spec cannot(atom()) -> no_return().
cannot(Why) ->
    throw({cannot, {not_expressible, Why}}).

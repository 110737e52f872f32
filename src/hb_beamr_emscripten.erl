%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The exception mechanism of emscripten, as its own glue code does it.
%%%
%%% Code that may be left by a `longjmp' or a C++ exception is called through an import
%%% `invoke_*', with the table element to call first. It calls it, and when that is left by a
%%% throw, puts the stack pointer back, calls `setThrew(1, 0)' and returns: the guest looks at
%%% what `setThrew' noted and goes where it has to. Only throws are caught so. A trap goes on
%%% through, as does an exception by which an import ends the program (`exit', `abort'):
%%% emscripten catches numbers, and those are objects.
%%%
%%% The names are those of emscripten; none of this is done for a module without an exported
%%% table.
-module(hb_beamr_emscripten).

-export([glue/3]).
-export([role/3]).
-export([import/5]).

-export_type([role/0]).
-export_type([glue/0]).

-type role() ::
    ask
    | throw
    | longjmp
    | {invoke, Zeros :: binary(), DynCall :: function_number(), helpers()}.
%% What answers an import: `ask', the user's function. `throw', it as well; an exception that it
%% raises is a throw. `longjmp', a throw without asking. `invoke', a call of a table element, by the
%% function of the guest that does that, or without.

-type glue() :: none | {helpers(), DynCalls :: #{Signature :: binary() => function_number()}}.
%% `none': the module does not take part.

-type helpers() :: {
    StackSave :: function_number(), StackRestore :: function_number(), SetThrew :: function_number()
}.

-type function_number() :: non_neg_integer() | none.

%% @doc Find the functions that the mechanism needs, if the module uses it.
-spec glue(port(), [Import], [Export]) -> glue() when
    Import :: hb_beamr_answer:extern(),
    Export :: hb_beamr_answer:extern().
glue(Port, Imports, Exports) ->
    case lists:any(fun takes_part/1, Imports) andalso lists:keymember(table, 1, Exports) of
        true ->
            Helpers = {
                find(Port, [<<"stackSave">>, <<"emscripten_stack_get_current">>]),
                find(Port, [<<"stackRestore">>, <<"_emscripten_stack_restore">>]),
                find(Port, [<<"setThrew">>])
            },
            {Helpers, dyn_calls(Port, Exports)};
        false ->
            none
    end.

-spec takes_part(hb_beamr_answer:extern()) -> boolean().
takes_part({func, _, <<"invoke_", _/binary>>, _}) -> true;
takes_part(_) -> false.

%% Without 64-bit integers at the border (`-sWASM_BIGINT' off, once the default) an `invoke_*' has
%% two parameters for one of those, and its result is in two parts. Functions that the guest exports
%% for that call the element.
-spec dyn_calls(port(), [hb_beamr_answer:extern()]) -> #{binary() => function_number()}.
dyn_calls(Port, Exports) ->
    maps:from_list([
        {Signature, find(Port, [Name])}
     || {func, _, <<"dynCall_", Signature/binary>> = Name, _} <- Exports
    ]).

-spec find(port(), [binary()]) -> function_number().
find(Port, [Name | Names]) ->
    case hb_beamr_port:function(Port, Name) of
        {ok, Function, _Signature} -> Function;
        _ -> find(Port, Names)
    end;
find(_Port, []) ->
    none.

%% @doc Who answers an import of that name and signature.
-spec role(Name :: binary(), Signature :: string(), glue()) -> role().
role(_, _, none) ->
    ask;
role(<<"invoke_", Name/binary>>, "(" ++ [Index | _] = Signature, {Helpers, DynCalls}) when
    Index =:= $i; Index =:= $I
->
    Zeros = hb_beamr_value:zeros(hb_beamr_import:result_count(Signature)),
    {invoke, Zeros, maps:get(Name, DynCalls, none), Helpers};
role(<<"_emscripten_throw_longjmp">>, "()", _) ->
    longjmp;
role(Name, _, _) when
    Name =:= <<"__cxa_throw">>;
    Name =:= <<"__cxa_rethrow">>;
    Name =:= <<"__cxa_rethrow_primary_exception">>;
    Name =:= <<"__resumeException">>;
    Name =:= <<"_Unwind_RaiseException">>;
    Name =:= <<"emscripten_longjmp">>
->
    throw;
role(_, _, _) ->
    ask.

%% @doc Answer an import of another role than `ask'.
-spec import(hb_beamr_import:import(), Id, binary(), hb_beamr_call:context(), term()) ->
    hb_beamr_call:outcome()
when
    Id :: non_neg_integer().
import({throw, _, _, _} = Import, Id, Values, Context, State) ->
    hb_beamr_call:ask(Import, Id, Values, Context, State);
import({longjmp, _, _, _} = Import, Id, _Values, Context, State) ->
    hb_beamr_call:throw_out(<<"longjmp">>, Import, Id, Context, State);
import({{invoke, Zeros, DynCall, Helpers}, _, _, _}, _Id, Values, Context, State) ->
    {StackSave, _, _} = Helpers,
    case call(StackSave, none, [], Context, State) of
        {ok, Stack, State2} ->
            case hb_beamr_call:loop(call_element(DynCall, Values, Context), Context, State2) of
                {ok, Results, State3} -> answer(Results, Context, State3);
                {thrown, _, State3} -> catch_throw(Stack, Zeros, Helpers, Context, State3);
                Failure -> fail(Failure, Context)
            end;
        Failure ->
            fail(Failure, Context)
    end.

-spec call_element(function_number(), binary(), hb_beamr_call:context()) ->
    hb_beamr_port:event().
call_element(DynCall, Values, Context) ->
    Port = hb_beamr_call:context_port(Context),
    Deadline = hb_beamr_call:context_deadline(Context),
    case DynCall of
        none -> hb_beamr_port:call_table(Port, element_and_arguments(Values), Deadline);
        _ -> hb_beamr_port:call_function(Port, [<<DynCall:32/little>>, Values], Deadline)
    end.

%% The first argument is the element; an address of 32 bits is no negative number.
-spec element_and_arguments(binary()) -> iodata().
element_and_arguments(<<0, Element:32/little, _:32, Arguments/binary>>) ->
    [<<Element:64/little>>, Arguments];
element_and_arguments(<<1, Element:64/little, Arguments/binary>>) ->
    [<<Element:64/little>>, Arguments].

-spec catch_throw(binary(), binary(), helpers(), hb_beamr_call:context(), term()) ->
    hb_beamr_call:outcome().
catch_throw(Stack, Zeros, {_, StackRestore, SetThrew}, Context, State) ->
    case restore(StackRestore, Stack, Context, State) of
        {ok, _, State2} ->
            case call(SetThrew, "setThrew", [1, 0], Context, State2) of
                {ok, _, State3} -> answer(Zeros, Context, State3);
                Failure -> fail(Failure, Context)
            end;
        Failure ->
            fail(Failure, Context)
    end.

-spec restore(function_number(), binary(), hb_beamr_call:context(), term()) ->
    hb_beamr_call:outcome().
restore(_, <<>>, _Context, State) ->
    {ok, <<>>, State};
restore(StackRestore, Stack, Context, State) ->
    call(StackRestore, none, hb_beamr_value:decode(Stack, self()), Context, State).

%% A nested call of a function of the guest. Without a name it may be missing.
-spec call(function_number(), none | string(), [integer()], hb_beamr_call:context(), term()) ->
    hb_beamr_call:outcome().
call(none, none, _Args, _Context, State) ->
    {ok, <<>>, State};
call(none, Name, _Args, _Context, State) ->
    {error, unknown_function, list_to_binary(Name), State};
call(Function, _Name, Args, Context, State) ->
    Data = hb_beamr_value:encode(Function, Args, self()),
    Port = hb_beamr_call:context_port(Context),
    Event = hb_beamr_port:call_function(Port, Data, hb_beamr_call:context_deadline(Context)),
    hb_beamr_call:loop(Event, Context, State).

-spec answer(binary(), hb_beamr_call:context(), term()) -> hb_beamr_call:outcome().
answer(Results, Context, State) ->
    Port = hb_beamr_call:context_port(Context),
    case hb_beamr_port:answer(Port, Results, hb_beamr_call:context_deadline(Context)) of
        {error, bad_result, Text} ->
            fail({error, bad_result, Text, State}, Context);
        {delivered, Id} ->
            %% Nobody can have the token of this import, but its call may have been cancelled.
            ok = hb_beamr_port:forget_delivery(Port, Id),
            answer(Results, Context, State);
        Event ->
            hb_beamr_call:loop(Event, Context, State)
    end.

%% What is no throw ends the outer call in the same way, and as what it is.
-spec fail(hb_beamr_call:outcome(), hb_beamr_call:context()) -> hb_beamr_call:outcome().
fail({thrown, Info, State}, Context) ->
    fail({trapped, trap, Info, State}, Context);
fail({trapped, _, Info, _} = Failure, Context) ->
    hb_beamr_call:fail(Failure, hb_beamr_answer:trap_message(Info), Context);
fail({error, Code, Text, State}, Context) when
    Code =/= cancelled, Code =/= not_running, Code =/= trap
->
    %% It was no call of the user's that has bad arguments or finds no function.
    hb_beamr_call:fail({error, trap, Text, State}, Text, Context);
fail({error, _, Text, _} = Failure, Context) ->
    hb_beamr_call:fail(Failure, Text, Context);
fail({timeout, _} = Failure, Context) ->
    hb_beamr_call:fail(Failure, <<"timed out">>, Context);
fail({raised, _, _, _, _} = Failure, Context) ->
    hb_beamr_call:fail(Failure, <<"import function failed">>, Context).

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Calls: from a function and arguments to an outcome, through all imports on the way.
%%%
%%% The calling process drives its own call. It asks the driver, gets the next event, answers an
%%% import by running the import function, and so on, until the call has completed or failed.
%%% Nothing here keeps a state of its own: what has to be unwound is unwound before an outcome is
%%% given.
-module(hb_beamr_call).

-export([run/6]).
-export([instantiate/3]).
-export([failure_string/1]).

%% For imports that are answered here rather than by the import function.
-export([context_port/1]).
-export([loop/3]).
-export([ask/4]).
-export([throw_out/4]).
-export([fail/3]).

-export_type([function_ref/0]).
-export_type([prepared/0]).
-export_type([outcome/0]).
-export_type([context/0]).

-type function_ref() :: string() | binary() | non_neg_integer() | prepared().

-type prepared() :: {hb_beamr_function, pid(), port(), Function :: non_neg_integer()}.

-type outcome() ::
    {ok, Values :: binary(), State :: term()}
    | {error, hb_beamr_error:code(), Text :: binary(), State :: term()}
    | {trap, hb_beamr_error:details(), Text :: binary(), State :: term()}
    | {thrown, Text :: binary(), State :: term()}
    | {raised, Class :: error | exit | throw, Reason :: term(), Stacktrace :: list(),
        State :: term()}.
%% `trap' is an error whose details the driver no longer knows. `thrown' is the way of a longjmp
%% or a C++ exception to the next `invoke_*'; at the end of a call it is an error like others.

-record(context, {
    pid :: pid(),
    port :: port(),
    %% A `hb_beamr:import_fun()', if it answers what it should.
    import_fun :: fun((term(), map(), term()) -> term()),
    opts :: term(),
    imports = none :: hb_beamr_import:imports() | none
}).

-opaque context() :: #context{}.

-define(STOPPED, <<"instance is not running">>).
-define(VALUES, "integers that fit 64 bits, floats, and the atoms nan, '+inf' and '-inf'").
-define(BAD_ARGS, <<"arguments are a list of ", ?VALUES>>).
-define(BAD_RESULTS, <<"results are a list of ", ?VALUES>>).

%% @doc Call a function of an instance.
-spec run(pid(), function_ref(), Args :: term(), hb_beamr:import_fun(), term(), Opts :: term()) ->
    outcome().
run(Pid, Function, Args, ImportFun, State, Opts) ->
    case port(Pid, Function) of
        none ->
            {error, not_running, ?STOPPED, State};
        Port ->
            case start(Port, Function, Args) of
                closed ->
                    case other_port(Pid, Function, Port) of
                        none -> {error, not_running, ?STOPPED, State};
                        _Other -> run(Pid, Function, Args, ImportFun, State, Opts)
                    end;
                {completed, Values} ->
                    {ok, Values, State};
                Event ->
                    Context = #context{
                        pid = Pid, port = Port, import_fun = ImportFun, opts = Opts
                    },
                    noted(Pid, loop(Event, Context, State))
            end
    end.

%% @doc Make the instance of a port; its start functions may call imports.
-spec instantiate(pid(), port(), StackBytes :: non_neg_integer()) -> outcome().
instantiate(Pid, Port, StackBytes) ->
    Context = #context{pid = Pid, port = Port, import_fun = fun hb_beamr:stub/3, opts = #{}},
    loop(hb_beamr_port:instantiate(Port, StackBytes), Context, #{}).

-spec port(pid(), function_ref()) -> port() | none.
port(Pid, {hb_beamr_function, Pid, Port, _}) -> Port;
port(Pid, _) -> hb_beamr_cache:port(Pid).

%% What was remembered of a pid may be of an earlier process. A prepared function has but one port.
-spec other_port(pid(), function_ref(), Closed :: port()) -> port() | none.
other_port(_Pid, {hb_beamr_function, _, _, _}, _Closed) -> none;
other_port(Pid, _, Closed) -> hb_beamr_cache:refresh(Pid, Closed).

%% The first event of a call.
-spec start(port(), function_ref(), term()) -> hb_beamr_port:event().
start(Port, Name, Args) when is_list(Name); is_binary(Name) ->
    case hb_beamr_cache:function(Name) of
        Function when is_integer(Function) -> start_function(Port, Function, Args);
        Known -> start_by_name(Port, Name, Args, Known)
    end;
start(Port, {hb_beamr_function, _, Port, Function}, Args) ->
    start_function(Port, Function, Args);
start(Port, Element, Args) when is_integer(Element), Element >= 0, Element < 1 bsl 64 ->
    case hb_beamr_value:encode(Args) of
        error -> {error, invalid_args, ?BAD_ARGS};
        Values -> hb_beamr_port:call_table(Port, [<<Element:64/little>>, Values])
    end;
start(_Port, {hb_beamr_function, _, _, _}, _Args) ->
    {error, unknown_function, <<"it was prepared for another instance">>};
start(_Port, Function, _Args) ->
    {error, unknown_function, unicode:characters_to_binary(hb_beamr_error:show(Function))}.

-spec start_function(port(), non_neg_integer(), term()) -> hb_beamr_port:event().
start_function(Port, Function, Args) ->
    case hb_beamr_value:encode(Function, Args) of
        error -> {error, invalid_args, ?BAD_ARGS};
        Data -> hb_beamr_port:call_function(Port, Data)
    end.

-spec start_by_name(port(), string() | binary(), term(), none | unknown) -> hb_beamr_port:event().
start_by_name(Port, Name, Args, Known) ->
    case hb_beamr_value:encode(Args) of
        error ->
            {error, invalid_args, ?BAD_ARGS};
        Values ->
            case call(Port, Name, Values) of
                {error, unknown_function, _} = Event ->
                    respell(Port, Name, Values, Event);
                closed ->
                    respell(Port, Name, Values, closed);
                {error, _, _} = Event ->
                    Event;
                Event when Known =:= none ->
                    hb_beamr_cache:learn(Port, Name),
                    Event;
                Event ->
                    Event
            end
    end.

%% Nothing has that name, or the bytes could not even be sent.
-spec respell(port(), string() | binary(), binary(), hb_beamr_port:failure()) ->
    hb_beamr_port:event().
respell(_Port, Name, _Values, Failure) when is_binary(Name) ->
    Failure;
respell(Port, Name, Values, Failure) ->
    case hb_beamr_name:respell(Name) of
        same -> Failure;
        {ok, Utf8} -> call(Port, Utf8, Values);
        error -> {error, unknown_function, <<"the name is no text">>}
    end.

-spec call(port(), string() | binary(), binary()) -> hb_beamr_port:event().
call(Port, Name, Values) ->
    hb_beamr_port:call(Port, [<<(hb_beamr_value:count(Values)):16/little>>, Values, Name]).

%%% The loop

%% @doc From an event to the outcome.
-spec loop(hb_beamr_port:event(), context(), State :: term()) -> outcome().
loop({completed, Values}, _Context, State) ->
    {ok, Values, State};
loop({import, Position, Values}, #context{imports = Imports} = Context, State) when
    Imports =/= none
->
    case element(Position + 1, Imports) of
        {ask, _, _, _} = Import -> ask(Import, Values, Context, State);
        Import -> hb_beamr_emscripten:import(Import, Values, Context, State)
    end;
loop({import, _, _} = Event, #context{pid = Pid, port = Port} = Context, State) ->
    case hb_beamr_cache:imports(Pid, Port) of
        {ok, Imports} ->
            loop(Event, Context#context{imports = Imports}, State);
        {error, Code, Text} ->
            fail({error, Code, Text, State}, Text, Context);
        closed ->
            loop(closed, Context, State)
    end;
loop({error, Code, Text}, _Context, State) ->
    {error, Code, Text, State};
loop(closed, _Context, State) ->
    {error, not_running, ?STOPPED, State}.

%% @doc Let the import function answer.
-spec ask(hb_beamr_import:import(), binary(), context(), term()) -> outcome().
ask({_, Module, Name, Signature} = Import, Values, Context, State) ->
    #context{pid = Pid, import_fun = ImportFun, opts = Opts} = Context,
    Call = #{
        instance => Pid,
        module => Module,
        func => Name,
        args => hb_beamr_value:decode(Values),
        func_sig => Signature
    },
    try ImportFun(State, Call, Opts) of
        Answer -> answer(Answer, Import, Context, State)
    catch
        Class:Reason:Stacktrace ->
            fail({raised, Class, Reason, Stacktrace, State}, <<"import function failed">>, Context)
    end.

-spec answer(Answer :: term(), hb_beamr_import:import(), context(), term()) -> outcome().
answer({ok, Results, State}, Import, Context, _Before) when is_list(Results) ->
    case send_results(Results, Import, Context) of
        {error, bad_result, Expected} ->
            Text = unicode:characters_to_binary([
                "result of import ", hb_beamr_import:format(Import), ": ", Expected
            ]),
            fail({error, bad_result, Text, State}, Text, Context);
        Event ->
            loop(Event, Context, State)
    end;
answer({ok, {import_exception, Message}, State} = Answer, Import, Context, Before) ->
    case message(Message) of
        {ok, Text} -> throw_out(Text, Import, Context, State);
        error -> bad_return(Answer, Context, Before)
    end;
answer(Answer, _Import, Context, Before) ->
    bad_return(Answer, Context, Before).

-spec send_results(list(), hb_beamr_import:import(), context()) -> hb_beamr_port:event().
send_results(Results, Import, #context{port = Port} = Context) ->
    case hb_beamr_value:encode(Results) of
        error ->
            %% Perhaps only what nobody wants is bad.
            {_, _, _, Signature} = Import,
            case take(hb_beamr_import:result_count(Signature), Results) of
                Results -> {error, bad_result, ?BAD_RESULTS};
                Wanted -> send_results(Wanted, Import, Context)
            end;
        Values ->
            hb_beamr_port:answer(Port, Values)
    end.

-spec take(non_neg_integer(), term()) -> list().
take(Count, [Result | Rest]) when Count > 0 -> [Result | take(Count - 1, Rest)];
take(_, _) -> [].

-spec message(term()) -> {ok, binary()} | error.
message(Message) ->
    try unicode:characters_to_binary(Message) of
        Text when is_binary(Text) -> {ok, Text};
        _ -> error
    catch
        error:badarg -> error
    end.

-spec bad_return(term(), context(), term()) -> outcome().
bad_return(Answer, Context, State) ->
    Outcome = {raised, error, {bad_import_return, Answer}, [], State},
    fail(Outcome, <<"import function failed">>, Context).

%% @doc Answer an import with an exception of the given text.
-spec throw_out(binary(), hb_beamr_import:import(), context(), term()) -> outcome().
throw_out(Text, Import, #context{port = Port} = Context, State) ->
    case hb_beamr_port:trap(Port, Text) of
        {error, trap, Exception} when element(1, Import) =/= ask -> {thrown, Exception, State};
        Event -> loop(Event, Context, State)
    end.

%% @doc End a call whose import waits: unwind the guest, then give the outcome.
-spec fail(outcome(), Message :: binary(), context()) -> outcome().
fail(Outcome, Message, #context{port = Port} = Context) ->
    case hb_beamr_port:trap(Port, Message) of
        {import, _, _} -> fail(Outcome, Message, Context);
        _ -> Outcome
    end.

%% @doc The string that the compatible functions answer. An import function that failed has none.
-spec failure_string(outcome()) -> string().
failure_string({error, Code, Text, _}) -> hb_beamr_error:string(Code, Text);
failure_string({trap, _, Text, _}) -> hb_beamr_error:text(Text);
failure_string({thrown, Text, _}) -> hb_beamr_error:text(Text).

%% @doc The port that a call runs on.
-spec context_port(context()) -> port().
context_port(#context{port = Port}) ->
    Port.

%% Keep what `hb_beamr:last_error/1' tells of a call that failed.
-spec noted(pid(), outcome()) -> outcome().
noted(Pid, {error, Code, Text, _} = Outcome) ->
    hb_beamr_cache:note_error(Pid, Code, Text),
    Outcome;
noted(Pid, {trap, Details, _, _} = Outcome) ->
    hb_beamr_cache:note_error(Pid, trap, Details),
    Outcome;
noted(Pid, {thrown, Text, _} = Outcome) ->
    hb_beamr_cache:note_error(Pid, trap, Text),
    Outcome;
noted(_Pid, Outcome) ->
    Outcome.

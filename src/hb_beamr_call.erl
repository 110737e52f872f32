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

-export([run/7]).
-export([instantiate/4]).
-export([reason/2]).
-export([reason/3]).
-export([failure_string/1]).

%% For imports that are answered here rather than by the import function.
-export([context_port/1]).
-export([context_deadline/1]).
-export([loop/3]).
-export([ask/5]).
-export([throw_out/5]).
-export([fail/3]).

-export_type([function_ref/0]).
-export_type([prepared/0]).
-export_type([outcome/0]).
-export_type([context/0]).

-type function_ref() ::
    string() | binary() | non_neg_integer() | prepared() | hb_beamr_value:funcref().

-type prepared() :: {hb_beamr_function, pid(), port(), Function :: non_neg_integer()}.

-type outcome() ::
    {ok, Values :: binary(), State :: term()}
    | {error, hb_beamr_error:code(), Text :: binary(), State :: term()}
    | {trapped, trap | cancelled, Info :: binary(), State :: term()}
    | {timeout, State :: term()}
    | {thrown, Info :: binary(), State :: term()}
    | {raised, Class :: error | exit | throw, Reason :: term(), Stacktrace :: list(),
        State :: term()}.
%% `Info': see `hb_beamr_answer:trap_info/3'. `thrown' is the way of a longjmp or a C++ exception to
%% the next `invoke_*'; at the end of a call it is a trap like others.

-record(context, {
    pid :: pid(),
    port :: port(),
    %% A `hb_beamr:import_fun()', if it answers what it should.
    import_fun :: fun((term(), map(), term()) -> term()),
    opts :: term(),
    deadline :: hb_beamr_deadline:deadline(),
    imports = none :: hb_beamr_import:imports() | none
}).

-opaque context() :: #context{}.

-define(STOPPED, <<"instance is not running">>).

%% @doc Call a function of an instance.
-spec run(pid(), function_ref(), Args, hb_beamr:import_fun(), State, Opts, timeout()) ->
    outcome()
when
    Args :: term(), State :: term(), Opts :: term().
run(Pid, Function, Args, ImportFun, State, Opts, Timeout) ->
    call(Pid, Function, Args, ImportFun, State, Opts, hb_beamr_deadline:in_force(Timeout)).

-spec call(pid(), function_ref(), Args, hb_beamr:import_fun(), State, Opts, Deadline) ->
    outcome()
when
    Args :: term(), State :: term(), Opts :: term(), Deadline :: hb_beamr_deadline:deadline().
call(Pid, Function, Args, ImportFun, State, Opts, Deadline) ->
    case port(Pid, Function) of
        none ->
            {error, not_running, ?STOPPED, State};
        Port ->
            case start(Pid, Port, Function, Args, Deadline) of
                {completed, Values} ->
                    {ok, Values, State};
                closed ->
                    case other_port(Pid, Function, Port) of
                        none -> {error, not_running, ?STOPPED, State};
                        _Other -> call(Pid, Function, Args, ImportFun, State, Opts, Deadline)
                    end;
                Event ->
                    Context = #context{
                        pid = Pid,
                        port = Port,
                        import_fun = ImportFun,
                        opts = Opts,
                        deadline = Deadline
                    },
                    noted(Pid, loop(Event, Context, State))
            end
    end.

%% @doc Make the instance of a port; its start functions may call imports.
-spec instantiate(pid(), port(), StackBytes, Deadline) -> outcome() when
    StackBytes :: non_neg_integer(), Deadline :: hb_beamr_deadline:deadline().
instantiate(Pid, Port, StackBytes, Deadline) ->
    Context = #context{
        pid = Pid, port = Port, import_fun = fun hb_beamr:stub/3, opts = #{}, deadline = Deadline
    },
    loop(hb_beamr_port:instantiate(Port, StackBytes, Deadline), Context, #{}).

-spec port(pid(), function_ref()) -> port() | none.
port(Pid, {hb_beamr_function, Pid, Port, _}) -> Port;
port(Pid, _) -> hb_beamr_cache:port(Pid).

%% What was remembered of a pid may be of an earlier process. A prepared function has but one port.
-spec other_port(pid(), function_ref(), Closed :: port()) -> port() | none.
other_port(_Pid, {hb_beamr_function, _, _, _}, _Closed) -> none;
other_port(Pid, _, Closed) -> hb_beamr_cache:refresh(Pid, Closed).

%% The first event of a call.
-spec start(pid(), port(), function_ref(), term(), hb_beamr_deadline:deadline()) ->
    hb_beamr_port:event().
start(Pid, Port, Name, Args, Deadline) when is_list(Name); is_binary(Name) ->
    case hb_beamr_cache:function(Name) of
        Function when is_integer(Function) -> start_function(Pid, Port, Function, Args, Deadline);
        Known -> start_by_name(Pid, Port, Name, Args, Known, Deadline)
    end;
start(Pid, Port, {hb_beamr_function, _, Port, Function}, Args, Deadline) ->
    start_function(Pid, Port, Function, Args, Deadline);
start(Pid, Port, Element, Args, Deadline) when
    is_integer(Element), Element >= 0, Element < 1 bsl 64
->
    case hb_beamr_value:encode(Args, Pid) of
        error -> bad_args(Args, Pid);
        Values -> hb_beamr_port:call_table(Port, [<<Element:64/little>>, Values], Deadline)
    end;
start(Pid, Port, {funcref, Pid, Function}, Args, Deadline) when
    is_integer(Function), Function >= 0, Function < 1 bsl 32
->
    start_function(Pid, Port, Function, Args, Deadline);
start(_Pid, _Port, {funcref, _, _}, _Args, _Deadline) ->
    {error, unknown_function, <<"it is a funcref of another instance">>};
start(_Pid, _Port, {hb_beamr_function, _, _, _}, _Args, _Deadline) ->
    {error, unknown_function, <<"it was prepared for another instance">>};
start(_Pid, _Port, Function, _Args, _Deadline) ->
    {error, unknown_function, unicode:characters_to_binary(hb_beamr_error:show(Function))}.

-spec bad_args(term(), pid()) -> hb_beamr_port:event().
bad_args(Args, Pid) ->
    {error, invalid_args, <<"argument ", (hb_beamr_value:explain(Args, Pid))/binary>>}.

-spec start_function(pid(), port(), non_neg_integer(), term(), hb_beamr_deadline:deadline()) ->
    hb_beamr_port:event().
start_function(Pid, Port, Function, Args, Deadline) ->
    case hb_beamr_value:encode(Function, Args, Pid) of
        error -> bad_args(Args, Pid);
        Data -> hb_beamr_port:call_function(Port, Data, Deadline)
    end.

-spec start_by_name(pid(), port(), Name, Args, Known, hb_beamr_deadline:deadline()) ->
    hb_beamr_port:event()
when
    Name :: string() | binary(), Args :: term(), Known :: none | unknown.
start_by_name(Pid, Port, Name, Args, Known, Deadline) ->
    case hb_beamr_value:encode(Args, Pid) of
        error ->
            bad_args(Args, Pid);
        Values ->
            case call(Port, Name, Values, Deadline) of
                {error, unknown_function, _} = Event ->
                    respell(Port, Name, Values, Event, Deadline);
                closed ->
                    respell(Port, Name, Values, closed, Deadline);
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
-spec respell(port(), Name, Values, hb_beamr_port:failure(), hb_beamr_deadline:deadline()) ->
    hb_beamr_port:event()
when
    Name :: string() | binary(), Values :: binary().
respell(_Port, Name, _Values, Failure, _Deadline) when is_binary(Name) ->
    Failure;
respell(Port, Name, Values, Failure, Deadline) ->
    case hb_beamr_name:respell(Name) of
        same -> Failure;
        {ok, Utf8} -> call(Port, Utf8, Values, Deadline);
        error -> {error, unknown_function, <<"the name is no text">>}
    end.

-spec call(port(), string() | binary(), binary(), hb_beamr_deadline:deadline()) ->
    hb_beamr_port:event().
call(Port, Name, Values, Deadline) ->
    Size = <<(byte_size(Values)):32/little>>,
    hb_beamr_port:call(Port, [Size, Values, Name], Deadline).

%%% The loop

%% @doc From an event to the outcome.
-spec loop(hb_beamr_port:event(), context(), State :: term()) -> outcome().
loop({completed, Values}, _Context, State) ->
    {ok, Values, State};
loop({import, _, _, _} = Event, #context{imports = none} = Context, State) ->
    #context{pid = Pid, port = Port} = Context,
    case hb_beamr_cache:imports(Pid, Port) of
        {ok, Imports} ->
            loop(Event, Context#context{imports = Imports}, State);
        {error, Code, Text} ->
            fail({error, Code, Text, State}, Text, Context);
        closed ->
            loop(closed, Context, State)
    end;
loop({import, Position, Id, Values}, Context, State) ->
    #context{imports = Imports, deadline = Deadline} = Context,
    case Deadline =/= infinity andalso hb_beamr_deadline:is_over(Deadline) of
        true -> time_out(Context, State);
        false -> import(element(Position + 1, Imports), Id, Values, Context, State)
    end;
loop({trapped, Code, Info}, _Context, State) ->
    {trapped, Code, Info, State};
loop({error, Code, Text}, _Context, State) ->
    {error, Code, Text, State};
loop(timeout, _Context, State) ->
    {timeout, State};
loop(closed, #context{port = Port}, State) ->
    %% Another process may have answered an import meanwhile.
    closed = hb_beamr_port:flush(Port),
    {error, not_running, ?STOPPED, State}.

-spec import(hb_beamr_import:import(), Id :: non_neg_integer(), binary(), context(), term()) ->
    outcome().
import({ask, _, _, _} = Import, Id, Values, Context, State) ->
    ask(Import, Id, Values, Context, State);
import(Import, Id, Values, Context, State) ->
    hb_beamr_emscripten:import(Import, Id, Values, Context, State).

%% @doc Let the import function answer.
-spec ask(hb_beamr_import:import(), Id :: non_neg_integer(), binary(), context(), term()) ->
    outcome().
ask({_, Module, Name, Signature} = Import, Id, Values, Context, State) ->
    #context{pid = Pid, import_fun = ImportFun, opts = Opts, deadline = Deadline} = Context,
    Call = #{
        instance => Pid,
        module => Module,
        func => Name,
        args => hb_beamr_value:decode(Values, Pid, hb_beamr_value:floats(Opts)),
        func_sig => Signature,
        token => hb_beamr_token:new(Pid, Id)
    },
    try within(Deadline, ImportFun, State, Call, Opts) of
        Answer -> answer(Answer, Import, Id, Context, State)
    catch
        Class:Reason:Stacktrace ->
            fail({raised, Class, Reason, Stacktrace, State}, <<"import function failed">>, Context)
    end.

%% Without a deadline of this call there is none of an outer one either.
-spec within(hb_beamr_deadline:deadline(), fun(), term(), map(), term()) -> term().
within(infinity, ImportFun, State, Call, Opts) ->
    ImportFun(State, Call, Opts);
within(Deadline, ImportFun, State, Call, Opts) ->
    Before = hb_beamr_deadline:enforce(Deadline),
    try
        ImportFun(State, Call, Opts)
    after
        hb_beamr_deadline:restore(Before)
    end.

-spec answer(Answer, hb_beamr_import:import(), Id, context(), Before) -> outcome() when
    Answer :: term(), Id :: non_neg_integer(), Before :: term().
answer({ok, Results, State}, Import, Id, Context, _Before) when is_list(Results) ->
    #context{deadline = Deadline} = Context,
    case Deadline =/= infinity andalso hb_beamr_deadline:is_over(Deadline) of
        true -> time_out(Context, State);
        false -> go_on(send_results(Results, Import, Context), Import, Id, Context, State)
    end;
answer({ok, {import_exception, _} = Exception, State} = Answer, Import, Id, Context, Before) ->
    #context{pid = Pid, port = Port, deadline = Deadline} = Context,
    case {hb_beamr_token:delivery(Exception, Pid, Port), hb_beamr_deadline:is_over(Deadline)} of
        {{ok, _}, true} -> time_out(Context, State);
        {{ok, {trap, Text}}, false} -> throw_out(Text, Import, Id, Context, State);
        {{ok, {throw, Thrown}}, false} ->
            go_on(hb_beamr_port:throw(Port, Thrown, Deadline), Import, Id, Context, State);
        {{error, Code, Text}, _} -> fail({error, Code, Text, State}, Text, Context);
        {closed, _} -> loop(closed, Context, State);
        {error, _} -> bad_return(Answer, Context, Before)
    end;
answer({defer, State}, Import, Id, Context, _Before) ->
    wait(infinity, Import, Id, Context, State);
answer({defer, State, Options} = Answer, Import, Id, Context, Before) when is_map(Options) ->
    case hb_beamr_deadline:option(Options) of
        {ok, Timeout} -> wait(hb_beamr_deadline:new(Timeout), Import, Id, Context, State);
        {error, _} -> bad_return(Answer, Context, Before)
    end;
answer(Answer, _Import, _Id, Context, Before) ->
    bad_return(Answer, Context, Before).

%% What follows an answer of this process.
-spec go_on(hb_beamr_port:event(), hb_beamr_import:import(), Id, context(), term()) ->
    outcome()
when
    Id :: non_neg_integer().
go_on({error, bad_result, Expected}, Import, _Id, Context, State) ->
    Text = unicode:characters_to_binary([
        "result of import ", hb_beamr_import:format(Import), ": ", Expected
    ]),
    fail({error, bad_result, Text, State}, Text, Context);
go_on({delivered, _}, Import, Id, Context, State) ->
    %% Another process was quicker, and was told that its answer counts.
    wait(infinity, Import, Id, Context, State);
go_on(Event, _Import, _Id, Context, State) ->
    loop(Event, Context, State).

%% Another process answers, or has answered.
-spec wait(hb_beamr_deadline:deadline(), hb_beamr_import:import(), Id, context(), term()) ->
    outcome()
when
    Id :: non_neg_integer().
wait(OfImport, Import, Id, #context{port = Port, deadline = OfCall} = Context, State) ->
    Deadline = hb_beamr_deadline:earliest(OfImport, OfCall),
    case hb_beamr_port:await_delivery(Port, Id, Deadline) of
        {ok, {trap, _} = Delivery} ->
            raised(pass_on(Delivery, Context), Import, Id, Context, State);
        {ok, Delivery} ->
            go_on(pass_on(Delivery, Context), Import, Id, Context, State);
        timeout ->
            time_out(Context, State);
        closed ->
            loop(closed, Context, State)
    end.

-spec pass_on(hb_beamr_port:delivery(), context()) -> hb_beamr_port:event().
pass_on(Delivery, #context{port = Port, deadline = Deadline} = Context) ->
    Event =
        case Delivery of
            {answer, Values} -> hb_beamr_port:answer(Port, Values, Deadline);
            {throw, Thrown} -> hb_beamr_port:throw(Port, Thrown, Deadline);
            {trap, Message} -> hb_beamr_port:trap(Port, Message)
        end,
    %% The driver says once that there is a delivery: this is it.
    case Event of
        {delivered, _} -> pass_on(Delivery, Context);
        _ -> Event
    end.

-spec time_out(context(), term()) -> outcome().
time_out(#context{port = Port} = Context, State) ->
    hb_beamr_port:count_timeout(Port),
    fail({timeout, State}, <<"timed out">>, Context).

-spec send_results(list(), hb_beamr_import:import(), context()) -> hb_beamr_port:event().
send_results(Results, Import, #context{pid = Pid, port = Port, deadline = Deadline} = Context) ->
    case hb_beamr_value:encode(Results, Pid) of
        error ->
            %% Perhaps only what nobody wants is bad.
            {_, _, _, Signature} = Import,
            case take(hb_beamr_import:result_count(Signature), Results) of
                Results -> {error, bad_result, hb_beamr_value:explain(Results, Pid)};
                Wanted -> send_results(Wanted, Import, Context)
            end;
        Values ->
            hb_beamr_port:answer(Port, Values, Deadline)
    end.

-spec take(non_neg_integer(), term()) -> list().
take(Count, [Result | Rest]) when Count > 0 -> [Result | take(Count - 1, Rest)];
take(_, _) -> [].

-spec bad_return(term(), context(), term()) -> outcome().
bad_return(Answer, Context, State) ->
    Outcome = {raised, error, {bad_import_return, Answer}, [], State},
    fail(Outcome, <<"import function failed">>, Context).

%% @doc Answer an import with an exception of the given text.
-spec throw_out(binary(), hb_beamr_import:import(), Id, context(), term()) -> outcome() when
    Id :: non_neg_integer().
throw_out(Text, Import, Id, #context{port = Port} = Context, State) ->
    raised(hb_beamr_port:trap(Port, Text), Import, Id, Context, State).

%% What follows an exception.
-spec raised(hb_beamr_port:event(), hb_beamr_import:import(), Id, context(), term()) ->
    outcome()
when
    Id :: non_neg_integer().
raised({trapped, trap, Info}, {Role, _, _, _}, _Id, _Context, State) when Role =/= ask ->
    {thrown, Info, State};
raised(Event, Import, Id, Context, State) ->
    go_on(Event, Import, Id, Context, State).

%% @doc End a call whose import waits: unwind the guest, then give the outcome.
-spec fail(outcome(), Message :: binary(), context()) -> outcome().
fail(Outcome, Message, #context{port = Port} = Context) ->
    case hb_beamr_port:trap(Port, Message) of
        {import, _, _, _} ->
            fail(Outcome, Message, Context);
        {delivered, Id} ->
            %% Nobody wants that answer any more.
            ok = hb_beamr_port:forget_delivery(Port, Id),
            fail(Outcome, Message, Context);
        closed ->
            closed = hb_beamr_port:flush(Port),
            Outcome;
        _ ->
            Outcome
    end.

%% @doc Why a call failed, if its import function did not.
-spec reason(outcome(), pid()) -> hb_beamr_error:reason().
reason(Outcome, Pid) ->
    reason(Outcome, Pid, numbers).

%% @doc The same with the floats of an exception as wanted.
-spec reason(outcome(), pid(), hb_beamr_value:floats()) -> hb_beamr_error:reason().
reason({error, Code, Text, _}, _Pid, _Floats) ->
    hb_beamr_error:new(Code, Text);
reason({trapped, Code, Info, _}, Pid, Floats) ->
    {Code, hb_beamr_answer:trap_info(Info, Pid, Floats)};
reason({thrown, Info, _}, Pid, Floats) ->
    {trap, hb_beamr_answer:trap_info(Info, Pid, Floats)};
reason({timeout, _}, _Pid, _Floats) ->
    hb_beamr_error:new(timeout, <<"the deadline has passed">>).

%% @doc The string that the compatible functions answer for it.
-spec failure_string(outcome()) -> string().
failure_string({error, Code, Text, _}) -> hb_beamr_error:string(Code, Text);
failure_string({trapped, Code, Info, _}) -> trap_string(Code, Info);
failure_string({thrown, Info, _}) -> trap_string(trap, Info);
failure_string({timeout, _}) -> "timed out".

-spec trap_string(hb_beamr_error:code(), binary()) -> string().
trap_string(Code, Info) ->
    hb_beamr_error:string(Code, hb_beamr_answer:trap_message(Info)).

%% @doc The port that a call runs on.
-spec context_port(context()) -> port().
context_port(#context{port = Port}) ->
    Port.

%% @doc When it is to have ended.
-spec context_deadline(context()) -> hb_beamr_deadline:deadline().
context_deadline(#context{deadline = Deadline}) ->
    Deadline.

%% Keep what `hb_beamr:last_error/1' tells of a call that failed; it is put into words on demand.
-spec noted(pid(), outcome()) -> outcome().
noted(_Pid, {ok, _, _} = Outcome) ->
    Outcome;
noted(_Pid, {raised, _, _, _, _} = Outcome) ->
    Outcome;
noted(Pid, Outcome) ->
    Kept = setelement(tuple_size(Outcome), Outcome, none),
    hb_beamr_cache:note_error(Pid, Kept),
    hb_beamr_telemetry:call_failed(Pid, Kept),
    Outcome.

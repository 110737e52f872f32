%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The driver's port: the only module that opens, asks and closes ports.
%%%
%%% It knows the operations and the answers of `docs/protocol.md'. Waiting is done here: what
%%% takes long is answered by a message, and who waits for it monitors the port, so that an
%%% instance that is stopped ends the wait. Callers see events: the call completed, calls an
%%% import, or failed.
-module(hb_beamr_port).

%% The driver.
-export([load/0]).
-export([priv_dir/0]).
-export([open/0]).
-export([close/1]).

%% A module and its instance.
-export([target/0]).
-export([load_module/3]).
-export([with_module/4]).
-export([set_options/2]).
-export([offer/2]).
-export([set_limits/2]).
-export([instantiate/3]).
-export([describe/1]).
-export([function/2]).
-export([try_function/2]).

%% Calls.
-export([call/3]).
-export([call_function/3]).
-export([call_table/3]).
-export([answer/3]).
-export([trap/2]).
-export([throw/3]).
-export([tag/2]).
-export([deliver/3]).
-export([await_delivery/3]).
-export([forget_delivery/2]).
-export([cancel/1]).
-export([count_timeout/1]).
-export([trap_info/3]).

%% Memory and globals.
-export([read/3]).
-export([write/3]).
-export([size/1]).
-export([grow/2]).
-export([global_get/2]).
-export([global_set/3]).
-export([table_get/3]).
-export([table_set/4]).
-export([table_size/2]).
-export([table_grow/4]).

%% The node, and what is used.
-export([configure/3]).
-export([info/1]).
-export([counters/1]).

-export([flush/1]).

-export_type([event/0]).
-export_type([failure/0]).
-export_type([code/0]).
-export_type([driver_option/0]).
-export_type([delivery/0]).

-type event() ::
    {completed, Values :: binary()}
    | {import, Position :: non_neg_integer(), Id :: non_neg_integer(), Values :: binary()}
    | {trapped, trap | cancelled, Info :: binary()}
    | {delivered, Id :: non_neg_integer()}
    | timeout
    | failure().
%% `trapped': see `hb_beamr_answer:trap_info/3'. `delivered': another process has answered the
%% import, and `await_delivery/3' gives what; the import still waits. `timeout': the deadline has
%% passed, and nothing of the call is left.

-type delivery() ::
    {answer, Values :: iodata()} | {trap, Message :: iodata()} | {throw, TagAndValues :: iodata()}.

%% How the code of a module runs: compiled with a level of optimisation from 0 to 3.
-type code() :: interpreted | {compiled, 0..3}.

-type driver_option() ::
    refuse_unresolved | force_lowering | prefer_compiled | require_compiled | share_compiled.

-type failure() :: {error, hb_beamr_error:code(), Text :: binary()} | closed.

-define(DRIVER, "hb_beamr").

-define(LOAD, 1).
-define(INSTANTIATE, 2).
-define(DESCRIBE, 3).
-define(CALL, 4).
-define(CALL_FUNCTION, 5).
-define(CALL_TABLE, 6).
-define(ANSWER, 7).
-define(TRAP, 8).
-define(READ, 9).
-define(WRITE, 10).
-define(SIZE, 11).
-define(GROW, 12).
-define(GLOBAL_GET, 13).
-define(GLOBAL_SET, 14).
-define(CANCEL, 15).
-define(COUNTERS, 16).
-define(TRAP_INFO, 17).
-define(FUNCTION, 18).
-define(PASS, 19).
-define(CLOSE, 21).
-define(TRY_FUNCTION, 22).
-define(TIMEOUT, 23).
-define(CONFIGURE, 24).
-define(DELIVER, 25).
-define(INFO, 26).
-define(LIMITS, 27).
-define(OFFER, 28).
-define(THROW, 29).
-define(TAG, 30).
-define(OPTIONS, 31).
-define(TABLE_GET, 32).
-define(TABLE_SET, 33).
-define(TABLE_SIZE, 34).
-define(TABLE_GROW, 35).
-define(TARGET, 36).
-define(WRITE_AT, 16#80000000).

-define(REFUSE_UNRESOLVED, 1).
-define(FORCE_LOWERING, 2).
-define(PREFER_COMPILED, 4).
-define(REQUIRE_COMPILED, 8).
-define(SHARE_COMPILED, 16).

-define(OK, 0).
-define(COMPLETED, 1).
-define(IMPORT, 2).
-define(PENDING, 3).
-define(ERROR, 4).
-define(QUEUED, 5).
-define(TURN, 6).
-define(DELIVERY, 7).
-define(DELIVERED, 8).
-define(TRAPPED, 9).

%% What is larger goes as a command: it is not copied, and a worker does the work.
-define(LARGE, 1 bsl 20).
%% A known module is compared at once up to this size: 30 us a MiB, less than to hand it over.
-define(LARGE_MODULE, 2 bsl 20).

%%% The driver

%% @doc Load the driver for as long as the calling process lives.
-spec load() -> ok | {error, string()}.
load() ->
    Dir = priv_dir(),
    case erl_ddll:load(Dir, ?DRIVER) of
        ok ->
            ok;
        {error, Reason} ->
            Text = unicode:characters_to_list(erl_ddll:format_error(Reason)),
            {error, lists:flatten(io_lib:format("cannot load ~ts: ~ts", [
                filename:join(Dir, ?DRIVER), Text
            ]))}
    end.

%% @doc The folder of the native parts. Where the code is not in an application's folder, `priv' is
%% expected beside that of the code.
-spec priv_dir() -> file:filename().
priv_dir() ->
    case code:priv_dir(hb_beamr) of
        {error, bad_name} ->
            filename:join(filename:dirname(filename:dirname(code:which(?MODULE))), "priv");
        Dir ->
            Dir
    end.

%% @doc Open a port, which is an instance without a module, linked to the calling process.
-spec open() -> {ok, port()} | {error, string()}.
open() ->
    try
        {ok, erlang:open_port({spawn_driver, ?DRIVER}, [binary])}
    catch
        error:system_limit -> {error, "too many ports (see the flag +Q of erl)"};
        error:Reason -> {error, lists:flatten(io_lib:format("cannot open a port: ~tp", [Reason]))}
    end.

%% @doc Close a port from any process. What runs in it is ended; nothing is waited for.
%%
%% The driver is told before, so that it sends no message after the port's end: who waits would
%% find it in its mailbox later.
-spec close(port()) -> ok.
close(Port) ->
    _ = request(Port, ?CLOSE, <<>>),
    try erlang:port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

%%% A module and its instance

%% @doc Load a module. Equal bytes get equal identities. After `timeout' the port is of no use: its
%% answer is still to come.
-spec load_module(port(), binary(), hb_beamr_deadline:deadline()) ->
    {ok, Id :: non_neg_integer(), code()} | timeout | failure().
load_module(Port, Bytes, Deadline) when byte_size(Bytes) > ?LARGE_MODULE ->
    case send_command(Port, [<<?LOAD>>, Bytes]) of
        true -> loaded(await_answer(Port, Deadline));
        closed -> closed
    end;
load_module(Port, Bytes, Deadline) ->
    case control(Port, ?LOAD, Bytes) of
        <<?PENDING>> -> loaded(await_answer(Port, Deadline));
        Answer -> loaded(Answer)
    end.

-spec loaded(binary() | timeout | closed) -> {ok, non_neg_integer(), code()} | timeout | failure().
loaded(<<?OK, Id:64/little, 0>>) -> {ok, Id, interpreted};
loaded(<<?OK, Id:64/little, Code>>) -> {ok, Id, {compiled, Code - 1}};
loaded(timeout) -> timeout;
loaded(Answer) -> failure(Answer).

%% @doc Load a module into a port without an instance, and ask that for something.
-spec with_module(
    binary(),
    [driver_option()],
    hb_beamr_deadline:deadline(),
    fun((port(), Id :: non_neg_integer()) -> Result)
) -> Result | {no_port, Text :: string()} | timeout | failure().
with_module(Bytes, Options, Deadline, Ask) ->
    with_port(fun(Port) ->
        _ = set_options(Port, Options),
        case load_module(Port, Bytes, Deadline) of
            {ok, Id, _Code} -> Ask(Port, Id);
            Other -> Other
        end
    end).

%% @doc What compiled code has to fit: the key of the build, and the processor that is compiled for
%% unless told.
-spec target() ->
    {ok, Key :: binary(), Processor :: binary()} | {no_port, Text :: string()} | failure().
target() ->
    with_port(fun(Port) ->
        case request(Port, ?TARGET, <<>>) of
            <<?OK, Key:32/binary, Processor/binary>> -> {ok, Key, Processor};
            Answer -> failure(Answer)
        end
    end).

-spec with_port(fun((port()) -> Result)) -> Result | {no_port, Text :: string()}.
with_port(Ask) ->
    case open() of
        {ok, Port} ->
            Result = Ask(Port),
            forget(Port),
            Result;
        {error, Text} ->
            {no_port, Text}
    end.

%% Close a port that is linked to the calling process, so that nothing is left of it. The link is what
%% closes it if that process is killed meanwhile.
-spec forget(port()) -> ok.
forget(Port) ->
    close(Port),
    true = unlink(Port),
    closed = flush(Port),
    receive
        {'EXIT', Port, _} -> ok
    after 0 -> ok
    end.

%% @doc How the module is loaded and linked; before it is.
-spec set_options(port(), [driver_option()]) -> ok | failure().
set_options(_Port, []) ->
    ok;
set_options(Port, Options) ->
    done(request(Port, ?OPTIONS, <<(lists:sum([option(Option) || Option <- Options]))>>)).

-spec option(driver_option()) -> 1..16.
option(refuse_unresolved) -> ?REFUSE_UNRESOLVED;
option(force_lowering) -> ?FORCE_LOWERING;
option(prefer_compiled) -> ?PREFER_COMPILED;
option(require_compiled) -> ?REQUIRE_COMPILED;
option(share_compiled) -> ?SHARE_COMPILED.

%% @doc Offer something for an import; see `hb_beamr_offer'.
-spec offer(port(), {Header :: binary(), Image :: binary()}) -> ok | failure().
offer(Port, {Header, Image}) when byte_size(Image) > ?LARGE ->
    done(command(Port, [<<?OFFER>>, Header, Image]));
offer(Port, {Header, Image}) ->
    done(request(Port, ?OFFER, [Header, Image])).

%% @doc Bound what the instance may use; before it is made.
-spec set_limits(port(), hb_beamr_limits:limits()) -> ok | failure().
set_limits(Port, Limits) ->
    #{memory := Memory, table_elements := Elements} = Limits,
    #{call_depth := Depth, results := Results} = Limits,
    Data = <<Memory:64/little, Elements:64/little, Depth:32/little, Results:32/little>>,
    done(request(Port, ?LIMITS, Data)).

%% @doc Bound what the node may have; through any port.
-spec configure(port(), hb_beamr_limits:node_limits(), MeasureHolds :: boolean()) -> ok | failure().
configure(Port, Limits, MeasureHolds) ->
    #{instances := Instances, total_memory := Memory, waiting_calls := Calls} = Limits,
    Measure =
        case MeasureHolds of
            true -> 1;
            false -> 0
        end,
    Data = <<Instances:64/little, Memory:64/little, Calls:64/little, Measure>>,
    done(request(Port, ?CONFIGURE, Data)).

%% @doc Make the instance and run its start functions. A stack size of 0 is the default.
-spec instantiate(port(), StackBytes :: non_neg_integer(), hb_beamr_deadline:deadline()) -> event().
instantiate(Port, StackBytes, Deadline) ->
    run(Port, ?INSTANTIATE, <<StackBytes:32/little>>, Deadline).

%% @doc The imports and exports of the module. Exports have no module name: it is empty.
-spec describe(port()) ->
    {ok, Imports :: [hb_beamr_answer:extern()], Exports :: [hb_beamr_answer:extern()]} | failure().
describe(Port) ->
    case request(Port, ?DESCRIBE, <<>>) of
        <<?OK, Description/binary>> ->
            {Imports, Exports} = hb_beamr_answer:description(Description),
            {ok, Imports, Exports};
        Answer ->
            failure(Answer)
    end.

%% @doc The number of an exported function, for `call_function/2', and its signature.
-spec function(port(), Name :: iodata()) ->
    {ok, Function :: non_neg_integer(), Signature :: binary()} | failure().
function(Port, Name) ->
    case request(Port, ?FUNCTION, Name) of
        <<?OK, Function:32/little, Signature/binary>> -> {ok, Function, Signature};
        Answer -> failure(Answer)
    end.

%% @doc The same, if the answer is to be had without waiting.
-spec try_function(port(), Name :: iodata()) -> {ok, Function :: non_neg_integer()} | failure().
try_function(Port, Name) ->
    case control(Port, ?TRY_FUNCTION, Name) of
        <<?OK, Function:32/little, _Signature/binary>> -> {ok, Function};
        Answer -> failure(Answer)
    end.

%%% Calls

%% @doc Call an export: the number of arguments, the arguments, the name.
-spec call(port(), iodata(), hb_beamr_deadline:deadline()) -> event().
call(Port, Data, Deadline) ->
    run(Port, ?CALL, Data, Deadline).

%% @doc Call a function by its number (32 bits) with arguments behind it.
-spec call_function(port(), iodata(), hb_beamr_deadline:deadline()) -> event().
call_function(Port, Data, Deadline) ->
    run(Port, ?CALL_FUNCTION, Data, Deadline).

%% @doc Call an element (64 bits) of the exported function table with arguments behind it.
-spec call_table(port(), iodata(), hb_beamr_deadline:deadline()) -> event().
call_table(Port, Data, Deadline) ->
    run(Port, ?CALL_TABLE, Data, Deadline).

%% @doc Answer the import that the calling process holds.
-spec answer(port(), Values :: iodata(), hb_beamr_deadline:deadline()) -> event().
answer(Port, Values, Deadline) ->
    run(Port, ?ANSWER, Values, Deadline).

%% @doc Answer it with a trap.
-spec trap(port(), Message :: iodata()) -> event().
trap(Port, Message) ->
    run(Port, ?TRAP, Message, infinity).

%% @doc Answer it with an exception of the guest: a tag (32 bits) and its values.
-spec throw(port(), TagAndValues :: iodata(), hb_beamr_deadline:deadline()) -> event().
throw(Port, Data, Deadline) ->
    run(Port, ?THROW, Data, Deadline).

%% @doc The number of an exported or imported tag.
-spec tag(port(), Name | {Module, Name}) -> {ok, non_neg_integer()} | failure() when
    Module :: binary(), Name :: binary().
tag(Port, {Module, Name}) ->
    tag(Port, 1, Module, Name);
tag(Port, Name) ->
    tag(Port, 0, <<>>, Name).

-spec tag(port(), 0..1, binary(), binary()) -> {ok, non_neg_integer()} | failure().
tag(Port, IsImported, Module, Name) ->
    case request(Port, ?TAG, [<<IsImported, (byte_size(Module)):32/little>>, Module, Name]) of
        <<?OK, Tag:32/little>> -> {ok, Tag};
        Answer -> failure(Answer)
    end.

%% @doc Answer an import that waits, from any process; its holder gets the answer as a message.
-spec deliver(port(), Import :: non_neg_integer(), delivery()) -> ok | failure().
deliver(Port, Import, {answer, Values}) ->
    done(request(Port, ?DELIVER, [<<Import:64/little, ?ANSWER>>, Values]));
deliver(Port, Import, {trap, Message}) ->
    done(request(Port, ?DELIVER, [<<Import:64/little, ?TRAP>>, Message]));
deliver(Port, Import, {throw, Data}) ->
    done(request(Port, ?DELIVER, [<<Import:64/little, ?THROW>>, Data])).

%% @doc Wait for such an answer to the import that the calling process holds.
-spec await_delivery(port(), Import :: non_neg_integer(), hb_beamr_deadline:deadline()) ->
    {ok, delivery()} | timeout | closed.
await_delivery(Port, Import, Deadline) ->
    Monitor = erlang:monitor(port, Port),
    receive
        {hb_beamr, Port, <<?DELIVERY, Import:64/little, What, Data/binary>>} ->
            erlang:demonitor(Monitor, [flush]),
            case What of
                ?ANSWER -> {ok, {answer, Data}};
                ?TRAP -> {ok, {trap, Data}};
                ?THROW -> {ok, {throw, Data}}
            end;
        {'DOWN', Monitor, port, _, _} ->
            flush(Port)
    after hb_beamr_deadline:left(Deadline) ->
        erlang:demonitor(Monitor, [flush]),
        timeout
    end.

%% @doc Drop such an answer, if it is there.
-spec forget_delivery(port(), Import :: non_neg_integer()) -> ok.
forget_delivery(Port, Import) ->
    receive
        {hb_beamr, Port, <<?DELIVERY, Import:64/little, _/binary>>} -> ok
    after 0 -> ok
    end.

%% @doc End the call that is active, whoever made it.
-spec cancel(port()) -> ok | failure().
cancel(Port) ->
    done(request(Port, ?CANCEL, <<>>)).

%% @doc Count a deadline that passed while no guest ran.
-spec count_timeout(port()) -> ok.
count_timeout(Port) ->
    _ = control(Port, ?TIMEOUT, <<>>),
    ok.

%% @doc What is known of the last trap.
-spec trap_info(port(), pid(), hb_beamr_value:floats()) ->
    {ok, none | hb_beamr_error:details()} | failure().
trap_info(Port, Instance, Floats) ->
    case request(Port, ?TRAP_INFO, <<>>) of
        <<?OK, Info/binary>> -> {ok, hb_beamr_answer:trap_info(Info, Instance, Floats)};
        Answer -> failure(Answer)
    end.

%%% Memory and globals

%% @doc Copy bytes out of memory.
-spec read(port(), Offset :: non_neg_integer(), Size :: non_neg_integer()) ->
    {ok, binary()} | failure().
read(Port, Offset, Size) ->
    case request(Port, ?READ, <<Offset:64/little, Size:64/little>>) of
        <<?OK, Bytes/binary>> -> {ok, Bytes};
        Answer -> failure(Answer)
    end.

%% @doc Copy bytes into memory. A binary is not copied on the way.
-spec write(port(), Offset :: non_neg_integer(), binary()) -> ok | failure().
write(Port, Offset, Bytes) when byte_size(Bytes) > ?LARGE ->
    done(command(Port, [<<?WRITE, Offset:64/little>>, Bytes]));
write(Port, Offset, Bytes) when Offset < ?WRITE_AT ->
    done(request(Port, ?WRITE_AT + Offset, Bytes));
write(Port, Offset, Bytes) ->
    done(request(Port, ?WRITE, [<<Offset:64/little>>, Bytes])).

%% @doc The size of memory in bytes.
-spec size(port()) -> {ok, Bytes :: non_neg_integer()} | failure().
size(Port) ->
    case request(Port, ?SIZE, <<>>) of
        <<?OK, Bytes:64/little, _Pages:64/little>> -> {ok, Bytes};
        Answer -> failure(Answer)
    end.

%% @doc Grow memory by pages of 65,536 bytes.
-spec grow(port(), Pages :: non_neg_integer()) -> {ok, Before :: non_neg_integer()} | failure().
grow(Port, Pages) ->
    number(request(Port, ?GROW, <<Pages:64/little>>)).

%% @doc Read an exported global.
-spec global_get(port(), Name :: iodata()) -> {ok, Value :: binary()} | failure().
global_get(Port, Name) ->
    case request(Port, ?GLOBAL_GET, Name) of
        <<?OK, Value/binary>> -> {ok, Value};
        Answer -> failure(Answer)
    end.

%% @doc Write an exported global.
-spec global_set(port(), Name :: iodata(), Value :: binary()) -> ok | failure().
global_set(Port, Name, Value) ->
    done(request(Port, ?GLOBAL_SET, [Value, Name])).

%% @doc Read an element of an exported table.
-spec table_get(port(), Name :: iodata(), non_neg_integer()) -> {ok, Value :: binary()} | failure().
table_get(Port, Name, Element) ->
    case request(Port, ?TABLE_GET, [<<Element:64/little>>, Name]) of
        <<?OK, Value/binary>> -> {ok, Value};
        Answer -> failure(Answer)
    end.

%% @doc Write an element of an exported table.
-spec table_set(port(), Name :: iodata(), non_neg_integer(), Value :: binary()) -> ok | failure().
table_set(Port, Name, Element, Value) ->
    done(request(Port, ?TABLE_SET, [<<Element:64/little>>, Value, Name])).

%% @doc The number of elements of an exported table.
-spec table_size(port(), Name :: iodata()) -> {ok, non_neg_integer()} | failure().
table_size(Port, Name) ->
    number(request(Port, ?TABLE_SIZE, Name)).

%% @doc Grow an exported table; answers its size before.
-spec table_grow(port(), Name :: iodata(), non_neg_integer(), Value :: binary()) ->
    {ok, non_neg_integer()} | failure().
table_grow(Port, Name, Delta, Value) ->
    number(request(Port, ?TABLE_GROW, [<<Delta:64/little>>, Value, Name])).

-spec number(binary() | closed) -> {ok, non_neg_integer()} | failure().
number(<<?OK, Number:64/little>>) -> {ok, Number};
number(Answer) -> failure(Answer).

%% @doc What the instance has used and does now.
-spec info(port()) -> {ok, #{atom() => non_neg_integer()}} | failure().
info(Port) ->
    case request(Port, ?INFO, <<>>) of
        <<?OK, Numbers/binary>> -> {ok, hb_beamr_answer:counters(Numbers)};
        Answer -> failure(Answer)
    end.

%% @doc The counters of the node, through any port.
-spec counters(port()) -> {ok, #{atom() => non_neg_integer()}} | failure().
counters(Port) ->
    case request(Port, ?COUNTERS, <<>>) of
        <<?OK, Counters/binary>> -> {ok, hb_beamr_answer:counters(Counters)};
        Answer -> failure(Answer)
    end.

%%% Asking and waiting

%% A call runs to its next event.
-spec run(port(), non_neg_integer(), iodata(), hb_beamr_deadline:deadline()) -> event().
run(Port, Operation, Data, Deadline) ->
    case control(Port, Operation, Data) of
        <<?COMPLETED, Values/binary>> ->
            {completed, Values};
        <<?IMPORT, Position:32/little, Id:64/little, Values/binary>> ->
            {import, Position, Id, Values};
        <<?PENDING>> ->
            await_event(Port, Deadline);
        <<?QUEUED>> ->
            case await_turn(Port, Deadline) of
                turn -> run(Port, Operation, Data, Deadline);
                Other -> Other
            end;
        Answer ->
            event(Answer)
    end.

-spec event(binary() | closed) -> event().
event(<<?COMPLETED, Values/binary>>) ->
    {completed, Values};
event(<<?IMPORT, Position:32/little, Id:64/little, Values/binary>>) ->
    {import, Position, Id, Values};
event(<<?TRAPPED, Code, Info/binary>>) ->
    {trapped, hb_beamr_error:code(Code), Info};
event(<<?DELIVERED, Import:64/little>>) ->
    {delivered, Import};
event(Answer) ->
    failure(Answer).

%% After `PENDING'. At the deadline the guest is stopped; what it did before that counts.
-spec await_event(port(), hb_beamr_deadline:deadline()) -> event().
await_event(Port, Deadline) ->
    case await_answer(Port, Deadline) of
        timeout ->
            _ = control(Port, ?TIMEOUT, <<>>),
            case event(await_answer(Port, infinity)) of
                {trapped, cancelled, _} -> timeout;
                Event -> Event
            end;
        Answer ->
            event(Answer)
    end.

%% An operation that is no call.
-spec request(port(), non_neg_integer(), iodata()) -> binary() | closed.
request(Port, Operation, Data) ->
    case control(Port, Operation, Data) of
        <<?PENDING>> ->
            await_answer(Port, infinity);
        <<?QUEUED>> ->
            case await_turn(Port, infinity) of
                turn -> request(Port, Operation, Data);
                closed -> closed
            end;
        Answer ->
            Answer
    end.

%% The same with bytes that are too many for a control. The answer may be to ask again.
-spec command(port(), iolist()) -> binary() | closed.
command(Port, Data) ->
    case send_command(Port, Data) of
        true ->
            case await(Port, infinity) of
                <<?TURN>> -> command(Port, Data);
                Answer -> Answer
            end;
        closed ->
            closed
    end.

-spec send_command(port(), iolist()) -> true | closed.
send_command(Port, Data) ->
    try
        erlang:port_command(Port, Data)
    catch
        error:badarg -> closed
    end.

-spec control(port(), non_neg_integer(), iodata()) -> binary() | closed.
control(Port, Operation, Data) ->
    try
        erlang:port_control(Port, Operation, Data)
    catch
        error:badarg -> closed
    end.

%% The answer to `PENDING'. An old hint to ask again may come before it.
-spec await_answer(port(), hb_beamr_deadline:deadline()) -> binary() | timeout | closed.
await_answer(Port, Deadline) ->
    case await(Port, Deadline) of
        <<?TURN>> -> await_answer(Port, Deadline);
        Answer -> Answer
    end.

%% After `QUEUED'. At the deadline the place is given back; a turn that is on its way is waited for,
%% because it would stay in the mailbox.
-spec await_turn(port(), hb_beamr_deadline:deadline()) -> turn | timeout | closed.
await_turn(Port, Deadline) ->
    case await(Port, Deadline) of
        <<?TURN>> ->
            turn;
        timeout ->
            count_timeout(Port),
            case control(Port, ?PASS, <<>>) of
                <<?OK>> -> timeout;
                <<?TURN>> -> late(await_turn(Port, infinity));
                closed -> closed
            end;
        closed ->
            closed
    end.

-spec late(turn | timeout | closed) -> timeout | closed.
late(closed) -> closed;
late(_) -> timeout.

%% A message of the port follows, unless it closes first. Answers that other processes gave to
%% imports are for `await_delivery/3'.
-spec await(port(), hb_beamr_deadline:deadline()) -> binary() | timeout | closed.
await(Port, Deadline) ->
    Monitor = erlang:monitor(port, Port),
    receive
        {hb_beamr, Port, <<Tag, _/binary>> = Answer} when Tag =/= ?DELIVERY ->
            erlang:demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, port, _, _} ->
            flush(Port)
    after hb_beamr_deadline:left(Deadline) ->
        erlang:demonitor(Monitor, [flush]),
        timeout
    end.

%% @doc Forget what a port has sent that nobody waits for any more.
-spec flush(port()) -> closed.
flush(Port) ->
    receive
        {hb_beamr, Port, _} -> flush(Port)
    after 0 -> closed
    end.

-spec done(binary() | closed) -> ok | failure().
done(<<?OK>>) -> ok;
done(Answer) -> failure(Answer).

-spec failure(binary() | closed) -> failure().
failure(<<?ERROR, Code, Text/binary>>) -> {error, hb_beamr_error:code(Code), Text};
failure(closed) -> closed;
failure(_) -> {error, internal, <<"an answer that nobody can have given">>}.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc WebAssembly for Erlang processes.
%%%
%%% A module is started once and then called as often as wanted:
%%%
%%% ```
%%% {ok, Wasm} = file:read_file("calculator.wasm"),
%%% {ok, Instance, _Imports, _Exports} = hb_beamr:start(Wasm),
%%% {ok, [42]} = hb_beamr:call(Instance, "mul", [6, 7]),
%%% ok = hb_beamr:stop(Instance).
%%% '''
%%%
%%% A call runs in the calling process. What the module imports is answered there too, by a
%%% function that may read and write the instance's memory ({@link hb_beamr_io}) and call other
%%% exports while the guest waits:
%%%
%%% ```
%%% Log = fun(Lines, #{func := "log", args := [Pointer], instance := Instance}, _Opts) ->
%%%     {ok, Line} = hb_beamr_io:read_string(Instance, Pointer),
%%%     {ok, [], [Line | Lines]}
%%% end,
%%% {ok, [], Lines} = hb_beamr:call(Instance, "main", [], Log, []).
%%% '''
%%%
%%% == Instances ==
%%%
%%% An instance is known by a process. It belongs to an owner, the process that started it unless
%%% the options say otherwise, and ends with it, whatever it does at that time. Any process may
%%% call it; calls take turns in the order in which they come. A call from an import function is
%%% nested and need not wait. A trap ends the call, not the instance.
%%%
%%% A guest that computes for long, or for ever, holds up nobody but its callers: after some tens
%%% of microseconds it goes on in the background, and other instances run meanwhile. {@link
%%% cancel/1} ends what it does.
%%%
%%% == Values ==
%%%
%%% Integers come back signed. Arguments may be signed or unsigned, as long as they fit the width
%%% of the type. Floats are Erlang floats; not-a-number and the infinities are the atoms `nan',
%%% `+inf' and `-inf'. An integer is taken for a float. Several results are a list in their order;
%%% no result is `[]'. Addresses in 64-bit memory are integers like others.
%%%
%%% == Errors ==
%%%
%%% The functions that HyperBEAM uses answer errors as strings. {@link last_error/1} tells more:
%%% the kind of a trap and the functions it happened in. See {@link hb_beamr_error}.
%%%
%%% == Starting the application ==
%%%
%%% `application:ensure_all_started(hb_beamr)' starts it; {@link start/1} does that too where
%%% nobody did.
-module(hb_beamr).

%% Instances.
-export([start/1]).
-export([start/2]).
-export([start_link/2]).
-export([stop/1]).
-export([give_away/2]).

%% Calls.
-export([call/3]).
-export([call/4]).
-export([call/5]).
-export([call/6]).
-export([prepare/2]).
-export([cancel/1]).
-export([reply/2]).
-export([last_error/1]).
-export([last_error/2]).
-export([stub/3]).

%% State.
-export([serialize/1]).
-export([deserialize/2]).
-export([global_get/2]).
-export([global_get/3]).
-export([global_set/3]).
-export([table_get/3]).
-export([table_set/4]).
-export([table_size/2]).
-export([table_grow/4]).

-export([info/0]).
-export([info/1]).
-export([describe/1]).
-export([counters/0]).
-export([wasm_send/2]).

-export_type([instance/0]).
-export_type([options/0]).
-export_type([import/0]).
-export_type([export/0]).
-export_type([value/0]).
-export_type([function_ref/0]).
-export_type([prepared/0]).
-export_type([import_fun/0]).
-export_type([import_call/0]).
-export_type([token/0]).
-export_type([offer/0]).
-export_type([tag/0]).

-define(IS_64(Number), is_integer(Number), Number >= 0, Number < 1 bsl 64).

-type instance() :: pid().

-type options() :: #{
    owner => pid() | none,
    timeout => timeout(),
    stack_size => 4096..67108864,
    max_memory => non_neg_integer() | infinity,
    max_table_elements => non_neg_integer() | infinity,
    max_call_depth => pos_integer() | infinity,
    max_results => non_neg_integer() | infinity,
    max_module_size => non_neg_integer() | infinity,
    imports => #{{Module :: string() | binary(), Name :: string() | binary()} => offer()},
    unresolved => own | refuse,
    exceptions => lower | force,
    mode => interp | aot | auto,
    signature => binary()
}.
%% <dl>
%% <dt>`owner'</dt>
%% <dd>The process with which the instance ends; default: the calling process. `none': it runs until
%%   it is stopped, or the application is.</dd>
%% <dt>`timeout'</dt>
%% <dd>Milliseconds, at most 4,294,967,295, for loading and the start functions; default:
%%   `infinity'.</dd>
%% <dt>`stack_size'</dt>
%% <dd>Bytes that the frames of interpreted code may take, default 524,288; what is not touched
%%   costs no memory. A guest that recurses deeper traps with the kind `stack_overflow'. Compiled code,
%%   whose frames are larger before it is optimised, may take 16 times as much, but at least 2 MiB
%%   and at most 8 MiB less 20 KiB.</dd>
%% <dt>`max_memory'</dt>
%% <dd>Bytes of linear memory; default 4 GiB. `memory.grow' past it answers -1 to the guest.</dd>
%% <dt>`max_table_elements'</dt>
%% <dd>Elements of each table; default 10,000,000. `table.grow' past it answers -1.</dd>
%% <dt>`max_call_depth'</dt>
%% <dd>Calls that are active at once: 1 forbids nested ones. Default: as many as fit the native
%%   stack, about 1,000.</dd>
%% <dt>`max_results'</dt>
%% <dd>Results of a function that is called; default 1,000.</dd>
%% <dt>`max_module_size'</dt>
%% <dd>Bytes of the module; default 128 MiB.</dd>
%% <dt>`imports'</dt>
%% <dd>What the imports that are no functions get, see {@type offer()}. Others that the module does
%%   not have are ignored.</dd>
%% <dt>`unresolved'</dt>
%% <dd>What becomes of an import that `imports' does not have. `own', the default: a function is
%%   answered by the import functions of calls, a memory or a table is made with the limits that the
%%   import asks for; a global wants a value. `refuse': the module is not linked.</dd>
%% <dt>`exceptions'</dt>
%% <dd>`force' treats all code as if it had exceptions, which changes nothing but the speed: for
%%   tests of this library. Default: `lower'.</dd>
%% <dt>`mode'</dt>
%% <dd>How a module runs. `interp': interpreted. `aot': compiled; `start' waits for the compiler,
%%   unless the code is in the cache, and what cannot be compiled does not start. `auto': with the
%%   best code that there is now; what was never compiled is interpreted, and compiled in the
%%   background for the instances that follow. Default: `default_mode' of the application's
%%   environment, or `interp'. Compiled code runs as such in every mode.</dd>
%% <dt>`signature'</dt>
%% <dd>Of compiled code, where the application's environment wants one (`aot_trusted'): Ed25519, of
%%   all its bytes.</dd>
%% </dl>
%% Of the limits the defaults are those of the application's environment, under the same names.

-type offer() ::
    Image :: binary()
    | {memory, #{
        minimum => non_neg_integer(),
        maximum => non_neg_integer() | none,
        index_type => i32 | i64,
        image => binary()
    }}
    | {table, #{
        type := funcref | externref,
        minimum => non_neg_integer(),
        maximum => non_neg_integer() | none,
        index_type => i32 | i64
    }}
    | {global, i32 | i64 | f32 | f64 | v128 | funcref | externref, const | var, value()}
    | value()
    | {func, Signature :: string() | binary()}
    | {tag, Signature :: string() | binary()}.
%% Something for an import. Nothing is shared between instances: each has its own memory, which
%% begins with the image and has the limits of the import, its own table and globals. A global gets
%% the value. What is said of a type, minimum and maximum (pages of 64 KiB, or elements) is compared
%% with what the import asks for, as WebAssembly compares an import with an export: if they do not
%% match the module is not linked. A `maximum' or `index_type' of a memory wants a `minimum'. So is the type of a function or tag; who answers the function is
%% not said by it.

-type import() :: {
    func | memory | table | global | tag,
    Module :: string(),
    Name :: string(),
    Signature :: string()
}.
%% The signature of a function has a letter for each parameter and result: `"(iI)f"'. `i' is a
%% 32-bit integer, `I' a 64-bit one, `f' a 32-bit float, `F' a 64-bit one, `p' a funcref, `r' an
%% externref, `V' a v128, `e' an exnref; the last one cannot be passed between host and guest. Tags
%% of exceptions have signatures too, without results. Other imports and exports have `[]'.

-type export() :: {func | memory | table | global | tag, Name :: string(), Signature :: string()}.

-type value() :: hb_beamr_value:value().
%% Integers, floats, `nan', `+inf', `-inf'; `{f32, Bits}' and `{f64, Bits}' for floats of exactly
%% these bits, which come back as such with the option `floats => bits' of a call.
%%
%% A v128 is a binary of 16 bytes, as it would be in memory. Only compiled modules have them.
%%
%% A reference is `null'; `{externref, Term}', which the guest can only keep and give back: the
%% term is kept until the instance ends; or a funcref, which comes from the guest and can be called
%% like an export of its instance, and be given back to it, and to no other.

-type tag() ::
    Name ::
        string()
        | binary()
        | {Module :: string() | binary(), Name :: string() | binary()}.
%% A tag of exceptions: one that the module exports, or one that it imports.

-type function_ref() :: string() | binary() | non_neg_integer() | prepared().
%% An export by its name (a binary of UTF-8, or a string of characters), an element of the
%% exported function table (`__indirect_function_table', else the first one) by its index, or what
%% {@link prepare/2} answered.

-opaque prepared() :: hb_beamr_call:prepared().
%% A function that needs no look-up.

-type import_fun() :: fun((State :: term(), import_call(), Opts :: term()) -> import_answer()).

-type import_call() :: #{
    instance := instance(), module := string(), func := string(), args := [value()],
    func_sig := string(), token := token()
}.

-type token() :: hb_beamr_token:token().
%% One import of one call, for {@link reply/2}. May be sent to other processes and nodes.

-type import_answer() ::
    {ok, Results :: [value()], State :: term()}
    | {ok, {import_exception, unicode:chardata() | {tag(), [value()]}}, State :: term()}
    | {defer, State :: term()}
    | {defer, State :: term(), #{timeout => timeout()}}.
%% Results of the import; more than it has are ignored. An exception with a text makes the import
%% trap with this message; one with a tag is thrown in the guest, which may catch it. `defer': somebody answers later, with {@link reply/2}; if nobody does within the
%% import's own `timeout' in milliseconds, the call ends as at its own deadline.

-type call_error() ::
    {error, string() | timeout, State :: term()}
    | {error, {invalid_args, term()}}
    | {error, Class :: error | exit | throw, Reason :: term(), Stack :: list(), State :: term()}.

%% @equiv start(Wasm, wasm)
-spec start(Wasm :: binary()) -> {ok, instance(), [import()], [export()]} | {error, string()}.
start(Wasm) ->
    start(Wasm, wasm).

%% @doc Start an instance of a module.
%%
%% `Wasm' is the module in binary format. When this returns, its start functions have run: the
%% module's own, then exports named `__wasm_call_ctors' or `__post_instantiate' without parameters
%% and results. Their imports were answered by {@link stub/3}. This waits for them, however long
%% they take, unless the options have a `timeout'; the owner's death ends that.
%%
%% The second argument is `wasm', `aot', or a map of options, see {@type options()}. `aot' is the same
%% as `#{mode => aot}', but for the shape of errors; with it, compiled code that
%% {@link hb_beamr_aot:compile/2} has made can be started in place of a module.
%%
%% Nothing is left of an instance that did not start. With `wasm' and `aot' the error says in words
%% what failed; with options it is `timeout' or a {@type hb_beamr_error:reason()}.
-spec start(Wasm :: binary(), wasm | aot | options()) ->
    {ok, instance(), [import()], [export()]}
    | {error, string() | timeout | hb_beamr_error:reason()}.
start(Wasm, wasm) ->
    in_words(start(Wasm, #{}));
start(Wasm, aot) ->
    in_words(start(Wasm, #{mode => aot}));
start(Wasm, Options) when is_binary(Wasm), is_map(Options) ->
    hb_beamr_instance:start(Wasm, Options);
start(Wasm, _) when is_binary(Wasm) ->
    {error, "the second argument of start is wasm, aot or a map of options"};
start(_, _) ->
    {error, "a module is a binary"}.

-spec in_words(Started | {error, hb_beamr_error:reason()}) -> Started | {error, string()}.
in_words({error, {_, _} = Reason}) -> {error, hb_beamr_error:string(Reason)};
in_words({error, {limit, _, _} = Reason}) -> {error, hb_beamr_error:string(Reason)};
in_words(Started) -> Started.

%% @doc Start an instance linked to the calling process, as a supervisor wants it.
%%
%% A child specification is `#{id => Id, start => {hb_beamr, start_link, [Wasm, Options]}}'. The
%% owner is the supervisor unless the options say otherwise. What the module imports and exports
%% tells {@link describe/1}.
-spec start_link(Wasm :: binary(), options()) ->
    {ok, instance()} | {error, timeout | hb_beamr_error:reason()}.
start_link(Wasm, Options) when is_binary(Wasm), is_map(Options) ->
    case hb_beamr_instance:start_link(Wasm, Options) of
        {ok, Instance, _Imports, _Exports} -> {ok, Instance};
        Error -> Error
    end.

%% @doc Make another process the owner of an instance, or, with `none', nobody.
%%
%% Only the owner may do so; where there is none, any process. The instance goes on with whatever
%% it does. If the new owner is dead the instance ends.
-spec give_away(instance(), NewOwner :: pid() | none) -> ok | {error, hb_beamr_error:reason()}.
give_away(Instance, NewOwner) when is_pid(Instance), is_pid(NewOwner) orelse NewOwner =:= none ->
    hb_beamr_instance:give_away(Instance, NewOwner).

%% @doc End an instance.
%%
%% At once, from any process, also from an import function and whatever the instance does: a
%% running guest is ended, a waiting import too, and calls answer `"instance is not running"'. Any
%% number of times.
-spec stop(instance()) -> ok.
stop(Instance) when is_pid(Instance) ->
    hb_beamr_instance:stop(Instance).

%% @doc Call a function; imports are answered by {@link stub/3}.
%%
%% `{error, {invalid_args, Args}}' says that number, types or ranges of the arguments are not what
%% the function takes: nothing ran. Other errors are strings: `"Exception: ..."' for a trap,
%% `"unknown function: ..."', `"instance is not running"'.
-spec call(instance(), function_ref(), Args :: [value()]) ->
    {ok, Results :: [value()]} | {error, string() | timeout | {invalid_args, term()}}.
call(Instance, Function, Args) ->
    call(Instance, Function, Args, #{}).

%% @doc Call a function with an import function, as {@link call/6}, or with options.
%%
%% The options are a map with the key `timeout' (milliseconds, or `infinity'). Then imports are
%% answered by {@link stub/3}, and the answer is as that of {@link call/3}, or `{error, timeout}' if
%% the deadline passed before the call had ended.
-spec call(instance(), function_ref(), Args :: [value()], import_fun()) ->
    {ok, Results :: [value()], State :: term()} | call_error();
    (instance(), function_ref(), Args :: [value()], #{timeout => timeout()}) ->
    {ok, Results :: [value()]} | {error, string() | timeout | {invalid_args, term()}}.
call(Instance, Function, Args, Options) when is_pid(Instance), is_map(Options) ->
    case call(Instance, Function, Args, fun ?MODULE:stub/3, #{}, Options) of
        {ok, Results, _State} -> {ok, Results};
        {error, {invalid_args, _}} = Error -> Error;
        {error, Reason, _State} -> {error, Reason}
    end;
call(Instance, Function, Args, ImportFun) ->
    call(Instance, Function, Args, ImportFun, #{}, #{}).

%% @equiv call(Instance, Function, Args, ImportFun, State, #{})
-spec call(instance(), function_ref(), Args :: [value()], import_fun(), State :: term()) ->
    {ok, Results :: [value()], State2 :: term()} | call_error().
call(Instance, Function, Args, ImportFun, State) ->
    call(Instance, Function, Args, ImportFun, State, #{}).

%% @doc Call a function, answering its imports.
%%
%% `ImportFun' gets the state, what is called, and `Opts'; it answers the results and the next
%% state:
%%
%% ```
%% fun(State, #{module := "env", func := "add", args := [A, B]}, _Opts) ->
%%     {ok, [A + B], State}
%% end
%% '''
%%
%% It runs in the calling process and may use the same instance: its memory, and nested calls. A
%% trap in a nested call leaves the outer one as it was. With `{defer, State}' it leaves the answer
%% to another process, which uses {@link reply/2} with the `token' of the import; the call waits
%% meanwhile.
%%
%% If `Opts' is a map with the key `timeout' (milliseconds from 0 to 4,294,967,295, or `infinity'),
%% that is how long the call may take: with waiting for its turn, its imports, and the calls that
%% import functions make. At the deadline the guest traps within milliseconds, and the call answers
%% `{error, timeout, State}'; an import function that runs then is not interrupted, but what it
%% answers is of no use any more. The instance can be called again at once.
%%
%% Errors:
%% <ul>
%% <li>`{error, {invalid_args, Args}}': see {@link call/3}.</li>
%% <li>`{error, String, State}': the call failed; `State' is what the last import answered. If the
%%   results of an import were too few or of wrong types, the string names it and says what was
%%   expected.</li>
%% <li>`{error, Class, Reason, Stacktrace, State}': `ImportFun' failed; `State' is what it was
%%   given. An answer of another form counts as an `error' with the reason
%%   `{bad_import_return, Answer}'. The guest's call is unwound, and the instance can be called
%%   again.</li>
%% </ul>
%%
%% Imports named `invoke_*' of a module with an exported function table are emscripten's way to
%% catch a `longjmp' and C++ exceptions. They, and `_emscripten_throw_longjmp', are answered by
%% this library. An `{import_exception, _}' from `__cxa_throw', `__cxa_rethrow' or
%% `__resumeException' is such an exception, one from another import is not.
-spec call(
    instance(), function_ref(), Args :: [value()], import_fun(), State :: term(), Opts :: term()
) ->
    {ok, Results :: [value()], State2 :: term()} | call_error().
call(Instance, Function, Args, ImportFun, State, Opts) when
    is_pid(Instance), is_function(ImportFun, 3)
->
    case hb_beamr_deadline:option(Opts) of
        {ok, Timeout} ->
            case hb_beamr_call:run(Instance, Function, Args, ImportFun, State, Opts, Timeout) of
                {ok, Values, State2} -> result_values(Values, Instance, State2, Opts);
                Failure -> failure(Failure, Args)
            end;
        {error, Text} ->
            {error, hb_beamr_error:text(Text), State}
    end.

-spec result_values(binary(), instance(), State, Opts :: term()) -> {ok, [value()], State}.
result_values(Values, Instance, State, Opts) ->
    {ok, hb_beamr_value:decode(Values, Instance, hb_beamr_value:floats(Opts)), State}.

-spec failure(hb_beamr_call:outcome(), term()) -> call_error().
failure({error, invalid_args, _, _}, Args) ->
    {error, {invalid_args, Args}};
failure({raised, Class, Reason, Stack, State}, _) ->
    {error, Class, Reason, Stack, State};
failure({timeout, State}, _) ->
    {error, timeout, State};
failure(Failure, _) ->
    State = element(tuple_size(Failure), Failure),
    {error, hb_beamr_call:failure_string(Failure), State}.

%% @doc Look a function up once.
%%
%% The answer can be used for `Function' in all calls of this instance, and of no other.
-spec prepare(instance(), Name :: string() | binary()) ->
    {ok, prepared()} | {error, hb_beamr_error:reason()}.
prepare(Instance, Name) when is_pid(Instance) ->
    Find = fun(Port, Utf8) ->
        case hb_beamr_port:function(Port, Utf8) of
            {ok, Function, _} -> {ok, {hb_beamr_function, Instance, Port, Function}};
            Failure -> Failure
        end
    end,
    named(Instance, Name, unknown_function, Find).

%% @doc End the call that an instance is busy with, whichever process made it.
%%
%% The call answers `"Exception: terminated"', with the calls nested in it; if its import function
%% runs, as soon as that has answered, and if the import was deferred, at once. The instance stays
%% usable. If there is no call nothing happens.
-spec cancel(instance()) -> ok | {error, hb_beamr_error:reason()}.
cancel(Instance) when is_pid(Instance) ->
    result(hb_beamr_cache:use(Instance, fun hb_beamr_port:cancel/1)).

%% @doc Answer an import whose import function answered `{defer, State}'.
%%
%% From any process, also of another node. `Answer' is `{ok, Results}', the results alone, or
%% `{import_exception, _}' with a text or `{Tag, Values}'. The first valid answer counts, also one that comes before the import
%% function has deferred; it is then of no use what that answers. Waits while the guest runs a call
%% that was nested in the import.
%%
%% Errors: `bad_result' if number or types of the results are not what the import has: it still
%% waits; `stale_token' if it was answered already, or its call has ended; `not_running' if the
%% instance is gone or its node cannot be reached.
-spec reply(
    token(),
    {ok, Results} | Results | {import_exception, unicode:chardata() | {tag(), [value()]}}
) -> ok | {error, hb_beamr_error:reason()} when Results :: [value()].
reply(Token, Answer) ->
    hb_beamr_token:reply(Token, Answer).

%% @doc Why the calling process's last call of an instance failed.
%%
%% For a trap or an exception of an import: its kind, its message and the frames of the guest,
%% innermost first. For other errors, the code and the message, such as what was wrong with
%% arguments. To a process that has not called the instance, or called another one since, it tells
%% of the instance's last call, if that trapped; while the guest runs this waits. `none' if there is
%% nothing to tell.
-spec last_error(instance()) -> hb_beamr_error:reason() | none.
last_error(Instance) ->
    last_error(Instance, #{}).

%% @doc The same; with `#{floats => bits}' a float of an exception comes as its bits, see
%% {@type value()}.
-spec last_error(instance(), #{floats => numbers | bits}) -> hb_beamr_error:reason() | none.
last_error(Instance, Options) when is_pid(Instance), is_map(Options) ->
    Floats = hb_beamr_value:floats(Options),
    case hb_beamr_cache:last_error(Instance) of
        none -> last_trap(Instance, Floats);
        Outcome -> hb_beamr_call:reason(Outcome, Instance, Floats)
    end.

-spec last_trap(instance(), hb_beamr_value:floats()) -> hb_beamr_error:reason() | none.
last_trap(Instance, Floats) ->
    Ask = fun(Port) -> hb_beamr_port:trap_info(Port, Instance, Floats) end,
    case hb_beamr_cache:use(Instance, Ask) of
        {ok, #{kind := cancelled} = Details} -> {cancelled, Details};
        {ok, Details} when is_map(Details) -> {trap, Details};
        _ -> none
    end.

%% @doc The import function of calls that have none: answers 0.
-spec stub(State, import_call(), Opts :: term()) -> {ok, [0], State}.
stub(State, _Call, _Opts) ->
    {ok, [0], State}.

%% @doc The contents of memory, from address 0 to its end. Empty if there is no memory.
-spec serialize(instance()) -> {ok, binary()} | {error, string()}.
serialize(Instance) ->
    case hb_beamr_io:size(Instance) of
        {ok, 0} -> {ok, <<>>};
        {ok, Size} -> hb_beamr_io:read(Instance, 0, Size);
        Error -> Error
    end.

%% @doc Write what {@link serialize/1} answered into the memory of an instance of the same module.
%%
%% Memory grows as needed. If it is larger already, what is behind the binary stays as it is.
%% Globals and tables are no part of it.
-spec deserialize(instance(), binary()) -> ok | {error, string()}.
deserialize(Instance, Memory) when is_pid(Instance), is_binary(Memory) ->
    case hb_beamr_io:size(Instance) of
        {ok, _} when Memory =:= <<>> ->
            ok;
        {ok, Size} when Size < byte_size(Memory) ->
            Pages = (byte_size(Memory) - Size + 65535) div 65536,
            case hb_beamr_io:grow(Instance, Pages) of
                {ok, _} -> hb_beamr_io:write(Instance, 0, Memory);
                {error, Reason} -> {error, hb_beamr_error:format_error(Reason)}
            end;
        {ok, _} ->
            hb_beamr_io:write(Instance, 0, Memory);
        Error ->
            Error
    end;
deserialize(Instance, _Memory) when is_pid(Instance) ->
    {error, "the memory to restore is a binary"}.

%% @doc The value of an exported global.
-spec global_get(instance(), Name :: string() | binary()) ->
    {ok, value()} | {error, hb_beamr_error:reason()}.
global_get(Instance, Name) ->
    global_get(Instance, Name, #{}).

%% @doc The same; with `#{floats => bits}' a float comes as its bits, see {@type value()}.
-spec global_get(instance(), Name :: string() | binary(), #{floats => numbers | bits}) ->
    {ok, value()} | {error, hb_beamr_error:reason()}.
global_get(Instance, Name, Options) when is_pid(Instance), is_map(Options) ->
    one_value(Instance, named(Instance, Name, unknown_global, fun hb_beamr_port:global_get/2), Options).

-spec one_value(instance(), {ok, binary()} | {error, Reason}, map()) ->
    {ok, value()} | {error, Reason}.
one_value(Instance, {ok, Bytes}, Options) ->
    [Value] = hb_beamr_value:decode(Bytes, Instance, hb_beamr_value:floats(Options)),
    {ok, Value};
one_value(_Instance, Error, _Options) ->
    Error.

%% @doc Set an exported global that is mutable. Waits for its turn, as a call does.
-spec global_set(instance(), Name :: string() | binary(), value()) ->
    ok | {error, hb_beamr_error:reason()}.
global_set(Instance, Name, Value) when is_pid(Instance) ->
    with_value(Instance, Value, fun(Bytes) ->
        Set = fun(Port, Utf8) -> hb_beamr_port:global_set(Port, Utf8, Bytes) end,
        named(Instance, Name, unknown_global, Set)
    end).

-spec with_value(instance(), term(), fun((binary()) -> Result)) ->
    Result | {error, hb_beamr_error:reason()}.
with_value(Instance, Value, Do) ->
    case hb_beamr_value:encode_one(Value, Instance) of
        error ->
            Text = ["value ", hb_beamr_value:explain([Value], Instance)],
            {error, hb_beamr_error:new(invalid_args, Text)};
        Bytes ->
            Do(Bytes)
    end.

%% @doc An element of an exported table: `null', a funcref, which can be called with {@link
%% call/3}, or an externref. Waits while the guest runs.
%%
%% Errors: `unknown_table', `out_of_bounds'.
-spec table_get(instance(), Name :: string() | binary(), Index :: non_neg_integer()) ->
    {ok, value()} | {error, hb_beamr_error:reason()}.
table_get(Instance, Name, Index) when is_pid(Instance), ?IS_64(Index) ->
    Get = fun(Port, Utf8) -> hb_beamr_port:table_get(Port, Utf8, Index) end,
    one_value(Instance, named(Instance, Name, unknown_table, Get), #{}).

%% @doc Set an element of an exported table. Waits for its turn, as a call does.
%%
%% Errors: `unknown_table', `out_of_bounds', `invalid_args' if the value is none of the table's type.
-spec table_set(instance(), Name :: string() | binary(), Index :: non_neg_integer(), value()) ->
    ok | {error, hb_beamr_error:reason()}.
table_set(Instance, Name, Index, Value) when is_pid(Instance), ?IS_64(Index) ->
    with_value(Instance, Value, fun(Bytes) ->
        Set = fun(Port, Utf8) -> hb_beamr_port:table_set(Port, Utf8, Index, Bytes) end,
        named(Instance, Name, unknown_table, Set)
    end).

%% @doc The number of elements of an exported table. Waits while the guest runs.
-spec table_size(instance(), Name :: string() | binary()) ->
    {ok, non_neg_integer()} | {error, hb_beamr_error:reason()}.
table_size(Instance, Name) when is_pid(Instance) ->
    named(Instance, Name, unknown_table, fun hb_beamr_port:table_size/2).

%% @doc Grow an exported table by `Delta' elements of a value; answers its size before. Waits for
%% its turn, as a call does.
%%
%% Errors: `unknown_table', `no_memory' if its maximum or a limit would be passed.
-spec table_grow(instance(), Name :: string() | binary(), Delta :: non_neg_integer(), value()) ->
    {ok, Previous :: non_neg_integer()} | {error, hb_beamr_error:reason()}.
table_grow(Instance, Name, Delta, Value) when is_pid(Instance), ?IS_64(Delta) ->
    with_value(Instance, Value, fun(Bytes) ->
        Grow = fun(Port, Utf8) -> hb_beamr_port:table_grow(Port, Utf8, Delta, Bytes) end,
        named(Instance, Name, unknown_table, Grow)
    end).

%% @doc What this node's instances use and have done since the application started.
%%
%% `instances'; `memory': bytes of all linear memories; `waiting': calls that wait for their turn;
%% `calls', `imports', `traps', `timeouts'; `migrations': calls that went from a scheduler to a
%% worker; `inline_us': guests' time on schedulers, sampled every 100 or 400 us; `worker_us': guests' time
%% on workers; `queue_length': guests that wait for a worker; `workers'; and `limits' of the node.
%% `compiler' has what compilers in this node do, `running' and `queued', and have done: `done',
%% `failed', `cache_hits' and `cache_misses'.
%% `longest_hold_ns' is the longest time that anything of this library held a scheduler, and
%% `longest_hold_of' the operation (docs/protocol.md), if the application's environment has
%% `measure_holds' set to `true'.
-spec info() -> {ok, #{atom() => term()}} | {error, hb_beamr_error:reason()}.
info() ->
    case counters() of
        {ok, Counters} ->
            {ok, Counters#{
                limits => hb_beamr_registry:limits(), compiler => hb_beamr_compiler:numbers()
            }};
        Error -> Error
    end.

%% @doc What an instance does, uses and has done.
%%
%% `activity' is `idle', `waiting' (for the answer of an import) or `working'; `owner'; `memory' in
%% bytes; `waiting': processes that wait for their turn; `calls', `imports', `traps', `timeouts',
%% `migrations', `inline_us' and `worker_us' as in {@link info/0}. `mode' is `aot' if the instance
%% runs compiled code, else `interp', and `opt_level' is the level of that code, or `none'.
%% `compilation' is what became of its module since the application started: `none', `queued',
%% `running', `{done, Level}' or `{failed, Reason}', where the reason is `timeout' or a {@type
%% hb_beamr_error:reason()}.
%%
%% Answers at once, whatever the guest does; of a guest that runs, `memory' is what it had when it
%% was last seen.
-spec info(instance()) -> {ok, #{atom() => term()}} | {error, hb_beamr_error:reason()}.
info(Instance) when is_pid(Instance) ->
    case hb_beamr_instance:owner(Instance) of
        {ok, Owner} ->
            case hb_beamr_cache:use(Instance, fun hb_beamr_port:info/1) of
                {ok, #{activity := Activity} = Usage} ->
                    {ok, add_code(hb_beamr_registry:module(Instance), Usage#{
                        owner => Owner,
                        activity := element(Activity + 1, {idle, waiting, working})
                    })};
                Failure ->
                    result(Failure)
            end;
        Error ->
            Error
    end.

-spec add_code({non_neg_integer() | none, hb_beamr_port:code()} | none, Info) -> Info when
    Info :: #{atom() => term()}.
add_code({ModuleId, Code}, Info) ->
    {Mode, Level} =
        case Code of
            interpreted -> {interp, none};
            {compiled, OptLevel} -> {aot, OptLevel}
        end,
    Info#{
        mode => Mode, opt_level => Level, compilation => hb_beamr_compiler:state(ModuleId)
    };
add_code(none, Info) ->
    %% It ended just now.
    add_code({none, interpreted}, Info).

%% @doc The imports and exports of an instance's module, as {@link start/2} answers them. Waits
%% while the guest runs.
-spec describe(instance()) -> {ok, [import()], [export()]} | {error, hb_beamr_error:reason()}.
describe(Instance) when is_pid(Instance) ->
    case hb_beamr_cache:use(Instance, fun hb_beamr_port:describe/1) of
        {ok, Imports, Exports} -> hb_beamr_instance:description(Imports, Exports);
        Failure -> result(Failure)
    end.

%% @doc What the driver counts in this node; see {@link info/0}.
-spec counters() -> {ok, #{atom() => non_neg_integer()}} | {error, hb_beamr_error:reason()}.
counters() ->
    case hb_beamr_app:ensure_started() of
        ok ->
            case hb_beamr_registry:port() of
                none -> {error, hb_beamr_error:new(closed)};
                Port -> result(hb_beamr_port:counters(Port))
            end;
        Error ->
            Error
    end.

%% @doc Send a message to the process of an instance, which ignores it.
%%
%% HyperBEAM's own modules spoke to their driver so; what they wanted is in {@link hb_beamr_io}.
-spec wasm_send(instance(), Message :: term()) -> ok.
wasm_send(Instance, Message) when is_pid(Instance) ->
    Instance ! {wasm_send, self(), Message},
    ok.

%% Something that is looked up by its name.
-spec named(instance(), term(), hb_beamr_error:code(), fun((port(), iodata()) -> Result)) ->
    Result | {error, hb_beamr_error:reason()}.
named(Instance, Name, Unknown, Ask) ->
    Found = hb_beamr_cache:use(Instance, fun(Port) ->
        hb_beamr_name:find(Name, fun(Utf8) -> Ask(Port, Utf8) end)
    end),
    case Found of
        {error, invalid_name} -> {error, hb_beamr_error:new(Unknown, "(not a name)")};
        _ -> result(Found)
    end.

-spec result(Result | hb_beamr_port:failure()) -> Result | {error, hb_beamr_error:reason()}.
result({error, Code, Text}) -> {error, hb_beamr_error:new(Code, Text)};
result(closed) -> {error, hb_beamr_error:new(closed)};
result(Result) -> Result.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @doc What can go wrong, in one type, and in words.
%%%
%%% Functions that HyperBEAM knows answer errors as strings, as it expects them: `{error,
%%% "Exception: unreachable"}'. Behind each string is a {@type reason()}, which {@link
%%% hb_beamr:last_error/1} gives after a call failed. The other functions of this library answer
%%% `{error, reason()}' at once. {@link format_error/1} renders both.
-module(hb_beamr_error).

-export([format_error/1]).

%% For this library.
-export([code/1]).
-export([new/1]).
-export([new/2]).
-export([exceeded/3]).
-export([string/1]).
-export([string/2]).
-export([text/1]).
-export([show/1]).

-export_type([reason/0]).
-export_type([code/0]).
-export_type([limit/0]).
-export_type([excess/0]).
-export_type([details/0]).
-export_type([frame/0]).
-export_type([tag/0]).

-type reason() :: {code(), details()} | {limit, limit(), excess()}.
%% A code, and a map with at least the key `message': UTF-8 text without a prefix.

-type code() ::
    trap
    | cancelled
    | invalid_args
    | unknown_function
    | bad_module
    | link
    | instantiate
    | bad_result
    | out_of_bounds
    | no_memory
    | invalid_state
    | not_holder
    | system_limit
    | badarg
    | unknown_global
    | internal
    | not_running
    | invalid_option
    | unsupported
    | not_started
    | timeout
    | stale_token
    | not_owner
    | unknown_table
    | unknown_tag
    | not_compiled
    | no_compiler
    | refused
    | compiler_limit
    | compiler_failed
    | untrusted
    | io.
%% <dl>
%% <dt>`trap'</dt>
%% <dd>The guest trapped, or an import was answered with an exception. The details have `kind',
%%   `frames' and `truncated' too.</dd>
%% <dt>`cancelled'</dt>
%% <dd>The call was ended by {@link hb_beamr:cancel/1}. Details as for `trap'.</dd>
%% <dt>`invalid_args'</dt>
%% <dd>Number, type or range of arguments. Nothing ran.</dd>
%% <dt>`unknown_function'</dt>
%% <dd>No exported function of that name, no such element of the exported function table, or not
%%   a name at all.</dd>
%% <dt>`bad_module'</dt>
%% <dd>The bytes are no valid module, or one that cannot be run here.</dd>
%% <dt>`link'</dt>
%% <dd>Imports that cannot be provided: the message names each.</dd>
%% <dt>`instantiate'</dt>
%% <dd>The instance could not be made, for instance because a data segment does not fit into
%%   memory.</dd>
%% <dt>`bad_result'</dt>
%% <dd>An import function answered too few values, or of wrong types.</dd>
%% <dt>`out_of_bounds'</dt>
%% <dd>A range of memory that passes its end. Nothing was read or written.</dd>
%% <dt>`no_memory'</dt>
%% <dd>The module has no memory, or it cannot grow by so much.</dd>
%% <dt>`invalid_state'</dt>
%% <dd>The operation is not allowed now.</dd>
%% <dt>`not_holder'</dt>
%% <dd>The process does not hold the import it wants to answer.</dd>
%% <dt>`system_limit'</dt>
%% <dd>Memory or another resource of the system is short.</dd>
%% <dt>`badarg'</dt>
%% <dd>Malformed data: a defect of this library.</dd>
%% <dt>`unknown_global'</dt>
%% <dd>No exported global of that name.</dd>
%% <dt>`internal'</dt>
%% <dd>A defect of this library.</dd>
%% <dt>`not_running'</dt>
%% <dd>The instance was stopped, its owner died, or it never was one.</dd>
%% <dt>`invalid_option'</dt>
%% <dd>An option of `start', or a value of it, that does not exist.</dd>
%% <dt>`unsupported'</dt>
%% <dd>Something that this build does not do.</dd>
%% <dt>`not_started'</dt>
%% <dd>The application is not running and did not start.</dd>
%% <dt>`timeout'</dt>
%% <dd>The deadline passed before the call had ended.</dd>
%% <dt>`stale_token'</dt>
%% <dd>The import of a token was answered already, or its call has ended.</dd>
%% <dt>`not_owner'</dt>
%% <dd>The calling process does not own the instance.</dd>
%% <dt>`unknown_table'</dt>
%% <dd>No exported table of that name.</dd>
%% <dt>`unknown_tag'</dt>
%% <dd>No exported, or no imported, tag of that name.</dd>
%% <dt>`not_compiled'</dt>
%% <dd>The module uses SIMD, which only compiled code can do, and the mode is `interp'.</dd>
%% <dt>`no_compiler'</dt>
%% <dd>There is no compiler: LLVM was not there when this library was built.</dd>
%% <dt>`refused'</dt>
%% <dd>The compiler refuses the module: it is not valid, or uses what cannot be compiled.</dd>
%% <dt>`compiler_limit'</dt>
%% <dd>The compiler wanted more memory than it may have.</dd>
%% <dt>`compiler_failed'</dt>
%% <dd>The compiler ended without having compiled: it was killed, or has a defect.</dd>
%% <dt>`untrusted'</dt>
%% <dd>Compiled code that the node may not run.</dd>
%% <dt>`io'</dt>
%% <dd>A file could not be read or written.</dd>
%% </dl>

-type limit() ::
    memory
    | table_elements
    | call_depth
    | results
    | module_size
    | instances
    | total_memory
    | waiting_calls.
%% See {@type hb_beamr:options()} for those of an instance, and the application's environment for
%% those of the node: `instances', `total_memory' and `waiting_calls'.

-type excess() :: #{
    message := binary(), limit := non_neg_integer(), wanted := non_neg_integer()
}.
%% What is allowed and what was wanted: bytes for memories and modules, else a number. What is
%% wanted is at least that much.

-type details() :: #{
    message := binary(),
    kind => atom(),
    frames => [frame()],
    truncated => boolean(),
    in_start_function => true,
    tag => tag(),
    payload => [hb_beamr_value:value()]
}.
%% `kind' is one of `unreachable', `memory_out_of_bounds', `table_out_of_bounds',
%% `undefined_element', `uninitialized_element', `indirect_call_type_mismatch',
%% `integer_divide_by_zero', `integer_overflow', `invalid_conversion_to_integer',
%% `stack_overflow', `host' (an import raised it), `cancelled', `exception' (the guest threw it and
%% nobody caught it: `tag' and `payload' tell what), `other'. `frames' are the guest's, innermost
%% first, at most 64; `truncated' says that there were more; an exception has none.
%% `in_start_function' is there if it was no call of the user's.

-type tag() :: Name :: binary() | {Module :: binary(), Name :: binary()} | non_neg_integer().
%% The tag of an exception: by the name it is exported under, the names it is imported under, or its
%% number.

-type frame() :: #{
    function := non_neg_integer(),
    offset := non_neg_integer(),
    name := binary()
}.
%% The function's index, the instruction's offset in bytes from the start of the module (0:
%% unknown), and the name that the module's name section or an export gives it (empty: none).

%% Names and messages come from guests and can be long.
-define(MAX_NAME, 200).
%% Bytes of a term in the external format.
-define(MAX_SHOWN, 1000).

%% @doc A sentence about an error of any function of this library.
%%
%% Takes a {@type reason()}, a string, `timeout', or the `{invalid_args, Args}' of `call'.
-spec format_error(reason() | string() | timeout | {invalid_args, term()}) -> string().
format_error({limit, _, #{message := Message}}) ->
    text(Message);
format_error({_, #{message := _} = Details} = Reason) ->
    string(Reason) ++ backtrace(maps:get(frames, Details, []));
format_error(timeout) ->
    "the deadline has passed";
format_error({invalid_args, Args}) ->
    lists:flatten(["invalid arguments: ", show(Args)]);
format_error(Text) when is_list(Text) ->
    Text;
format_error(Other) ->
    lists:flatten(show(Other)).

-spec backtrace([frame()]) -> string().
backtrace(Frames) ->
    lists:flatmap(fun frame/1, Frames).

-spec frame(frame()) -> string().
frame(#{function := Function, offset := Offset, name := Name}) ->
    lists:flatten(io_lib:format("~n  at ~ts+0x~.16b", [frame_name(Function, Name), Offset])).

-spec frame_name(non_neg_integer(), binary()) -> string().
frame_name(Function, <<>>) -> "function " ++ integer_to_list(Function);
frame_name(_, Name) -> text(Name).

%% @private
%% @doc A term that somebody gave us, for a message.
%%
%% One that is large is not printed: digits of a number cost time by the square of their count.
-spec show(term()) -> io_lib:chars().
show(Term) ->
    case erlang:external_size(Term) of
        Bytes when Bytes =< ?MAX_SHOWN -> io_lib:format("~tP", [Term, 20]);
        Bytes -> io_lib:format("(a term of ~b bytes)", [Bytes])
    end.

%% @private
%% @doc The code of a number of the protocol.
-spec code(byte()) -> code() | limit.
code(1) -> trap;
code(2) -> cancelled;
code(3) -> invalid_args;
code(4) -> unknown_function;
code(5) -> bad_module;
code(6) -> link;
code(7) -> instantiate;
code(8) -> bad_result;
code(9) -> out_of_bounds;
code(10) -> no_memory;
code(11) -> invalid_state;
code(12) -> not_holder;
code(13) -> system_limit;
code(14) -> badarg;
code(15) -> unknown_global;
code(17) -> limit;
code(18) -> stale_token;
code(19) -> unknown_table;
code(20) -> unknown_tag;
code(21) -> not_compiled;
code(_) -> internal.

%% @private
%% @doc The reason of a failure without a message of its own.
-spec new(hb_beamr_port:failure()) -> reason().
new({error, Code, Text}) -> new(Code, Text);
new(closed) -> new(not_running, <<"instance is not running">>).

%% @private
-spec new(code() | limit, unicode:chardata()) -> reason().
new(limit, Text) ->
    [Name, Limit, Wanted] = binary:split(Text, <<" ">>, [global]),
    exceeded(binary_to_existing_atom(Name), binary_to_integer(Limit), binary_to_integer(Wanted));
new(Code, Text) when is_binary(Text) ->
    {Code, #{message => binary:copy(Text)}};
new(Code, Text) ->
    {Code, #{message => unicode:characters_to_binary(Text)}}.

%% @private
%% @doc A limit would be passed.
-spec exceeded(limit(), non_neg_integer(), non_neg_integer()) -> reason().
exceeded(Name, Limit, Wanted) ->
    Text = io_lib:format("the limit of ~ts is ~b~ts, wanted is ~b", [
        what(Name), Limit, unit(Name), Wanted
    ]),
    {limit, Name, #{
        message => unicode:characters_to_binary(Text), limit => Limit, wanted => Wanted
    }}.

-spec what(limit()) -> string().
what(memory) -> "an instance's memory";
what(table_elements) -> "a table";
what(call_depth) -> "nested calls";
what(results) -> "a function's results";
what(module_size) -> "a module";
what(instances) -> "instances in this node";
what(total_memory) -> "all instances' memory";
what(waiting_calls) -> "calls that wait for their turn in this node".

-spec unit(limit()) -> string().
unit(Name) when Name =:= memory; Name =:= module_size; Name =:= total_memory -> " bytes";
unit(table_elements) -> " elements";
unit(_) -> "".

%% @private
%% @doc The string that the compatible functions answer.
-spec string(reason()) -> string().
string({limit, _, #{message := Message}}) ->
    text(Message);
string({Code, #{message := Message, in_start_function := true}}) ->
    string(Code, Message) ++ " (in the start function)";
string({Code, #{message := Message}}) ->
    string(Code, Message).

%% @private
-spec string(code() | limit, binary()) -> string().
string(trap, Message) -> "Exception: " ++ text(Message);
string(cancelled, Message) -> "Exception: " ++ text(Message);
string(limit, Text) -> string(new(limit, Text));
string(unknown_function, Name) -> "unknown function: " ++ short(text(Name));
string(unknown_global, Name) -> "unknown global: " ++ short(text(Name));
string(unknown_table, Name) -> "unknown table: " ++ short(text(Name));
string(unknown_tag, Name) -> "unknown tag: " ++ short(text(Name));
string(instantiate, Text) -> "the module cannot be instantiated: " ++ text(Text);
string(_, Text) -> text(Text).

-spec short(string()) -> string().
short(Text) ->
    case length(Text) > ?MAX_NAME of
        true -> lists:sublist(Text, ?MAX_NAME) ++ "...";
        false -> Text
    end.

%% @private
%% @doc Text as a list of characters, also if it is not UTF-8.
-spec text(binary()) -> string().
text(Text) ->
    case unicode:characters_to_list(Text) of
        List when is_list(List) -> List;
        _ -> binary_to_list(Text)
    end.

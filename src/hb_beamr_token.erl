%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Imports that another process answers.
%%%
%%% A token names one import of one call. The driver knows which imports wait, and passes the first
%%% valid answer on to the process that waits for it; so a token works once, and one of a call that
%%% has ended is refused.
-module(hb_beamr_token).

-export([new/2]).
-export([reply/2]).
-export([delivery/3]).

-export_type([token/0]).
-export_type([answer/0]).

-opaque token() :: {hb_beamr_token, pid(), Import :: non_neg_integer()}.

-type answer() ::
    Results ::
        [hb_beamr_value:value()]
        | {import_exception, unicode:chardata() | {hb_beamr:tag(), [hb_beamr_value:value()]}}.

-define(RESULTS,
    "an answer is {ok, Results}, Results, {import_exception, Text} or {import_exception, {Tag, "
    "Values}}; results are a list of integers that fit 64 bits, floats, the atoms nan, '+inf' and "
    "'-inf', and references"
).

-spec new(pid(), Import :: non_neg_integer()) -> token().
new(Instance, Import) ->
    {hb_beamr_token, Instance, Import}.

%% @doc See `hb_beamr:reply/2'.
-spec reply(token(), term()) -> ok | {error, hb_beamr_error:reason()}.
reply({hb_beamr_token, Instance, Import} = Token, Answer) when
    is_pid(Instance), is_integer(Import), Import >= 0
->
    case node(Instance) =:= node() of
        true -> reply_here(Instance, Import, Answer);
        false -> reply_there(node(Instance), Token, Answer)
    end;
reply(Other, _Answer) ->
    {error, hb_beamr_error:new(invalid_args, ["not a token: ", hb_beamr_error:show(Other)])}.

-spec reply_here(pid(), non_neg_integer(), term()) -> ok | {error, hb_beamr_error:reason()}.
reply_here(Instance, Import, Answer) ->
    Deliver = fun(Port) ->
        case delivery(Answer, Instance, Port) of
            {ok, Delivery} -> hb_beamr_port:deliver(Port, Import, Delivery);
            Failure -> Failure
        end
    end,
    case hb_beamr_cache:use(Instance, Deliver) of
        ok -> ok;
        error -> {error, hb_beamr_error:new(bad_result, ?RESULTS)};
        Failure -> {error, hb_beamr_error:new(Failure)}
    end.

-spec reply_there(node(), token(), term()) -> ok | {error, hb_beamr_error:reason()}.
reply_there(Node, Token, Answer) ->
    try
        erpc:call(Node, ?MODULE, reply, [Token, Answer])
    catch
        error:{erpc, Reason} ->
            Text = io_lib:format("node ~tp cannot be asked: ~tp", [Node, Reason]),
            {error, hb_beamr_error:new(not_running, Text)}
    end.

%% @doc An answer as the driver wants it.
-spec delivery(term(), pid(), port()) ->
    {ok, hb_beamr_port:delivery()} | error | hb_beamr_port:failure().
delivery({ok, Answer}, Instance, Port) ->
    delivery(Answer, Instance, Port);
delivery({import_exception, {Tag, Payload}}, Instance, Port) ->
    case {tag_names(Tag), hb_beamr_value:encode(Payload, Instance)} of
        {error, _} ->
            error;
        {_, error} ->
            Why = hb_beamr_value:explain(Payload, Instance),
            {error, bad_result, <<"value of the exception: ", Why/binary>>};
        {Names, Values} ->
            case hb_beamr_port:tag(Port, Names) of
                {ok, Number} -> {ok, {throw, [<<Number:32/little>>, Values]}};
                Failure -> Failure
            end
    end;
delivery({import_exception, Message}, _Instance, _Port) ->
    try unicode:characters_to_binary(Message) of
        Text when is_binary(Text) -> {ok, {trap, Text}};
        _ -> error
    catch
        error:badarg -> error
    end;
delivery(Results, Instance, _Port) ->
    case hb_beamr_value:encode(Results, Instance) of
        error -> error;
        Values -> {ok, {answer, Values}}
    end.

%% The names of a tag as modules have them.
-spec tag_names(term()) -> binary() | {binary(), binary()} | error.
tag_names({Module, Name}) ->
    case {hb_beamr_name:utf8(Module), hb_beamr_name:utf8(Name)} of
        {error, _} -> error;
        {_, error} -> error;
        Names -> Names
    end;
tag_names(Name) ->
    hb_beamr_name:utf8(Name).

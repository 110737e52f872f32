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
-export([delivery/1]).

-export_type([token/0]).
-export_type([answer/0]).

-opaque token() :: {hb_beamr_token, pid(), Import :: non_neg_integer()}.

-type answer() ::
    Results :: [hb_beamr_value:value()] | {import_exception, unicode:chardata()}.

-define(RESULTS,
    "an answer is {ok, Results}, Results or {import_exception, Text}; results are a list of "
    "integers that fit 64 bits, floats, and the atoms nan, '+inf' and '-inf'"
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
    case delivery(Answer) of
        {ok, Delivery} ->
            Deliver = fun(Port) -> hb_beamr_port:deliver(Port, Import, Delivery) end,
            case hb_beamr_cache:use(Instance, Deliver) of
                ok -> ok;
                Failure -> {error, hb_beamr_error:new(Failure)}
            end;
        error ->
            {error, hb_beamr_error:new(bad_result, ?RESULTS)}
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
-spec delivery(term()) -> {ok, hb_beamr_port:delivery()} | error.
delivery({ok, Answer}) ->
    delivery(Answer);
delivery({import_exception, Message}) ->
    try unicode:characters_to_binary(Message) of
        Text when is_binary(Text) -> {ok, {trap, Text}};
        _ -> error
    catch
        error:badarg -> error
    end;
delivery(Results) ->
    case hb_beamr_value:encode(Results) of
        error -> error;
        Values -> {ok, {answer, Values}}
    end.

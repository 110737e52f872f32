%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Points in time after which a call is to have ended.
%%%
%%% While an import function runs, the deadline of the call that it answers for is in force for the
%%% calls that it makes, of whichever instance: else a nested call without an end would hold up the
%%% outer one past its deadline.
-module(hb_beamr_deadline).

-export([new/1]).
-export([option/1]).
-export([earliest/2]).
-export([left/1]).
-export([is_over/1]).

-export([in_force/1]).
-export([enforce/1]).
-export([restore/1]).

-export_type([deadline/0]).

-type deadline() :: infinity | integer().
%% In milliseconds of `erlang:monotonic_time/1'.

-define(KEY, '$hb_beamr_deadline').

%% What `receive' takes: 49 days.
-define(LONGEST, 16#FFFFFFFF).

%% @doc The deadline of something that may take so long from now on.
-spec new(timeout()) -> deadline().
new(infinity) -> infinity;
new(Milliseconds) -> erlang:monotonic_time(millisecond) + Milliseconds.

%% @doc The option `timeout' of a map of options; other terms have none.
-spec option(term()) -> {ok, timeout()} | {error, Text :: binary()}.
option(#{timeout := infinity}) ->
    {ok, infinity};
option(#{timeout := Milliseconds}) when
    is_integer(Milliseconds), Milliseconds >= 0, Milliseconds =< ?LONGEST
->
    {ok, Milliseconds};
option(#{timeout := Other}) ->
    Text = [
        "the option timeout is infinity or milliseconds from 0 to 4294967295, not ",
        hb_beamr_error:show(Other)
    ],
    {error, unicode:characters_to_binary(Text)};
option(_) ->
    {ok, infinity}.

-spec earliest(deadline(), deadline()) -> deadline().
earliest(infinity, Deadline) -> Deadline;
earliest(Deadline, infinity) -> Deadline;
earliest(A, B) -> min(A, B).

%% @doc Milliseconds until a deadline, for `receive'.
-spec left(deadline()) -> timeout().
left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

%% @doc Whether a deadline has passed.
-spec is_over(deadline()) -> boolean().
is_over(infinity) -> false;
is_over(Deadline) -> erlang:monotonic_time(millisecond) >= Deadline.

%% @doc The deadline of a call that begins now and may take so long.
-spec in_force(timeout()) -> deadline().
in_force(Timeout) ->
    case get(?KEY) of
        undefined -> new(Timeout);
        Outer -> earliest(Outer, new(Timeout))
    end.

%% @doc Put a deadline in force for what the calling process does next; what was before comes back
%% with `restore/1'.
-spec enforce(deadline()) -> Before :: term().
enforce(Deadline) ->
    put(?KEY, Deadline).

-spec restore(term()) -> ok.
restore(undefined) ->
    _ = erase(?KEY),
    ok;
restore(Before) ->
    _ = put(?KEY, Before),
    ok.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The long answers of the driver, taken apart; see `docs/protocol.md'.
-module(hb_beamr_answer).

-export([description/1]).
-export([trap_info/3]).
-export([trap_message/1]).
-export([counters/1]).

-export_type([extern/0]).

-type extern() ::
    {func | global | table | memory | tag, Module :: binary(), Name :: binary(), Signature :: binary()}.
%% An import or an export of a module. Exports have no module name: it is empty.

%% @doc The imports and exports of a module.
-spec description(binary()) -> {Imports :: [extern()], Exports :: [extern()]}.
description(<<Count:32/little, Bytes/binary>>) ->
    {Imports, <<ExportCount:32/little, Rest/binary>>} = imports(Count, Bytes, []),
    {Imports, exports(ExportCount, Rest)}.

-spec imports(non_neg_integer(), binary(), [extern()]) -> {[extern()], binary()}.
imports(0, Bytes, Imports) ->
    {lists:reverse(Imports), Bytes};
imports(
    Count,
    <<Kind, M:32/little, Module:M/binary, N:32/little, Name:N/binary, S:32/little,
        Signature:S/binary, Rest/binary>>,
    Imports
) ->
    imports(Count - 1, Rest, [{kind(Kind), Module, Name, Signature} | Imports]).

-spec exports(non_neg_integer(), binary()) -> [extern()].
exports(0, <<>>) ->
    [];
exports(
    Count,
    <<Kind, N:32/little, Name:N/binary, S:32/little, Signature:S/binary, Rest/binary>>
) ->
    [{kind(Kind), <<>>, Name, Signature} | exports(Count - 1, Rest)].

-spec kind(0..4) -> func | global | table | memory | tag.
kind(0) -> func;
kind(1) -> global;
kind(2) -> table;
kind(3) -> memory;
kind(4) -> tag.

%% @doc What is known of a trap. Names are copied: the answer is not kept for their sake.
-spec trap_info(binary(), pid(), hb_beamr_value:floats()) -> none | hb_beamr_error:details().
trap_info(<<4, "none", _/binary>>, _Instance, _Floats) ->
    none;
trap_info(
    <<K, Kind:K/binary, M:16/little, Message:M/binary, Truncated, Count, Rest/binary>>,
    Instance,
    Floats
) ->
    {Frames, Exception} = frames(Count, Rest, []),
    add_exception(Exception, Instance, Floats, #{
        kind => binary_to_atom(Kind),
        message => binary:copy(Message),
        frames => Frames,
        truncated => Truncated =/= 0
    }).

-spec add_exception(binary(), pid(), hb_beamr_value:floats(), Details) -> Details when
    Details :: hb_beamr_error:details().
add_exception(<<0>>, _Instance, _Floats, Details) ->
    Details;
add_exception(
    <<1, Tag:32/little, Naming, M:16/little, Module:M/binary, N:16/little, Name:N/binary,
        _Count:16/little, Values/binary>>,
    Instance,
    Floats,
    Details
) ->
    Details#{
        tag => tag(Naming, Tag, Module, Name),
        payload => hb_beamr_value:decode(Values, Instance, Floats)
    }.

-spec tag(0..2, non_neg_integer(), binary(), binary()) -> hb_beamr_error:tag().
tag(0, Tag, _, _) -> Tag;
tag(1, _, _, Name) -> binary:copy(Name);
tag(2, _, Module, Name) -> {binary:copy(Module), binary:copy(Name)}.

%% @doc The message alone.
-spec trap_message(binary()) -> binary().
trap_message(<<K, _:K/binary, M:16/little, Message:M/binary, _/binary>>) ->
    Message.

-spec frames(non_neg_integer(), binary(), [hb_beamr_error:frame()]) ->
    {[hb_beamr_error:frame()], binary()}.
frames(0, Rest, Frames) ->
    {lists:reverse(Frames), Rest};
frames(
    Count, <<Function:32/little, Offset:32/little, N:16/little, Name:N/binary, Rest/binary>>, Frames
) ->
    Frame = #{function => Function, offset => Offset, name => binary:copy(Name)},
    frames(Count - 1, Rest, [Frame | Frames]).

%% @doc Counters by name.
-spec counters(binary()) -> #{atom() => non_neg_integer()}.
counters(Pairs) ->
    maps:from_list([
        {binary_to_atom(Name), Value}
     || <<N, Name:N/binary, Value:64/little>> <= Pairs
    ]).

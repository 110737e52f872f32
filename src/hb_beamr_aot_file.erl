%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The head of a file of compiled code.
%%%
%%% The driver checks these files and takes them apart; here is what has to be known before one is
%%% given to it.
-module(hb_beamr_aot_file).

-export([is_file/1]).
-export([check/2]).
-export([holds/3]).
-export([hex/1]).

-define(MAGIC, 0, "hba").
-define(VERSION, 1).
-define(FORCED, 1).
%% Magic, version, digest, key of the engine.
-define(HEAD, 72).

%% @doc Whether these bytes are meant to be compiled code, by their beginning.
-spec is_file(binary()) -> boolean().
is_file(<<?MAGIC, _/binary>>) -> true;
is_file(_) -> false.

%% @doc Whether a file is whole, and made for this engine.
-spec check(binary(), EngineKey :: binary()) -> ok | {error, damaged | foreign}.
check(<<?MAGIC, ?VERSION:32/little, Digest:32/binary, Rest/binary>>, EngineKey) when
    byte_size(Rest) > ?HEAD - 40
->
    case {crypto:hash(sha256, Rest), Rest} of
        {Digest, <<EngineKey:32/binary, _/binary>>} -> ok;
        {Digest, _} -> {error, foreign};
        _ -> {error, damaged}
    end;
check(<<?MAGIC, ?VERSION:32/little, _/binary>>, _EngineKey) ->
    {error, damaged};
check(<<?MAGIC, _:32, _/binary>>, _EngineKey) ->
    {error, foreign};
check(_, _EngineKey) ->
    {error, damaged}.

%% @doc Whether a file that was checked is code of this module.
-spec holds(binary(), Wasm :: binary(), Exceptions :: lower | force) -> boolean().
holds(
    <<_:(?HEAD)/binary, _Level, Flags, 0:16, A:32/little, _:A/binary, P:32/little, _:P/binary,
        F:32/little, _:F/binary, Size:64/little, _CodeSize:64/little, _/binary>> = Aot,
    Wasm,
    Exceptions
) when Size =:= byte_size(Wasm) ->
    Begin = ?HEAD + 4 + 12 + A + P + F + 16,
    Aligned = (Begin + 15) band bnot 15,
    IsForced = (Flags band ?FORCED) =/= 0,
    IsForced =:= (Exceptions =:= force) andalso byte_size(Aot) >= Aligned + Size andalso
        binary:part(Aot, Aligned, Size) =:= Wasm;
holds(_, _, _) ->
    false.

%% @doc A digest as people write it. Not with `string:lowercase/1': that loads the tables of Unicode,
%% which takes longer than the rest of a start from the cache.
-spec hex(binary()) -> binary().
hex(Digest) ->
    <<<<(digit(Digit))>> || <<Digit:4>> <= Digest>>.

-spec digit(0..15) -> byte().
digit(Digit) when Digit < 10 -> $0 + Digit;
digit(Digit) -> $a + Digit - 10.

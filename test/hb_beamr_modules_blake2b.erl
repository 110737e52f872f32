%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% BLAKE2b (RFC 7693) without a key, for any length of the hash: `crypto' has only that of 64 bytes.
-module(hb_beamr_modules_blake2b).

-export([hash/2]).

-define(MASK, 16#FFFFFFFFFFFFFFFF).
-define(BLOCK, 128).
-define(INITIAL, [
    16#6A09E667F3BCC908,
    16#BB67AE8584CAA73B,
    16#3C6EF372FE94F82B,
    16#A54FF53A5F1D36F1,
    16#510E527FADE682D1,
    16#9B05688C2B3E6C1F,
    16#1F83D9ABFB41BD6B,
    16#5BE0CD19137E2179
]).

%% Which word of the message goes where, by rounds.
-define(SCHEDULE, [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3]
]).

-spec hash(Size :: 1..64, iodata()) -> binary().
hash(Size, Data) ->
    [First | Rest] = ?INITIAL,
    State = blocks([First bxor 16#01010000 bxor Size | Rest], 0, iolist_to_binary(Data)),
    binary:part(<<<<Word:64/little>> || Word <- State>>, 0, Size).

-spec blocks([non_neg_integer()], non_neg_integer(), binary()) -> [non_neg_integer()].
blocks(State, Done, <<Block:?BLOCK/binary, Rest/binary>>) when Rest =/= <<>> ->
    blocks(compress(State, Block, Done + ?BLOCK, 0), Done + ?BLOCK, Rest);
blocks(State, Done, Last) ->
    Zeros = 8 * (?BLOCK - byte_size(Last)),
    compress(State, <<Last/binary, 0:Zeros>>, Done + byte_size(Last), ?MASK).

-spec compress([non_neg_integer()], binary(), non_neg_integer(), non_neg_integer()) ->
    [non_neg_integer()].
compress(State, Block, Count, Last) ->
    Message = list_to_tuple([Word || <<Word:64/little>> <= Block]),
    [I0, I1, I2, I3, I4, I5, I6, I7] = ?INITIAL,
    Start = State ++ [I0, I1, I2, I3, I4 bxor Count, I5, I6 bxor Last, I7],
    Mixed = lists:foldl(
        fun(Order, V) -> double_round([element(N + 1, Message) || N <- Order], V) end,
        Start,
        ?SCHEDULE
    ),
    {Low, High} = lists:split(8, Mixed),
    lists:zipwith3(fun(Old, L, H) -> Old bxor L bxor H end, State, Low, High).

%% The columns, then the diagonals.
-spec double_round([non_neg_integer()], [non_neg_integer()]) -> [non_neg_integer()].
double_round(
    [M0, M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12, M13, M14, M15],
    [A0, A1, A2, A3, B0, B1, B2, B3, C0, C1, C2, C3, D0, D1, D2, D3]
) ->
    {E0, F0, G0, H0} = mix(A0, B0, C0, D0, M0, M1),
    {E1, F1, G1, H1} = mix(A1, B1, C1, D1, M2, M3),
    {E2, F2, G2, H2} = mix(A2, B2, C2, D2, M4, M5),
    {E3, F3, G3, H3} = mix(A3, B3, C3, D3, M6, M7),
    {I0, J1, K2, L3} = mix(E0, F1, G2, H3, M8, M9),
    {I1, J2, K3, L0} = mix(E1, F2, G3, H0, M10, M11),
    {I2, J3, K0, L1} = mix(E2, F3, G0, H1, M12, M13),
    {I3, J0, K1, L2} = mix(E3, F0, G1, H2, M14, M15),
    [I0, I1, I2, I3, J0, J1, J2, J3, K0, K1, K2, K3, L0, L1, L2, L3].

-spec mix(N, N, N, N, N, N) -> {N, N, N, N} when N :: non_neg_integer().
mix(A0, B0, C0, D0, X, Y) ->
    A1 = (A0 + B0 + X) band ?MASK,
    D1 = rotate(D0 bxor A1, 32),
    C1 = (C0 + D1) band ?MASK,
    B1 = rotate(B0 bxor C1, 24),
    A2 = (A1 + B1 + Y) band ?MASK,
    D2 = rotate(D1 bxor A2, 16),
    C2 = (C1 + D2) band ?MASK,
    {A2, rotate(B1 bxor C2, 63), C2, D2}.

-spec rotate(non_neg_integer(), 1..63) -> non_neg_integer().
rotate(Word, Bits) ->
    (Word bsr Bits) bor ((Word bsl (64 - Bits)) band ?MASK).

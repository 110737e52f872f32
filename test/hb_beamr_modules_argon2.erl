%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Argon2id (RFC 9106) with the module of the npm package `argon2id': it has the compression of
%%% blocks and the choice of the block to mix in, and imports its memory. All else is the host's, who
%%% lays out that memory.
-module(hb_beamr_modules_argon2).

-export([prepare/1]).
-export([image/1]).
-export([fill/3]).

-export_type([parameters/0]).
-export_type([work/0]).

-type parameters() :: #{
    password := binary(),
    salt := binary(),
    secret := binary(),
    data := binary(),
    lanes := pos_integer(),
    %% In KiB, a multiple of four times `lanes'.
    memory := pos_integer(),
    passes := pos_integer(),
    size := pos_integer()
}.

%% With the first two blocks of each lane.
-opaque work() :: {parameters(), [{binary(), binary()}]}.

-define(BLOCK, 1024).
-define(SLICES, 4).
-define(TYPE, 2).
-define(VERSION, 16#13).

%% Places in the memory from where the work begins: what the module writes when it compresses, the
%% pseudo-random numbers, what they are made of, a block of zeros, the answer of getLZ, a new block.
-define(SCRATCH, 0).
-define(RANDOM, 1024).
-define(SEED, 2048).
-define(ZERO, 3072).
-define(CHOICE, 4096).
-define(NEW, 5120).
-define(BLOCKS, 6144).

%% @doc What is there before the module begins.
-spec prepare(parameters()) -> work().
prepare(Parameters) ->
    #{lanes := Lanes} = Parameters,
    Seed = seed(Parameters),
    First = fun(Block, Lane) -> long_hash(?BLOCK, <<Seed/binary, Block:32/little, Lane:32/little>>) end,
    {Parameters, [{First(0, Lane), First(1, Lane)} || Lane <- lists:seq(0, Lanes - 1)]}.

%% @doc The beginning of the memory for that.
-spec image(work()) -> binary().
image({Parameters, Firsts}) ->
    Rest = (lane_length(Parameters) - 2) * ?BLOCK,
    iolist_to_binary([<<0:?BLOCKS/unit:8>>, [[A, B, <<0:Rest/unit:8>>] || {A, B} <- Firsts]]).

%% @doc The hash, if the memory has that image from address `Base'.
-spec fill(hb_beamr:instance(), Base :: non_neg_integer(), work()) -> Hash :: binary().
fill(Instance, Base, {#{lanes := Lanes, passes := Passes, size := Size} = Parameters, _}) ->
    [
        segment(Instance, Base, Parameters, {Pass, Slice, Lane})
     || Pass <- lists:seq(0, Passes - 1),
        Slice <- lists:seq(0, ?SLICES - 1),
        Lane <- lists:seq(0, Lanes - 1)
    ],
    Length = lane_length(Parameters),
    [Last | Others] = [block(Base, Length, Lane, Length - 1) || Lane <- lists:seq(0, Lanes - 1)],
    [call(Instance, "xor", [Last, Last, Other]) || Other <- Others],
    {ok, Final} = hb_beamr_io:read(Instance, Last, ?BLOCK),
    long_hash(Size, Final).

-spec segment(hb_beamr:instance(), non_neg_integer(), parameters(), Where) -> ok when
    Where :: {Pass :: non_neg_integer(), Slice :: 0..3, Lane :: non_neg_integer()}.
segment(Instance, Base, Parameters, {Pass, Slice, _Lane} = Where) ->
    Segment = lane_length(Parameters) div ?SLICES,
    First =
        case {Pass, Slice} of
            {0, 0} -> 2;
            _ -> 0
        end,
    lists:foreach(
        fun(Offset) -> new_block(Instance, Base, Parameters, Where, Offset) end,
        lists:seq(First, Segment - 1)
    ).

-spec new_block(hb_beamr:instance(), non_neg_integer(), parameters(), tuple(), non_neg_integer()) ->
    [].
new_block(Instance, Base, Parameters, {Pass, Slice, Lane} = Where, Offset) ->
    #{lanes := Lanes} = Parameters,
    Length = lane_length(Parameters),
    Segment = Length div ?SLICES,
    Index = Slice * Segment + Offset,
    Block = block(Base, Length, Lane, Index),
    Previous = block(Base, Length, Lane, (Index + Length - 1) rem Length),
    Random =
        case Pass =:= 0 andalso Slice < 2 of
            true -> random(Instance, Base, Parameters, Where, Offset);
            false -> Previous
        end,
    Choice = Base + ?CHOICE,
    Args = [Choice, Random, Lane, Lanes, Pass, Slice, Offset, ?SLICES, Segment],
    [Choice] = call(Instance, "getLZ", Args),
    {ok, <<OtherLane:32/little, OtherIndex:32/little>>} = hb_beamr_io:read(Instance, Choice, 8),
    Other = block(Base, Length, OtherLane, OtherIndex),
    Scratch = Base + ?SCRATCH,
    New = Base + ?NEW,
    case Pass of
        0 ->
            call(Instance, "G", [Previous, Other, Block, Scratch]);
        _ ->
            [] = call(Instance, "G", [Previous, Other, New, Scratch]),
            call(Instance, "xor", [Block, New, Block])
    end.

%% Where the pseudo-random numbers for a block are, in the part that does not depend on the data.
-spec random(hb_beamr:instance(), non_neg_integer(), parameters(), tuple(), non_neg_integer()) ->
    non_neg_integer().
random(Instance, Base, Parameters, {Pass, Slice, Lane}, Offset) ->
    #{memory := Memory, passes := Passes} = Parameters,
    Numbers = [Pass, Lane, Slice, Memory, Passes, ?TYPE, Offset div 128 + 1],
    ok = hb_beamr_io:write(Instance, Base + ?SEED, [<<N:64/little>> || N <- Numbers]),
    Args = [Base + Place || Place <- [?ZERO, ?SEED, ?RANDOM, ?SCRATCH]],
    [] = call(Instance, "G2", Args),
    Base + ?RANDOM + Offset rem 128 * 8.

-spec block(N, N, N, N) -> N when N :: non_neg_integer().
block(Base, Length, Lane, Index) ->
    Base + ?BLOCKS + (Lane * Length + Index) * ?BLOCK.

-spec lane_length(parameters()) -> pos_integer().
lane_length(#{memory := Memory, lanes := Lanes}) ->
    Memory div Lanes.

-spec call(hb_beamr:instance(), string(), [integer()]) -> [integer()].
call(Instance, Function, Args) ->
    {ok, Results} = hb_beamr:call(Instance, Function, Args),
    Results.

-spec seed(parameters()) -> binary().
seed(#{lanes := Lanes, size := Size, memory := Memory, passes := Passes} = Parameters) ->
    Numbers = [Lanes, Size, Memory, Passes, ?VERSION, ?TYPE],
    Texts = [maps:get(Key, Parameters) || Key <- [password, salt, secret, data]],
    hb_beamr_modules_blake2b:hash(64, [
        [<<N:32/little>> || N <- Numbers],
        [[<<(byte_size(Text)):32/little>>, Text] || Text <- Texts]
    ]).

%% The hash of any length: that RFC calls it H'.
-spec long_hash(pos_integer(), binary()) -> binary().
long_hash(Size, Data) when Size =< 64 ->
    hb_beamr_modules_blake2b:hash(Size, [<<Size:32/little>>, Data]);
long_hash(Size, Data) ->
    First = hb_beamr_modules_blake2b:hash(64, [<<Size:32/little>>, Data]),
    iolist_to_binary(halves(Size, First)).

-spec halves(pos_integer(), binary()) -> iolist().
halves(Size, Hash) when Size =< 64 ->
    [binary:part(Hash, 0, Size)];
halves(Size, Hash) ->
    Next = hb_beamr_modules_blake2b:hash(min(64, Size - 32), Hash),
    [binary:part(Hash, 0, 32) | halves(Size - 32, Next)].

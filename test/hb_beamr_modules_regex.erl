%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The regular expressions of the editor VS Code: Oniguruma as the package vscode-oniguruma has it,
%%% with the part of that package's JavaScript that works with it.
-module(hb_beamr_modules_regex).

-export([start/1]).
-export([match/4]).

-export_type([engine/0]).

-type engine() :: {hb_beamr:instance(), constants()}.

%% What the module tells its host while it starts.
-type constants() :: #{binary() => number()}.

%% The number of the pattern, and where it and its groups match, in bytes.
-type match() :: {non_neg_integer(), [{integer(), integer()} | none]}.

-define(NONE, 16#FFFFFFFF).

-spec start(binary()) -> engine().
start(Wasm) ->
    {ok, Instance, _, _} = hb_beamr:start(Wasm),
    {ok, [], Constants} = hb_beamr:call(
        Instance, "__wasm_call_ctors", [], fun constructors/3, #{}
    ),
    {Instance, Constants}.

-spec constructors(constants(), map(), term()) -> {ok, [], constants()}.
constructors(Constants, #{func := "_embind_register_constant"} = Call, _Opts) ->
    #{args := [Name, _Type, Value], instance := Instance} = Call,
    {ok, Text} = hb_beamr_io:read_string(Instance, Name),
    {ok, [], Constants#{Text => Value}};
constructors(Constants, #{func := "_embind_register_" ++ _}, _Opts) ->
    {ok, [], Constants}.

%% Which of the patterns matches first from a position on.
-spec match(engine(), [iodata()], iodata(), non_neg_integer()) ->
    {ok, match()} | nomatch | {error, binary()}.
match({Instance, _} = Engine, Patterns, Text, Position) ->
    case scanner(Engine, Patterns) of
        0 ->
            [Message] = call(Instance, "getLastOnigError", []),
            {error, string_at(Instance, Message)};
        Scanner ->
            Match = find(Engine, Scanner, iolist_to_binary(Text), Position),
            [0] = call(Instance, "freeOnigScanner", [Scanner]),
            Match
    end.

-spec scanner(engine(), [iodata()]) -> integer().
scanner({Instance, Constants}, Patterns) ->
    #{
        <<"ONIG_OPTION_CAPTURE_GROUP">> := CaptureGroup,
        <<"ONIG_SYNTAX_DEFAULT">> := Syntax
    } = Constants,
    Texts = [put_bytes(Instance, Pattern) || Pattern <- Patterns],
    Pointers = put_bytes(Instance, [<<Text:32/little>> || Text <- Texts]),
    Sizes = put_bytes(Instance, [<<(iolist_size(Pattern)):32/little>> || Pattern <- Patterns]),
    Args = [Pointers, Sizes, length(Patterns), trunc(CaptureGroup), trunc(Syntax)],
    [Scanner] = call(Instance, "createOnigScanner", Args),
    [[] = call(Instance, "ofree", [Bytes]) || Bytes <- [Sizes, Pointers | Texts]],
    Scanner.

-spec find(engine(), integer(), binary(), non_neg_integer()) -> {ok, match()} | nomatch.
find({Instance, Constants}, Scanner, Text, Position) ->
    #{<<"ONIG_OPTION_CAPTURE_GROUP">> := CaptureGroup} = Constants,
    Bytes = put_bytes(Instance, Text),
    %% A number for the text, by which the module remembers what it knows of it.
    Identity = erlang:unique_integer([positive]) band 16#7FFFFFFF,
    Args = [Scanner, Identity, Bytes, byte_size(Text), Position, trunc(CaptureGroup)],
    [Found] = call(Instance, "findNextOnigScannerMatch", Args),
    [] = call(Instance, "ofree", [Bytes]),
    case Found of
        0 -> nomatch;
        _ -> {ok, match_at(Instance, Found band 16#FFFFFFFF)}
    end.

-spec match_at(hb_beamr:instance(), non_neg_integer()) -> match().
match_at(Instance, Pointer) ->
    {ok, <<Pattern:32/little, Count:32/little>>} = hb_beamr_io:read(Instance, Pointer, 8),
    {ok, Groups} = hb_beamr_io:read(Instance, Pointer + 8, Count * 8),
    {Pattern, [group(Start, End) || <<Start:32/little, End:32/little>> <= Groups]}.

-spec group(non_neg_integer(), non_neg_integer()) -> {integer(), integer()} | none.
group(?NONE, ?NONE) -> none;
group(Start, End) -> {Start, End}.

-spec put_bytes(hb_beamr:instance(), iodata()) -> non_neg_integer().
put_bytes(Instance, Bytes) ->
    [Pointer] = call(Instance, "omalloc", [iolist_size(Bytes)]),
    ok = hb_beamr_io:write(Instance, Pointer band 16#FFFFFFFF, Bytes),
    Pointer band 16#FFFFFFFF.

-spec string_at(hb_beamr:instance(), integer()) -> binary().
string_at(Instance, Pointer) ->
    {ok, Text} = hb_beamr_io:read_string(Instance, Pointer band 16#FFFFFFFF),
    Text.

%% Its imports are those of emscripten: it grows its memory by `emscripten_resize_heap'.
-spec call(hb_beamr:instance(), string(), [integer()]) -> [integer()].
call(Instance, Function, Args) ->
    World = hb_beamr_modules_wasi:new([], []),
    {ok, Results, _} = hb_beamr:call(
        Instance, Function, Args, fun hb_beamr_modules_emscripten:import/3, World
    ),
    Results.

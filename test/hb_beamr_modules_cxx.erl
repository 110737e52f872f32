%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% What emscripten's JavaScript does for C++ exceptions (`-fexceptions'), as import functions.
%%%
%%% hb_beamr answers `invoke_*'. The rest of the mechanism is the host's: to note what was thrown, to
%%% find the handler that takes it, and to know which exceptions are being handled. `around/1' makes
%%% an import function that does that and asks another for all other imports; its state is
%%% `{new(), StateOfTheOther}'.
%%%
%%% In front of each thrown object the guest's memory has what is known of it, as emscripten's C++
%%% library wants it (the offsets below). In older versions (3.1.6) the host also makes, counts and
%%% frees these objects; in newer ones (3.1.69) the guest does, and exports what the host has to call.
-module(hb_beamr_modules_cxx).

-export([new/0]).
-export([around/1]).

-export_type([cxx/0]).

-define(HEADER, 24).
-define(REFERENCES, 0).
-define(TYPE, 4).
-define(DESTRUCTOR, 8).
-define(HANDLED, 12).
-define(RETHROWN, 13).
-define(ADJUSTED, 16).

-record(cxx, {
    %% The exception that is on its way, or the last that was; 0 for none.
    last = 0 :: pointer(),
    %% Those in whose handlers the guest is, the innermost first.
    handled = [] :: [pointer()],
    %% How many are on their way.
    uncaught = 0 :: integer(),
    %% The second part of a result that has two.
    second = 0 :: pointer()
}).

-opaque cxx() :: #cxx{}.

-type pointer() :: non_neg_integer().
-type state() :: {cxx(), term()}.
-type import_fun() :: fun((term(), map(), term()) -> term()).

%% What a call into the guest needs.
-type guest() :: {hb_beamr:instance(), import_fun(), Opts :: map()}.

-spec new() -> cxx().
new() ->
    #cxx{}.

-spec around(import_fun()) -> import_fun().
around(Other) ->
    fun Import({Cxx, State}, #{func := Name} = Call, Opts) ->
        #{instance := Instance, args := Args} = Call,
        Guest = {Instance, Import, Opts},
        case answer(Name, [unsigned(Arg) || Arg <- Args, is_integer(Arg)], Guest, {Cxx, State}) of
            {throw, State2} ->
                {ok, {import_exception, "C++ exception"}, State2};
            {Results, State2} ->
                {ok, Results, State2};
            not_mine ->
                {ok, Answer, State2} = Other(State, Call, Opts),
                {ok, Answer, {Cxx, State2}}
        end
    end.

-spec answer(string(), [pointer()], guest(), state()) ->
    {[integer()] | throw, state()} | not_mine.
answer("__cxa_throw", [Object, Type, Destructor], Guest, {Cxx, State}) ->
    put_u32(Guest, Object, ?TYPE, Type),
    put_u32(Guest, Object, ?DESTRUCTOR, Destructor),
    put_u32(Guest, Object, ?ADJUSTED, 0),
    {throw, {Cxx#cxx{last = Object, uncaught = Cxx#cxx.uncaught + 1}, State}};
answer("__cxa_rethrow", [], Guest, {#cxx{handled = [Object | Outer]} = Cxx, State}) ->
    Cxx2 = Cxx#cxx{last = Object},
    case get_u8(Guest, Object, ?RETHROWN) of
        0 ->
            %% Its handler is left by what it throws, and ends as every handler does.
            put_u8(Guest, Object, ?RETHROWN, 1),
            put_u8(Guest, Object, ?HANDLED, 0),
            {throw, {Cxx2#cxx{uncaught = Cxx#cxx.uncaught + 1}, State}};
        1 ->
            {throw, {Cxx2#cxx{handled = Outer}, State}}
    end;
answer("__cxa_rethrow_primary_exception", [0], _Guest, State) ->
    {[], State};
answer("__cxa_rethrow_primary_exception", [Object], Guest, {Cxx, State}) ->
    %% Nobody handles it: rethrow takes it off again.
    put_u8(Guest, Object, ?RETHROWN, 1),
    answer("__cxa_rethrow", [], Guest, {Cxx#cxx{handled = [Object | Cxx#cxx.handled]}, State});
answer("__resumeException", [Object], _Guest, {#cxx{last = 0} = Cxx, State}) ->
    {throw, {Cxx#cxx{last = Object}, State}};
answer("__resumeException", [_Object], _Guest, State) ->
    {throw, State};
answer("__cxa_find_matching_catch_" ++ _, _Types, Guest, {#cxx{last = 0}, _} = State) ->
    {[0], second(Guest, 0, State)};
answer("__cxa_find_matching_catch_" ++ _, Types, Guest, {#cxx{last = Object}, _} = State) ->
    put_u32(Guest, Object, ?ADJUSTED, Object),
    Thrown = get_u32(Guest, Object, ?TYPE),
    {Caught, State2} = find(Types, Thrown, Object, Guest, State),
    {[Object], second(Guest, Caught, State2)};
answer("llvm_eh_typeid_for", [Type], _Guest, State) ->
    {[Type], State};
answer("__cxa_begin_catch", [Object], Guest, {Cxx, State}) ->
    OnItsWay = 1 - get_u8(Guest, Object, ?HANDLED),
    put_u8(Guest, Object, ?HANDLED, 1),
    put_u8(Guest, Object, ?RETHROWN, 0),
    Cxx2 = Cxx#cxx{
        handled = [Object | Cxx#cxx.handled], uncaught = Cxx#cxx.uncaught - OnItsWay
    },
    State2 = refer("__cxa_increment_exception_refcount", Object, Guest, {Cxx2, State}),
    call_or_do("__cxa_get_exception_ptr", Object, Guest, State2);
answer("__cxa_end_catch", [], Guest, {#cxx{handled = [Object | Outer]} = Cxx, State}) ->
    {[], State2} = call("setThrew", [0, 0], Guest, {Cxx#cxx{handled = Outer}, State}),
    {Cxx3, State3} = refer(
        "__cxa_decrement_exception_refcount", Object, Guest, State2
    ),
    {[], {Cxx3#cxx{last = 0}, State3}};
answer("__cxa_uncaught_exceptions", [], _Guest, {#cxx{uncaught = Uncaught}, _} = State) ->
    {[Uncaught], State};
answer("__cxa_current_primary_exception", [], _Guest, {#cxx{handled = []}, _} = State) ->
    {[0], State};
answer("__cxa_current_primary_exception", [], Guest, {#cxx{handled = [Object | _]}, _} = State) ->
    {[Object], refer("__cxa_increment_exception_refcount", Object, Guest, State)};
answer("getTempRet0", [], _Guest, {#cxx{second = Second}, _} = State) ->
    {[Second], State};
answer("setTempRet0", [Second], _Guest, {Cxx, State}) ->
    {[], {Cxx#cxx{second = Second}, State}};
answer(Name, Args, Guest, State) ->
    older(Name, Args, Guest, State).

%% What newer versions have in the guest.
-spec older(string(), [pointer()], guest(), state()) -> {[integer()], state()} | not_mine.
older("__cxa_allocate_exception", [Size], {Instance, _, _}, State) ->
    {ok, Pointer} = hb_beamr_io:malloc(Instance, ?HEADER + Size),
    ok = hb_beamr_io:write(Instance, Pointer, <<0:?HEADER/unit:8>>),
    {[Pointer + ?HEADER], State};
older("__cxa_free_exception", [Object], {Instance, _, _}, State) ->
    ok = hb_beamr_io:free(Instance, Object - ?HEADER),
    {[], State};
older("__cxa_increment_exception_refcount", [0], _Guest, State) ->
    {[], State};
older("__cxa_increment_exception_refcount", [Object], Guest, State) ->
    put_u32(Guest, Object, ?REFERENCES, get_u32(Guest, Object, ?REFERENCES) + 1),
    {[], State};
older("__cxa_decrement_exception_refcount", [0], _Guest, State) ->
    {[], State};
older("__cxa_decrement_exception_refcount", [Object], Guest, State) ->
    Left = get_u32(Guest, Object, ?REFERENCES) - 1,
    put_u32(Guest, Object, ?REFERENCES, Left),
    %% One that is rethrown has no reference until its next handler begins.
    case Left =:= 0 andalso get_u8(Guest, Object, ?RETHROWN) =:= 0 of
        true ->
            State2 = destroy(get_u32(Guest, Object, ?DESTRUCTOR), Object, Guest, State),
            older("__cxa_free_exception", [Object], Guest, State2);
        false ->
            {[], State}
    end;
older("__cxa_get_exception_ptr", [Object], Guest, State) ->
    %% A handler of a pointer gets the pointer that was thrown, one of an object that of the part
    %% that it handles.
    case call("__cxa_is_pointer_type", [get_u32(Guest, Object, ?TYPE)], Guest, State) of
        {[0], State2} -> {[get_u32(Guest, Object, ?ADJUSTED)], State2};
        {[1], State2} -> {[get_u32(Guest, Object, ?HEADER)], State2}
    end;
older(_Name, _Args, _Guest, _State) ->
    not_mine.

%% The first of the handled types that takes what is thrown (0 takes all). Without one it is the
%% type of what is thrown, which the guest knows to be none of its own.
-spec find([pointer()], pointer(), pointer(), guest(), state()) -> {pointer(), state()}.
find([Type | _], Thrown, _Object, _Guest, State) when Type =:= 0; Type =:= Thrown ->
    {Thrown, State};
find([Type | Types], Thrown, Object, Guest, State) ->
    %% It also moves the pointer to the part that the handler handles.
    case call("__cxa_can_catch", [Type, Thrown, Object - ?HEADER + ?ADJUSTED], Guest, State) of
        {[0], State2} -> find(Types, Thrown, Object, Guest, State2);
        {[_], State2} -> {Type, State2}
    end;
find([], Thrown, _Object, _Guest, State) ->
    {Thrown, State}.

-spec destroy(pointer(), pointer(), guest(), state()) -> state().
destroy(0, _Object, _Guest, State) ->
    State;
destroy(Destructor, Object, Guest, State) ->
    {_, State2} = call(Destructor, [Object], Guest, State),
    State2.

-spec second(guest(), pointer(), state()) -> state().
second({Instance, _, _} = Guest, Second, {Cxx, State}) ->
    case exports(Instance, "_emscripten_tempret_set") of
        true ->
            {[], State2} = call("_emscripten_tempret_set", [Second], Guest, {Cxx, State}),
            State2;
        false ->
            {Cxx#cxx{second = Second}, State}
    end.

-spec refer(string(), pointer(), guest(), state()) -> state().
refer(Name, Object, Guest, State) ->
    {[], State2} = call_or_do(Name, Object, Guest, State),
    State2.

-spec call_or_do(string(), pointer(), guest(), state()) -> {[integer()], state()}.
call_or_do(Name, Object, {Instance, _, _} = Guest, State) ->
    case exports(Instance, Name) of
        true -> call(Name, [Object], Guest, State);
        false -> older(Name, [Object], Guest, State)
    end.

-spec exports(hb_beamr:instance(), string()) -> boolean().
exports(Instance, Name) ->
    element(1, hb_beamr:prepare(Instance, Name)) =:= ok.

-spec call(string() | pointer(), [integer()], guest(), state()) -> {[integer()], state()}.
call(Function, Args, {Instance, Import, Opts}, State) ->
    {ok, Results, State2} = hb_beamr:call(Instance, Function, Args, Import, State, Opts),
    {Results, State2}.

-spec get_u32(guest(), pointer(), non_neg_integer()) -> non_neg_integer().
get_u32({Instance, _, _}, Object, Offset) ->
    {ok, <<Value:32/little>>} = hb_beamr_io:read(Instance, Object - ?HEADER + Offset, 4),
    Value.

-spec put_u32(guest(), pointer(), non_neg_integer(), non_neg_integer()) -> ok.
put_u32({Instance, _, _}, Object, Offset, Value) ->
    ok = hb_beamr_io:write(Instance, Object - ?HEADER + Offset, <<Value:32/little>>).

-spec get_u8(guest(), pointer(), non_neg_integer()) -> byte().
get_u8({Instance, _, _}, Object, Offset) ->
    {ok, <<Value>>} = hb_beamr_io:read(Instance, Object - ?HEADER + Offset, 1),
    Value.

-spec put_u8(guest(), pointer(), non_neg_integer(), byte()) -> ok.
put_u8({Instance, _, _}, Object, Offset, Value) ->
    ok = hb_beamr_io:write(Instance, Object - ?HEADER + Offset, <<Value>>).

-spec unsigned(integer()) -> pointer().
unsigned(Value) ->
    Value band 16#FFFFFFFF.

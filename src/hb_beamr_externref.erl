%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The terms behind the externrefs of instances.
%%%
%%% A guest keeps a number. The term is here from when it is passed to the guest until the instance
%%% ends, because nobody can tell when the guest has forgotten it. A term that is passed twice is
%%% kept twice.
-module(hb_beamr_externref).

-export([create/0]).
-export([put/2]).
-export([get/2]).
-export([forget/1]).

-define(TABLE, ?MODULE).

%% The largest number that is not null.
-define(MOST, 16#FFFFFFFE).

%% @doc Make the table; it lives as long as the calling process. Sorted, so that what an instance has
%% is found together.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [
        named_table, public, ordered_set, {read_concurrency, true}, {write_concurrency, true}
    ]),
    ok.

%% @doc Keep a term for an instance. `full': it has four thousand million already.
-spec put(pid(), term()) -> Number :: non_neg_integer() | full.
put(Instance, Term) ->
    try ets:update_counter(?TABLE, {Instance, count}, 1, {{Instance, count}, -1}) of
        Number when Number > ?MOST ->
            full;
        Number ->
            ets:insert(?TABLE, {{Instance, Number}, Term}),
            %% It may have ended meanwhile.
            hb_beamr_registry:find(Instance) =:= none andalso forget(Instance),
            Number
    catch
        %% The application is not running: no instance is either.
        error:badarg -> 0
    end.

%% @doc The term of a number that an instance gave. The guest cannot make one up.
-spec get(pid(), non_neg_integer()) -> term().
get(Instance, Number) ->
    try
        ets:lookup_element(?TABLE, {Instance, Number}, 2)
    catch
        error:badarg -> undefined
    end.

%% @doc Forget all terms of an instance.
-spec forget(pid()) -> ok.
forget(Instance) ->
    try ets:member(?TABLE, {Instance, count}) of
        true ->
            _ = ets:match_delete(?TABLE, {{Instance, '_'}, '_'}),
            ok;
        false ->
            ok
    catch
        error:badarg -> ok
    end.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Names of exports, as users write them and as modules have them.
%%%
%%% A module's names are UTF-8. A binary or a string of ASCII characters goes to the driver as it
%%% is, without being looked at. Only when that finds nothing, a string is taken as Unicode
%%% characters.
-module(hb_beamr_name).

-export([find/2]).
-export([respell/1]).
-export([utf8/1]).

%% @doc Ask for something by name, under the spellings that the name may have.
-spec find(Name :: term(), fun((iodata()) -> Answer)) -> Answer | {error, invalid_name} when
    Answer :: term().
find(Name, Ask) when is_binary(Name) ->
    Ask(Name);
find(Name, Ask) when is_list(Name) ->
    case respell(Name) of
        same ->
            Ask(Name);
        {ok, Utf8} ->
            Ask(Utf8);
        error ->
            {error, invalid_name}
    end;
find(_, _) ->
    {error, invalid_name}.

%% @doc A name as modules have it: a string is taken as Unicode characters.
-spec utf8(term()) -> binary() | error.
utf8(Name) when is_binary(Name) ->
    Name;
utf8(Name) when is_list(Name) ->
    try unicode:characters_to_binary(Name) of
        Utf8 when is_binary(Utf8) -> Utf8;
        _ -> error
    catch
        error:badarg -> error
    end;
utf8(_) ->
    error.

%% @doc Another spelling of a string that was not found as it was.
-spec respell(term()) -> same | {ok, binary()} | error.
respell(Name) ->
    case is_ascii(Name) of
        true ->
            same;
        false ->
            case utf8(Name) of
                error -> error;
                Utf8 -> {ok, Utf8}
            end
    end.

-spec is_ascii(term()) -> boolean().
is_ascii([C | Rest]) when is_integer(C), C >= 0, C < 128 -> is_ascii(Rest);
is_ascii([]) -> true;
is_ascii(_) -> false.

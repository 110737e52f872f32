%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Folders and files that nobody but the node's own user can change.
-module(hb_beamr_aot_folder).

-export([make/1]).
-export([check/1]).
-export([is_own/2]).
-export([own_file/1]).

-include_lib("kernel/include/file.hrl").

-define(MODE, 8#700).
%% Writable by the group or by others.
-define(FOREIGN, 8#022).

%% @doc Make a folder that was not there, for the node's user alone.
%%
%% Others may have put something into it before its mode was set, if the node's umask lets them: then
%% it is not taken.
-spec make(file:filename_all()) -> ok | {error, file:posix() | badarg}.
make(Folder) ->
    case file:make_dir(Folder) of
        ok ->
            case {file:change_mode(Folder, ?MODE), file:list_dir_all(Folder)} of
                {ok, {ok, []}} -> ok;
                {ok, {ok, _}} -> {error, eexist};
                {{error, Reason}, _} -> {error, Reason};
                {_, {error, _}} -> {error, eacces}
            end;
        Error ->
            Error
    end.

%% @doc Whether a folder is one that only the node's user can change.
-spec check(file:filename_all()) ->
    ok | {error, file:posix() | badarg | symlink | not_a_folder | owner | mode}.
check(Folder) ->
    case file:read_link_info(Folder, [raw, {time, posix}]) of
        {ok, #file_info{type = symlink}} ->
            {error, symlink};
        {ok, #file_info{type = directory, uid = Owner, mode = Mode}} ->
            case user() of
                Owner when Mode band ?FOREIGN =:= 0 -> ok;
                Owner -> {error, mode};
                _ -> {error, owner}
            end;
        {ok, _} ->
            {error, not_a_folder};
        {error, Reason} ->
            {error, Reason}
    end.

%% @doc Whether a folder is the node's user's own and was last changed before a time.
-spec is_own(file:filename_all(), Before :: integer()) -> boolean().
is_own(Folder, Before) ->
    case file:read_link_info(Folder, [raw, {time, posix}]) of
        {ok, #file_info{type = directory, uid = Owner, mtime = Changed}} ->
            Changed < Before andalso Owner =:= user();
        _ ->
            false
    end.

%% @doc What is known of a file, if it is a regular one of the node's user's, with one name.
-spec own_file(file:filename_all()) ->
    {ok, Bytes :: non_neg_integer(), Used :: integer()} | none | foreign.
own_file(File) ->
    case file:read_link_info(File, [raw, {time, posix}]) of
        {ok, #file_info{type = regular, links = 1, uid = Owner, size = Size, mtime = Used}} ->
            case user() of
                Owner -> {ok, Size, Used};
                _ -> foreign
            end;
        {ok, _} ->
            foreign;
        {error, _} ->
            none
    end.

%% The number of the node's user, which Erlang has no function for.
-spec user() -> non_neg_integer() | unknown.
user() ->
    case persistent_term:get({?MODULE, user}, none) of
        none ->
            User = find_user(),
            persistent_term:put({?MODULE, user}, User),
            User;
        User ->
            User
    end.

%% The kernel says it at once; a program takes milliseconds.
-spec find_user() -> non_neg_integer() | unknown.
find_user() ->
    case file:read_file("/proc/self/status") of
        {ok, Status} -> effective_user(Status);
        {error, _} -> number(os:cmd("id -u"))
    end.

%% In a line "Uid: real effective saved ..." with tabs.
-spec effective_user(binary()) -> non_neg_integer() | unknown.
effective_user(Status) ->
    Lines = binary:split(Status, <<"\n">>, [global]),
    case [binary:split(Users, <<"\t">>, [global]) || <<"Uid:\t", Users/binary>> <- Lines] of
        [[_Real, Effective | _]] -> number(binary_to_list(Effective));
        _ -> unknown
    end.

-spec number(string()) -> non_neg_integer() | unknown.
number(Text) ->
    case lists:takewhile(fun(Char) -> Char >= $0 andalso Char =< $9 end, Text) of
        [] -> unknown;
        Digits -> list_to_integer(Digits)
    end.

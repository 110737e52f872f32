%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Compiled code on disk, for all nodes of one user.
%%%
%%% A file is named by what decides about its contents: the module, the engine, the compiler and its
%%% options. It is written under another name and renamed, so it is whole, and equal to what
%%% another node may write at the same time. The times of the files tell when they were used; those
%%% that were not used for longest go first when there are too many.
%%%
%%% What is in these files runs as it is. So the folder has to be one that nobody but the user can
%%% write to; else there is no cache. Whatever goes wrong here costs time only: a file that cannot
%%% be had is compiled again.
-module(hb_beamr_aot_cache).

-export([key/3]).
-export([read/2]).
-export([write/2]).
-export([delete/1]).

-export_type([key/0]).

-include_lib("kernel/include/file.hrl").
-include_lib("kernel/include/logger.hrl").

-type key() :: binary().
%% The name of the file.

-define(SUFFIX, ".aot").
%% A file that is being written begins with this.
-define(UNFINISHED, "writing-").
%% One that is older was left by a node that crashed.
-define(UNFINISHED_SECONDS, 3600).

-define(DEFAULT_SIZE, 1 bsl 30).

%% @doc The name under which the code of a module is kept.
-spec key(ModuleDigest :: binary(), hb_beamr_aot:identity(), hb_beamr_aot_options:options()) ->
    key().
key(Digest, #{engine := Engine, compiler := Compiler, cpu := Cpu}, Options) ->
    Fingerprint = hb_beamr_aot_options:fingerprint(Options, Cpu),
    Key = crypto:hash(sha256, [Digest, Engine, Compiler, Fingerprint]),
    <<(hb_beamr_aot_file:hex(Key))/binary, ?SUFFIX>>.

%% @doc The code of a module, if it is there, whole and for this engine. What is there and is not so
%% is removed.
-spec read(key(), hb_beamr_aot:identity()) -> {ok, binary()} | none.
read(Key, Identity) ->
    case folder() of
        {ok, Folder} -> read_file(filename:join(Folder, Key), Identity);
        none -> none
    end.

-spec read_file(file:filename_all(), hb_beamr_aot:identity()) -> {ok, binary()} | none.
read_file(File, #{engine := Engine}) ->
    case hb_beamr_aot_folder:own_file(File) of
        {ok, _, _} ->
            case file:read_file(File) of
                {ok, Aot} ->
                    case hb_beamr_aot_file:check(Aot, Engine) of
                        ok ->
                            touch(File),
                            {ok, Aot};
                        {error, _} ->
                            remove(File),
                            none
                    end;
                {error, _} ->
                    none
            end;
        foreign ->
            remove(File),
            none;
        none ->
            none
    end.

-spec touch(file:filename_all()) -> ok.
touch(File) ->
    Now = erlang:system_time(second),
    _ = file:write_file_info(File, #file_info{atime = Now, mtime = Now}, [raw, {time, posix}]),
    ok.

%% A symbolic link goes, not what it leads to. A folder is not ours to remove.
-spec remove(file:filename_all()) -> ok.
remove(File) ->
    _ = file:delete(File, [raw]),
    ok.

%% @doc Remove what turned out to be of no use.
-spec delete(key()) -> ok.
delete(Key) ->
    case folder() of
        {ok, Folder} -> remove(filename:join(Folder, Key));
        none -> ok
    end.

%% @doc Keep the code of a module, if that can be done.
-spec write(key(), binary()) -> ok.
write(Key, Aot) ->
    case folder() of
        {ok, Folder} ->
            Size = max_size(),
            byte_size(Aot) =< Size andalso write(Folder, Key, Aot, Size),
            ok;
        none ->
            ok
    end.

-spec write(file:filename_all(), key(), binary(), non_neg_integer()) -> ok.
write(Folder, Key, Aot, Size) ->
    make_room(Folder, Key, Size - byte_size(Aot)),
    Random = binary:encode_hex(crypto:strong_rand_bytes(16)),
    Unfinished = filename:join(Folder, <<?UNFINISHED, Random/binary>>),
    case write_file(Unfinished, Aot) of
        ok ->
            case file:rename(Unfinished, filename:join(Folder, Key)) of
                ok -> ok;
                {error, Reason} -> not_written(Folder, Unfinished, Reason)
            end;
        {error, Reason} ->
            not_written(Folder, Unfinished, Reason)
    end.

-spec not_written(file:filename_all(), file:filename_all(), term()) -> ok.
not_written(Folder, Unfinished, Reason) ->
    remove(Unfinished),
    say_once({cannot_write, Reason}, "cannot write to ~ts: ~ts", [Folder, format(Reason)]).

-spec write_file(file:filename_all(), binary()) -> ok | {error, term()}.
write_file(File, Aot) ->
    case file:open(File, [write, exclusive, raw, binary]) of
        {ok, Device} ->
            Steps = [
                fun() -> file:change_mode(File, 8#600) end,
                fun() -> file:write(Device, Aot) end,
                fun() -> file:sync(Device) end
            ],
            Written = all_ok(Steps),
            case file:close(Device) of
                ok -> Written;
                {error, Reason} when Written =:= ok -> {error, Reason};
                _ -> Written
            end;
        Error ->
            Error
    end.

-spec all_ok([fun(() -> ok | {error, term()})]) -> ok | {error, term()}.
all_ok([]) ->
    ok;
all_ok([Step | Rest]) ->
    case Step() of
        ok -> all_ok(Rest);
        Error -> Error
    end.

%%% Room

%% Other nodes do the same at the same time: what is gone already is as good. Files of other names
%% are not ours, whoever put them there.
-spec make_room(file:filename_all(), key(), non_neg_integer()) -> ok.
make_room(Folder, Key, Room) ->
    case file:list_dir_all(Folder) of
        {ok, Names} ->
            %% What is written anew takes the place of what was there.
            Files = [
                File
             || Name <- Names,
                unicode:characters_to_binary(Name) =/= Key,
                File <- entry(filename:join(Folder, Name), kind(Name))
            ],
            remove_oldest(lists:sort(Files), lists:sum([Size || {_, _, Size} <- Files]) - Room);
        {error, _} ->
            ok
    end.

-spec kind(file:filename_all()) -> code | unfinished | other.
kind(Name) when is_binary(Name) ->
    %% It is not even text.
    other;
kind(Name) ->
    Pattern = "^(?:[0-9a-f]{64}\\.aot|(writing-)[0-9A-F]{32})$",
    case re:run(Name, Pattern, [unicode, dollar_endonly, {capture, [1], list}]) of
        {match, [""]} -> code;
        {match, _} -> unfinished;
        nomatch -> other
    end.

-spec entry(file:filename_all(), code | unfinished | other) ->
    [{Used :: integer(), file:filename_all(), Size :: non_neg_integer()}].
entry(_File, other) ->
    [];
entry(File, Kind) ->
    case hb_beamr_aot_folder:own_file(File) of
        {ok, Size, Used} when Kind =:= code ->
            [{Used, File, Size}];
        {ok, _, Used} ->
            Used < erlang:system_time(second) - ?UNFINISHED_SECONDS andalso remove(File),
            [];
        _ ->
            []
    end.

-spec remove_oldest([{integer(), file:filename_all(), non_neg_integer()}], integer()) -> ok.
remove_oldest([{_, File, Size} | Rest], TooMuch) when TooMuch > 0 ->
    remove(File),
    remove_oldest(Rest, TooMuch - Size);
remove_oldest(_, _) ->
    ok.

%%% The folder

%% It is looked at each time: a file more is a small matter beside reading or compiling.
-spec folder() -> {ok, file:filename_all()} | none.
folder() ->
    case configured() of
        none ->
            none;
        {ok, Folder} ->
            _ = filelib:ensure_dir(Folder),
            Made = hb_beamr_aot_folder:make(Folder),
            case hb_beamr_aot_folder:check(Folder) of
                ok ->
                    {ok, Folder};
                {error, enoent} when Made =/= ok ->
                    unusable(Folder, element(2, Made));
                {error, Reason} ->
                    unusable(Folder, Reason)
            end
    end.

-spec configured() -> {ok, file:filename_all()} | none.
configured() ->
    case application:get_env(hb_beamr, aot_cache_dir) of
        {ok, none} ->
            none;
        {ok, Folder} when is_list(Folder); is_binary(Folder) ->
            {ok, Folder};
        {ok, Other} ->
            say_once({invalid, dir}, "invalid aot_cache_dir: ~ts", [hb_beamr_error:show(Other)]),
            none;
        undefined ->
            try
                {ok, filename:basedir(user_cache, "hb_beamr")}
            catch
                error:_ ->
                    say_once(no_home, "the user has no home folder", []),
                    none
            end
    end.

-spec max_size() -> non_neg_integer().
max_size() ->
    case application:get_env(hb_beamr, aot_cache_size, ?DEFAULT_SIZE) of
        Size when is_integer(Size), Size >= 0 ->
            Size;
        Other ->
            Shown = hb_beamr_error:show(Other),
            say_once({invalid, size}, "invalid aot_cache_size: ~ts", [Shown]),
            0
    end.

-spec unusable(file:filename_all(), term()) -> none.
unusable(Folder, Reason) ->
    say_once({unusable, Folder, Reason}, "~ts is not used: ~ts", [Folder, format(Reason)]),
    none.

-spec format(term()) -> io_lib:chars().
format(symlink) -> "it is a symbolic link";
format(not_a_folder) -> "it is no folder";
format(owner) -> "it belongs to another user";
format(mode) -> "others may write to it";
format(Reason) -> file:format_error(Reason).

-spec say_once(term(), string(), [term()]) -> ok.
say_once(What, Format, Args) ->
    case hb_beamr_compiler:is_first({?MODULE, What}) of
        true -> ?LOG_WARNING("hb_beamr: the cache of compiled code: " ++ Format, Args);
        false -> ok
    end.

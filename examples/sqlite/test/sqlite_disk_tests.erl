-module(sqlite_disk_tests).

-include_lib("eunit/include/eunit.hrl").

-import(sqlite_test_lib, [with_path/1, kill/1]).

with_disk(Fun) ->
    with_path(fun(Path) ->
        {ok, Disk} = sqlite_disk:open(list_to_binary(Path)),
        try
            Fun(Disk, Path)
        after
            sqlite_disk:close(Disk)
        end
    end).

change(Keep, Writes, Size) ->
    #{keep => Keep, writes => Writes, size => Size, durable => true}.

%% A process that has the disk until it is killed.
holder(Path) ->
    Parent = self(),
    {Holder, Monitor} = spawn_monitor(fun() ->
        {ok, Disk} = sqlite_disk:open(list_to_binary(Path)),
        Parent ! {opened, self(), Disk},
        receive
            stop -> ok
        end
    end),
    receive
        {opened, Holder, Disk} ->
            demonitor(Monitor, [flush]),
            {Holder, Disk};
        {'DOWN', Monitor, _, _, Reason} ->
            error(Reason)
    end.

opening_makes_no_file_test() ->
    with_disk(fun(Disk, Path) ->
        ?assertEqual({ok, 0}, sqlite_disk:size(Disk, database)),
        ?assertNot(filelib:is_file(Path))
    end).

database_and_journal_are_two_files_test() ->
    with_disk(fun(Disk, Path) ->
        ok = sqlite_disk:write(Disk, database, change(0, [{0, <<"data">>}], 4)),
        ok = sqlite_disk:write(Disk, journal, change(0, [{2, <<"log">>}], 5)),
        ?assertEqual({ok, <<"data">>}, file:read_file(Path)),
        ?assertEqual({ok, <<0, 0, "log">>}, file:read_file(Path ++ "-journal"))
    end).

a_change_cuts_writes_and_sets_the_size_test() ->
    with_disk(fun(Disk, Path) ->
        ok = sqlite_disk:write(Disk, database, change(0, [{0, <<"abcdefgh">>}], 8)),
        ok = sqlite_disk:write(Disk, database, change(3, [{5, <<"XY">>}], 10)),
        ?assertEqual({ok, <<"abc", 0, 0, "XY", 0, 0, 0>>}, file:read_file(Path)),
        ok = sqlite_disk:write(Disk, database, change(10, [], 2)),
        ?assertEqual({ok, <<"ab">>}, file:read_file(Path))
    end).

reading_past_the_end_is_short_test() ->
    with_disk(fun(Disk, _Path) ->
        ok = sqlite_disk:write(Disk, database, change(0, [{0, <<"abc">>}], 3)),
        ?assertEqual({ok, <<"bc">>}, sqlite_disk:read(Disk, database, 1, 10)),
        ?assertEqual({ok, <<>>}, sqlite_disk:read(Disk, database, 3, 10))
    end).

deleting_twice_is_no_error_test() ->
    with_disk(fun(Disk, Path) ->
        ok = sqlite_disk:write(Disk, journal, change(0, [{0, <<"abc">>}], 3)),
        ?assertEqual(ok, sqlite_disk:delete(Disk, journal, true)),
        ?assertEqual(ok, sqlite_disk:delete(Disk, journal, false)),
        ?assertNot(filelib:is_file(Path ++ "-journal")),
        ?assertEqual({ok, 0}, sqlite_disk:size(Disk, journal))
    end).

errors_of_the_file_system_are_reported_test() ->
    with_path(fun(Path) ->
        Nowhere = filename:join(Path, "x"),
        ?assertEqual({error, enoent}, sqlite_disk:open(list_to_binary(Nowhere))),
        {ok, Disk} = sqlite_disk:open(list_to_binary(Path)),
        ok = file:make_dir(Path),
        ?assertEqual(
            {error, eisdir}, sqlite_disk:write(Disk, database, change(0, [{0, <<"a">>}], 1))
        ),
        ok = sqlite_disk:close(Disk),
        {ok, Directory} = sqlite_disk:open(list_to_binary(filename:dirname(Path))),
        ?assertEqual({error, not_a_regular_file}, sqlite_disk:size(Directory, database)),
        ok = sqlite_disk:close(Directory)
    end).

one_process_at_a_time_has_a_disk_test() ->
    with_path(fun(Path) ->
        {Holder, Disk} = holder(Path),
        ?assertEqual({error, busy}, sqlite_disk:open(list_to_binary(Path))),
        ?assertEqual({error, not_attached}, sqlite_disk:size(Disk, database)),
        kill(Holder)
    end).

a_disk_has_one_name_however_its_path_is_spelled_test() ->
    with_path(fun(Path) ->
        {Holder, _} = holder(Path),
        Folder = filename:dirname(Path),
        Link = filename:join(Folder, "link"),
        ok = file:make_symlink("test.db", Link),
        ok = file:make_symlink(Link, filename:join(Folder, "other")),
        ok = file:make_symlink("loop", filename:join(Folder, "loop")),
        Spellings = ["test.db", "./test.db", "../" ++ filename:basename(Folder) ++ "/test.db"],
        [
            ?assertEqual({error, busy}, open_in(Folder, Name))
         || Name <- Spellings ++ ["link", "other"]
        ],
        ?assertEqual({error, eloop}, open_in(Folder, "loop")),
        kill(Holder),
        {ok, Disk} = open_in(Folder, "other"),
        ok = sqlite_disk:write(Disk, journal, change(0, [{0, <<"log">>}], 3)),
        ?assertEqual({ok, <<"log">>}, file:read_file(Path ++ "-journal")),
        ok = sqlite_disk:close(Disk)
    end).

open_in(Folder, Name) ->
    sqlite_disk:open(unicode:characters_to_binary(filename:join(Folder, Name))).

a_disk_is_free_as_soon_as_its_process_is_dead_test_() ->
    {timeout, 60, fun() ->
        with_path(fun(Path) ->
            [
                begin
                    {Holder, _} = holder(Path),
                    kill(Holder)
                end
             || _ <- lists:seq(1, 300)
            ]
        end)
    end}.

a_disk_ends_with_its_process_test() ->
    with_path(fun(Path) ->
        {Holder, Disk} = holder(Path),
        Monitor = monitor(process, Disk),
        kill(Holder),
        receive
            {'DOWN', Monitor, process, Disk, Reason} -> ?assertEqual(normal, Reason)
        after 5000 -> error(disk_still_there)
        end
    end).

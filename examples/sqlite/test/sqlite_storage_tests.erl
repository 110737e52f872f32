-module(sqlite_storage_tests).

-include_lib("eunit/include/eunit.hrl").

-import(sqlite_test_lib, [with_path/1]).

with_storage(Fun) ->
    with_storage(#{}, Fun).

with_storage(Options, Fun) ->
    with_path(fun(Path) -> Fun(open(Path, Options), Path) end).

open(Path, Options) ->
    {ok, Storage} = sqlite_storage:open(list_to_binary(Path), Options),
    Storage.

write(Storage, Offset, Data) ->
    {ok, Storage1} = sqlite_storage:write(Storage, database, Offset, Data),
    Storage1.

sync(Storage) ->
    {ok, Storage1} = sqlite_storage:sync(Storage, database),
    Storage1.

content(Storage) ->
    {ok, Bytes} = sqlite_storage:read(
        Storage, database, 0, sqlite_storage:size(Storage, database) + 1
    ),
    Bytes.

reads_see_what_was_written_test() ->
    with_storage(fun(Storage, Path) ->
        S1 = write(Storage, 4090, <<"across pages">>),
        ?assertEqual({ok, <<"cross">>}, sqlite_storage:read(S1, database, 4091, 5)),
        ?assertEqual({ok, <<"oss pages">>}, sqlite_storage:read(S1, database, 4093, 100)),
        ?assertEqual({ok, <<0, 0>>}, sqlite_storage:read(S1, database, 0, 2)),
        ?assertEqual({ok, <<>>}, sqlite_storage:read(S1, database, 5000, 2)),
        ?assertEqual(4102, sqlite_storage:size(S1, database)),
        ?assertNot(filelib:is_file(Path))
    end).

the_two_files_are_separate_test() ->
    with_storage(fun(Storage, _Path) ->
        {ok, S1} = sqlite_storage:write(Storage, journal, 0, <<"j">>),
        ?assertEqual(0, sqlite_storage:size(S1, database)),
        ?assertEqual({ok, <<"j">>}, sqlite_storage:read(S1, journal, 0, 1))
    end).

what_is_not_synced_is_lost_test() ->
    with_storage(fun(Storage, Path) ->
        S1 = sync(write(Storage, 0, <<"synced">>)),
        S2 = write(S1, 0, <<"LOST">>),
        {ok, S3} = sqlite_storage:truncate(S2, database, 5),
        ?assertEqual(<<"LOSTe">>, content(S3)),
        ok = sqlite_storage:close(S3),
        ?assertEqual(<<"synced">>, content(open(Path, #{})))
    end).

a_file_that_was_cut_and_extended_has_zeros_test() ->
    with_storage(fun(Storage, Path) ->
        S1 = sync(write(Storage, 0, binary:copy(<<"x">>, 20000))),
        {ok, S2} = sqlite_storage:truncate(S1, database, 5000),
        S3 = write(S2, 19000, <<"end">>),
        Expected = <<(binary:copy(<<"x">>, 5000))/binary, 0:(14000 * 8), "end">>,
        ?assertEqual(Expected, content(S3)),
        S4 = sync(S3),
        ?assertEqual({ok, Expected}, file:read_file(Path)),
        ?assertEqual(Expected, content(S4))
    end).

a_synced_cut_reaches_the_disk_test() ->
    with_storage(fun(Storage, Path) ->
        S1 = sync(write(Storage, 0, <<"a journal">>)),
        {ok, S2} = sqlite_storage:truncate(S1, database, 0),
        _ = sync(S2),
        ?assertEqual({ok, <<>>}, file:read_file(Path))
    end).

a_dirty_page_that_was_cut_has_zeros_test() ->
    with_storage(fun(Storage, _Path) ->
        S1 = write(Storage, 0, binary:copy(<<"x">>, 100)),
        {ok, S2} = sqlite_storage:truncate(S1, database, 10),
        {ok, S3} = sqlite_storage:truncate(S2, database, 20),
        ?assertEqual(<<"xxxxxxxxxx", 0:80>>, content(S3))
    end).

a_file_too_large_is_full_and_unchanged_test() ->
    with_storage(#{max_bytes => 10000}, fun(Storage, _Path) ->
        S1 = write(Storage, 9999, <<"x">>),
        ?assertEqual({error, full}, sqlite_storage:write(S1, database, 9999, <<"yy">>)),
        ?assertEqual({error, full}, sqlite_storage:truncate(S1, database, 10001)),
        ?assertEqual({ok, <<"x">>}, sqlite_storage:read(S1, database, 9999, 2))
    end).

deletion_takes_effect_at_once_test() ->
    with_storage(fun(Storage, Path) ->
        {ok, S1} = sqlite_storage:write(Storage, journal, 0, <<"journal">>),
        {ok, S2} = sqlite_storage:sync(S1, journal),
        ?assert(filelib:is_file(Path ++ "-journal")),
        {ok, S3} = sqlite_storage:delete(S2, journal, false),
        ?assertNot(filelib:is_file(Path ++ "-journal")),
        ?assertEqual(0, sqlite_storage:size(S3, journal)),
        ?assertEqual({ok, <<>>}, sqlite_storage:read(S3, journal, 0, 7))
    end).

many_dirty_pages_go_to_the_disk_before_the_sync_test() ->
    with_storage(#{max_dirty_bytes => 8192}, fun(Storage, Path) ->
        S1 = write(Storage, 0, binary:copy(<<"x">>, 8192)),
        ?assertNot(filelib:is_file(Path)),
        S2 = write(S1, 8192, <<"x">>),
        ?assertEqual(8193, filelib:file_size(Path)),
        ?assertMatch(#{writes := []}, sqlite_storage:pending(S2, database)),
        ?assertEqual(8193, byte_size(content(sync(S2))))
    end).

an_error_of_the_disk_is_an_error_and_loses_nothing_test() ->
    with_storage(fun(Storage, Path) ->
        S1 = write(Storage, 0, <<"kept">>),
        ok = file:make_dir(Path),
        ?assertMatch({error, {disk, _}}, sqlite_storage:sync(S1, database)),
        ok = file:del_dir(Path),
        ?assertEqual(<<"kept">>, content(sync(S1))),
        ?assertEqual({ok, <<"kept">>}, file:read_file(Path))
    end).

%% Random operations, against a binary that has them done to it. Tiny limits,
%% so that pages spill and the table of clean pages overflows all the time.
random_operations_do_what_they_do_to_a_binary_test_() ->
    {timeout, 120, fun() -> [random_run(Seed) || Seed <- lists:seq(1, 60)] end}.

random_run(Seed) ->
    _ = rand:seed(exsss, Seed),
    Options = #{max_clean_bytes => 4096 * rand:uniform(8), max_dirty_bytes => 4096 * 5},
    with_storage(Options, fun(Storage, Path) ->
        Steps = lists:seq(1, 150),
        {Last, Model} = lists:foldl(
            fun(_, Acc) -> random_step(rand:uniform(10), Acc) end, {Storage, <<>>}, Steps
        ),
        ?assertEqual(Model, content(Last)),
        ok = sqlite_storage:close(sync(Last)),
        ?assertEqual(Model, content(open(Path, #{}))),
        ?assertEqual(byte_size(Model), filelib:file_size(Path))
    end).

random_step(Step, {Storage, Model}) when Step =< 4 ->
    Offset = rand:uniform(60000) - 1,
    Data = rand:bytes(random_size()),
    {write(Storage, Offset, Data), model_write(Model, Offset, Data)};
random_step(5, {Storage, Model}) ->
    Size = rand:uniform(60000) - 1,
    {ok, Storage1} = sqlite_storage:truncate(Storage, database, Size),
    {Storage1, model_resize(Model, Size)};
random_step(6, {Storage, Model}) ->
    {sync(Storage), Model};
random_step(7, {Storage, Model}) ->
    case rand:uniform(5) of
        1 ->
            {ok, Storage1} = sqlite_storage:delete(Storage, database, false),
            {Storage1, <<>>};
        _ ->
            {Storage, Model}
    end;
random_step(_, {Storage, Model}) ->
    Offset = rand:uniform(70000) - 1,
    Size = random_size(),
    Start = min(Offset, byte_size(Model)),
    Expected = binary:part(Model, Start, min(Size, byte_size(Model) - Start)),
    ?assertEqual({ok, Expected}, sqlite_storage:read(Storage, database, Offset, Size)),
    {Storage, Model}.

random_size() ->
    case rand:uniform(3) of
        1 -> 4096;
        2 -> rand:uniform(100) - 1;
        3 -> rand:uniform(20000)
    end.

model_write(Model, _Offset, <<>>) ->
    Model;
model_write(Model, Offset, Data) ->
    End = Offset + byte_size(Data),
    Long = model_resize(Model, max(End, byte_size(Model))),
    <<Before:Offset/binary, _:(byte_size(Data))/binary, After/binary>> = Long,
    <<Before/binary, Data/binary, After/binary>>.

model_resize(Model, Size) when Size =< byte_size(Model) -> binary:part(Model, 0, Size);
model_resize(Model, Size) -> <<Model/binary, 0:((Size - byte_size(Model)) * 8)>>.

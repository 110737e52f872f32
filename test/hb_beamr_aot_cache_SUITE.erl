%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The cache of compiled code: what it keeps and lets go, and that nothing that is wrong with it is
%%% more than a loss of time.
-module(hb_beamr_aot_cache_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("kernel/include/file.hrl").
-include_lib("stdlib/include/assert.hrl").

-compile([export_all, nowarn_export_all]).

suite() ->
    [{timetrap, {minutes, 5}}].

all() ->
    [{group, any_compiler}, {group, the_compiler}].

groups() ->
    [
        {any_compiler, [
            what_is_written_is_read,
            keys,
            only_the_user_may_read,
            least_recently_used_first,
            too_large,
            no_size,
            no_cache,
            other_files_are_not_touched,
            unfinished_files,
            damaged_files,
            files_that_are_none,
            a_folder_of_others,
            a_folder_of_another_user,
            a_folder_that_is_a_link,
            a_folder_that_is_a_file,
            a_folder_that_cannot_be_made,
            a_folder_that_disappears,
            a_full_disk,
            settings_that_are_wrong,
            without_a_home,
            many_at_once
        ]},
        {the_compiler, [
            damaged_files_are_compiled_again,
            code_of_another_module,
            code_that_the_driver_refuses,
            starts_without_a_usable_cache,
            a_full_disk_while_compiling,
            the_compiler_cannot_write,
            two_nodes_at_once
        ]}
    ].

init_per_group(the_compiler, Config) ->
    hb_beamr_aot_lib:needs_compiler(Config);
init_per_group(_, Config) ->
    Config.

end_per_group(_, _Config) ->
    ok.

init_per_testcase(Case, Config) ->
    #{level := Level} = logger:get_primary_config(),
    ok = logger:set_primary_config(level, warning),
    ok = logger:add_handler(?MODULE, ?MODULE, #{level => warning, config => self()}),
    [{level, Level} | hb_beamr_aot_lib:enter(Case, Config)].

end_per_testcase(_, Config) ->
    hb_beamr_aot_lib:leave(Config),
    ok = logger:remove_handler(?MODULE),
    ok = logger:set_primary_config(level, ?config(level, Config)).

%% As a handler of the logger.
log(#{level := Level, msg := {Format, Args}}, #{config := Test}) when is_list(Format) ->
    Test ! {logged, Level, lists:flatten(io_lib:format(Format, Args))};
log(_, _) ->
    ok.

logged() ->
    receive
        {logged, warning, "hb_beamr: the cache of compiled code: " ++ Line} -> [Line | logged()];
        {logged, _, _} -> logged()
    after 0 -> []
    end.

%%% What it keeps

-define(ENGINE, <<7:256>>).

identity() ->
    #{engine => ?ENGINE, compiler => <<19:256>>, cpu => <<"x86-64">>}.

key(Number) ->
    {ok, Options} = hb_beamr_aot_options:read(#{}),
    hb_beamr_aot_cache:key(crypto:hash(sha256, <<Number>>), identity(), Options).

aot(Contents) ->
    hb_beamr_aot_lib:aot_file(?ENGINE, Contents).

read(Number) ->
    hb_beamr_aot_cache:read(key(Number), identity()).

write(Number, Aot) ->
    hb_beamr_aot_cache:write(key(Number), Aot).

file(Config, Number) ->
    filename:join(?config(cache, Config), key(Number)).

what_is_written_is_read(Config) ->
    ?assertEqual(none, read(1)),
    ok = write(1, aot(<<"first">>)),
    ok = write(2, aot(<<"second">>)),
    ?assertEqual({ok, aot(<<"first">>)}, read(1)),
    ?assertEqual({ok, aot(<<"second">>)}, read(2)),
    ok = write(1, aot(<<"third">>)),
    ?assertEqual({ok, aot(<<"third">>)}, read(1)),
    ok = hb_beamr_aot_cache:delete(key(1)),
    ok = hb_beamr_aot_cache:delete(key(1)),
    ?assertEqual(none, read(1)),
    ?assertEqual([binary_to_list(file(Config, 2))], hb_beamr_aot_lib:cache_files(Config)),
    ?assertEqual([], logged()).

%% All that decides about the code, and nothing else.
keys(_) ->
    Digest = <<1:256>>,
    Key = fun(Changes, Options) ->
        {ok, Read} = hb_beamr_aot_options:read(Options),
        hb_beamr_aot_cache:key(maps:get(digest, Changes, Digest), maps:merge(identity(), Changes), Read)
    end,
    Different = [
        Key(#{}, #{}),
        Key(#{digest => <<2:256>>}, #{}),
        Key(#{engine => <<8:256>>}, #{}),
        Key(#{compiler => <<18:256>>}, #{}),
        Key(#{cpu => <<"x86-64-v2">>}, #{}),
        Key(#{}, #{opt_level => 2}),
        Key(#{}, #{features => "+avx2"}),
        Key(#{}, #{features => "-avx2"}),
        Key(#{}, #{frames => true}),
        Key(#{}, #{exceptions => force})
    ],
    ?assertEqual(length(Different), length(lists:usort(Different))),
    ?assertEqual(
        [Key(#{}, #{})],
        lists:usort([
            Key(#{}, #{nice => true}),
            Key(#{}, #{max_memory => 1000}),
            Key(#{}, #{timeout => 1}),
            Key(#{}, #{cpu => "x86-64"})
        ])
    ).

only_the_user_may_read(Config) ->
    ok = write(1, aot(<<"x">>)),
    [
        begin
            {ok, #file_info{mode = Mode}} = file:read_link_info(Path),
            ?assertEqual(Expected, Mode band 8#777)
        end
     || {Path, Expected} <- [{?config(cache, Config), 8#700}, {file(Config, 1), 8#600}]
    ].

least_recently_used_first(Config) ->
    Size = byte_size(aot(<<0:8000>>)),
    ok = application:set_env(hb_beamr, aot_cache_size, 3 * Size),
    [ok = write(Number, aot(<<Number:8000>>)) || Number <- [1, 2, 3]],
    [
        ok = file:change_time(file(Config, Number), {{2020, 1, Day}, {0, 0, 0}})
     || {Number, Day} <- [{1, 2}, {2, 1}, {3, 3}]
    ],
    ok = write(4, aot(<<4:8000>>)),
    ?assertEqual([4, 3, 1], [Number || Number <- [4, 3, 2, 1], read(Number) =/= none]),
    %% They have been used just now, 3 not for long.
    ok = file:change_time(file(Config, 3), {{2020, 1, 1}, {0, 0, 0}}),
    ok = write(5, aot(<<5:8000>>)),
    ?assertEqual([5, 4, 1], [Number || Number <- [5, 4, 3, 2, 1], read(Number) =/= none]),
    %% What replaces itself needs no room.
    ok = write(5, aot(<<50:8000>>)),
    ?assertEqual([5, 4, 1], [Number || Number <- [5, 4, 3, 2, 1], read(Number) =/= none]),
    ok = application:set_env(hb_beamr, aot_cache_size, 2 * Size),
    ok = write(6, aot(<<6:8000>>)),
    ?assertEqual(2, length(hb_beamr_aot_lib:cache_files(Config))),
    ?assertMatch({ok, _}, read(6)).

too_large(_) ->
    ok = application:set_env(hb_beamr, aot_cache_size, 1000),
    ok = write(1, aot(<<"small">>)),
    ok = write(2, aot(<<0:8000>>)),
    ?assertEqual([1], [Number || Number <- [1, 2], read(Number) =/= none]).

no_size(Config) ->
    ok = application:set_env(hb_beamr, aot_cache_size, 0),
    ok = write(1, aot(<<"small">>)),
    ?assertEqual(none, read(1)),
    ?assertEqual([], hb_beamr_aot_lib:cache_files(Config)).

no_cache(Config) ->
    ok = application:set_env(hb_beamr, aot_cache_dir, none),
    ok = write(1, aot(<<"small">>)),
    ?assertEqual(none, read(1)),
    ok = hb_beamr_aot_cache:delete(key(1)),
    ?assertNot(filelib:is_file(?config(cache, Config))),
    ?assertEqual([], logged()).

%% Also if somebody takes a folder with other things for the cache.
other_files_are_not_touched(Config) ->
    ok = application:set_env(hb_beamr, aot_cache_size, 1000),
    ok = write(1, aot(<<"small">>)),
    Others = [
        "letter.txt", "code.aot", lists:duplicate(64, $0) ++ ".txt", "writing-to-mother",
        "writing-" ++ lists:duplicate(32, $A) ++ ".txt", [16#1F41D], <<"\xff\xfe">>
    ],
    Paths = [filename:join(?config(cache, Config), Name) || Name <- Others],
    [ok = file:write_file(Path, binary:copy(<<"x">>, 2000)) || Path <- Paths],
    [ok = file:change_time(Path, {{2020, 1, 1}, {0, 0, 0}}) || Path <- Paths],
    ok = write(2, aot(<<0:7200>>)),
    ?assertEqual([2], [Number || Number <- [1, 2], read(Number) =/= none]),
    [?assert(filelib:is_regular(Path)) || Path <- Paths].

unfinished_files(Config) ->
    ok = write(1, aot(<<"x">>)),
    Name = fun(Letter) ->
        filename:join(?config(cache, Config), "writing-" ++ lists:duplicate(32, Letter))
    end,
    [ok = file:write_file(Name(Letter), "half") || Letter <- "AB"],
    ok = file:change_time(Name($A), {{2020, 1, 1}, {0, 0, 0}}),
    ok = write(2, aot(<<"y">>)),
    ?assertNot(filelib:is_file(Name($A))),
    ?assert(filelib:is_file(Name($B))).

%%% What is wrong with files

damaged_files(Config) ->
    Aot = aot(<<"some code">>),
    Size = byte_size(Aot),
    Wrong =
        [binary:part(Aot, 0, Length) || Length <- lists:seq(0, Size - 1)] ++
            [flip(Aot, At) || At <- lists:seq(0, Size - 1)] ++
            [
                <<Aot/binary, 0>>,
                hb_beamr_aot_lib:aot_file(<<8:256>>, <<"some code">>),
                <<0, "asm", 1:32/little>>,
                <<0, "aot", 1:32/little>>
            ],
    [
        begin
            ok = write(1, Aot),
            ok = file:write_file(file(Config, 1), Bytes),
            ?assertEqual(none, read(1)),
            ?assertNot(filelib:is_file(file(Config, 1)))
        end
     || Bytes <- Wrong
    ],
    ok = write(1, Aot),
    ?assertEqual({ok, Aot}, read(1)).

flip(Bytes, At) ->
    <<Before:At/binary, Byte, After/binary>> = Bytes,
    <<Before/binary, (Byte bxor 1), After/binary>>.

files_that_are_none(Config) ->
    Aot = aot(<<"x">>),
    ok = write(2, aot(<<"y">>)),
    Elsewhere = filename:join(?config(folder, Config), "elsewhere"),
    ok = file:write_file(Elsewhere, Aot),
    Make = [
        fun(File) -> file:make_symlink(Elsewhere, File) end,
        fun(File) -> file:make_symlink("nowhere", File) end,
        fun(File) -> file:make_link(Elsewhere, File) end,
        fun(File) ->
            [] = os:cmd("mkfifo '" ++ binary_to_list(File) ++ "'"),
            ok
        end
    ],
    [
        begin
            ok = MakeIt(file(Config, 1)),
            ?assertEqual(none, read(1)),
            ?assertEqual({error, enoent}, file:read_link_info(file(Config, 1))),
            ok = write(1, Aot),
            ?assertEqual({ok, Aot}, read(1)),
            ok = hb_beamr_aot_cache:delete(key(1))
        end
     || MakeIt <- Make
    ],
    ?assertEqual({ok, Aot}, file:read_file(Elsewhere)),
    %% A folder stays, and nothing is kept under that name.
    ok = file:make_dir(file(Config, 1)),
    ?assertEqual(none, read(1)),
    ok = write(1, Aot),
    ?assertEqual(none, read(1)),
    ?assert(filelib:is_dir(file(Config, 1))),
    ?assertEqual({ok, aot(<<"y">>)}, read(2)).

%%% What is wrong with the folder

%% It is said once.
is_not_used(Config, Why) ->
    ok = write(1, aot(<<"x">>)),
    ?assertEqual(none, read(1)),
    ok = hb_beamr_aot_cache:delete(key(1)),
    [Line] = logged(),
    ?assertNotEqual(nomatch, string:find(Line, ?config(cache, Config)), Line),
    ?assertNotEqual(nomatch, string:find(Line, Why), Line).

a_folder_of_others(Config) ->
    ok = write(1, aot(<<"x">>)),
    ok = file:change_mode(?config(cache, Config), 8#770),
    is_not_used(Config, "others may write to it"),
    ok = file:change_mode(?config(cache, Config), 8#755),
    ?assertEqual({ok, aot(<<"x">>)}, read(1)),
    ok = file:change_mode(?config(cache, Config), 8#702),
    ?assertEqual(none, read(1)).

a_folder_of_another_user(Config) ->
    ok = write(1, aot(<<"x">>)),
    case file:change_owner(?config(cache, Config), 65534) of
        ok -> is_not_used(Config, "it belongs to another user");
        {error, eperm} -> {skip, "only root can give a folder away"}
    end.

a_folder_that_is_a_link(Config) ->
    Elsewhere = filename:join(?config(folder, Config), "elsewhere"),
    ok = hb_beamr_aot_folder:make(Elsewhere),
    ok = file:make_symlink(Elsewhere, ?config(cache, Config)),
    is_not_used(Config, "it is a symbolic link"),
    ?assertEqual({ok, []}, file:list_dir(Elsewhere)).

a_folder_that_is_a_file(Config) ->
    ok = file:write_file(?config(cache, Config), "text"),
    is_not_used(Config, "it is no folder"),
    ?assertEqual({ok, <<"text">>}, file:read_file(?config(cache, Config))).

a_folder_that_cannot_be_made(Config) ->
    File = filename:join(?config(folder, Config), "file"),
    ok = file:write_file(File, "text"),
    Folder = filename:join(File, "cache"),
    ok = application:set_env(hb_beamr, aot_cache_dir, Folder),
    is_not_used([{cache, Folder} | Config], "not a directory").

a_folder_that_disappears(Config) ->
    ok = write(1, aot(<<"x">>)),
    ok = file:del_dir_r(?config(cache, Config)),
    ?assertEqual(none, read(1)),
    ok = file:del_dir_r(?config(cache, Config)),
    ok = write(1, aot(<<"x">>)),
    ?assertEqual({ok, aot(<<"x">>)}, read(1)),
    ok = file:del_dir_r(?config(cache, Config)),
    ok = hb_beamr_aot_cache:delete(key(1)),
    ?assertEqual([], logged()).

%% Of files of more than 8 KiB nothing but an error comes back, as of a disk that is full.
a_full_disk(Config) ->
    Expression =
        "{ok, _} = application:ensure_all_started(hb_beamr),"
        "hb_beamr_aot_cache_SUITE:in_another_node(),"
        "halt(0).",
    {0, Output} = hb_beamr_aot_lib:erl(Config, "trap '' XFSZ\nulimit -f 8", Expression),
    ?assertNotEqual(nomatch, string:find(Output, "cannot write to"), Output),
    ?assert(lists:member("small", string:lexemes(Output, "\n")), Output),
    ?assertEqual([file(Config, 1)], [list_to_binary(F) || F <- hb_beamr_aot_lib:cache_files(Config)]).

in_another_node() ->
    ok = write(1, aot(<<"small">>)),
    ok = write(2, aot(binary:copy(<<"large">>, 100000))),
    {ok, _} = read(1),
    none = read(2),
    io:format("~nsmall~n").

settings_that_are_wrong(Config) ->
    ok = application:set_env(hb_beamr, aot_cache_dir, 7),
    ok = write(1, aot(<<"x">>)),
    ?assertEqual(none, read(1)),
    ?assertMatch(["invalid aot_cache_dir: 7"], logged()),
    ok = application:set_env(hb_beamr, aot_cache_dir, ?config(cache, Config)),
    ok = application:set_env(hb_beamr, aot_cache_size, infinity),
    ok = write(1, aot(<<"x">>)),
    ?assertEqual(none, read(1)),
    ?assertMatch(["invalid aot_cache_size: infinity"], logged()).

%% The default folder is the user's, and not everybody has one.
without_a_home(Config) ->
    Expression =
        "{ok, _} = application:ensure_all_started(hb_beamr),"
        "application:unset_env(hb_beamr, aot_cache_dir),"
        "hb_beamr_aot_cache_SUITE:try_default(),"
        "halt(0).",
    Home = filename:join(?config(folder, Config), "home"),
    ok = filelib:ensure_dir(filename:join(Home, "x")),
    {0, Output} = hb_beamr_aot_lib:erl(
        Config, "unset XDG_CACHE_HOME\nexport HOME='" ++ Home ++ "'", Expression
    ),
    ?assert(lists:member("kept", string:lexemes(Output, "\n")), Output),
    ?assert(filelib:is_dir(filename:join([Home, ".cache", "hb_beamr"]))),
    {0, Without} = hb_beamr_aot_lib:erl(Config, "unset XDG_CACHE_HOME HOME", Expression),
    ?assert(lists:member("not kept", string:lexemes(Without, "\n")), Without).

try_default() ->
    ok = write(1, aot(<<"x">>)),
    case read(1) of
        {ok, _} -> io:format("~nkept~n");
        none -> io:format("~nnot kept~n")
    end.

many_at_once(Config) ->
    Size = byte_size(aot(<<0:8000>>)),
    ok = application:set_env(hb_beamr, aot_cache_size, 5 * Size),
    Callers = [
        hb_beamr_test_lib:caller(fun() ->
            [
                begin
                    ok = write(Number, aot(<<Number:8000>>)),
                    case read(Number) of
                        {ok, Aot} -> ?assertEqual(aot(<<Number:8000>>), Aot);
                        none -> ok
                    end
                end
             || Number <- lists:seq(1, 10), _ <- lists:seq(1, 20)
            ],
            done
        end)
     || _ <- lists:seq(1, 8)
    ],
    [?assertEqual(done, hb_beamr_test_lib:answer(Caller)) || Caller <- Callers],
    ?assertEqual([], logged()),
    ok = write(11, aot(<<11:8000>>)),
    Left = hb_beamr_aot_lib:cache_files(Config),
    ?assert(length(Left) =< 5),
    ?assertEqual([], [File || File <- Left, filename:extension(File) =/= ".aot"]).

%%% With the compiler

%% The bytes of the module, of the code, of everything: of no file that was changed anything is run.
damaged_files_are_compiled_again(Config) ->
    hb_beamr_aot_lib:counted(Config),
    Wasm = hb_beamr_test_lib:wasm(values),
    start_and_add(Wasm),
    [File] = hb_beamr_aot_lib:cache_files(Config),
    {ok, Aot} = file:read_file(File),
    Size = byte_size(Aot),
    Wrong = [
        <<>>,
        binary:part(Aot, 0, 100),
        binary:part(Aot, 0, Size - 1),
        hb_beamr_aot_lib:seal(flip(Aot, 40))
        | [flip(Aot, At) || At <- [0, 4, 8, 40, 72, 73, 80, 130, Size div 2, Size - 1]]
    ],
    lists:foreach(
        fun({Runs, Bytes}) ->
            ok = file:write_file(File, Bytes),
            start_and_add(Wasm),
            ?assertEqual(Runs, length(hb_beamr_aot_lib:runs(Config))),
            ?assertEqual({ok, Aot}, file:read_file(File))
        end,
        lists:zip(lists:seq(2, length(Wrong) + 1), Wrong)
    ),
    start_and_add(Wasm),
    ?assertEqual(length(Wrong) + 1, length(hb_beamr_aot_lib:runs(Config))).

%% In an application that has just started, with what is on disk.
start_and_add(Wasm) ->
    _ = hb_beamr_aot_lib:stop_application(),
    {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => aot}),
    ?assertMatch({ok, #{mode := aot}}, hb_beamr:info(Instance)),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2])),
    ok = hb_beamr:stop(Instance).

%% Under the name of a module is the code of another.
code_of_another_module(Config) ->
    hb_beamr_aot_lib:counted(Config),
    start_and_add(hb_beamr_test_lib:wasm(values)),
    [File] = hb_beamr_aot_lib:cache_files(Config),
    {ok, Aot} = file:read_file(File),
    {ok, _, _, Other} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(nothing)),
    {ok, _, _, Forced} = hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values), #{exceptions => force}),
    [
        begin
            ok = file:write_file(File, Bytes),
            start_and_add(hb_beamr_test_lib:wasm(values)),
            ?assertEqual({ok, Aot}, file:read_file(File))
        end
     || Bytes <- [Other, Forced]
    ].

%% The head is right, and what follows is nothing that the driver takes.
code_that_the_driver_refuses(Config) ->
    Wasm = hb_beamr_test_lib:wasm(values),
    start_and_add(Wasm),
    [File] = hb_beamr_aot_lib:cache_files(Config),
    {ok, Aot} = file:read_file(File),
    Size = byte_size(Aot),
    [
        begin
            ok = file:write_file(File, hb_beamr_aot_lib:seal(Bytes)),
            start_and_add(Wasm),
            ?assertEqual({ok, Aot}, file:read_file(File))
        end
     || Bytes <- [
            binary:part(Aot, 0, Size - 1),
            <<Aot/binary, 0>>,
            %% The name of the processor.
            flip(Aot, 91)
        ]
    ].

starts_without_a_usable_cache(Config) ->
    Wasm = hb_beamr_test_lib:wasm(values),
    Cache = ?config(cache, Config),
    [
        begin
            ok = Spoil(),
            start_and_add(Wasm),
            {ok, Instance, _, _} = hb_beamr:start(Wasm, #{mode => auto}),
            ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2])),
            _ = file:del_dir_r(Cache),
            _ = file:delete(Cache)
        end
     || Spoil <- [
            fun() -> file:write_file(Cache, "text") end,
            fun() -> file:make_symlink("/tmp", Cache) end,
            fun() -> file:make_symlink("nowhere", Cache) end,
            fun() ->
                ok = file:make_dir(Cache),
                file:change_mode(Cache, 8#777)
            end,
            fun() ->
                ok = hb_beamr_aot_folder:make(Cache),
                file:change_mode(Cache, 8#500)
            end
        ]
    ],
    _ = logged(),
    ok.

%% What the compiler writes fits, what the cache gets does not, and the other way round.
a_full_disk_while_compiling(Config) ->
    Path = filename:join(?config(folder, Config), "values.wasm"),
    ok = file:write_file(Path, hb_beamr_test_lib:wasm(values)),
    Expression = lists:flatten(
        io_lib:format(
            "{ok, Wasm} = file:read_file(~p),"
            "Answer = hb_beamr:start(Wasm, #{mode => aot}),"
            "{ok, Auto, _, _} = hb_beamr:start(Wasm, #{mode => auto}),"
            "{ok, [3]} = hb_beamr:call(Auto, \"add\", [1, 2]),"
            "io:format(\"~~n~~p~~n\", [element(1, Answer)]),"
            "halt(0).",
            [Path]
        )
    ),
    {0, Output} = hb_beamr_aot_lib:erl(Config, "trap '' XFSZ\nulimit -f 1", Expression),
    ?assert(lists:member("error", string:lexemes(Output, "\n")), Output),
    ?assertEqual([], hb_beamr_aot_lib:cache_files(Config)),
    ?assertEqual([], hb_beamr_aot_lib:temporary_files(Config)).

the_compiler_cannot_write(Config) ->
    true = os:putenv("TMPDIR", filename:join(?config(folder, Config), "none")),
    ?assertMatch({error, {io, _}}, hb_beamr_aot:compile(hb_beamr_test_lib:wasm(values))),
    ?assertMatch(
        {error, {io, _}}, hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => aot})
    ),
    {ok, Instance, _, _} = hb_beamr:start(hb_beamr_test_lib:wasm(values), #{mode => auto}),
    ?assertEqual({ok, [3]}, hb_beamr:call(Instance, "add", [1, 2])).

%% Both compile, and both keep the same.
two_nodes_at_once(Config) ->
    hb_beamr_aot_lib:gated(Config),
    {ok, Gated} = application:get_env(hb_beamr, aot_compiler),
    Path = filename:join(?config(folder, Config), "values.wasm"),
    ok = file:write_file(Path, hb_beamr_test_lib:wasm(values)),
    Expression = lists:flatten(
        io_lib:format(
            "ok = application:load(hb_beamr),"
            "ok = application:set_env(hb_beamr, aot_compiler, ~p),"
            "{ok, Wasm} = file:read_file(~p),"
            "{ok, I, _, _} = hb_beamr:start(Wasm, #{mode => aot}),"
            "{ok, [3]} = hb_beamr:call(I, \"add\", [1, 2]),"
            "{ok, #{mode := aot}} = hb_beamr:info(I),"
            "io:format(\"done\"),"
            "halt(0).",
            [Gated, Path]
        )
    ),
    Nodes = [
        hb_beamr_test_lib:caller(fun() -> hb_beamr_aot_lib:erl(Config, "", Expression) end)
     || _ <- [1, 2]
    ],
    hb_beamr_test_lib:wait_until(fun() -> length(hb_beamr_aot_lib:runs(Config)) =:= 2 end),
    [hb_beamr_aot_lib:open_gate(Config) || _ <- Nodes],
    [?assertEqual({0, "done"}, hb_beamr_test_lib:answer(Node)) || Node <- Nodes],
    ?assertMatch([_], hb_beamr_aot_lib:cache_files(Config)),
    %% And a third finds it.
    start_and_add(hb_beamr_test_lib:wasm(values)),
    ?assertEqual(2, length(hb_beamr_aot_lib:runs(Config))).

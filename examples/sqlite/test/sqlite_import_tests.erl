%%% A guest that sends nonsense gets a trap and nothing else.
-module(sqlite_import_tests).

-include_lib("eunit/include/eunit.hrl").

-import(sqlite_test_lib, [with_path/1]).

with_state(Fun) ->
    with_path(fun(Path) ->
        {ok, Storage} = sqlite_storage:open(list_to_binary(Path), #{max_bytes => 100000}),
        try
            Fun(sqlite_import:new(Storage, #{}))
        after
            ok = sqlite_storage:close(Storage)
        end
    end).

answer(State, Module, Func, Args) ->
    %% No instance: what is tested here is refused before its memory is touched.
    Call = #{instance => self(), module => Module, func => Func, args => Args, func_sig => ""},
    {ok, Answer, _State} = sqlite_import:answer(State, Call, #{}),
    Answer.

nonsense_is_a_trap_test_() ->
    Huge = 16#7FFFFFFFFFFFFFFF,
    Calls = [
        {"storage", "read", [2, 0, 0, 16]},
        {"storage", "read", [-1, 0, 0, 16]},
        {"storage", "read", [0, -1, 0, 16]},
        {"storage", "read", [0, 0, 0, -16]},
        {"storage", "read", [0, 0, 0, 65537]},
        {"storage", "read", [0, Huge, 0, 16]},
        {"storage", "write", [0, -1, 0, 16]},
        {"storage", "write", [0, Huge, 0, 16]},
        {"storage", "write", [1, 0, 0, 16#7FFFFFFF]},
        {"storage", "truncate", [0, -1]},
        {"storage", "truncate", [7, 0]},
        {"storage", "size", [2]},
        {"storage", "sync", [99]},
        {"storage", "delete", [-5, 0]},
        {"storage", "random", [0, -1]},
        {"storage", "random", [0, 1000000]},
        {"storage", "now", [1]},
        {"storage", "format", []},
        {"result", "row", [0, -1]},
        {"result", "columns", [0, -1]},
        {"wasi_snapshot_preview1", "fd_write", [1, 0, 0, 0]}
    ],
    [
        {Module ++ "." ++ Func, fun() ->
            with_state(fun(State) ->
                ?assertMatch({import_exception, [_ | _]}, answer(State, Module, Func, Args))
            end)
        end}
     || {Module, Func, Args} <- Calls
    ].

a_file_that_would_be_too_large_is_full_test() ->
    with_state(fun(State) ->
        ?assertEqual([-2], answer(State, "storage", "truncate", [0, 100001])),
        ?assertEqual([0], answer(State, "storage", "truncate", [0, 100000]))
    end).

modules_with_other_imports_are_refused_test() ->
    ?assertEqual(ok, sqlite_import:check([{func, "storage", "read", "(iIii)i"}])),
    ?assertMatch(
        {error, {unknown_import, _}},
        sqlite_import:check([{func, "wasi_snapshot_preview1", "proc_exit", "(i)"}])
    ).

imports_are_counted_test() ->
    with_state(fun(State) ->
        [_ = answer(State, "storage", "now", []) || _ <- [1, 2, 3]],
        ?assertMatch(#{now := 3, read := 0, tick := 0}, sqlite_import:counts(State))
    end).

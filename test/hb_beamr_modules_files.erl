%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% Where the modules are that `test/modules/build.sh' has built, and what belongs to them.
-module(hb_beamr_modules_files).

-export([are_built/0]).
-export([wasm/1]).
-export([read/1]).

-spec are_built() -> boolean().
are_built() ->
    root() =/= none.

%% A module by its name.
-spec wasm(string()) -> binary().
wasm(Name) ->
    {ok, Wasm} = file:read_file(filename:join([root(), "_build/modules", Name ++ ".wasm"])),
    Wasm.

%% A file in `test/modules'.
-spec read(string()) -> binary().
read(Path) ->
    {ok, Contents} = file:read_file(filename:join([root(), "test/modules", Path])),
    Contents.

%% The project's folder, which is above that of the compiled tests.
-spec root() -> file:filename() | none.
root() ->
    root(filename:dirname(filename:absname(code:which(?MODULE)))).

-spec root(file:filename()) -> file:filename() | none.
root("/") ->
    none;
root(Dir) ->
    %% The last one that is built.
    case filelib:is_file(filename:join(Dir, "_build/modules/onig.wasm")) of
        true -> Dir;
        false -> root(filename:dirname(Dir))
    end.

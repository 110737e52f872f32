%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% The module `spectest' that test scripts import from. Its functions do nothing. Its memory and
%%% tables are new for each module: no script looks at what another module wrote there.
-module(hb_beamr_conformance_spectest).

-export([type/1]).
-export([offer/1]).

%% What it exports by this name.
-spec type(binary()) -> hb_beamr_conformance_world:type() | none.
type(<<"print">>) -> {func, <<"()">>};
type(<<"print_i32">>) -> {func, <<"(i)">>};
type(<<"print_i64">>) -> {func, <<"(I)">>};
type(<<"print_f32">>) -> {func, <<"(f)">>};
type(<<"print_f64">>) -> {func, <<"(F)">>};
type(<<"print_i32_f32">>) -> {func, <<"(if)">>};
type(<<"print_f64_f64">>) -> {func, <<"(FF)">>};
type(<<"global_i32">>) -> {global, i32, const};
type(<<"global_i64">>) -> {global, i64, const};
type(<<"global_f32">>) -> {global, f32, const};
type(<<"global_f64">>) -> {global, f64, const};
type(<<"memory">>) -> {memory, i32, 1, 2};
type(<<"table">>) -> {table, funcref, i32, 10, 20};
type(<<"table64">>) -> {table, funcref, i64, 10, 20};
type(_) -> none.

%% The same for the option `imports' of `hb_beamr:start/2'.
-spec offer(hb_beamr_conformance_world:type()) -> term().
offer({func, Signature}) ->
    {func, binary_to_list(Signature)};
offer({memory, Index, Minimum, Maximum}) ->
    {memory, #{index_type => Index, minimum => Minimum, maximum => Maximum}};
offer({table, Of, Index, Minimum, Maximum}) ->
    {table, #{type => Of, index_type => Index, minimum => Minimum, maximum => Maximum}};
offer({global, Of, Mutability}) ->
    {global, Of, Mutability, value(Of)}.

-spec value(atom()) -> hb_beamr:value().
value(f32) -> 666.6;
value(f64) -> 666.6;
value(_) -> 666.

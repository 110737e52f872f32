%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc The imports of a module, by position, as the call loop needs them.
%%%
%%% Described once per module and process; strings are lists then, as import functions get them.
-module(hb_beamr_import).

-export([describe/1]).
-export([result_count/1]).
-export([format/1]).

-export_type([import/0]).
-export_type([imports/0]).

-type imports() :: tuple().
%% Of {@type import()}, in the order of the module.

-type import() ::
    {hb_beamr_emscripten:role(), Module :: string(), Name :: string(), Signature :: string()}.

%% @doc Ask the driver for them.
-spec describe(port()) -> {ok, imports()} | hb_beamr_port:failure().
describe(Port) ->
    case hb_beamr_port:describe(Port) of
        {ok, Imports, Exports} ->
            Glue = hb_beamr_emscripten:glue(Port, Imports, Exports),
            {ok, list_to_tuple([import(Import, Glue) || Import <- Imports])};
        Failure ->
            Failure
    end.

-spec import(hb_beamr_answer:extern(), hb_beamr_emscripten:glue()) -> import().
import({_Kind, Module, Name, Signature}, Glue) ->
    Type = hb_beamr_error:text(Signature),
    {
        hb_beamr_emscripten:role(Name, Type, Glue),
        hb_beamr_error:text(Module),
        hb_beamr_error:text(Name),
        Type
    }.

%% @doc How many results a signature has: `"(ii)i"' has one.
-spec result_count(string()) -> non_neg_integer().
result_count(Signature) ->
    case string:split(Signature, ")") of
        [_, Results] -> length(Results);
        _ -> 0
    end.

%% @doc For a message: which import it is.
-spec format(import()) -> string().
format({_, Module, Name, Signature}) ->
    Module ++ "." ++ Name ++ " " ++ Signature.

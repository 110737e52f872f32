%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% A library `telemetry' of the tests' own: it tells the process that loaded it of each event, with
%%% `{event, Teller, Event, Measurements, Metadata}'.
-module(hb_beamr_test_telemetry).

-export([load/0]).
-export([unload/0]).
-export([during/1]).

-spec load() -> ok.
load() ->
    Text = [
        "-module(telemetry).",
        "-export([execute/3]).",
        "execute(Event, Measurements, Metadata) ->"
        "    hb_beamr_test_events ! {event, self(), Event, Measurements, Metadata}."
    ],
    {ok, telemetry, Code} = compile:forms([parsed(Form) || Form <- Text]),
    true = register(hb_beamr_test_events, self()),
    {module, telemetry} = code:load_binary(telemetry, "telemetry.erl", Code),
    ok.

-spec parsed(string()) -> erl_parse:abstract_form().
parsed(Form) ->
    {ok, Tokens, _} = erl_scan:string(Form),
    {ok, Parsed} = erl_parse:parse_form(Tokens),
    Parsed.

%% Also where it is not loaded, or the process of that name is gone.
-spec unload() -> ok.
unload() ->
    _ = code:delete(telemetry),
    _ = code:purge(telemetry),
    _ = whereis(hb_beamr_test_events) =:= self() andalso unregister(hb_beamr_test_events),
    ok.

%% Events that nobody asked for are forgotten.
-spec during(fun(() -> Result)) -> Result.
during(Do) ->
    ok = load(),
    try
        Do()
    after
        unload(),
        forget()
    end.

-spec forget() -> ok.
forget() ->
    receive
        {event, _, _, _, _} -> forget()
    after 0 -> ok
    end.

%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc Which compiled code, of what callers give to `start', the node runs.
%%%
%%% It is machine code with all rights of the node. `aot_trusted' of the application's environment
%%% is `explicit' (the default): what a caller starts as compiled code, with the mode `aot', is that
%%% one's word, and nothing is run as code that was started as a module; `all'; `{sha256, Digests}' of
%%% whole files; or `{public_key, Keys}' of Ed25519, with one of which the file has to be signed.
%%% Digests and keys are binaries of 32 bytes, or written in hexadecimal.
-module(hb_beamr_aot_trust).

-export([check/3]).

%% @doc Whether the node runs this code, which somebody starts with that mode.
-spec check(Aot :: binary(), Signature :: binary() | none, Mode :: atom()) ->
    ok | {error, hb_beamr_error:reason()}.
check(Aot, Signature, Mode) ->
    case application:get_env(hb_beamr, aot_trusted, explicit) of
        explicit when Mode =:= aot ->
            ok;
        explicit ->
            untrusted("compiled code is only run where start is told so: start(Aot, aot)");
        all ->
            ok;
        {sha256, Digests} when is_list(Digests) ->
            is_one(crypto:hash(sha256, Aot), Digests);
        {public_key, _} when Signature =:= none ->
            untrusted("the node runs compiled code with a signature only, and there is none");
        {public_key, Keys} when is_list(Keys) ->
            is_signed(Aot, Signature, Keys);
        Other ->
            Text = ["invalid aot_trusted: ", hb_beamr_error:show(Other)],
            {error, hb_beamr_error:new(invalid_option, Text)}
    end.

-spec is_one(binary(), [term()]) -> ok | {error, hb_beamr_error:reason()}.
is_one(Digest, Digests) ->
    case lists:any(fun(Given) -> bytes(Given) =:= Digest end, Digests) of
        true ->
            ok;
        false ->
            Hex = hb_beamr_aot_file:hex(Digest),
            untrusted(["compiled code that the node does not trust: SHA-256 ", Hex])
    end.

-spec is_signed(binary(), binary(), [term()]) -> ok | {error, hb_beamr_error:reason()}.
is_signed(Aot, Signature, Keys) ->
    case lists:any(fun(Key) -> verify(Aot, Signature, bytes(Key)) end, Keys) of
        true -> ok;
        false -> untrusted("compiled code that is not signed with a key that the node trusts")
    end.

-spec verify(binary(), binary(), binary() | none) -> boolean().
verify(_Aot, _Signature, none) ->
    false;
verify(Aot, Signature, Key) ->
    try
        crypto:verify(eddsa, none, Aot, Signature, [Key, ed25519])
    catch
        %% What is no key or no signature.
        error:_ -> false
    end.

-spec bytes(term()) -> binary() | none.
bytes(<<Bytes:32/binary>>) ->
    Bytes;
bytes(Hex) ->
    try binary:decode_hex(iolist_to_binary(Hex)) of
        <<Bytes:32/binary>> -> Bytes;
        _ -> none
    catch
        error:_ -> none
    end.

-spec untrusted(unicode:chardata()) -> {error, hb_beamr_error:reason()}.
untrusted(Text) ->
    {error, hb_beamr_error:new(untrusted, Text)}.

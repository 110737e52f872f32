%%% @doc The bytes in which values travel to and from the guest.
%%%
%%% The format is that of `c_src/codec.h'. What comes from the guest is checked:
%%% bytes that do not follow the format are an error and not a crash.
-module(sqlite_codec).

-export([encode_parameters/1]).
-export([decode_columns/1]).
-export([decode_row/1]).

-export_type([value/0]).
-export_type([parameter/0]).
-export_type([parameters/0]).

-type value() ::
    null
    | integer()
    | float()
    %% SQLite computes with infinities; Erlang's floats have none.
    | '+inf'
    | '-inf'
    | nan
    %% Text, in UTF-8.
    | binary()
    | {blob, binary()}.

-type parameter() :: value() | string() | boolean().
%% A string (a list) is text too; true and false are 1 and 0, as in SQL.
%% SQLite stores not-a-number as NULL.

-type parameters() :: [parameter()] | #{(atom() | binary() | string()) => parameter()}.
%% For `?', in order; or for `:name', `@name', `$name' and `?1' (the name is then "1").

-define(NULL, 0).
-define(INTEGER, 1).
-define(FLOAT, 2).
-define(TEXT, 3).
-define(BLOB, 4).
-define(MAX_SIZE, 16#7FFFFFFF).

-define(PLUS_INF, 16#7FF0000000000000).
-define(MINUS_INF, 16#FFF0000000000000).
-define(NAN, 16#7FF8000000000000).

%% @doc The parameters of a request. The error says which one cannot be sent.
-spec encode_parameters(parameters()) -> {ok, iodata()} | {error, binary()}.
encode_parameters(Parameters) when is_map(Parameters) ->
    encode(1, maps:to_list(Parameters), fun encode_named/1);
encode_parameters(Parameters) when is_list(Parameters), length(Parameters) >= 0 ->
    encode(0, Parameters, fun encode_value/1);
encode_parameters(_) ->
    {error, <<"the parameters are neither a list nor a map">>}.

%% @doc The names of the columns.
-spec decode_columns(binary()) -> {ok, [binary()]} | {error, malformed}.
decode_columns(Bytes) ->
    decode_columns(Bytes, []).

%% @doc The values of one row.
-spec decode_row(binary()) -> {ok, tuple()} | {error, malformed}.
decode_row(Bytes) ->
    decode_row(Bytes, []).

%%% To the guest

-spec encode(0 | 1, [Item], fun((Item) -> iodata())) -> {ok, iodata()} | {error, binary()}.
encode(Named, Items, Encode) ->
    try
        {ok, [<<Named, (length(Items)):32/little>> | [Encode(Item) || Item <- Items]]}
    catch
        throw:{unsupported, What, Value} -> {error, unsupported(What, Value)}
    end.

-spec encode_named({atom() | binary() | string(), parameter()}) -> iodata().
encode_named({Name, Value}) ->
    [encode_string(name(Name)), encode_value(Value)].

-spec name(atom() | binary() | string()) -> binary().
name(Name) when is_atom(Name) -> atom_to_binary(Name);
name(Name) -> text(Name, "the name").

-spec encode_value(parameter()) -> iodata().
encode_value(null) ->
    <<?NULL>>;
encode_value(true) ->
    encode_value(1);
encode_value(false) ->
    encode_value(0);
encode_value('+inf') ->
    <<?FLOAT, ?PLUS_INF:64/little>>;
encode_value('-inf') ->
    <<?FLOAT, ?MINUS_INF:64/little>>;
encode_value(nan) ->
    <<?FLOAT, ?NAN:64/little>>;
encode_value(Integer) when is_integer(Integer) ->
    case <<Integer:64/signed-little>> of
        <<Integer:64/signed-little>> = Bytes -> [?INTEGER, Bytes];
        _ -> throw({unsupported, "an integer of more than 64 bits", Integer})
    end;
encode_value(Float) when is_float(Float) ->
    <<?FLOAT, Float:64/float-little>>;
encode_value({blob, Bytes}) when is_binary(Bytes) ->
    [?BLOB | encode_string(Bytes)];
encode_value(Text) when is_binary(Text); is_list(Text) ->
    [?TEXT | encode_string(text(Text, "text"))];
encode_value(Value) ->
    throw({unsupported, "not a value of SQL", Value}).

-spec encode_string(binary()) -> iodata().
encode_string(Bytes) when byte_size(Bytes) =< ?MAX_SIZE ->
    [<<(byte_size(Bytes)):32/little>>, Bytes];
encode_string(_) ->
    throw({unsupported, "larger than 2 GiB", ''}).

%% Bytes that are not UTF-8 would come back as text that no one can read.
-spec text(term(), string()) -> binary().
text(Text, What) ->
    try unicode:characters_to_binary(Text) of
        Binary when is_binary(Binary) -> Binary;
        _ -> throw({unsupported, What ++ " is not UTF-8 (use {blob, Bytes})", Text})
    catch
        error:badarg -> throw({unsupported, What ++ " is not characters", Text})
    end.

-spec unsupported(string(), term()) -> binary().
unsupported(What, '') ->
    iolist_to_binary(["unsupported parameter, ", What]);
unsupported(What, Value) ->
    iolist_to_binary(io_lib:format("unsupported parameter, ~s: ~P", [What, Value, 8])).

%%% From the guest

-spec decode_columns(binary(), [binary()]) -> {ok, [binary()]} | {error, malformed}.
decode_columns(<<Size:32/little, Name:Size/binary, Rest/binary>>, Names) ->
    decode_columns(Rest, [Name | Names]);
decode_columns(<<>>, Names) ->
    {ok, lists:reverse(Names)};
decode_columns(_, _) ->
    {error, malformed}.

-spec decode_row(binary(), [value()]) -> {ok, tuple()} | {error, malformed}.
decode_row(<<?INTEGER, Integer:64/signed-little, Rest/binary>>, Values) ->
    decode_row(Rest, [Integer | Values]);
decode_row(<<?TEXT, Size:32/little, Text:Size/binary, Rest/binary>>, Values) ->
    decode_row(Rest, [Text | Values]);
decode_row(<<?FLOAT, Float:64/float-little, Rest/binary>>, Values) ->
    decode_row(Rest, [Float | Values]);
decode_row(<<?NULL, Rest/binary>>, Values) ->
    decode_row(Rest, [null | Values]);
decode_row(<<?BLOB, Size:32/little, Bytes:Size/binary, Rest/binary>>, Values) ->
    decode_row(Rest, [{blob, Bytes} | Values]);
decode_row(<<?FLOAT, Bits:64/little, Rest/binary>>, Values) ->
    %% The pattern for floats above does not match what Erlang cannot represent.
    decode_row(Rest, [special_float(Bits) | Values]);
decode_row(<<>>, Values) ->
    {ok, list_to_tuple(lists:reverse(Values))};
decode_row(_, _) ->
    {error, malformed}.

-spec special_float(non_neg_integer()) -> '+inf' | '-inf' | nan.
special_float(?PLUS_INF) -> '+inf';
special_float(?MINUS_INF) -> '-inf';
special_float(_) -> nan.

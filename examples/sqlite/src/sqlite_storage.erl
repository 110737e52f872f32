%%% @doc The files of one database as its guest sees them: pages in memory over a disk.
%%%
%%% What is written stays here, in memory that dies with the calling process,
%%% until {@link sync/2} hands it to the disk. So a process that is killed loses
%%% what it did not sync, exactly as a machine does that loses its power.
%%%
%%% Pages are in ETS and not in this module's term: a garbage collection of the
%%% process would have to walk through all of them.
-module(sqlite_storage).

-export([open/2]).
-export([close/1]).
-export([size/2]).
-export([read/4]).
-export([write/4]).
-export([truncate/3]).
-export([sync/2]).
-export([delete/3]).
-export([disk/1]).
-export([pending/2]).

-export_type([storage/0]).
-export_type([options/0]).
-export_type([error_reason/0]).

-record(file, {
    size :: non_neg_integer(),
    %% So many bytes of the disk's file are still the content; what is beyond
    %% was cut off here, and counts as zeros, although the disk still has it.
    keep :: non_neg_integer(),
    %% The size of the disk's file.
    disk_size :: non_neg_integer(),
    %% Changed pages, {Number, Page}, in order.
    dirty :: ets:table(),
    %% Whether the disk has something that it has not made durable.
    unsynced = false :: boolean()
}).

-record(storage, {
    disk :: sqlite_disk:disk(),
    %% Unchanged pages, {{File, Number}, Page}, to spare the disk.
    clean :: ets:table(),
    files :: #{sqlite_disk:file() => #file{}},
    max_bytes :: pos_integer(),
    max_clean :: non_neg_integer(),
    max_dirty :: non_neg_integer()
}).

-opaque storage() :: #storage{}.
-type options() :: #{
    %% A file cannot become larger. Default: 1 GiB.
    max_bytes => pos_integer(),
    %% Memory for unchanged pages. Default: 64 MiB.
    max_clean_bytes => non_neg_integer(),
    %% Memory for changed pages; when there are more, they go to the disk
    %% without a sync. Default: 64 MiB.
    max_dirty_bytes => non_neg_integer()
}.
-type error_reason() :: full | {disk, term()}.

-define(PAGE, 4096).
-define(MIB, (1024 * 1024)).

%%% API

%% @doc Open the files at an absolute path, for the calling process only.
-spec open(Path :: binary(), options()) -> {ok, storage()} | {error, busy | term()}.
open(Path, Options) ->
    case sqlite_disk:open(Path) of
        {ok, Disk} -> open_files(Disk, Options);
        {error, _} = Error -> Error
    end.

%% @doc Close the files. What was not synced is lost.
-spec close(storage()) -> ok.
close(#storage{disk = Disk, clean = Clean, files = Files}) ->
    true = ets:delete(Clean),
    maps:foreach(fun(_, #file{dirty = Dirty}) -> true = ets:delete(Dirty) end, Files),
    sqlite_disk:close(Disk).

%% @doc The size in bytes; 0 if the file does not exist.
-spec size(storage(), sqlite_disk:file()) -> non_neg_integer().
size(Storage, Name) ->
    (file(Storage, Name))#file.size.

%% @doc Read `Size' bytes from `Offset', fewer at the end of the file.
-spec read(storage(), sqlite_disk:file(), Offset, Size) ->
    {ok, binary()} | {error, error_reason()}
when
    Offset :: non_neg_integer(),
    Size :: non_neg_integer().
read(Storage, Name, Offset, Size) ->
    #file{size = End} = File = file(Storage, Name),
    Count = max(0, min(Size, End - Offset)),
    try
        Parts = [
            binary:part(page(Storage, Name, File, Number), Skip, Length)
         || {Number, Skip, Length} <- pieces(Offset, Count)
        ],
        {ok, iolist_to_binary(Parts)}
    catch
        throw:{disk, Reason} -> {error, {disk, Reason}}
    end.

%% @doc Write bytes at `Offset'. A gap between the end and `Offset' becomes zeros.
%%
%% `{error, full}': the file would become too large; nothing is written.
-spec write(storage(), sqlite_disk:file(), Offset, Data) ->
    {ok, storage()} | {error, error_reason()}
when
    Offset :: non_neg_integer(),
    Data :: binary().
write(#storage{max_bytes = Max}, _Name, Offset, Data) when Offset + byte_size(Data) > Max ->
    {error, full};
write(Storage, _Name, _Offset, <<>>) ->
    {ok, Storage};
write(Storage, Name, Offset, Data) ->
    #file{size = Size, dirty = Dirty} = File = file(Storage, Name),
    Pieces = pieces(Offset, byte_size(Data)),
    try
        %% All pages before the first is changed: an error changes nothing.
        Pages = [{Piece, old_page(Storage, Name, File, Piece)} || Piece <- Pieces],
        true = ets:insert(Dirty, changed(Pages, Data, 0)),
        NewSize = max(Size, Offset + byte_size(Data)),
        spill(put_file(Storage, Name, File#file{size = NewSize}), Name)
    catch
        throw:{disk, Reason} -> {error, {disk, Reason}}
    end.

%% @doc Set the size. New bytes are zeros.
-spec truncate(storage(), sqlite_disk:file(), Size :: non_neg_integer()) ->
    {ok, storage()} | {error, error_reason()}.
truncate(#storage{max_bytes = Max}, _Name, Size) when Size > Max ->
    {error, full};
truncate(Storage, Name, Size) ->
    #file{keep = Keep, dirty = Dirty} = File = file(Storage, Name),
    forget(Storage, Name, File, Size),
    Last = Size div ?PAGE,
    _ =
        case ets:lookup(Dirty, Last) of
            [{Last, Page}] ->
                Kept = binary:part(Page, 0, Size rem ?PAGE),
                ets:insert(Dirty, {Last, padded(Kept)});
            [] ->
                true
        end,
    {ok, put_file(Storage, Name, File#file{size = Size, keep = min(Keep, Size)})}.

%% @doc Hand everything to the disk, and return when the disk has made it durable.
-spec sync(storage(), sqlite_disk:file()) -> {ok, storage()} | {error, error_reason()}.
sync(Storage, Name) ->
    case file(Storage, Name) of
        #file{size = Size, keep = Size, disk_size = Size, unsynced = false, dirty = Dirty} ->
            case ets:info(Dirty, size) of
                0 -> {ok, Storage};
                _ -> hand_over(Storage, Name, true)
            end;
        _ ->
            hand_over(Storage, Name, true)
    end.

%% @doc Delete a file at once; `Durable': also after a power failure.
-spec delete(storage(), sqlite_disk:file(), Durable :: boolean()) ->
    {ok, storage()} | {error, error_reason()}.
delete(#storage{disk = Disk} = Storage, Name, Durable) ->
    File = file(Storage, Name),
    case sqlite_disk:delete(Disk, Name, Durable) of
        ok ->
            forget(Storage, Name, File, 0),
            Deleted = File#file{size = 0, keep = 0, disk_size = 0, unsynced = false},
            {ok, put_file(Storage, Name, Deleted)};
        {error, Reason} ->
            {error, {disk, Reason}}
    end.

%% @doc The disk underneath. Tests use it to play a failure.
-spec disk(storage()) -> sqlite_disk:disk().
disk(#storage{disk = Disk}) ->
    Disk.

%% @doc What the disk has not got yet, and a crash would lose. For tests.
-spec pending(storage(), sqlite_disk:file()) -> sqlite_disk:change().
pending(Storage, Name) ->
    #file{size = Size, keep = Keep, dirty = Dirty} = file(Storage, Name),
    Writes = [
        {Number * ?PAGE, binary:part(Page, 0, min(?PAGE, Size - Number * ?PAGE))}
     || {Number, Page} <- ets:tab2list(Dirty)
    ],
    #{keep => Keep, writes => Writes, size => Size, durable => false}.

%%% Opening

-spec open_files(sqlite_disk:disk(), options()) -> {ok, storage()} | {error, term()}.
open_files(Disk, Options) ->
    case [sqlite_disk:size(Disk, Name) || Name <- [database, journal]] of
        [{ok, Database}, {ok, Journal}] ->
            {ok, #storage{
                disk = Disk,
                clean = ets:new(?MODULE, [set, private]),
                files = #{database => new_file(Database), journal => new_file(Journal)},
                max_bytes = maps:get(max_bytes, Options, 1024 * ?MIB),
                max_clean = maps:get(max_clean_bytes, Options, 64 * ?MIB) div ?PAGE,
                max_dirty = maps:get(max_dirty_bytes, Options, 64 * ?MIB) div ?PAGE
            }};
        Sizes ->
            sqlite_disk:close(Disk),
            hd([Error || {error, _} = Error <- Sizes])
    end.

-spec new_file(non_neg_integer()) -> #file{}.
new_file(Size) ->
    Dirty = ets:new(?MODULE, [ordered_set, private]),
    #file{size = Size, keep = Size, disk_size = Size, dirty = Dirty}.

-spec file(storage(), sqlite_disk:file()) -> #file{}.
file(#storage{files = Files}, Name) ->
    maps:get(Name, Files).

-spec put_file(storage(), sqlite_disk:file(), #file{}) -> storage().
put_file(#storage{files = Files} = Storage, Name, File) ->
    Storage#storage{files = Files#{Name := File}}.

%%% Pages

%% The pages that a range touches: number, first byte within the page, length.
-spec pieces(non_neg_integer(), non_neg_integer()) ->
    [{Number :: non_neg_integer(), Skip :: non_neg_integer(), Length :: pos_integer()}].
pieces(_Offset, 0) ->
    [];
pieces(Offset, Size) ->
    Skip = Offset rem ?PAGE,
    Length = min(Size, ?PAGE - Skip),
    [{Offset div ?PAGE, Skip, Length} | pieces(Offset + Length, Size - Length)].

-spec page(storage(), sqlite_disk:file(), #file{}, non_neg_integer()) -> binary().
page(#storage{clean = Clean} = Storage, Name, #file{dirty = Dirty} = File, Number) ->
    case ets:lookup(Dirty, Number) of
        [{_, Page}] ->
            Page;
        [] ->
            case ets:lookup(Clean, {Name, Number}) of
                [{_, Page}] -> Page;
                [] -> fetch(Storage, Name, File, Number)
            end
    end.

-spec fetch(storage(), sqlite_disk:file(), #file{}, non_neg_integer()) -> binary().
fetch(#storage{disk = Disk} = Storage, Name, #file{keep = Keep}, Number) ->
    Offset = Number * ?PAGE,
    case min(?PAGE, Keep - Offset) of
        Valid when Valid =< 0 ->
            padded(<<>>);
        Valid ->
            case sqlite_disk:read(Disk, Name, Offset, Valid) of
                {ok, Bytes} ->
                    Page = padded(Bytes),
                    remember(Storage, [{{Name, Number}, Page}]),
                    Page;
                {error, Reason} ->
                    throw({disk, Reason})
            end
    end.

%% A page that is written in full need not be fetched.
-spec old_page(storage(), sqlite_disk:file(), #file{}, Piece) -> binary() when
    Piece :: {non_neg_integer(), non_neg_integer(), pos_integer()}.
old_page(_Storage, _Name, _File, {_Number, 0, ?PAGE}) -> <<>>;
old_page(Storage, Name, File, {Number, _, _}) -> page(Storage, Name, File, Number).

-spec changed([{Piece, binary()}], binary(), non_neg_integer()) ->
    [{non_neg_integer(), binary()}]
when
    Piece :: {non_neg_integer(), non_neg_integer(), pos_integer()}.
changed([], _Data, _Done) ->
    [];
changed([{{Number, Skip, Length}, Old} | Pieces], Data, Done) ->
    New = binary:part(Data, Done, Length),
    Page =
        case {Length, byte_size(Data)} of
            {?PAGE, ?PAGE} -> Data;
            %% A copy, so that the page does not hold on to the rest of the data.
            {?PAGE, _} -> binary:copy(New);
            _ -> replaced(Old, Skip, New)
        end,
    [{Number, Page} | changed(Pieces, Data, Done + Length)].

-spec replaced(binary(), non_neg_integer(), binary()) -> binary().
replaced(Old, Skip, New) ->
    Length = byte_size(New),
    <<Before:Skip/binary, _:Length/binary, After/binary>> = Old,
    <<Before/binary, New/binary, After/binary>>.

-spec padded(binary()) -> binary().
padded(Bytes) when byte_size(Bytes) < ?PAGE ->
    <<Bytes/binary, 0:((?PAGE - byte_size(Bytes)) * 8)>>;
padded(Bytes) ->
    Bytes.

%% Drop all pages from `Size' on, the one that contains it as well if it is
%% unchanged: it comes back from the disk with zeros at its end.
-spec forget(storage(), sqlite_disk:file(), #file{}, non_neg_integer()) -> ok.
forget(#storage{clean = Clean}, Name, #file{size = Size, dirty = Dirty}, NewSize) ->
    First = NewSize div ?PAGE,
    FirstDirty = (NewSize + ?PAGE - 1) div ?PAGE,
    Last = Size div ?PAGE,
    _ = ets:select_delete(Dirty, [{{'$1', '_'}, [{'>=', '$1', FirstDirty}], [true]}]),
    _ = [ets:delete(Clean, {Name, Number}) || Number <- lists:seq(First, max(First, Last))],
    ok.

%% Crude, but bounded and without bookkeeping: when the table is full, it is emptied.
-spec remember(storage(), [{{sqlite_disk:file(), non_neg_integer()}, binary()}]) -> ok.
remember(#storage{clean = Clean, max_clean = Max}, Pages) ->
    Count = length(Pages),
    _ = [ets:delete_all_objects(Clean) || ets:info(Clean, size) + Count > Max],
    _ = [ets:insert(Clean, Pages) || Count =< Max],
    ok.

%%% To the disk

-spec spill(storage(), sqlite_disk:file()) -> {ok, storage()} | {error, error_reason()}.
spill(#storage{max_dirty = Max} = Storage, Name) ->
    #file{dirty = Dirty} = file(Storage, Name),
    case ets:info(Dirty, size) > Max of
        true -> hand_over(Storage, Name, false);
        false -> {ok, Storage}
    end.

-spec hand_over(storage(), sqlite_disk:file(), boolean()) ->
    {ok, storage()} | {error, error_reason()}.
hand_over(#storage{disk = Disk} = Storage, Name, Durable) ->
    #file{size = Size, dirty = Dirty} = File = file(Storage, Name),
    #{writes := Writes} = Change = pending(Storage, Name),
    case sqlite_disk:write(Disk, Name, Change#{writes := joined(Writes), durable := Durable}) of
        ok ->
            Pages = ets:tab2list(Dirty),
            true = ets:delete_all_objects(Dirty),
            remember(Storage, [{{Name, Number}, Page} || {Number, Page} <- Pages]),
            Written = File#file{keep = Size, disk_size = Size, unsynced = not Durable},
            {ok, put_file(Storage, Name, Written)};
        {error, Reason} ->
            {error, {disk, Reason}}
    end.

%% Neighbours become one write.
-spec joined([{non_neg_integer(), binary()}]) -> [{non_neg_integer(), iodata()}].
joined([]) -> [];
joined([{Offset, Bytes} | Writes]) -> joined(Writes, Offset, [Bytes], Offset + byte_size(Bytes)).

-spec joined([{non_neg_integer(), binary()}], Start, [binary()], End) ->
    [{non_neg_integer(), iodata()}]
when
    Start :: non_neg_integer(),
    End :: non_neg_integer().
joined([{End, Bytes} | Writes], Start, Run, End) ->
    joined(Writes, Start, [Bytes | Run], End + byte_size(Bytes));
joined(Writes, Start, Run, _End) ->
    [{Start, lists:reverse(Run)} | joined(Writes)].

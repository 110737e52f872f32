%% Copyright 2026 The hb_beamr authors
%% SPDX-License-Identifier: Apache-2.0

%%% @private
%%% @doc One run of the compiler, which is a program of its own.
%%%
%%% This process owns the program and the folder it works in, and sees to it that both are gone
%%% before it ends: when the program has ended, when its time is over, when the process that wants
%%% the result has ended, and when the application stops. It is told to end by a signal and waited
%%% for, because a program that still writes would keep the folder from being removed. Should this
%%% process be killed, or the node, the program sees the end of its input and ends itself.
-module(hb_beamr_aot_process).

-behaviour(gen_server).

-export([run/4]).
-export([no_compiler/2]).
-export([remove_leftovers/0]).
-export([start_link/1]).

-export([init/1]).
-export([handle_continue/2]).
-export([handle_call/3]).
-export([handle_cast/2]).
-export([handle_info/2]).
-export([terminate/2]).

-export_type([ended/0]).

-type ended() ::
    {exit, Status :: non_neg_integer(), Words :: binary(), Output :: binary() | none}
    | {error, timeout | hb_beamr_error:reason()}.
%% How a program ended, what it wrote to its standard output and error, and the file that it made.

-record(request, {
    from :: pid(),
    reference :: reference(),
    program :: file:filename(),
    arguments :: [binary()],
    input :: binary(),
    deadline :: hb_beamr_deadline:deadline()
}).

-record(run, {
    request :: #request{},
    folder = none :: file:filename() | none,
    port = none :: port() | none,
    words = <<>> :: binary()
}).

-define(INPUT, "module.wasm").
-define(OUTPUT, "module.aot").
-define(PREFIX, "hb_beamr-aot-").

%% Of what the program says, the end is kept.
-define(MAX_WORDS, 8192).
%% A program that has got its signal and does not end waits for a disk.
-define(END_MILLISECONDS, 5000).
%% Folders of nodes that crashed are removed when nobody can work in them any more.
-define(LEFTOVER_SECONDS, 86400).

%% @doc Run the compiler and wait for its end. The names of the module's file and of that of the result
%% are added to the arguments.
-spec run(file:filename(), [binary()], binary(), hb_beamr_deadline:deadline()) -> ended().
run(Program, Arguments, Input, Deadline) ->
    Request = #request{
        from = self(),
        reference = make_ref(),
        program = Program,
        arguments = Arguments,
        input = Input,
        deadline = Deadline
    },
    try supervisor:start_child(hb_beamr_aot_sup, [Request]) of
        {ok, Pid} -> await(Pid, Request)
    catch
        exit:_ -> stopped()
    end.

-spec await(pid(), #request{}) -> ended().
await(Pid, #request{reference = Reference}) ->
    Monitor = erlang:monitor(process, Pid),
    receive
        {Reference, Ended} ->
            %% What it owned is gone when it is.
            receive
                {'DOWN', Monitor, process, Pid, _} -> Ended
            end;
        {'DOWN', Monitor, process, Pid, Reason} ->
            receive
                {Reference, Ended} -> Ended
            after 0 -> ended_without_a_word(Reason)
            end
    end.

-spec ended_without_a_word(term()) -> {error, hb_beamr_error:reason()}.
ended_without_a_word(Reason) when Reason =:= shutdown; Reason =:= noproc ->
    stopped();
ended_without_a_word(Reason) ->
    Text = ["the process that runs the compiler ended: ", hb_beamr_error:show(Reason)],
    {error, hb_beamr_error:new(internal, Text)}.

-spec stopped() -> {error, hb_beamr_error:reason()}.
stopped() ->
    {error, hb_beamr_error:new(not_started, "the application hb_beamr was stopped")}.

%% @doc What is said of a program that is not there, or cannot be run.
-spec no_compiler(file:filename(), file:posix()) -> hb_beamr_error:reason().
no_compiler(Program, Reason) ->
    Text = io_lib:format("there is no compiler ~ts (~ts)", [Program, file:format_error(Reason)]),
    hb_beamr_error:new(no_compiler, Text).

%% @doc Remove what nodes have left that ended while a compiler ran.
-spec remove_leftovers() -> ok.
remove_leftovers() ->
    Old = erlang:system_time(second) - ?LEFTOVER_SECONDS,
    [
        remove(Folder)
     || Folder <- filelib:wildcard(filename:join(temporary_folder(), ?PREFIX "*")),
        hb_beamr_aot_folder:is_own(Folder, Old)
    ],
    ok.

%%% The process

-spec start_link(#request{}) -> {ok, pid()} | {error, term()}.
start_link(Request) ->
    case gen_server:start_link(?MODULE, Request, []) of
        {ok, Pid} -> {ok, Pid};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

-spec init(#request{}) -> {ok, #run{}, {continue, start}}.
init(#request{from = From} = Request) ->
    process_flag(trap_exit, true),
    _ = erlang:monitor(process, From),
    {ok, #run{request = Request}, {continue, start}}.

-spec handle_continue(start, #run{}) -> {noreply, #run{}} | {stop, normal, #run{}}.
handle_continue(start, #run{request = #request{deadline = Deadline}} = Run) ->
    Deadline =:= infinity orelse
        erlang:send_after(hb_beamr_deadline:left(Deadline), self(), deadline),
    case make_folder() of
        {ok, Folder} ->
            InFolder = Run#run{folder = Folder},
            case write_input(InFolder) of
                ok -> open(InFolder);
                {error, Reason} -> give(io_error("cannot write", Folder, Reason), InFolder)
            end;
        {error, Folder, Reason} ->
            give(io_error("cannot make", Folder, Reason), Run)
    end.

-spec open(#run{}) -> {noreply, #run{}} | {stop, normal, #run{}}.
open(#run{request = Request, folder = Folder} = Run) ->
    #request{program = Program, arguments = Arguments} = Request,
    Options = [
        {args, Arguments ++ [?INPUT, "-o", ?OUTPUT]},
        {cd, Folder},
        %% What is loaded into the node's program is not for this one.
        {env, [{"LD_PRELOAD", false}]},
        binary,
        exit_status,
        stderr_to_stdout,
        hide
    ],
    try open_port({spawn_executable, Program}, Options) of
        Port -> {noreply, Run#run{port = Port}}
    catch
        error:Reason -> give({error, not_runnable(Program, Reason)}, Run)
    end.

-spec not_runnable(file:filename(), term()) -> hb_beamr_error:reason().
not_runnable(Program, Reason) when Reason =:= enoent; Reason =:= eacces ->
    no_compiler(Program, Reason);
not_runnable(Program, Reason) ->
    Text = io_lib:format("cannot run ~ts: ~tp", [Program, Reason]),
    hb_beamr_error:new(system_limit, Text).

-spec handle_call(term(), gen_server:from(), #run{}) -> {reply, {error, unknown}, #run{}}.
handle_call(_Request, _From, Run) ->
    {reply, {error, unknown}, Run}.

-spec handle_cast(term(), #run{}) -> {noreply, #run{}}.
handle_cast(_Request, Run) ->
    {noreply, Run}.

-spec handle_info(term(), #run{}) -> {noreply, #run{}} | {stop, normal, #run{}}.
handle_info({Port, {data, Data}}, #run{port = Port, words = Words} = Run) ->
    {noreply, Run#run{words = last(<<Words/binary, Data/binary>>)}};
handle_info({Port, {exit_status, Status}}, #run{port = Port} = Run) ->
    close(Port),
    Done = Run#run{port = none},
    case output(Done, Status) of
        {ok, Output} -> give({exit, Status, Run#run.words, Output}, Done);
        {error, Reason} -> give(io_error("cannot read", Run#run.folder, Reason), Done)
    end;
handle_info(deadline, Run) ->
    give({error, timeout}, Run);
handle_info({'DOWN', _, process, _, _}, Run) ->
    {stop, normal, Run};
handle_info({'EXIT', Pid, Reason}, Run) when is_pid(Pid), Reason =/= normal ->
    {stop, normal, Run};
handle_info(_Message, Run) ->
    {noreply, Run}.

-spec last(binary()) -> binary().
last(Words) when byte_size(Words) > ?MAX_WORDS ->
    binary:copy(binary:part(Words, byte_size(Words), -?MAX_WORDS));
last(Words) ->
    Words.

-spec give(ended(), #run{}) -> {stop, normal, #run{}}.
give(Ended, #run{request = #request{from = From, reference = Reference}} = Run) ->
    From ! {Reference, Ended},
    {stop, normal, Run}.

-spec io_error(string(), file:filename(), file:posix() | badarg | system_limit | terminated) ->
    {error, hb_beamr_error:reason()}.
io_error(What, Folder, Reason) ->
    Text = io_lib:format("~ts in ~ts: ~ts", [What, Folder, file:format_error(Reason)]),
    {error, hb_beamr_error:new(io, Text)}.

-spec terminate(term(), #run{}) -> ok.
terminate(_Reason, #run{port = Port, folder = Folder}) ->
    end_program(Port),
    remove(Folder).

%%% The program

%% The number is that of our program as long as its port is open and has not told of its end.
-spec end_program(port() | none) -> ok.
end_program(none) ->
    ok;
end_program(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, Pid} ->
            _ = os:cmd("kill -KILL " ++ integer_to_list(Pid)),
            receive
                {Port, {exit_status, _}} -> ok
            after ?END_MILLISECONDS -> ok
            end;
        undefined ->
            ok
    end,
    close(Port).

-spec close(port()) -> ok.
close(Port) ->
    try erlang:port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

%%% The folder

-spec make_folder() -> {ok, file:filename()} | {error, file:filename(), file:posix() | badarg}.
make_folder() ->
    Random = binary:encode_hex(crypto:strong_rand_bytes(16)),
    Name = lists:flatten(io_lib:format(?PREFIX "~ts-~ts", [os:getpid(), Random])),
    Folder = filename:join(temporary_folder(), Name),
    case hb_beamr_aot_folder:make(Folder) of
        ok -> {ok, Folder};
        {error, Reason} -> {error, Folder, Reason}
    end.

-spec temporary_folder() -> file:filename().
temporary_folder() ->
    case os:getenv("TMPDIR", "") of
        "/" ++ _ = Folder -> Folder;
        _ -> "/tmp"
    end.

-spec write_input(#run{}) -> ok | {error, file:posix() | badarg | system_limit | terminated}.
write_input(#run{request = #request{input = Input}, folder = Folder}) ->
    file:write_file(filename:join(Folder, ?INPUT), Input, [exclusive, raw]).

-spec output(#run{}, non_neg_integer()) ->
    {ok, binary() | none} | {error, file:posix() | badarg | system_limit | terminated}.
output(#run{folder = Folder}, 0) -> file:read_file(filename:join(Folder, ?OUTPUT));
output(_, _) -> {ok, none}.

-spec remove(file:filename() | none) -> ok.
remove(none) ->
    ok;
remove(Folder) ->
    _ = file:del_dir_r(Folder),
    ok.

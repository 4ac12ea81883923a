using System.Net.Sockets;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Update;
using DaemonProxy.Tests.Control;
using DaemonProxy.Tests.EndToEnd;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The process that is to take a front end's place, as the front end sees it.</summary>
public sealed class SuccessorTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly Socket _passed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ScriptedSuccessor _program;

    public SuccessorTests() => _program = new(_scratch.Path);

    public void Dispose()
    {
        _passed.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Process_that_hangs_after_it_has_connected_is_ended_when_its_time_is_up()
    {
        ScriptedSuccessor.Need();
        var time = new FakeTimeProvider();
        _program.LetConnect();
        using var successor = await _program.StartAsync(_passed.SafeHandle);

        var serves = successor.ServesAsync(StartPatience.ForNewProcess(null), time, CancellationToken.None);
        time.Advance(StartPatience.Longest - TimeSpan.FromSeconds(1));
        Assert.False(serves.IsCompleted);
        Assert.True(RunningFrontEnd.IsAlive(successor.ProcessId));
        time.Advance(TimeSpan.FromSeconds(1));

        var failure = await Assert.ThrowsAsync<ServerStartException>(() => serves.WaitAsync(RunningFrontEnd.Limit));
        Assert.Equal(
            "the new process did not serve within 1h and has been ended; the event log may say what it was waiting for", failure.Message);
        await UpdatedFrontEnd.GoneAsync(successor.ProcessId);
    }

    [Fact]
    public async Task Sockets_are_passed_to_the_process_that_was_started_and_to_no_other_that_connects()
    {
        ScriptedSuccessor.Need();
        var starting = _program.StartAsync(_passed.SafeHandle);
        using (var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await stranger.ConnectAsync(new UnixDomainSocketEndPoint(_program.Socket)).WaitAsync(RunningFrontEnd.Limit);

            Assert.Equal(0, await stranger.ReceiveAsync(new byte[1]).WaitAsync(RunningFrontEnd.Limit));
        }
        Assert.False(starting.IsCompleted);
        _program.LetConnect();
        using var successor = await starting.WaitAsync(RunningFrontEnd.Limit);
        _program.LetReport(Status(successor.ProcessId));

        var status = await successor.ServesAsync(StartPatience.Longest, TimeProvider.System, CancellationToken.None)
            .WaitAsync(RunningFrontEnd.Limit);

        Assert.Equal(successor.ProcessId, status.ProcessId);
        await successor.StopAsync(TimeSpan.Zero);
        await UpdatedFrontEnd.GoneAsync(successor.ProcessId);
    }

    [Fact]
    public async Task Process_whose_report_is_there_when_it_is_to_be_ended_serves()
    {
        ScriptedSuccessor.Need();
        _program.LetConnect();
        using var successor = await _program.StartAsync(_passed.SafeHandle);
        _program.LetReport(Status(successor.ProcessId));
        await RunningFrontEnd.UntilAsync(() => successor.HasReported, "the report");
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();

        await ServesAndEndsWhenAskedAsync(successor, successor.ServesAsync(StartPatience.Longest, TimeProvider.System, ended.Token));
    }

    [Fact]
    public async Task Process_that_has_taken_over_and_not_said_so_when_it_is_to_be_ended_serves_and_is_asked_to_end()
    {
        ScriptedSuccessor.Need();
        _program.LetConnect();
        using var successor = await _program.StartAsync(_passed.SafeHandle);
        _program.LetReportWhenTold(Status(successor.ProcessId));
        using var ended = new CancellationTokenSource();
        var serves = successor.ServesAsync(StartPatience.Longest, TimeProvider.System, ended.Token);
        Assert.False(serves.IsCompleted);

        await ended.CancelAsync();

        await ServesAndEndsWhenAskedAsync(successor, serves);
    }

    [Fact]
    public async Task Process_that_has_not_taken_over_when_it_is_to_be_ended_ends()
    {
        ScriptedSuccessor.Need();
        _program.LetConnect();
        using var successor = await _program.StartAsync(_passed.SafeHandle);
        using var ended = new CancellationTokenSource();
        var serves = successor.ServesAsync(StartPatience.Longest, TimeProvider.System, ended.Token);

        await ended.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serves.WaitAsync(RunningFrontEnd.Limit));
        await UpdatedFrontEnd.GoneAsync(successor.ProcessId);
    }

    private async Task ServesAndEndsWhenAskedAsync(Successor successor, Task<InstanceStatus> serves)
    {
        Assert.Equal(successor.ProcessId, (await serves.WaitAsync(RunningFrontEnd.Limit)).ProcessId);
        Assert.True(RunningFrontEnd.IsAlive(successor.ProcessId));
        await successor.StopAsync(TimeSpan.FromSeconds(3));
        await UpdatedFrontEnd.GoneAsync(successor.ProcessId);
        Assert.Equal("stop 3000\n", _program.Heard);
    }

    internal static InstanceStatus Status(int process) => new()
    {
        Name = "site",
        ProcessId = process,
        State = "Serving",
        StartTime = DateTime.Now,
        Uris = [new Uri("http://127.0.0.1:1")],
        Version = "0",
        Daemons = [],
        Routes = [],
    };
}

using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Update;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>One update right after another. The test is the first process, and so decides when the second one hears that it is the main one.</summary>
public sealed class UpdateChainTests
{
    [Fact]
    public async Task Process_that_is_replaced_before_it_has_heard_that_it_is_the_main_one_tells_the_next_one_of_the_first()
    {
        UpdatedFrontEnd.Need();
        var folder = RunningFrontEnd.NewFolder();
        var file = Path.Combine(folder, "site.yaml");
        await File.WriteAllTextAsync(file, UpdatedFrontEnd.Yaml);
        var runtime = RuntimeDirectory.Open(Path.Combine(folder, "run"));
        var instance = InstanceDirectory.Acquire("site", runtime);
        var control = UnixListenSocket.BindLasting(instance.ControlSocket).Socket;
        control.Listen();
        var terms = new UpdateTerms(
            null, [], ["serve", file, "--background"], KeepsStreams: false,
            new Dictionary<string, string> { [RuntimeDirectory.EnvironmentVariable] = runtime.Path }, _ => Task.CompletedTask);
        var handover = new Handover(
            "site", Environment.ProcessId, instance.Place, null, null, [],
            [new(HandedKind.Control, instance.ControlSocket), new(HandedKind.Lock, "")]);
        var second = await Successor.StartAsync(
            RepositoryRoot.Host, terms, Path.Combine(instance.Path, "update.sock"), handover, [control.SafeHandle, instance.Lock],
            CancellationToken.None);
        await second.ServesAsync(RunningFrontEnd.Limit, TimeProvider.System, CancellationToken.None);
        instance.Leave();
        control.Dispose();
        using var client = new ControlClient("site", runtime) { Timeout = RunningFrontEnd.Limit };
        using var other = new ControlClient("site", runtime) { Timeout = RunningFrontEnd.Limit };

        var updating = client.UpdateAsync(null, null);
        // Answered after the request before it has arrived.
        Assert.Equal(second.ProcessId, (await other.GetStatusAsync()).ProcessId);
        var following = second.FollowAsync(_ => second.Dispose());
        var third = await updating;

        Assert.Equal([Environment.ProcessId, second.ProcessId], third.Replaced);
        // The third one sees the second one end, and that the first one, which is this process, has not.
        using var serving = new ControlClient("site", runtime) { Timeout = RunningFrontEnd.Limit };
        IReadOnlyList<int> draining = [];
        await RunningFrontEnd.UntilAsync(
            () => (draining = serving.GetStatusAsync().GetAwaiter().GetResult().Replaced).Count < 2, "the end of the second process");
        Assert.Equal([Environment.ProcessId], draining);
        // The first one hears that it is to end; the third one waits for that.
        await serving.StopAsync(TimeSpan.FromSeconds(2));
        await following.WaitAsync(RunningFrontEnd.Limit);
        await UpdatedFrontEnd.GoneAsync(third.ProcessId);
        Directory.Delete(folder, recursive: true);
    }
}

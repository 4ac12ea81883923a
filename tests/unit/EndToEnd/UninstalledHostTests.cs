using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end whose program was removed while it runs, as by uninstalling its version of the module.</summary>
public sealed class UninstalledHostTests
{
    [Fact]
    public async Task Front_end_goes_on_says_what_is_missing_and_is_updated_from_an_installed_version()
    {
        UpdatedFrontEnd.Need();
        var folder = RunningFrontEnd.NewFolder();
        UserSite.CopyHost(folder);
        await using var frontEnd = await RunningFrontEnd.StartAsync(UpdatedFrontEnd.Yaml, folder);
        var program = RunningFrontEnd.HostIn(folder);
        Assert.StartsWith(folder, program);
        Directory.Delete(Path.Combine(folder, "host"), recursive: true);

        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
        var restart = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync("app"));
        Assert.Contains($"{program}, the program of this front end, is not there any more; install that version again, or update the front "
            + "end from an installed one with Update-DaemonProxy", restart.Message);
        var update = await Assert.ThrowsAsync<ControlException>(() => frontEnd.UpdateAsync());
        Assert.Contains($"{program} is not there any more, so that it cannot be started again", update.Message);
        // Its worker is the old one.
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);

        using (var client = frontEnd.NewControl())
            Assert.NotEqual(frontEnd.ProcessId, (await client.UpdateAsync(RepositoryRoot.Host, null)).ProcessId);
        Assert.Equal(10, (await frontEnd.Client.GetByteArrayAsync("/bytes?n=10")).Length);
        using (var client = frontEnd.NewControl()) await client.RestartAsync("app");
    }
}

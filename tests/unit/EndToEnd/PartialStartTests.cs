using DaemonProxy.Control;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end of whose daemon groups one cannot be started.</summary>
public sealed class PartialStartTests
{
    private const string Broken = "import no_such_module\n";
    private const string Good = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'mended']\n";

    private const string Site = """
        name: site
        daemons: [ { name: well, sample: true }, { name: broken, application: broken.wsgi } ]
        routes: [ { path: /, daemon: well }, { path: /broken, daemon: broken } ]
        """;

    private static async Task<string> FolderAsync(string script)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.wsgi"), script);
        return folder;
    }

    [Fact]
    public async Task Group_that_cannot_be_loaded_answers_500_until_its_script_is_mended_and_the_others_serve()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, await FolderAsync(Broken));
        // Said at the start, in the status and in the log.
        Assert.Contains(frontEnd.Status.Warnings, warning => warning.Contains("daemon group 'broken'", StringComparison.Ordinal));
        Assert.Contains("DPXY0034", frontEnd.Events());
        Assert.Equal("200 OK\n", await frontEnd.Client.GetStringAsync("/status/200"));
        using (var answer = await frontEnd.Client.GetAsync("/broken")) Assert.Equal(500, (int)answer.StatusCode);
        await frontEnd.EventAsync("DPXY0016");
        Assert.Contains(
            frontEnd.LogLines(), line => line.Contains("DPXY0016", StringComparison.Ordinal)
            && line.Contains("no_such_module", StringComparison.Ordinal));

        // What works has to go on working by a restart; what did not before is no reason to refuse one.
        await frontEnd.Control.RestartAsync(null);
        Assert.Equal("200 OK\n", await frontEnd.Client.GetStringAsync("/status/200"));
        using (var answer = await frontEnd.Client.GetAsync("/broken")) Assert.Equal(500, (int)answer.StatusCode);

        await File.WriteAllTextAsync(Path.Combine(frontEnd.Folder, "broken.wsgi"), Good);
        Assert.Equal("mended", await frontEnd.Client.GetStringAsync("/broken"));
        Assert.DoesNotContain(
            (await frontEnd.Control.GetStatusAsync()).Warnings, warning =>
            warning.Contains("daemon group 'broken'", StringComparison.Ordinal) && warning.Contains("ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Group_that_works_is_not_replaced_by_a_configuration_in_which_it_cannot_be_loaded()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Site, await FolderAsync(Good));
        await File.WriteAllTextAsync(Path.Combine(frontEnd.Folder, "other.wsgi"), Broken);
        await File.WriteAllTextAsync(
            Path.Combine(frontEnd.Folder, "site.yaml"), Site.Replace("broken.wsgi", "other.wsgi", StringComparison.Ordinal));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));
        Assert.Contains("nothing was changed", refusal.Message);
        Assert.Equal("mended", await frontEnd.Client.GetStringAsync("/broken"));
    }

    [Fact]
    public async Task Strict_start_is_refused_with_the_reason()
    {
        var folder = await FolderAsync(Broken);
        Assert.Contains("daemon group 'broken'", await RunningFrontEnd.FailAsync(Site, folder, "--strict"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Start_is_refused_when_nothing_would_be_served()
    {
        var folder = await FolderAsync(Broken);
        Assert.Contains(
            "daemon group 'broken'",
            await RunningFrontEnd.FailAsync("name: site\ndaemons: [ { name: broken, application: broken.wsgi } ]", folder));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Command_that_does_not_start_leaves_its_requests_503_by_connect_timeout()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: site
            daemons: [ { name: well, sample: true }, { name: broken, command: [ sh, -c, 'exit 3' ], connect-timeout: 300ms } ]
            routes: [ { path: /, daemon: well }, { path: /broken, daemon: broken } ]
            """);
        Assert.Contains(
            frontEnd.Status.Warnings, warning => warning.Contains("ended with exit code 3 before it served", StringComparison.Ordinal));
        using (var answer = await frontEnd.Client.GetAsync("/broken")) Assert.Equal(503, (int)answer.StatusCode);
        Assert.Equal("200 OK\n", await frontEnd.Client.GetStringAsync("/status/200"));
    }
}

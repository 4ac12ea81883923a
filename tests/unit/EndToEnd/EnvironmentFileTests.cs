using System.Text.Json;
using DaemonProxy.Control;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Environment variables on their way into a worker, read again by a restart, and nowhere else to be seen.</summary>
public sealed class EnvironmentFileTests
{
    private const string Application = """
        import os
        def application(environ, start_response):
            start_response('200 OK', [])
            return [' '.join(os.environ.get(name, 'none') for name in ('DPT_A', 'DPT_B', 'DPT_C')).encode()]
        """;

    [Fact]
    public async Task Worker_has_the_variables_and_nobody_else_sees_them()
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.py"), Application);
        var file = Path.Combine(folder, "site.env");
        await File.WriteAllTextAsync(file, "DPT_A=secret-of-the-file\nDPT_B=overridden\n");
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: site
            daemons:
              - name: app
                application: app.py
                env-file: site.env
                env: { DPT_B: "secret-${DPT_FROM}", DPT_C: "$${DPT_FROM}" }
            """, folder, environment: new Dictionary<string, string?> { ["DPT_FROM"] = "of-the-front-end" });
        Assert.Equal("secret-of-the-file secret-of-the-front-end ${DPT_FROM}", await frontEnd.Client.GetStringAsync("/"));
        // The file is readable by everybody here, as files are by default.
        if (!OperatingSystem.IsWindows()) Assert.Contains(frontEnd.Status.Warnings, warning => warning.Contains("chmod 600", StringComparison.Ordinal));

        await File.WriteAllTextAsync(file, "DPT_A=secret-of-another-file\n");
        await frontEnd.Control.RestartAsync(null);
        Assert.Equal("secret-of-another-file secret-of-the-front-end ${DPT_FROM}", await frontEnd.Client.GetStringAsync("/"));

        await File.WriteAllTextAsync(file, "secret-line\n");
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));
        Assert.Contains($"{file}:1:1: this line has no '='", refusal.Message);
        Assert.Equal("secret-of-another-file secret-of-the-front-end ${DPT_FROM}", await frontEnd.Client.GetStringAsync("/"));

        string[] seen =
        [
            refusal.Message, .. frontEnd.LogLines(), JsonSerializer.Serialize(await frontEnd.Control.GetStatusAsync()),
            JsonSerializer.Serialize(await frontEnd.Control.GetOptionsAsync()),
            .. OperatingSystem.IsLinux()
                ? (await frontEnd.Control.GetStatusAsync()).Daemons[0].ProcessId.Select(process => File.ReadAllText($"/proc/{process}/cmdline")) : [],
        ];
        Assert.All(seen, text => Assert.DoesNotContain("secret-", text));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What a program that an application executes finds open, even where Python closes nothing for it (close_fds=False).</summary>
public sealed class InheritedDescriptorTests
{
    private const int Responses = 4;

    [Fact]
    public async Task Program_that_an_application_executes_inherits_no_descriptor_of_its_process()
    {
        ProcessSite.Need("");
        var folder = RunningFrontEnd.NewFolder();
        File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/process.wsgi"), Path.Combine(folder, "process.wsgi"));
        // What whoever runs the tests has open for all of their processes.
        var given = Links(await ListAsync());
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: inherited
            access-log: access.log
            daemons: [ { name: app, application: process.wsgi, threads: 4 }, { name: sample, sample: true } ]
            routes: [ { path: /, daemon: sample }, { path: /d, daemon: app }, { path: /e, application: process.wsgi } ]
            """, folder);
        // Loads Python into the front end, so that everything below is opened after it.
        await frontEnd.Client.GetStringAsync("/e/pid");
        var before = PipesOf(frontEnd.ProcessId);
        var responses = new List<HttpResponseMessage>();
        try
        {
            // Large, and unread: their bytes are in pipes inside the system.
            for (var i = 0; i < Responses; i++)
                responses.Add(await frontEnd.Client.GetAsync("/bytes?n=500000000", HttpCompletionOption.ResponseHeadersRead));
            await RunningFrontEnd.UntilAsync(() => PipesOf(frontEnd.ProcessId) >= before + (2 * Responses), "the pipes of the responses");
            await frontEnd.Control.RestartAsync("app");

            foreach (var mode in new[] { "d", "e" })
            {
                var listed = JsonDocument.Parse(await frontEnd.Client.GetStringAsync($"/{mode}/inherited")).RootElement.GetString()!;
                Assert.Empty(Links(listed).Except(given).Select(link => $"/{mode}: {link}"));
            }
        }
        finally { responses.ForEach(response => response.Dispose()); }
    }

    private static async Task<string> ListAsync()
    {
        using var list = Process.Start(new ProcessStartInfo("ls", ["-l", "/proc/self/fd"]) { RedirectStandardOutput = true })!;
        var listed = await list.StandardOutput.ReadToEndAsync();
        await list.WaitForExitAsync();
        return listed;
    }

    /// <summary>What the descriptors above the standard ones are, of a list whose own folder is one of them.</summary>
    private static IEnumerable<string> Links(string listed) =>
        from line in listed.Split('\n')
        where line.Contains(" -> ", StringComparison.Ordinal)
        let parts = line.Split(" -> ")
        where int.Parse(parts[0].Split(' ')[^1], CultureInfo.InvariantCulture) > 2
        where !parts[1].StartsWith("/proc/", StringComparison.Ordinal)
        select parts[1];

    private static int PipesOf(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")
        .Count(link => new FileInfo(link).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);
}

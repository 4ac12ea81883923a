using System.Text.Json;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A front end with apps/process.wsgi below <c>/d</c> in a daemon process and below <c>/e</c> in the front end, and no locale in the
/// environment.
/// </summary>
internal sealed class ProcessSite : IAsyncDisposable
{
    private ProcessSite(RunningFrontEnd frontEnd, string folder) => (FrontEnd, Folder) = (frontEnd, folder);

    public RunningFrontEnd FrontEnd { get; }

    public string Folder { get; }

    /// <summary>Starts it.</summary>
    /// <param name="home">The Python's home; null: the one on the PATH.</param>
    /// <param name="settings">Further lines of the configuration.</param>
    /// <param name="groupSettings">Further keys of the daemon group.</param>
    public static async Task<ProcessSite> StartAsync(string? home, string settings = "", string groupSettings = "")
    {
        var folder = RunningFrontEnd.NewFolder();
        File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/process.wsgi"), Path.Combine(folder, "process.wsgi"));
        var noLocale = new Dictionary<string,
            string?>
        { ["LANG"] = null, ["LC_ALL"] = null, ["LC_CTYPE"] = null, ["PYTHONUTF8"] = null, ["PYTHONIOENCODING"] = null };
        var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: process
            {{(home is null ? "" : $"python-home: {home}")}}
            {{settings}}
            daemons: [ { name: app, application: process.wsgi, threads: 4{{(home is null ? "" : $", python-home: {home}")}}{{groupSettings}} } ]
            routes: [ { path: /d, daemon: app }, { path: /e, application: process.wsgi } ]
            """, folder, environment: noLocale);
        return new(frontEnd, folder);
    }

    /// <summary>What the application answers.</summary>
    public async Task<JsonElement> AskAsync(string mode, string question) =>
        JsonDocument.Parse(await FrontEnd.Client.GetStringAsync($"/{mode}/{question}")).RootElement;

    /// <summary>
    /// The Pythons that tests run on: the one that is found, and those whose homes stand in DAEMONPROXY_TEST_PYTHONS, a list as PATH is
    /// one.
    /// </summary>
    public static TheoryData<string> Pythons() =>
        ["", .. (Environment.GetEnvironmentVariable("DAEMONPROXY_TEST_PYTHONS") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Skips the test where there is no Python, or no /proc to look at its children.</summary>
    public static string? Need(string home)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "children are looked at in /proc");
        try { PythonFinder.Find(home.Length == 0 ? null : home); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        return home.Length == 0 ? null : home;
    }

    public ValueTask DisposeAsync() => FrontEnd.DisposeAsync();
}

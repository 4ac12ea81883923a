using System.Diagnostics;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A deployment whose application is broken, from a script that stops at the first failure: the command fails with one sentence that says
/// which group and why, and what served before serves still.
/// </summary>
public sealed class BrokenDeploymentTests : IDisposable
{
    private const string Good = "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'the old one']\n";

    private const string Sick = "def application(environ, start_response):\n    start_response('503 Out', [])\n    return []\n";

    private readonly string _folder = RunningFrontEnd.NewFolder();

    /// <summary>What is wrong with the group, its keys, and what the sentence has to say.</summary>
    private static readonly Dictionary<string, (string Keys, string[] Says)> Broken = new()
    {
        ["script that cannot be loaded"] = ("application: broken.py",
            ["daemon group 'app'", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"]),
        ["script that is missing"] = ("application: gone.py", ["daemon group 'app'", "gone.py"]),
        // It listens before it loads.
        ["gunicorn that cannot load"] = ("command: [ gunicorn, --bind, \"unix:{socket}\", \"broken:application\" ]",
            ["daemon group 'app': 'gunicorn' ended with exit code 3 before it served", "ModuleNotFoundError: No module named 'no_such_module'"]),
        ["command that ends"] = ("command: [ sh, -c, \"echo 'RuntimeError: no luck'; echo bye; exit 3\" ]",
            ["daemon group 'app': 'sh' ended with exit code 3 before it served; the last it wrote: RuntimeError: no luck"]),
        ["program that is missing"] = ("command: [ no-such-program ]", ["daemon group 'app': cannot start 'no-such-program'"]),
        ["application that is not healthy"] = ("application: sick.py, health-check: /health",
            ["daemon group 'app' is not healthy after 4 s: GET /health answered 503, and 200-399 is expected"]),
        ["server that is not there"] = ("address: \"unix:gone.sock\", health-check: /health",
            ["daemon group 'app' is not healthy after 1 s: GET /health could not be sent: "]),
        ["server that never listens"] = ("command: [ sh, -c, 'echo waiting; exec sleep 60' ]",
            ["daemon group 'app' does not serve on its socket after 1 s; the last it wrote: waiting"]),
    };

    // Only what waits in vain takes that long: the time that a Python needs to load, or next to none.
    private static int Limit(string kind) => kind switch
    {
        "application that is not healthy" => 4,
        "server that is not there" or "server that never listens" => 1,
        _ => 25,
    };

    public static TheoryData<string> Kinds => [.. Broken.Keys];

    private string Site => Path.Combine(_folder, "site.yaml");

    private static string Yaml(string keys) => $"name: site\ndaemons: [ {{ name: app, {keys} }} ]\n";

    private async Task WriteAsync(string kind)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        if (kind.StartsWith("gunicorn", StringComparison.Ordinal)) Programs.Need("gunicorn");
        await File.WriteAllTextAsync(Path.Combine(_folder, "good.py"), Good);
        await File.WriteAllTextAsync(Path.Combine(_folder, "sick.py"), Sick);
        await File.WriteAllTextAsync(Path.Combine(_folder, "broken.py"), "import no_such_module\n");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Start_and_restart_stop_a_script_with_one_sentence_and_the_old_one_serves(string kind)
    {
        await WriteAsync(kind);
        var (keys, says) = Broken[kind];
        await File.WriteAllTextAsync(Site, Yaml(keys));
        await ExpectAsync($"serve --detach --start-timeout {Limit(kind)} site.yaml", says);

        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml("application: good.py"), _folder);
        var before = (await frontEnd.Control.GetStatusAsync()).Daemons[0].ProcessId;
        await File.WriteAllTextAsync(Site, Yaml(keys));
        await ExpectAsync($"restart site --start-timeout {Limit(kind)}", ["nothing was changed: ", .. says]);
        Assert.Equal("the old one", await frontEnd.Client.GetStringAsync("/"));
        Assert.Equal(before, (await frontEnd.Control.GetStatusAsync()).Daemons[0].ProcessId);
    }

    [Fact]
    public async Task New_code_of_a_group_that_cannot_be_loaded_fails_at_once_and_the_old_workers_stay()
    {
        await WriteAsync("");
        await using var frontEnd = await RunningFrontEnd.StartAsync(
            Yaml("command: [ gunicorn, --bind, \"unix:{socket}\", \"good:application\" ]"), _folder);
        var before = (await frontEnd.Control.GetStatusAsync()).Daemons[0].ProcessId;
        await File.WriteAllTextAsync(Path.Combine(_folder, "good.py"), "import no_such_module\n");
        await ExpectAsync("restart site --daemon app",
            ["nothing was changed: daemon group 'app': 'gunicorn' ended with exit code 3 before it served", "No module named 'no_such_module'"]);
        Assert.Equal("the old one", await frontEnd.Client.GetStringAsync("/"));
        Assert.Equal(before, (await frontEnd.Control.GetStatusAsync()).Daemons[0].ProcessId);

        await File.WriteAllTextAsync(Path.Combine(_folder, "good.py"), Good.Replace("old", "new", StringComparison.Ordinal));
        await frontEnd.Control.RestartAsync("app");
        Assert.Equal("the new one", await frontEnd.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Embedded_route_whose_script_is_missing_refuses_start_and_restart()
    {
        await WriteAsync("");
        var missing = Yaml("sample: on") + "routes: [ { path: /, daemon: app }, { path: /e, application: gone.py } ]\n";
        await File.WriteAllTextAsync(Site, missing);
        string[] says = ["route /e: there is no script ", "gone.py; name one that is there in application, or module:callable"];
        await ExpectAsync("serve --detach site.yaml", says);
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml("application: good.py"), _folder);
        await File.WriteAllTextAsync(Site, missing);
        await ExpectAsync("restart site", ["nothing was changed: ", .. says]);
        Assert.Equal("the old one", await frontEnd.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task One_group_of_several_that_fails_stops_the_script_unless_it_is_allowed_to()
    {
        await WriteAsync("");
        await File.WriteAllTextAsync(Site, """
            name: site
            daemons: [ { name: well, sample: true }, { name: app, application: broken.py } ]
            routes: [ { path: /, daemon: well }, { path: /app, daemon: app } ]
            """);
        await ExpectAsync("serve --detach site.yaml", ["daemon group 'app'", "No module named 'no_such_module'"]);
        var (code, output, error) = await RunAsync("set -e\n\"$DAEMONPROXY\" serve --detach --allow-failed-daemon site.yaml\necho reached\n"
            + "\"$DAEMONPROXY\" stop site\n");
        Assert.Equal((0, true), (code, output.Contains("reached", StringComparison.Ordinal)));
        Assert.StartsWith("warning: daemon group 'app'", error);
    }

    /// <summary>Runs a script that stops at the first failure; it has to stop at this command, with one sentence.</summary>
    private async Task ExpectAsync(string command, string[] says)
    {
        var (code, output, error) = await RunAsync($"set -e\n\"$DAEMONPROXY\" {command}\necho reached\n");
        Assert.NotEqual(0, code);
        Assert.DoesNotContain("reached", output);
        Assert.All(says, text => Assert.Contains(text, error));
        Assert.StartsWith("daemonproxy: ", error);
        Assert.Single(error.Trim().Split('\n'));
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string script)
    {
        var start = new ProcessStartInfo("sh", ["-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(_folder, "run");
        start.Environment["DAEMONPROXY"] = RepositoryRoot.Host;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}

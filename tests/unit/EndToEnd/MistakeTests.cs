using System.Diagnostics;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A user's mistake in each place where one can be made is read by the user: at the start, on the command line and in the log, and never as
/// a defect of ours.
/// </summary>
public sealed class MistakeTests
{
    // What the script is, and what the message has to say; null: there is no script.
    private static readonly (string? Script, string[] Says)[] Scripts =
    [
        ("import no_such_module",
            ["cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'; install it for ",
            ", or name its folder in python-path", "line 1, in <module>\n    import no_such_module\n"]),
        ("from os import no_such_name",
            ["cannot be loaded: ImportError: cannot import name 'no_such_name'", "; install what it needs for "]),
        ("def application(:\n  pass", ["cannot be loaded: SyntaxError: invalid syntax", "; correct line 1 of ", "def application(:\n"]),
        ("x = 1", ["has no callable named 'application'", "; name the one that is meant in callable, for example callable: app"]),
        ("application = 1", ["is not callable", "; name the one that is meant in callable"]),
        ("import ctypes; ctypes.CDLL('libnowhere.so.1')",
            ["libnowhere.so.1: cannot open shared object file", "Traceback (most recent call last):\n"]),
        ("1 / 0", ["cannot be loaded: ZeroDivisionError: division by zero; correct the application\nTraceback (most recent call last):\n"]),
        ("import sys; sys.exit(3)", ["cannot be loaded: SystemExit: 3; it ended itself"]),
    ];

    [Fact]
    public async Task Mistake_in_a_script_is_told_at_the_start_on_the_command_line_and_in_the_log()
    {
        ProcessSite.Need("");
        var failures = new List<string>();
        var folder = RunningFrontEnd.NewFolder();
        var script = Path.Combine(folder, "app.wsgi");
        foreach (var (source, says) in Scripts)
        {
            await File.WriteAllTextAsync(script, source);
            var (code, _, byHand) = await RunAsync(
                "daemon", "--application", script, "--require-load", "--socket", Path.Combine(folder, "hand.sock"));
            if (code != 1 || !byHand.StartsWith($"daemonproxy: {script} ", StringComparison.Ordinal))
                failures.Add($"{source}: exit code {code}, {byHand}");
            Expect($"daemonproxy daemon, {source}", byHand, says, failures);
        }
        await File.WriteAllTextAsync(script, Scripts[0].Script);
        var error = await RunningFrontEnd.FailAsync("""
            name: mistakes
            daemons: [ { name: app, application: app.wsgi } ]
            routes: [ { path: /, daemon: app } ]
            """, folder);
        // One sentence, which names the log that has the traceback.
        Expect("serve", error, ["daemon group 'app'", .. Scripts[0].Says[..2], "; its output is in "], failures);
        if (error.Contains('\n', StringComparison.Ordinal)) failures.Add($"serve: more than a sentence: {error}");
        await File.WriteAllTextAsync(
            script, "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.wsgi"), Scripts[0].Script);
        await using (var frontEnd = await RunningFrontEnd.StartAsync("""
            name: mistakes
            daemons: [ { name: app, application: app.wsgi } ]
            routes: [ { path: /, daemon: app }, { path: /e, application: broken.wsgi } ]
            """, folder))
        {
            Assert.Equal(500, (int)(await frontEnd.Client.GetAsync("/e")).StatusCode);
            await frontEnd.EventAsync("DPXY0016");
            var logged = frontEnd.LogLines()
                .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("message").GetString()!);
            Expect("the log", string.Join('\n', logged), Scripts[0].Says!, failures);
        }
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Fact]
    public async Task Python_that_was_asked_for_and_cannot_be_used_is_said_with_the_reason()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-ins are shell scripts");
        var folder = RunningFrontEnd.NewFolder();
        string Home(string name, string? answer, string program = "python3")
        {
            var bin = Directory.CreateDirectory(Path.Combine(folder, name, "bin")).FullName;
            if (answer is null) return Path.Combine(folder, name);
            File.WriteAllText(Path.Combine(bin, program), $"#!/bin/sh\n{answer}\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path.Combine(bin, program), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return Path.Combine(folder, name);
        }
        string Says(int minor, int freeThreaded, string library = "libpython3.so") => $"""echo '[[3,{minor}],"{folder}/python3","{folder}","{folder}","","{library}","","",{freeThreaded}]'""";
        (string Home, string Says)[] homes =
        [
            (Path.Combine(folder, "nowhere"), "and there is no such folder; name the one that has bin/python3 in it"),
            (Home("empty", null), "there is no python3 in python-home"),
            (Home("broken", "echo 'it is broken' >&2; exit 1"), "failed: it is broken"),
            (Home("nothing", "echo hello"), "is no Python"),
            (Home("old", Says(8, 0)),
                "is Python 3.8, and 3.9 is the oldest that is supported; install a later one, or name it in python-home"),
            (Home("free", Says(14, 1)),
                "is a free-threaded build (Py_GIL_DISABLED), which is not supported; name one that has the interpreter lock in "
                + "python-home"),
            (Home("static", Says(11, 0)), "has no shared library where it should be"),
            (Home("latest", Says(8, 0), "python3.14"), "bin/python3.14 is Python 3.8"),
        ];
        var failures = new List<string>();
        foreach (var (home, says) in homes)
        {
            var message = Assert.Throws<PythonException>(() => PythonFinder.Find(home)).Message;
            Expect(home, message, [says, home], failures);
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "app.wsgi"), "");
        await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), """
            daemons: [ { name: app, application: app.wsgi, python-home: old }, { name: gone, application: gone.wsgi }, { name: other, address: "http://127.0.0.1:9", threads: 3 } ]
            routes: [ { path: /, daemon: app } ]
            """);
        var (code, _, error) = await RunAsync("check", Path.Combine(folder, "site.yaml"));
        Assert.Equal(1, code);
        Expect("check", error, ["bin/python3 is Python 3.8, and 3.9 is the oldest", "daemon group 'gone': there is no script "], failures);
        await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), """
            daemons: [ { name: other, address: "http://127.0.0.1:9", threads: 3 } ]
            """);
        (code, _, error) = await RunAsync("check", Path.Combine(folder, "site.yaml"));
        Assert.Equal(0, code);
        Expect("check", error, ["daemon group 'other': threads has no effect on a server that somebody else runs at "], failures);
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));

        ProcessSite.Need("");
        // The first on the PATH is too old, another follows: it is used, and that is said.
        var first = new Dictionary<string,
            string?>
        { ["PATH"] = $"{folder}/old/bin:{Environment.GetEnvironmentVariable("PATH")}", ["VIRTUAL_ENV"] = null };
        await File.WriteAllTextAsync(
            Path.Combine(folder, "app.wsgi"),
            "def application(environ, start_response):\n    start_response('200 OK', [])\n    return []\n");
        await using (var frontEnd = await RunningFrontEnd.StartAsync("""
            name: path
            daemons: [ { name: app, application: app.wsgi } ]
            routes: [ { path: /, daemon: app }, { path: /e, application: app.wsgi } ]
            """, folder, environment: first))
        {
            await RunningFrontEnd.UntilAsync(
                () => frontEnd.Events().Count(code => code == EventCatalogue.PythonPassedOver.Code) == 2, "both warnings");
            Assert.Equal(200, (int)(await frontEnd.Client.GetAsync("/e")).StatusCode);
        }
    }

    private static void Expect(string what, string message, string[] says, List<string> failures)
    {
        foreach (var part in says)
        {
            if (!message.Contains(part, StringComparison.Ordinal)) failures.Add($"{what}: '{part}' is not in: {message}");
        }
        foreach (var part in new[] { "should not have happened", "wsgi_adapter.py", "wsgi_script.py", "   at " })
        {
            if (message.Contains(part, StringComparison.Ordinal)) failures.Add($"{what}: '{part}' is in: {message}");
        }
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(
            RepositoryRoot.Host, arguments)
            { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }
}

using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.Control;

/// <summary>The launcher against small programs that behave as a host may; the real host is started in the end-to-end tests.</summary>
[UnsupportedOSPlatform("windows")] // for the analyzer: each test that needs a mode is skipped there
public sealed class InstanceLauncherTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly ScratchDirectory _scratch = new();

    public InstanceLauncherTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in hosts are shell scripts");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Ready_host_gives_its_status_and_lives_on()
    {
        var pid = _scratch.File("pid");
        var host = Host($"echo $$ > {pid}; echo '{ReadyLine()}'; exec sleep 60");

        var status = await InstanceLauncher.StartAsync(new LaunchOptions { HostPath = host }, TestContext.Current.CancellationToken)
            .WaitAsync(Limit, TestContext.Current.CancellationToken);

        Assert.Equal("site", status.Name);
        using var process = Process.GetProcessById(int.Parse(File.ReadAllText(pid)));
        Assert.False(process.HasExited);
        process.Kill();
    }

    [Fact]
    public async Task Host_is_called_with_what_was_asked_and_no_input()
    {
        var arguments = _scratch.File("arguments");
        var host = Host($"for a in \"$@\"; do echo \"$a\"; done > {arguments}; cat > /dev/null; echo '{ReadyLine()}'");

        await InstanceLauncher.StartAsync(new LaunchOptions
        {
            HostPath = host,
            ConfigurationFile = "/etc/my site.yaml",
            Name = "site",
            Listen = ["http://127.0.0.1:0", "http://[::1]:0"],
        }, TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);

        Assert.Equal(
            ["serve", "/etc/my site.yaml", "--name", "site", "--listen", "http://127.0.0.1:0", "--listen", "http://[::1]:0",
                "--background"],
            File.ReadAllLines(arguments));
    }

    [Fact]
    public async Task Host_that_says_why_it_cannot_start_is_quoted_word_for_word()
    {
        var report = JsonSerializer.Serialize(new StartReport(null, "http://127.0.0.1:80 is in use"), ControlJson.Default.StartReport);

        var failed = await FailureOf(Host($"echo '{report}'; exit 1"));

        Assert.Equal(ControlFailure.StartFailed, failed.Failure);
        Assert.Equal("http://127.0.0.1:80 is in use", failed.Message);
    }

    [Fact]
    public async Task Host_that_dies_without_a_word_is_reported_with_its_last_errors()
    {
        var failed = await FailureOf(Host("echo 'libicu is missing' >&2; exit 131"));

        Assert.Equal(ControlFailure.StartFailed, failed.Failure);
        Assert.Equal("the front end ended with exit code 131 before it served: libicu is missing", failed.Message);
    }

    [Fact]
    public async Task Host_that_is_not_there_is_one_sentence()
    {
        var failed = await FailureOf(_scratch.File("nothing"));

        Assert.Contains("cannot be started", failed.Message);
        Assert.Contains(".NET 10", failed.Message);
    }

    [Fact]
    public async Task Cancelling_ends_what_was_started()
    {
        var pid = _scratch.File("pid");
        var host = Host($"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60");
        using var cancel = new CancellationTokenSource();

        var start = InstanceLauncher.StartAsync(new LaunchOptions { HostPath = host }, cancel.Token);
        while (!File.Exists(pid))
            await Task.Yield();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(Limit));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(int.Parse(File.ReadAllText(pid))));
    }

    [Fact]
    public async Task Host_that_is_never_ready_is_ended_at_the_limit()
    {
        var said = _scratch.File("said");
        var host = Host($"echo 'waiting for the daemon' >&2; : > {said}; exec sleep 60");
        ControlException failed;
        var limit = 0.5;
        // On a machine so busy that the host says nothing within the limit there is nothing to be quoted: it gets longer.
        do
        {
            failed = await Assert.ThrowsAsync<ControlException>(() => InstanceLauncher.StartAsync(
                new LaunchOptions { HostPath = host, Timeout = TimeSpan.FromSeconds(limit) }, TestContext.Current.CancellationToken)
                    .WaitAsync(Limit, TestContext.Current.CancellationToken));
            Assert.Equal(ControlFailure.TimedOut, failed.Failure);
            limit *= 4;
        }
        while (!File.Exists(said) && limit < Limit.TotalSeconds);
        Assert.EndsWith("and was ended: waiting for the daemon", failed.Message);
    }

    [Fact]
    public void Host_without_its_execute_bit_runs_through_its_assembly()
    {
        File.WriteAllText(_scratch.File("daemonproxy"), "");
        File.WriteAllText(_scratch.File("daemonproxy.dll"), "");

        Assert.Equal(_scratch.File("daemonproxy.dll"), HostProgram.Find(_scratch.Path));

        File.SetUnixFileMode(_scratch.File("daemonproxy"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(_scratch.File("daemonproxy"), HostProgram.Find(_scratch.Path));
    }

    [Fact]
    public void Host_of_the_platform_goes_before_the_one_of_a_build_and_is_made_executable()
    {
        File.WriteAllText(_scratch.File("daemonproxy.dll"), "");
        Directory.CreateDirectory(_scratch.File("linux-arm64"));
        File.WriteAllText(_scratch.File("linux-arm64/daemonproxy"), "");
        File.SetUnixFileMode(_scratch.File("linux-arm64/daemonproxy"), UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Equal(_scratch.File("linux-arm64/daemonproxy"), HostProgram.Find(_scratch.Path, "linux-arm64"));
        Assert.True(File.GetUnixFileMode(_scratch.File("linux-arm64/daemonproxy")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(_scratch.File("daemonproxy.dll"), HostProgram.Find(_scratch.Path, "freebsd-x64"));
    }

    [Fact]
    public void Package_without_a_host_for_the_platform_says_which_it_has()
    {
        Assert.Contains(
            "there is no daemonproxy in",
            Assert.Throws<ControlException>(() => HostProgram.Find(_scratch.File("none"), "linux-x64")).Message);

        Directory.CreateDirectory(_scratch.File("linux-x64"));
        Directory.CreateDirectory(_scratch.File("linux-arm64"));
        Assert.StartsWith("the package has no host for linux-musl-x64, only for linux-arm64, linux-x64;",
            Assert.Throws<ControlException>(() => HostProgram.Find(_scratch.Path, "linux-musl-x64")).Message);
    }

    private static async Task<ControlException> FailureOf(string host) => await Assert.ThrowsAsync<ControlException>(
        () => InstanceLauncher.StartAsync(new LaunchOptions { HostPath = host }, TestContext.Current.CancellationToken).WaitAsync(Limit));

    private static string ReadyLine() =>
        JsonSerializer.Serialize(new StartReport(ControlServer.Status("site"), null), ControlJson.Default.StartReport);

    private string Host(string script)
    {
        var path = _scratch.File("host");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}

using System.Runtime.Versioning;
using DaemonProxy.Services;
using DaemonProxy.Tests.Control;
using Xunit;

namespace DaemonProxy.Tests.Services;

/// <summary>With a <c>systemctl</c> that writes down what it is called with, for no test may change what this machine starts.</summary>
[UnsupportedOSPlatform("windows")] // for the analyzer: each test is skipped there
public sealed class SystemdManagerTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly SystemdManager _manager;

    public SystemdManagerTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's");
        _manager = new SystemdManager(ServiceScope.User, _scratch.File("units"), _scratch.File("systemctl"));
        Systemctl("""case "$*" in *is-system-running) echo running;; esac""");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Service_is_written_enabled_and_started()
    {
        var state = await Register();

        Assert.True(state is { Changed: true, Enabled: true, Running: true, ServiceName: "daemonproxy-site.service" });
        Assert.Equal(SystemdUnit.Text(Site), File.ReadAllText(state.Path));
        Assert.Equal(["daemon-reload", "enable daemonproxy-site.service", "restart daemonproxy-site.service"], Changes());
    }

    [Fact]
    public async Task Same_service_again_changes_nothing_and_another_one_is_brought_into_force()
    {
        await Register();
        File.Delete(_scratch.File("calls"));

        Assert.False((await Register()).Changed);
        Assert.Equal(["enable daemonproxy-site.service", "start daemonproxy-site.service"], Changes());

        File.Delete(_scratch.File("calls"));
        Assert.True((await _manager.RegisterAsync(
            Site with { LogFile = "/var/log/site.log" }, enable: true, start: true, TestContext.Current.CancellationToken)).Changed);
        Assert.Equal(["daemon-reload", "enable daemonproxy-site.service", "restart daemonproxy-site.service"], Changes());
    }

    [Fact]
    public async Task Without_a_manager_the_unit_is_written_and_the_error_says_what_to_run()
    {
        Systemctl("echo 'Failed to connect to bus: No medium found' >&2; exit 1");

        var failed = await Assert.ThrowsAsync<ServiceException>(Register);

        Assert.Equal(ServiceFailure.NoManager, failed.Failure);
        Assert.Contains("is written", failed.Message);
        Assert.EndsWith("run: systemctl --user daemon-reload; systemctl --user enable --now daemonproxy-site.service", failed.Message);
        Assert.True(File.Exists(_manager.PathOf("site")));
        Assert.False((await _manager.RegisterAsync(Site, enable: false, start: false, TestContext.Current.CancellationToken)).Enabled);
        Assert.False((await _manager.UnregisterAsync("site", TestContext.Current.CancellationToken)).Running);
        Assert.False(File.Exists(_manager.PathOf("site")));
    }

    [Fact]
    public async Task Manager_s_refusal_is_told_with_where_to_read_more()
    {
        Systemctl("""case "$*" in *is-system-running) echo degraded;; *restart*) echo 'Job failed.' >&2; exit 1;; esac""");

        var failed = await Assert.ThrowsAsync<ServiceException>(Register);

        Assert.Equal(ServiceFailure.Refused, failed.Failure);
        Assert.Equal(
            "'systemctl --user restart daemonproxy-site.service' failed: Job failed. (journalctl --user -u daemonproxy-site.service says "
            + "what the front end said)", failed.Message);
    }

    [Fact]
    public async Task Service_is_stopped_and_removed()
    {
        var file = (await Register()).Path;
        var wanted = Directory.CreateDirectory(_scratch.File("units", "default.target.wants")).FullName + "/daemonproxy-site.service";
        File.CreateSymbolicLink(wanted, file);
        File.Delete(_scratch.File("calls"));

        await _manager.UnregisterAsync("site", TestContext.Current.CancellationToken);

        Assert.False(File.Exists(file));
        Assert.False(File.Exists(wanted));
        Assert.Equal(["disable --now daemonproxy-site.service", "daemon-reload", "reset-failed daemonproxy-site.service"], Changes());
        Assert.Empty(_manager.Names());
    }

    [Fact]
    public async Task What_is_not_there_or_not_ours_is_left_alone()
    {
        await Register();
        File.WriteAllText(_manager.PathOf("other"), "[Service]\nExecStart=/bin/true\n");

        var missing = await Assert.ThrowsAsync<ServiceException>(
            () => _manager.UnregisterAsync("shop", TestContext.Current.CancellationToken));
        Assert.Equal(ServiceFailure.NotFound, missing.Failure);
        Assert.EndsWith("; registered: site", missing.Message);

        var foreign = await Assert.ThrowsAsync<ServiceException>(
            () => _manager.UnregisterAsync("other", TestContext.Current.CancellationToken));
        Assert.Equal(ServiceFailure.NotOurs, foreign.Failure);
        var kept = await Assert.ThrowsAsync<ServiceException>(() =>
            _manager.RegisterAsync(Site with { Name = "other" }, enable: true, start: true, TestContext.Current.CancellationToken));
        Assert.Equal(ServiceFailure.NotOurs, kept.Failure);
        Assert.Equal("[Service]\nExecStart=/bin/true\n", File.ReadAllText(_manager.PathOf("other")));
    }

    private static ServiceDefinition Site { get; } =
        new() { Name = "site", ConfigurationFile = "/srv/site.yaml", Host = ["/opt/daemonproxy"] };

    private Task<ServiceState> Register() => _manager.RegisterAsync(Site, enable: true, start: true, TestContext.Current.CancellationToken);

    private void Systemctl(string answer)
    {
        var program = _scratch.File("systemctl");
        File.WriteAllText(program, $"#!/bin/sh\necho \"$*\" >> '{_scratch.File("calls")}'\n{answer}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private IEnumerable<string> Changes() => File.ReadAllLines(_scratch.File("calls"))
        .Select(call => call.Replace("--user ", ""))
        .Where(call => !call.StartsWith("is-", StringComparison.Ordinal));
}

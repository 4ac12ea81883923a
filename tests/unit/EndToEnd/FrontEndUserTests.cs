using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A front end that root starts on a port below 1024 and that then becomes a user of its own.</summary>
public sealed class FrontEndUserTests
{
    private const string Groups = """
        daemons:
          - { name: wsgi, application: probe.wsgi }
          - { name: command, command: [ gunicorn, --bind, "unix:{socket}", "probe:application" ] }
          - { name: sample, sample: true }
        routes:
          - { path: /wsgi, daemon: wsgi }
          - { path: /command, daemon: command }
          - { path: /sample, daemon: sample, strip-prefix: true }
          - { path: /embedded, application: probe.wsgi }
        """;

    [Fact]
    public async Task Serves_reloads_and_stops_as_its_user_whom_nothing_leads_back_to_root()
    {
        UserSite.Need();
        var folder = UserSite.NewFolder();
        await using var frontEnd = await RunningFrontEnd.StartAsync($"""
            name: site
            user: www-data
            listen: http://127.0.0.1:{UserSite.FreeLowPort()}
            metrics-listen: http://127.0.0.1:0
            access-log: out/access.log
            {Groups}
            """, folder);
        var run = Path.Combine(folder, "run", "site");
        var folders = new UserFolders(run);

        Assert.InRange(frontEnd.Uri.Port, 1, 1023);
        Assert.Empty(frontEnd.Status.Warnings);
        Assert.Equal(Enumerable.Repeat(UserSite.Number, 4), UserSite.StatusOf(frontEnd.ProcessId, "Uid"));
        Assert.Equal([UserSite.Number], UserSite.StatusOf(frontEnd.ProcessId, "Groups"));
        Assert.Equal(["0000000000000000"], UserSite.StatusOf(frontEnd.ProcessId, "CapEff"));
        foreach (var round in new[] { "before", "after" })
        {
            foreach (var path in new[] { "/wsgi", "/command", "/embedded" })
            {
                var probed = await frontEnd.Client.ProbeAsync(
                    path, $"connect={Path.Combine(run, "control.sock")}", $"list={run}", "become=0",
                    $"read={Path.Combine(run, "instance.json")}", $"write={Path.Combine(folder, "out", $"{path[1..]}-{round}")}");
                Assert.Equal((UserSite.Number, UserSite.Number, UserSite.Account.Home),
                    (probed["uid"], probed["groups"], probed["home"]));
                Assert.All(new[] { "connect", "list", "become", "read" },
                    action => Assert.Equal((action, "PermissionError"), (action, probed[action])));
                Assert.Equal("done", probed["write"]);
            }
            Assert.Equal(1000, (await frontEnd.Client.GetByteArrayAsync("/sample/bytes?n=1000")).Length);
            // Its own memory, which holds the secrets of all groups and the certificate's key, is closed to its workers too.
            Assert.Equal("PermissionError", (await frontEnd.Client.ProbeAsync("/wsgi", $"trace={frontEnd.ProcessId}"))["trace"]);
            if (round == "before") await frontEnd.Control.RestartAsync(null);
        }
        Assert.Equal(Path.Combine(folders.Path, UserSite.Number, "events.log"), frontEnd.Status.LogFile);
        Assert.Equal(frontEnd.Status.LogFile, InstanceDirectory.FindEventLog("site", RuntimeDirectory.Open(Path.Combine(folder, "run"))));
        Assert.All(new[] { frontEnd.Status.LogFile!, Path.Combine(folder, "out", "access.log") },
            log => Assert.Equal(UserSite.Account.User, FileOwner.Find(log)));

        await frontEnd.Control.StopAsync(TimeSpan.FromSeconds(2));
        await frontEnd.EndedAsync();
        // Its log outlives it, until somebody asks for the name to be forgotten.
        Assert.True(File.Exists(frontEnd.Status.LogFile));
        InstanceDirectory.Forget("site", RuntimeDirectory.Open(Path.Combine(folder, "run")));
        Assert.False(Directory.Exists(folders.Path));
    }

    [Fact]
    public async Task Key_that_the_user_cannot_read_serves_survives_reloads_and_is_warned_of()
    {
        UserSite.Need();
        var folder = TlsTests.Files();
        UserSite.CopyHost(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(Path.Combine(folder, "site.key"), UnixFileMode.UserRead);
        }
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            user: www-data
            listen: https://127.0.0.1:0
            tls: { certificate: site.pem, key: site.key }
            daemons: [ { name: app, sample: true, user: www-data } ]
            """, folder);
        using var client = TlsTests.Client(frontEnd.Uri, HttpVersion.Version20);

        var warning = Assert.Single(frontEnd.Status.Warnings);
        Assert.Contains($"user www-data cannot read {Path.Combine(folder, "site.key")}", warning);
        await frontEnd.Control.RestartAsync(null);
        Assert.Equal(1000, (await client.GetByteArrayAsync("/bytes?n=1000")).Length);

        TlsTests.WriteCertificate(folder, "CN=renewed");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(folder, "site.key"), UnixFileMode.UserRead);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));
        Assert.Contains("site.key cannot be read by this user", refusal.Message);
        Assert.Equal(1000, (await client.GetByteArrayAsync("/bytes?n=1000")).Length);

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(folder, "site.key"), UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await frontEnd.Control.RestartAsync(null);
        var status = await frontEnd.Control.GetStatusAsync();
        Assert.Empty(status.Warnings);
        Assert.Equal("CN=renewed", status.Certificate!.Subject);
    }

    [Fact]
    public async Task Update_is_done_as_that_user_with_the_low_port_the_certificate_and_the_control_socket_that_root_opened()
    {
        UserSite.Need();
        var folder = TlsTests.Files();
        UserSite.CopyHost(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(Path.Combine(folder, "site.key"), UnixFileMode.UserRead);
        }
        var yaml = $$"""
            name: site
            user: www-data
            listen: https://127.0.0.1:{{UserSite.FreeLowPort()}}
            tls: { certificate: site.pem, key: site.key }
            daemons: [ { name: app, sample: true } ]
            """;
        await using var frontEnd = await RunningFrontEnd.StartAsync(yaml, folder);
        using var client = TlsTests.Client(frontEnd.Uri, HttpVersion.Version20);
        Assert.Equal(1000, (await client.GetByteArrayAsync("/bytes?n=1000")).Length);

        foreach (var _ in new[] { "first", "second" })
        {
            var updated = await frontEnd.UpdateAsync();
            Assert.Equal(Enumerable.Repeat(UserSite.Number, 4), UserSite.StatusOf(updated.ProcessId, "Uid"));
            Assert.Equal(1000, (await client.GetByteArrayAsync("/bytes?n=1000")).Length);
        }
        await frontEnd.EndedAsync();
        Assert.Equal(frontEnd.Status.LogFile, (await frontEnd.StatusAsync()).LogFile);
        Assert.DoesNotContain("DPXY0069", frontEnd.Events());

        // What only root can open cannot be added.
        await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), yaml.Replace(
            "listen: ", $"metrics-listen: http://127.0.0.1:{UserSite.FreeLowPort()}\nlisten: ", StringComparison.Ordinal));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.UpdateAsync());
        Assert.Contains("may not be listened on by this user", refusal.Message);
        Assert.Equal(1000, (await client.GetByteArrayAsync("/bytes?n=1000")).Length);
    }

    [Fact]
    public async Task Log_of_a_front_end_that_became_another_user_leads_no_later_one_astray()
    {
        UserSite.Need();
        var folder = UserSite.NewFolder();
        var runtime = RuntimeDirectory.Open(Path.Combine(folder, "run"));
        var log = Path.Combine(folder, "run", "site", "events.log");
        using (var instance = InstanceDirectory.Acquire("site", runtime)) instance.OpenFor(UserSite.Account);
        Assert.NotNull(new FileInfo(log).LinkTarget);

        await using var frontEnd = await RunningFrontEnd.StartAsync("listen: http://127.0.0.1:0", folder);

        Assert.Equal(log, frontEnd.Status.LogFile);
        Assert.Null(new FileInfo(log).LinkTarget);
        Assert.Equal(0u, FileOwner.Find(log));
    }

    [Theory]
    [InlineData("user: nosuch", "there is no user nosuch; create it, or name one that is there in user")]
    [InlineData("user: www-data\ngroup: nosuch", "there is no group nosuch; create it, or name one that is there in group")]
    [InlineData("daemons: [ { name: app, sample: true, user: nosuch } ]",
        "daemon group 'app': cannot start 'the sample application': there is no user nosuch; create it, or name one that is there in user")]
    [InlineData("daemons: [ { name: app, sample: true, supplementary-groups: [ nosuch ] } ]",
        "daemon group 'app': cannot start 'the sample application': there is no group nosuch; create it, or name one that is there in "
        + "supplementary-groups")]
    public async Task User_that_does_not_exist_is_one_sentence(string yaml, string sentence)
    {
        UserSite.Need();
        Assert.StartsWith(sentence, await RunningFrontEnd.FailAsync(yaml));
    }

    [Fact]
    public async Task Start_by_anybody_but_root_says_that_only_root_can_become_the_user()
    {
        UserSite.Need();
        var folder = UserSite.NewFolder();
        var file = Path.Combine(folder, "site.yaml");
        await File.WriteAllTextAsync(file, "user: daemon\nlisten: http://127.0.0.1:0\n");

        var (code, output) = await Programs.RunAsync("env", $"DAEMONPROXY_RUNTIME_DIR={Path.Combine(folder, "out", "run")}",
            RepositoryRoot.Host, "exec", "--user=www-data", "--", RunningFrontEnd.HostIn(folder), "serve", file, "--background");

        Assert.Equal(1, code);
        Assert.Contains("only root can become user daemon; start the front end as root, or leave user out at the top level", output);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("group: www-data", "group at the top level goes with user")]
    [InlineData("user: www-data\ndaemons: [ { name: app, sample: true, user: daemon } ]", "user of a daemon group takes root")]
    [InlineData("user: www-data\ndaemons: [ { name: app, sample: true, group: daemon } ]", "group of a daemon group takes root")]
    [InlineData("user: www-data\ndaemons: [ { name: app, sample: true, supplementary-groups: video } ]",
        "supplementary-groups of a daemon group takes root")]
    public void Identities_that_exclude_each_other_are_mistakes(string yaml, string expected)
    {
        var mistake = Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationFile.Parse(yaml, "site.yaml", "/")).Errors);
        Assert.Contains(expected, mistake.Message);
        Assert.True(mistake.Line > 0);
    }

    [Fact]
    public void Identities_that_agree_are_none()
    {
        Assert.Equal("root", ConfigurationFile.Parse(
            "user: root\ndaemons: [ { name: app, sample: true, user: www-data } ]", "site.yaml", "/").User);
        Assert.Equal("www-data", ConfigurationFile.Parse(
            "user: www-data\ngroup: video\ndaemons: [ { name: app, sample: true, user: www-data, group: video } ]", "site.yaml", "/").User);
    }
}

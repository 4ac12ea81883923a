using System.Net.Sockets;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A front end that runs as root on a port below 1024, with workers of another user: a WSGI application, the sample and a command.
/// </summary>
public sealed class WorkerUserTests(WorkerUserTests.Site site) : IClassFixture<WorkerUserTests.Site>
{
    /// <summary>One front end for all tests: none of them may leave it other than it was.</summary>
    public sealed class Site : IAsyncLifetime
    {
        private RunningFrontEnd? _frontEnd;

        internal RunningFrontEnd FrontEnd
        {
            get
            {
                UserSite.Need();
                return _frontEnd!;
            }
        }

        internal string Run => Path.Combine(FrontEnd.Folder, "run", "users");

        internal UserFolders Folders => new(Run);

        internal static string Yaml(int port) => $$"""
            name: users
            listen: http://127.0.0.1:{{port}}
            daemons:
              - { name: wsgi, application: probe.wsgi, user: www-data, supplementary-groups: [ video, audio ] }
              - { name: command, command: [ gunicorn, --bind, "unix:{socket}", "probe:application" ], user: www-data, group: users }
              - { name: sample, sample: true, user: www-data }
              - { name: root, application: probe.wsgi }
              - name: evil
                command: [ sh, -c, 'SOCKET_FOLDER=$(dirname "$0") exec gunicorn --bind "unix:$0" probe:application', "{socket}" ]
                user: daemon
            routes:
              - { path: /wsgi, daemon: wsgi }
              - { path: /command, daemon: command }
              - { path: /sample, daemon: sample, strip-prefix: true }
              - { path: /root, daemon: root }
              - { path: /evil, daemon: evil }
            """;

        public async ValueTask InitializeAsync()
        {
            if (UserSite.IsPossible) _frontEnd = await RunningFrontEnd.StartAsync(Yaml(UserSite.FreeLowPort()), UserSite.NewFolder());
        }

        public async ValueTask DisposeAsync()
        {
            if (_frontEnd is null) return;
            var folder = Folders.Path;
            Assert.True(Directory.Exists(folder));
            await _frontEnd.DisposeAsync();
            Assert.False(Directory.Exists(folder), $"{folder} was left behind");
        }
    }

    private HttpClient Client => site.FrontEnd.Client;

    [Fact]
    public async Task Port_below_1024_is_served_by_root_and_only_groups_without_a_user_are_warned_of()
    {
        Assert.InRange(site.FrontEnd.Uri.Port, 1, 1023);
        Assert.Equal("0", (await Client.ProbeAsync("/root"))["uid"]);
        var warning = Assert.Single(site.FrontEnd.Status.Warnings);
        Assert.Contains("daemon group 'root' runs as root", warning);
    }

    [Theory]
    [InlineData("/wsgi", "29 33 44")]
    [InlineData("/command", "100")]
    public async Task Application_is_its_user_with_the_groups_and_the_home_of_that_user(string path, string groups)
    {
        var probed = await Client.ProbeAsync(path);
        Assert.Equal((UserSite.Number, groups, UserSite.Account.Home, UserSite.Name),
            (probed["uid"], probed["groups"], probed["home"], probed["name"]));
    }

    [Theory]
    [InlineData("/wsgi")]
    [InlineData("/command")]
    public async Task Files_that_an_application_makes_are_its_user_s(string path)
    {
        var file = Path.Combine(site.FrontEnd.Folder, "out", path[1..]);
        Assert.Equal("done", (await Client.ProbeAsync(path, "write=" + file))["write"]);
        Assert.Equal(UserSite.Account.User, FileOwner.Find(file));
    }

    [Fact]
    public async Task Every_process_of_a_group_is_its_user_s_in_every_respect()
    {
        Assert.Equal(1000, (await Client.GetByteArrayAsync("/sample/bytes?n=1000")).Length);
        foreach (var group in new[] { "wsgi", "command", "sample" })
        {
            var process = (await site.FrontEnd.Control.GetStatusAsync()).Daemons.Single(daemon => daemon.Daemon == group).ProcessId[0];
            Assert.Equal(Enumerable.Repeat(UserSite.Number, 4), UserSite.StatusOf(process, "Uid"));
        }
    }

    [Theory]
    [InlineData("/wsgi")]
    [InlineData("/command")]
    public async Task Control_socket_and_secrets_are_out_of_an_application_s_reach(string path)
    {
        var control = Path.Combine(site.Run, "control.sock");
        var identity = Path.Combine(site.Run, "instance.json");
        var claims = Path.Combine(site.Folders.Path, "root");
        // As the tests' own group shows, who is root can do all of this.
        var root = await Client.ProbeAsync("/root", $"connect={control}", $"list={site.Run}", $"read={identity}");
        Assert.Equal(["done", "done", "done"], [root["connect"], root["list"], root["read"]]);

        var probed = await Client.ProbeAsync(path, $"connect={control}", $"list={site.Run}", $"read={identity}", "become=0",
            $"trace={site.FrontEnd.ProcessId}", $"write={Path.Combine(UserFolders.Root, "file")}");
        Assert.All(new[] { "connect", "list", "read", "become", "trace", "write" },
            action => Assert.Equal((action, "PermissionError"), (action, probed[action])));
        probed = await Client.ProbeAsync(path, $"list={claims}", $"list={site.Folders.Path}",
            $"connect={Directory.EnumerateFiles(site.Run, "root.*.sock").First()}");
        Assert.All(new[] { "list", "connect" }, action => Assert.Equal((action, "PermissionError"), (action, probed[action])));
    }

    [Fact]
    public async Task Link_that_a_user_puts_in_place_of_its_socket_leads_nowhere()
    {
        var trap = Path.Combine(site.FrontEnd.Folder, "trap.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(trap));
        listener.Listen();

        Assert.Equal("done", (await Client.ProbeAsync("/evil", "replace=" + trap))["replace"]);
        for (var request = 0; request < 20; request++)
        {
            using var client = new HttpClient { BaseAddress = site.FrontEnd.Uri };
            Assert.Equal("daemon", (await client.ProbeAsync("/evil"))["name"]);
        }

        Assert.False(listener.Poll(0, SelectMode.SelectRead), "the front end connected to where the link leads");
        listener.Dispose();
        File.Delete(trap);
    }

    [Fact]
    public async Task Workers_are_replaced_without_losing_a_request()
    {
        await site.FrontEnd.Control.RestartAsync(null);
        foreach (var path in new[] { "/wsgi", "/command" }) Assert.Equal(UserSite.Number, (await Client.ProbeAsync(path))["uid"]);
        Assert.Equal(1000, (await Client.GetByteArrayAsync("/sample/bytes?n=1000")).Length);
    }
}

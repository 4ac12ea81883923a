using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("daemonproxy-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_key_goes_where_it_belongs()
    {
        File.WriteAllText(Path.Combine(_folder, "a.pem"), "");
        File.WriteAllText(Path.Combine(_folder, "a.key"), "");
        File.WriteAllText(Path.Combine(_folder, "a.password"), "");
        var proxy = ConfigurationFile.Parse("""
            name: site
            listen: [ "http://127.0.0.1:8080", "https://*:8443" ]
            tls: { certificate: a.pem, key: a.key, password-file: a.password }
            restrict-embedded: off
            limit-request-body: 10MiB
            daemons:
              - name: app
                command: [ gunicorn, --bind, "unix:{socket}", "" ]
                home: apps
                response-flush-delay: 7
                response-flush-deadline: 0.2s
                response-buffer-size: 65536
                connect-timeout: 3
                socket-timeout: 4s
                response-socket-timeout: 5
                header-buffer-size: 16KiB
                startup-timeout: 1m
                shutdown-timeout: 500ms
              - { name: other, address: "unix:other.sock" }
              - { name: demo, sample: true }
            routes:
              - { path: /, daemon: app }
              - { path: /download/, daemon: demo, strip-prefix: yes, rate-limit: 400KiB/s, rate-initial-burst: 1MiB, pacer: interval }
              - { path: /inproc, application: apps/inproc.wsgi }
            """, "site.yaml", _folder);

        Assert.Equal("site", proxy.Name);
        Assert.Equal([new ListenAddress("http", "127.0.0.1", 8080), new ListenAddress("https", "*", 8443)], proxy.Listen);
        Assert.Equal(new TlsOptions { Certificate = Full("a.pem"), Key = Full("a.key"), PasswordFile = Full("a.password") }, proxy.Tls);
        Assert.False(proxy.RestrictEmbedded);
        Assert.Equal(10L << 20, proxy.LimitRequestBody);
        Assert.Null(proxy.File);

        var app = proxy.Daemons[0];
        Assert.Equal(["gunicorn", "--bind", "unix:{socket}", ""], app.Command);
        Assert.Equal(new DaemonGroupOptions
        {
            Name = "app",
            Source = DaemonSource.Command,
            Command = app.Command,
            Home = Full("apps"),
            FlushPolicy = new(TimeSpan.FromMilliseconds(7), 65_536, TimeSpan.FromMilliseconds(200)),
            ConnectTimeout = TimeSpan.FromSeconds(3),
            SocketTimeout = TimeSpan.FromSeconds(4),
            ResponseSocketTimeout = TimeSpan.FromSeconds(5),
            HeaderBufferSize = 16_384,
            StartupTimeout = TimeSpan.FromMinutes(1),
            ShutdownTimeout = TimeSpan.FromMilliseconds(500),
        }, app);
        var other = new DaemonAddress(Full("other.sock"), null, 0);
        Assert.Equal(new DaemonGroupOptions { Name = "other", Source = DaemonSource.Address, Address = other }, proxy.Daemons[1]);
        Assert.Equal(new DaemonGroupOptions { Name = "demo", Source = DaemonSource.Sample }, proxy.Daemons[2]);

        Assert.Equal(
        [
            new RouteOptions { Path = "/", Daemon = "app" },
            new RouteOptions
            {
                Path = "/download",
                Daemon = "demo",
                StripPrefix = true,
                RateLimit = new() { RateLimit = 409_600, RateInitialBurst = 1L << 20, Pacer = PacerKind.Interval },
            },
            new RouteOptions { Path = "/inproc", Application = Full("apps/inproc.wsgi") },
        ], proxy.Routes);
    }

    [Theory]
    [InlineData("site.yaml", "", "site")]
    [InlineData("site.prod.yml", "", "site.prod")]
    [InlineData("My shop (2).yaml", "", "My-shop--2")]
    [InlineData("_site", "", "site")]
    [InlineData("größe.yaml", "", "gr--e")]
    [InlineData("--.yaml", "", "default")]
    [InlineData("site.yaml", "name: shop", "shop")]
    public void The_name_is_by_default_the_files(string file, string text, string name)
    {
        var folder = Directory.CreateTempSubdirectory("daemonproxy-");
        try
        {
            var path = Path.Combine(folder.FullName, file);
            File.WriteAllText(path, text + "\nlisten: http://127.0.0.1:8080");
            Assert.Equal(name, ConfigurationFile.Load(path).Name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_name_from_a_file_is_as_long_as_a_name_may_be() =>
        Assert.Equal(new string('a', NameRule.LongestName), NameRule.FromFile($"/etc/{new string('a', 80)}.yaml"));

    [Fact]
    public void With_neither_daemons_nor_routes_it_is_the_sample()
    {
        var proxy = ConfigurationText.Read("listen: http://127.0.0.1:8080");
        Assert.Equal(ProxyConfiguration.DefaultName, proxy.Name);
        Assert.Equal([new ListenAddress("http", "127.0.0.1", 8080)], proxy.Listen);
        Assert.Equal(ProxyConfiguration.Sample.Daemons, proxy.Daemons);
        Assert.Equal(ProxyConfiguration.Sample.Routes, proxy.Routes);
        Assert.Null(proxy.RestrictEmbedded);
    }

    [Fact]
    public void One_daemon_without_routes_answers_every_path() =>
        Assert.Equal([new RouteOptions { Path = "/", Daemon = "app" }],
            ConfigurationText.Read("daemons: [ { name: app, sample: on } ]").Routes);

    [Fact]
    public void Routes_to_applications_need_no_daemons() =>
        Assert.Empty(ConfigurationText.Read("routes: [ { path: /, application: app.wsgi } ]").Daemons);

    [Fact]
    public void Command_without_home_runs_in_the_files_folder() =>
        Assert.Equal(ConfigurationText.Folder, ConfigurationText.Read("daemons: [ { name: app, command: [ app ] } ]").Daemons[0].Home);

    [Fact]
    public void Anchors_aliases_and_merge_keys_stand_for_what_they_name()
    {
        var proxy = ConfigurationText.Read("""
            daemons:
              - &app
                name: app
                address: http://127.0.0.1:9000
                socket-timeout: &time 7s
                connect-timeout: *time
              - { <<: *app, name: other, socket-timeout: 8s }
            routes: [ { path: /, daemon: app } ]
            """);
        Assert.Equal(TimeSpan.FromSeconds(7), proxy.Daemons[0].ConnectTimeout);
        Assert.Equal(proxy.Daemons[0] with { Name = "other", SocketTimeout = TimeSpan.FromSeconds(8) }, proxy.Daemons[1]);
    }

    [Fact]
    public void File_says_where_it_was_read_and_its_paths_start_there()
    {
        var path = Path.Combine(_folder, "site.yaml");
        File.WriteAllText(path, "daemons: [ { name: app, address: \"unix:app.sock\" } ]");
        var proxy = ConfigurationFile.Load(Path.GetRelativePath(Directory.GetCurrentDirectory(), path));
        Assert.Equal(path, proxy.File);
        Assert.Equal(Full("app.sock"), proxy.Daemons[0].Address?.UnixSocket);
    }

    [Fact]
    public void Byte_order_mark_and_UTF16_are_read()
    {
        var path = Path.Combine(_folder, "site.yaml");
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), Encoding.Unicode })
        {
            File.WriteAllText(path, "name: marked", encoding);
            Assert.Equal("marked", ConfigurationFile.Load(path).Name);
        }
    }

    [Fact]
    public void File_that_is_not_there_is_one_mistake() =>
        Assert.Equal("there is no such file; check its name and folder", Unreadable("none.yaml"));

    [Fact]
    public void File_below_a_missing_folder_is_one_mistake() => Assert.Contains("there is no such file", Unreadable("none/none.yaml"));

    [Fact]
    public void Folder_is_one_mistake() => Assert.Contains("this is a folder", Unreadable(""));

    [Fact]
    public void File_that_is_no_text_is_one_mistake()
    {
        File.WriteAllBytes(Path.Combine(_folder, "site.yaml"), [0x6e, 0xff, 0x6e]);
        Assert.Contains("not UTF-8", Unreadable("site.yaml"));
    }

    [Fact]
    public void File_larger_than_1_MiB_is_one_mistake()
    {
        File.WriteAllText(Path.Combine(_folder, "site.yaml"), "name: a #" + new string('x', ConfigurationFile.LargestFile));
        Assert.Contains("larger than 1MiB", Unreadable("site.yaml"));
    }

    [Fact]
    public void File_that_may_not_be_read_is_one_mistake()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "No permission keeps this user from reading.");
        var path = Path.Combine(_folder, "site.yaml");
        File.WriteAllText(path, "name: a");
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has other permissions.");
        else
            File.SetUnixFileMode(path, UnixFileMode.None);
        Assert.Contains("may not be read", Unreadable("site.yaml"));
    }

    [Fact]
    public void Example_in_the_documentation_is_right()
    {
        var proxy = ConfigurationFile.Load(Path.Combine(ConfigurationText.Root, "docs", "example.yaml"));
        Assert.Equal(["app", "wsgi", "other", "demo"], proxy.Daemons.Select(daemon => daemon.Name));
        Assert.Equal(6, proxy.Routes.Count);
    }

    private string Full(string path) => Path.GetFullPath(path, _folder);

    private string Unreadable(string name)
    {
        var path = Path.Combine(_folder, name);
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationFile.Load(path)).Errors);
        Assert.Equal((path, 0, 0), (error.File, error.Line, error.Column));
        return error.Message;
    }

    [Theory]
    [InlineData("/health", "/health")]
    [InlineData("{ path: /health }", "/health")]
    [InlineData("{ path: /health?deep=1, interval: 2s, unhealthy-after: 5, status: [ 204, 200-201 ] }",
        "/health?deep=1, interval 2s, unhealthy-after 5, status 204, 200-201")]
    public void Health_check_is_a_path_or_a_mapping(string written, string shown)
    {
        var group = ConfigurationText.Read($"daemons: [ {{ name: app, sample: on, health-check: {written} }} ]").Daemons[0];
        Assert.Equal(shown, EffectiveOption.From(group).Single(option => option.Name == "health-check").Value);
        Assert.Equal(written.Contains("status", StringComparison.Ordinal), !group.HealthCheck!.Passes(302));
        Assert.True(group.HealthCheck.Passes(204));
    }
}

using System.Diagnostics;
using System.Xml.Linq;
using DaemonProxy.Services;
using DaemonProxy.Tests.Control;
using Xunit;

namespace DaemonProxy.Tests.Services;

public sealed class ServiceTextTests
{
    private static readonly ServiceDefinition Site = new()
    {
        Name = "site",
        ConfigurationFile = "/srv/shop/site.yaml",
        Host = ["/opt/daemonproxy/daemonproxy"],
        Environment = new Dictionary<string, string> { ["VIRTUAL_ENV"] = "/srv/shop/venv", ["PATH"] = "/usr/local/bin:/usr/bin" },
    };

    private static readonly ServiceDefinition Awkward = Site with
    {
        ConfigurationFile = "/srv/50% \"off\"/a $b\\c.yaml",
        Host = ["/usr/bin/dotnet", "/opt/my modules/daemonproxy.dll"],
        Environment = new Dictionary<string, string> { ["NOTE"] = "100% \"sure\" $HOME" },
    };

    [Fact]
    public void Unit_of_a_user_says_how_to_start_reload_watch_and_end_it() => Assert.Equal(
        """
        # Written by Register-DaemonProxyService; Unregister-DaemonProxyService removes it.
        [Unit]
        Description=DaemonProxy front end 'site'
        StartLimitIntervalSec=60
        StartLimitBurst=5

        [Service]
        Type=notify
        ExecStart=:"/opt/daemonproxy/daemonproxy" "serve" "/srv/shop/site.yaml" "--name" "site" "--service"
        ExecReload=:"/opt/daemonproxy/daemonproxy" "restart" "site"
        WorkingDirectory=/srv/shop
        Environment="PATH=/usr/local/bin:/usr/bin"
        Environment="VIRTUAL_ENV=/srv/shop/venv"
        Restart=on-failure
        RestartSec=1
        KillMode=mixed
        TimeoutStartSec=90
        TimeoutStopSec=30
        LimitNOFILE=1048576
        UMask=0027
        NoNewPrivileges=yes
        LockPersonality=yes

        [Install]
        WantedBy=default.target

        """.ReplaceLineEndings("\n"), SystemdUnit.Text(Site));

    [Fact]
    public void Unit_of_the_system_has_its_account_its_folder_and_what_it_may_not_touch()
    {
        var lines = SystemdUnit.Text(
            Site with { Scope = ServiceScope.System, Account = "shop", PrivilegedPort = true, LogFile = "/var/log/shop/events.log" })
            .Split('\n');

        Assert.Contains("User=shop", lines);
        Assert.Contains("RuntimeDirectory=daemonproxy-shop", lines);
        Assert.Contains("RuntimeDirectoryMode=0700", lines);
        Assert.Contains("AmbientCapabilities=CAP_NET_BIND_SERVICE", lines);
        Assert.Contains("ProtectSystem=full", lines);
        Assert.Contains("After=network-online.target", lines);
        Assert.Contains("WantedBy=multi-user.target", lines);
        Assert.Contains(
            lines, line => line.StartsWith("ExecStart=", StringComparison.Ordinal)
            && line.Contains("\"--log\" \"/var/log/shop/events.log\""));
    }

    [Fact]
    public void Unit_gives_an_account_no_right_that_it_needs_not()
    {
        Assert.DoesNotContain("AmbientCapabilities", SystemdUnit.Text(Site with { Scope = ServiceScope.System, Account = "shop" }));
        // root has it already.
        Assert.DoesNotContain("AmbientCapabilities", SystemdUnit.Text(Site with { Scope = ServiceScope.System, PrivilegedPort = true }));
    }

    [Fact]
    public void Unit_quotes_what_systemd_would_take_for_something_else()
    {
        var lines = SystemdUnit.Text(Awkward).Split('\n');

        Assert.Contains(
            "ExecStart=:\"/usr/bin/dotnet\" \"/opt/my modules/daemonproxy.dll\" \"serve\" \"/srv/50%% \\\"off\\\"/a $b\\\\c.yaml\" "
            + "\"--name\" \"site\" \"--service\"", lines);
        Assert.Contains("WorkingDirectory=/srv/50%% \"off\"", lines);
        Assert.Contains("Environment=\"NOTE=100%% \\\"sure\\\" $HOME\"", lines);
    }

    [Theory]
    [InlineData("daemonproxy")]
    [InlineData("50% off of $HOME")]
    public void Unit_passes_systemd_analyze(string folder)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "there is no systemd-analyze");
        using var scratch = new ScratchDirectory();
        var program = Path.Combine(Directory.CreateDirectory(scratch.File(folder)).FullName, "daemonproxy");
        File.WriteAllText(program, "#!/bin/sh\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        foreach (var scope in Enum.GetValues<ServiceScope>())
        {
            var unit = scratch.File($"daemonproxy-{scope}.service");
            File.WriteAllText(
                unit, SystemdUnit.Text(
                Awkward with
                {
                    Host = [program],
                    Scope = scope,
                    ConfigurationFile = Path.Combine(Path.GetDirectoryName(program)!, "site.yaml")
                }));
            using var verify = Process.Start(
                new ProcessStartInfo("systemd-analyze", ["verify", "--recursive-errors=no", unit]) { RedirectStandardError = true })!;
            var complaints = verify.StandardError.ReadToEnd();
            verify.WaitForExit(30_000);
            Assert.Equal("", complaints);
            Assert.Equal(0, verify.ExitCode);
        }
    }

    [Fact]
    public void Program_that_systemd_would_not_run_is_refused() =>
        Assert.Equal(ServiceFailure.Invalid,
            Assert.Throws<ServiceException>(() => SystemdUnit.Text(Site with { Host = ["/opt/it's/daemonproxy"] })).Failure);

    [Fact]
    public void Agent_is_a_property_list_with_every_argument_as_it_is()
    {
        var text = LaunchdAgent.Text(Awkward with { LogFile = "/a & b/<log>" }, enable: true);

        Assert.Contains(LaunchdAgent.Mark, text);
        var entries = Entries(text);
        Assert.Equal("daemonproxy.site", entries["Label"].Value);
        Assert.Equal(
            ["/usr/bin/dotnet", "/opt/my modules/daemonproxy.dll", "serve", "/srv/50% \"off\"/a $b\\c.yaml", "--name", "site", "--log",
                "/a & b/<log>", "--service"],
            entries["ProgramArguments"].Elements().Select(argument => argument.Value));
        Assert.Equal("100% \"sure\" $HOME", entries["EnvironmentVariables"].Element("string")!.Value);
        Assert.Equal("SuccessfulExit", entries["KeepAlive"].Element("key")!.Value);
        Assert.Equal("false", entries["KeepAlive"].Elements().Last().Name.LocalName);
        Assert.Equal("true", entries["RunAtLoad"].Name.LocalName);
        Assert.Equal("30", entries["ExitTimeOut"].Value);
        Assert.Equal("23", entries["Umask"].Value);
        Assert.False(entries.ContainsKey("Disabled"));
        Assert.False(entries.ContainsKey("UserName"));
    }

    [Fact]
    public void Agent_that_is_not_enabled_and_daemon_of_an_account_say_so()
    {
        var entries = Entries(LaunchdAgent.Text(Site with { Scope = ServiceScope.System, Account = "shop" }, enable: false));

        Assert.Equal("true", entries["Disabled"].Name.LocalName);
        Assert.Equal("shop", entries["UserName"].Value);
    }

    [Theory]
    [InlineData(@"C:\daemonproxy.exe", @"C:\site.yaml", @"C:\daemonproxy.exe serve C:\site.yaml --name site --service")]
    [InlineData(@"C:\Program Files\d.exe", @"C:\a b\", @"""C:\Program Files\d.exe"" serve ""C:\a b\\"" --name site --service")]
    [InlineData(@"C:\d.exe", @"C:\say \""hi""", @"C:\d.exe serve ""C:\say \\\""hi\"""" --name site --service")]
    public void Windows_command_line_is_taken_apart_as_it_was_put_together(string host, string file, string expected) =>
        Assert.Equal(expected, WindowsService.CommandLine(Site with { Host = [host], ConfigurationFile = file }));

    [Fact]
    public void Windows_service_is_made_or_brought_up_to_date_by_sc()
    {
        var service = Site with { Host = [@"C:\daemonproxy.exe"] };

        var made = WindowsService.Calls(service, exists: false, enable: true);
        Assert.Equal(
            ["create", "daemonproxy-site", "binPath=", WindowsService.CommandLine(service), "start=", "delayed-auto", "obj=", @"NT AUTHORITY\LocalService", "DisplayName=", "DaemonProxy front end 'site'"],
            made[0]);
        Assert.EndsWith(WindowsService.Mark, made[1][2]);
        Assert.Equal("failureflag", made[3][0]);

        var updated = WindowsService.Calls(service with { Account = @".\shop" }, exists: true, enable: false)[0];
        Assert.Equal("config", updated[0]);
        Assert.Equal("demand", updated[5]);
        Assert.Equal(@".\shop", updated[7]);
    }

    [Fact]
    public void Line_break_that_no_manager_could_read_is_refused()
    {
        var service = Site with { ConfigurationFile = "/srv/a\nExecStart=/bin/evil" };

        foreach (var text in new Func<object>[] { () => SystemdUnit.Text(service), () => LaunchdAgent.Text(service, enable: true), () => WindowsService.CommandLine(service) })
        {
            var refused = Assert.Throws<ServiceException>(text);
            Assert.Equal(ServiceFailure.Invalid, refused.Failure);
            Assert.StartsWith("'/srv/a?ExecStart=/bin/evil' has a line break", refused.Message);
        }
    }

    private static Dictionary<string, XElement> Entries(string text)
    {
        var elements = XDocument.Parse(text).Root!.Element("dict")!.Elements().ToList();
        return elements.Chunk(2).ToDictionary(pair => pair[0].Value, pair => pair[1]);
    }

    [Theory]
    [InlineData("DB_PASSWORD", true)]
    [InlineData("SECRET_KEY", true)]
    [InlineData("github_token", true)]
    [InlineData("AWS_SECRET_ACCESS_KEY", true)]
    [InlineData("STRIPE_API_KEY", true)]
    [InlineData("PGPASSWORD", true)]
    [InlineData("DB_PASSWORD_FILE", false)]
    [InlineData("TOKENIZERS_PARALLELISM", false)]
    [InlineData("SORT_KEY", false)]
    [InlineData("KEYBOARD", false)]
    [InlineData("DJANGO_SETTINGS_MODULE", false)]
    public void Secret_is_kept_out_of_the_definition_of_a_service(string name, bool isSecret)
    {
        var service = Site with { Environment = new Dictionary<string, string> { [name] = "x" } };
        if (!isSecret)
        {
            Assert.Contains($"Environment=\"{name}=x\"", SystemdUnit.Text(service).Split('\n'));
            return;
        }
        Assert.StartsWith($"{name} looks like a secret", Assert.Throws<ServiceException>(() => SystemdUnit.Text(service)).Message);
        Assert.Throws<ServiceException>(() => LaunchdAgent.Text(service, enable: true));
    }

    [Fact]
    public void Environment_file_is_systemds_alone()
    {
        var service = Site with { EnvironmentFile = "/etc/100%/site.env" };
        Assert.Contains("EnvironmentFile=/etc/100%%/site.env", SystemdUnit.Text(service).Split('\n'));
        Assert.Contains("env-file", Assert.Throws<ServiceException>(() => LaunchdAgent.Text(service, enable: true)).Message);
    }

    [Fact]
    public void Name_of_a_variable_is_checked() => Assert.Contains("'A-B' cannot be the name",
        Assert.Throws<ServiceException>(() => SystemdUnit.Text(
            Site with { Environment = new Dictionary<string, string> { ["A-B"] = "x" } })).Message);
}

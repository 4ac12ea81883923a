using DaemonProxy.Editing.Apache;
using DaemonProxy.Pacing;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Apache;

public sealed class ApacheConversionTests
{
    [Theory]
    [InlineData("download")]
    [InlineData("//download")]
    [InlineData("/a/../b")]
    [InlineData("/a#b")]
    [InlineData("http://shop/a")]
    public void Location_that_is_no_path_of_a_route_is_reported_and_the_rest_can_be_served(string location)
    {
        var made = Of($"""
            WSGIScriptAlias / /srv/shop/app.wsgi
            <Location "{location}">
                SetOutputFilter RATE_LIMIT
                SetEnv rate-limit 400
            </Location>
            """);
        Assert.NotEmpty(made.NotCarriedOver);
        Assert.Single(ConfigurationText.Read(made.Document.Text()).Routes);
    }

    [Fact]
    public void Group_alias_and_limit_become_group_and_routes()
    {
        var made = Of("""
            Listen 127.0.0.1:8080
            WSGIRestrictEmbedded On
            WSGIDaemonProcess shop processes=2 threads=15 python-home=/srv/shop/venv
            WSGIScriptAlias / /srv/shop/app.wsgi process-group=shop
            <Location /download>
                SetOutputFilter RATE_LIMIT
                SetEnv rate-limit 400
            </Location>
            """, new() { Pacer = PacerKind.Interval, Name = "shop" });
        Assert.Equal("""
            name: shop
            listen: [ "http://127.0.0.1:8080" ]
            restrict-embedded: on

            daemons:
              - name: shop
                application: /srv/shop/app.wsgi
                python-home: /srv/shop/venv
                processes: 2
                threads: 15

            routes:
              - path: /
                daemon: shop
              - path: /download
                daemon: shop
                script-name: /
                rate-limit: 400KiB/s
                pacer: interval

            """, made.Document.Text());
        Assert.Empty(made.NotCarriedOver);
        Assert.Empty(made.CarriedDifferently);
    }

    /// <summary>The options of behaviour.md, section 5, in the original's spelling, and what each is here.</summary>
    [Theory]
    [InlineData("user=www-data", "user: www-data")]
    [InlineData("group=#33", "group: 33")]
    [InlineData("umask=0027", "umask: 027")]
    [InlineData("home=\"/srv/my shop\"", "home: /srv/my shop")]
    [InlineData("lang=en_US.UTF-8", "lang: en_US.UTF-8")]
    [InlineData("locale='en_US.UTF-8'", "locale: en_US.UTF-8")]
    [InlineData("python-path=/a:/b", "python-path: [ /a, /b ]")]
    [InlineData("display-name=%{GROUP}", "display-name: (wsgi:shop)")]
    [InlineData("display-name=shop-worker", "display-name: shop-worker")]
    [InlineData("connect-timeout=15", "connect-timeout: 15s")]
    [InlineData("listen-backlog=50", "listen-backlog: 50")]
    [InlineData("queue-timeout=45", "queue-timeout: 45s")]
    [InlineData("socket-timeout=90", "socket-timeout: 90s")]
    [InlineData("response-socket-timeout=30", "response-socket-timeout: 30s")]
    [InlineData("response-flush-delay=20", "response-flush-delay: 20ms")]
    [InlineData("response-flush-delay=0", "response-flush-delay: 0ms")]
    [InlineData("response-buffer-size=65536", "response-buffer-size: 64KiB")]
    [InlineData("response-buffer-size=8388609", "response-buffer-size: 8388609")]
    [InlineData("header-buffer-size=32768", "header-buffer-size: 32KiB")]
    [InlineData("request-timeout=60", "request-timeout: 1m")]
    [InlineData("interrupt-timeout=5", "interrupt-timeout: 5s")]
    [InlineData("startup-timeout=15", "startup-timeout: 15s")]
    [InlineData("deadlock-timeout=300", "deadlock-timeout: 5m")]
    [InlineData("inactivity-timeout=3600", "inactivity-timeout: 1h")]
    [InlineData("maximum-requests=1000", "maximum-requests: 1000")]
    [InlineData("restart-interval=86400", "restart-interval: 24h")]
    [InlineData("cpu-time-limit=600", "cpu-time-limit: 10m")]
    [InlineData("graceful-timeout=15", "graceful-timeout: 15s")]
    [InlineData("eviction-timeout=0", "eviction-timeout: 0ms")]
    [InlineData("shutdown-timeout=5", "shutdown-timeout: 5s")]
    [InlineData("memory-limit=1073741824", "memory-limit: 1GiB")]
    [InlineData("virtual-memory-limit=2147483648", "virtual-memory-limit: 2GiB")]
    [InlineData("cpu-priority=5", "cpu-priority: 5")]
    [InlineData("send-buffer-size=65536", "send-buffer-size: 64KiB")]
    [InlineData("receive-buffer-size=65536", "receive-buffer-size: 64KiB")]
    [InlineData("THREADS=3", "threads: 3")]
    public void Option_is_carried_over(string option, string yaml)
    {
        var made = Of($"WSGIDaemonProcess shop {option}\nWSGIScriptAlias / /srv/app.wsgi process-group=shop");
        Assert.Contains($"    {yaml}\n", made.Document.Text());
        Assert.Empty(made.NotCarriedOver);
    }

    [Theory]
    [InlineData("stack-size=524288", "no option 'stack-size'")]
    [InlineData("response-buffer-size=1024", "the least is 64KiB")]
    [InlineData("processes=0", "too small")]
    [InlineData("threads=many", "no whole number")]
    [InlineData("script-user=www-data", "permissions")]
    [InlineData("quick", "name=value")]
    public void Option_that_cannot_be_is_noted_alone(string option, string reason)
    {
        var made = Of($"\nWSGIDaemonProcess shop lang=C \\\n    {option}\nWSGIScriptAlias / /srv/app.wsgi process-group=shop");
        var note = Assert.Single(made.NotCarriedOver);
        Assert.Equal((2, option), (note.Line, note.Text));
        Assert.Contains(reason, note.Reason);
        Assert.Contains("lang: C\n", made.Document.Text());
    }

    [Theory]
    [InlineData("WSGIProcessGroup shop\nWSGIScriptAlias / /srv/app.wsgi", "daemon: shop")]
    [InlineData("WSGIScriptAlias / /srv/app.wsgi\n<Directory /srv>\nWSGIProcessGroup shop\n</Directory>", "daemon: shop")]
    [InlineData("WSGIScriptAlias / /srv/app.wsgi\n<Directory /srv/ap>\nWSGIProcessGroup shop\n</Directory>", "application: /srv/app.wsgi")]
    [InlineData("WSGIScriptAlias / /srv/app.wsgi\n<Location />\nwsgiprocessgroup \"shop\"\n</Location>", "daemon: shop")]
    [InlineData("WSGIProcessGroup shop\nWSGIScriptAlias / /srv/app.wsgi process-group=%{GLOBAL}", "application: /srv/app.wsgi")]
    [InlineData("<VirtualHost *:80>\nWSGIScriptAlias / /srv/app.wsgi process-group=shop\n</VirtualHost>", "daemon: shop")]
    [InlineData("WSGIProcessGroup other\n<VirtualHost *:80>\nWSGIProcessGroup shop\nWSGIScriptAlias / /srv/app.wsgi\n</VirtualHost>",
        "daemon: shop")]
    public void Process_group_is_the_one_that_holds_there(string lines, string yaml) =>
        Assert.Contains(yaml, Routes(Of($"WSGIDaemonProcess shop\n{lines}")));

    [Fact]
    public void Location_with_a_group_of_its_own_is_a_route_of_the_same_application()
    {
        var made = Of("""
            WSGIDaemonProcess shop
            WSGIDaemonProcess slow
            WSGIScriptAlias /app /srv/app.wsgi process-group=shop
            <Location /app/reports>
                SetEnv rate-limit 8
                SetOutputFilter RATE_LIMIT
            </Location>
            <Location /elsewhere>
                SetOutputFilter RATE_LIMIT
                SetEnv rate-limit 9
            </Location>
            """);
        Assert.Equal(
            "routes:\n  - path: /app\n    daemon: shop\n  - path: /app/reports\n    daemon: shop\n    script-name: /app\n    rate-limit: "
            + "8KiB/s\n", Routes(made));
        Assert.Equal([2, 9, 10], made.NotCarriedOver.Select(note => note.Line));
    }

    [Fact]
    public void Each_further_script_of_a_group_gets_a_group_of_its_own()
    {
        var made = Of(
            "WSGIDaemonProcess shop threads=3\nWSGIProcessGroup shop\nWSGIScriptAlias /b /srv/b.wsgi\nWSGIScriptAlias / /srv/a.wsgi");
        Assert.Contains(
            "- name: shop\n    application: /srv/b.wsgi\n    threads: 3\n  - name: shop-2\n    application: /srv/a.wsgi\n    threads: 3\n",
            made.Document.Text());
        Assert.Equal(4, Assert.Single(made.CarriedDifferently).Line);
    }

    [Fact]
    public void Virtual_hosts_that_mean_different_things_by_a_path_are_not_guessed_between()
    {
        const string hosts = """
            WSGIDaemonProcess one
            WSGIDaemonProcess two
            <VirtualHost *:80>
                ServerName one.example
                WSGIScriptAlias / /srv/one.wsgi process-group=one
                WSGIScriptAlias /one /srv/one.wsgi process-group=one
            </VirtualHost>
            <VirtualHost *:80>
                ServerName two.example
                ServerAlias *.two.example
                WSGIScriptAlias / /srv/two.wsgi process-group=two
            </VirtualHost>
            """;
        var made = Of(hosts);
        Assert.DoesNotContain("path: /\n", made.Document.Text());
        Assert.Contains("path: /one\n", made.Document.Text());
        Assert.Equal([5, 11], made.NotCarriedOver.Where(note => note.Reason.Contains("-ServerName")).Select(note => note.Line));
        Assert.Contains("application: /srv/two.wsgi", Of(hosts, new() { ServerName = "www.two.example" }).Document.Text());
        Assert.False(Of(hosts, new() { ServerName = "three.example" }).HasHost);
    }

    [Theory]
    [InlineData("Listen 80\nListen [::]:80", "[ \"http://*:80\" ]", true)]
    [InlineData("Listen 127.0.0.1:80\nListen 0.0.0.0:80\nListen 80", "[ \"http://*:80\" ]", true)]
    [InlineData("Listen 0.0.0.0:80\nListen [::1]:80", "[ \"http://0.0.0.0:80\", \"http://[::1]:80\" ]", false)]
    [InlineData("Listen 80\nListen 80\nListen 8080", "[ \"http://*:80\", \"http://*:8080\" ]", false)]
    public void Addresses_of_one_port_are_one(string lines, string listen, bool differs)
    {
        var made = Of($"{lines}\nWSGIScriptAlias / /srv/one.wsgi\n");
        Assert.Contains($"listen: {listen}\n", made.Document.Text());
        Assert.Equal(differs, made.CarriedDifferently.Any(note => note.ToString().Contains("are one port", StringComparison.Ordinal)));
    }

    [Fact]
    public void Virtual_hosts_that_mean_the_same_are_one()
    {
        const string host = "<VirtualHost *:80>\nWSGIScriptAlias / /srv/one.wsgi process-group=one\n</VirtualHost>\n";
        var made = Of($"Listen 80\nWSGIDaemonProcess one\n{host}{host}");
        Assert.Equal("routes:\n  - path: /\n    daemon: one\n", Routes(made));
        Assert.Empty(made.NotCarriedOver);
    }

    [Theory]
    [InlineData("SetEnv rate-limit 400", "no effect")]
    [InlineData("SetOutputFilter RATE_LIMIT", "no rate-limit")]
    [InlineData("SetOutputFilter DEFLATE", "only output filter here is RATE_LIMIT")]
    [InlineData("Require ip 10.0.0.0/8", "no access control")]
    [InlineData("ErrorLog logs/e.log", "logs are kept otherwise")]
    [InlineData("WSGIScriptAliasMatch ^/x /srv/x.wsgi", "not patterns")]
    [InlineData("WSGIScriptAlias /x/ /srv/scripts/", "folder of scripts")]
    [InlineData("WSGIScriptAlias /x /srv/x.wsgi process-group=nobody", "no WSGIDaemonProcess 'nobody'")]
    [InlineData("WSGIScriptAlias /x /srv/x.wsgi process-group=%{ENV:GROUP}", "chosen for each request")]
    [InlineData("WSGIScriptAlias x /srv/x.wsgi", "must begin with a '/'")]
    [InlineData("Listen 443 https", "SSLCertificateFile")]
    [InlineData("Listen example.org:80", "IP address")]
    [InlineData("CustomLog ${LOGS}/a.log combined", "the variable ${LOGS} is not defined")]
    [InlineData("Include none.conf", "no such file is here")]
    [InlineData("<LocationMatch ^/x>\nFoo\n</LocationMatch>", "<LocationMatch> has no counterpart")]
    [InlineData("<Location ~ ^/x>\nFoo\n</Location>", "pattern")]
    [InlineData("</Location>", "not open")]
    [InlineData("<IfDefine NEVER>\nFoo\n</IfDefine>", "these files do not say")]
    [InlineData("SomethingElse on", "no counterpart")]
    public void Line_that_cannot_be_carried_over_is_noted_with_its_place(string lines, string reason)
    {
        var made = Of($"# a site\n{lines}\nWSGIScriptAlias /all /srv/app.wsgi\n");
        Assert.NotEmpty(made.NotCarriedOver);
        Assert.All(made.NotCarriedOver, note => Assert.True(note is { File: "httpd.conf", Line: >= 2 } && note.Text.Length > 0));
        Assert.Contains(reason, made.NotCarriedOver[0].Reason);
        Assert.Equal(2, made.NotCarriedOver[0].Line);
        Assert.Equal(lines.Split('\n').Count(line => !line.StartsWith("</", StringComparison.Ordinal) || lines == line),
            made.NotCarriedOver.Count);
        Assert.Contains("path: /all", made.Document.Text());
    }

    [Fact]
    public void Variables_conditions_continuations_and_comments_are_Apaches()
    {
        var made = Of("""
            Define BASE /srv/shop
            # a comment that goes on \
            WSGIScriptAlias /no ${BASE}/no.wsgi
            <IfModule mod_wsgi.c>
                <IfDefine BASE>
                    wsgiscriptalias \
                        /yes "${BASE}/my app.wsgi"
                </IfDefine>
            </IfModule>
            <IfModule !wsgi_module>
                WSGIScriptAlias /never /srv/never.wsgi
            </IfModule>
            """);
        Assert.Equal("routes:\n  - path: /yes\n    application: /srv/shop/my app.wsgi\n", Routes(made));
        Assert.Empty(made.NotCarriedOver);
    }

    [Fact]
    public void Rates_and_bursts_are_counted_in_KiB_as_Apache_counts_them()
    {
        var made = Of(
            "SetOutputFilter RATE_LIMIT;DEFLATE\nSetEnv rate-limit 1536\nSetEnv rate-initial-burst 100\nWSGIScriptAlias / /srv/a.wsgi");
        Assert.Contains("rate-limit: 1.5MiB/s\n    rate-initial-burst: 100KiB\n", made.Document.Text());
        Assert.DoesNotContain("pacer", made.Document.Text());
        Assert.Equal([1, 3], made.CarriedDifferently.Select(note => note.Line));
    }

    [Fact]
    public void What_is_true_for_all_here_and_different_in_two_hosts_is_not_guessed()
    {
        var made = Of(
            "<VirtualHost a:80>\nLimitRequestBody 10\nWSGIScriptAlias /a /srv/a.wsgi\n</VirtualHost>\n<VirtualHost b:80>\nLimitRequestBody "
            + "20\n</VirtualHost>");
        Assert.DoesNotContain("limit-request-body", made.Document.Text());
        Assert.Equal([2, 6], made.NotCarriedOver.Select(note => note.Line));
    }

    [Theory]
    [InlineData("<Location media>\nSetEnv rate-limit 1\nSetOutputFilter RATE_LIMIT\n</Location>", 1)]
    [InlineData("<Location /a?b>\nSetEnv rate-limit 1\nSetOutputFilter RATE_LIMIT\n</Location>", 1)]
    [InlineData("WSGIScriptReloading", 1)]
    [InlineData("WSGIScriptReloading maybe", 1)]
    [InlineData("WSGIScriptAlias /nul /srv/a\0b.wsgi", 1)]
    public void What_our_own_check_would_refuse_is_a_note_and_not_carried_over(string lines, int noted)
    {
        var made = Of($"{lines}\nWSGIDaemonProcess a\nWSGIScriptAlias / /srv/a.wsgi process-group=a");
        Assert.Contains(made.NotCarriedOver, note => note.Line == noted);
        Assert.Equal("/", Assert.Single(made.Document.Check("site.yaml", ConfigurationText.Folder).Routes).Path);
    }

    [Fact]
    public void Whole_configuration_is_what_the_reader_takes()
    {
        var made = Of(
            "Listen 80\nTimeout 120\nWSGIPythonHome /venv\nWSGIPythonPath /a:/b\nLimitRequestBody 1048576\nWSGIDaemonProcess "
            + "a\nWSGIScriptReloading Off\n"
            + "WSGICallableObject app\nWSGIScriptAlias /a /srv/a.wsgi process-group=a application-group=%{GLOBAL} callable-object=app2\n");
        var read = made.Document.Check("site.yaml", ConfigurationText.Folder);
        Assert.Empty(made.NotCarriedOver);
        var group = Assert.Single(read.Daemons);
        Assert.Equal((TimeSpan.FromSeconds(120), "/venv", "app2", false),
            (group.SocketTimeout, group.PythonHome, group.Callable, group.ScriptReloading));
        Assert.Equal((1L << 20, "/venv"), (read.LimitRequestBody, read.PythonHome));
        Assert.Equal(["/a", "/b"], read.PythonPath);
    }

    [Theory]
    [InlineData("WSGITrustedProxies 10.0.0.1 10.1.0.0/16\nWSGITrustedProxyHeaders X-Forwarded-For X-Forwarded-Proto",
        "trusted-proxies: [ 10.0.0.1, 10.1.0.0/16 ]", null, null)]
    [InlineData("WSGITrustedProxies 10.0.0.1\nWSGITrustedProxies ::1 10.0.0.1\nWSGITrustedProxyHeaders X-Forwarded-Host",
        "trusted-proxies: [ 10.0.0.1, ::1 ]", null, null)]
    [InlineData("WSGITrustedProxies 10.0.0.0/255.255.0.0\nWSGITrustedProxyHeaders X-Forwarded-For", "trusted-proxies: [ 10.0.0.0/16 ]",
        null, null)]
    [InlineData("WSGITrustedProxies 10.0.0.1", "trusted-proxies: [ 10.0.0.1 ]", null, "no header without WSGITrustedProxyHeaders")]
    [InlineData("WSGITrustedProxies 10.0.0.1\nWSGITrustedProxyHeaders X-Forwarded-For X-Real-IP", "trusted-proxies: [ 10.0.0.1 ]", null,
        "X-Real-IP is not")]
    [InlineData("WSGITrustedProxyHeaders X-Forwarded-For", null, "takes these headers from everybody", null)]
    [InlineData("WSGITrustedProxies 10.0.0.1 proxy.example\nWSGITrustedProxyHeaders X-Forwarded-For", "trusted-proxies: [ 10.0.0.1 ]",
        "no IP address", null)]
    [InlineData("WSGITrustedProxies 10.0.0.0/255.0.255.0\nWSGITrustedProxyHeaders X-Forwarded-For", null, "no IP address", null)]
    public void Trusted_proxies_are_carried_over(string lines, string? yaml, string? lost, string? different)
    {
        var made = Of(lines + "\nWSGIDaemonProcess a\nWSGIScriptAlias / /srv/a.wsgi process-group=a application-group=%{GLOBAL}\n");
        if (yaml is null) Assert.DoesNotContain("trusted-proxies", made.Document.Text());
        else Assert.Contains(yaml, made.Document.Text().Replace("\"", "", StringComparison.Ordinal));
        if (lost is null) Assert.Empty(made.NotCarriedOver);
        else Assert.Contains(made.NotCarriedOver, note => note.Reason.Contains(lost, StringComparison.Ordinal));
        if (different is null) Assert.Empty(made.CarriedDifferently);
        else Assert.Contains(different, Assert.Single(made.CarriedDifferently).Reason);
        made.Document.Check("site.yaml", ConfigurationText.Folder);
    }

    [Fact]
    public void Files_are_included_in_Apaches_order_from_its_folders_and_no_deeper_than_is_sane()
    {
        var folder = Directory.CreateTempSubdirectory("daemonproxy-tests-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "root", "sites", "deep"));
            File.WriteAllText(
                Path.Combine(folder, "httpd.conf"),
                $"ServerRoot \"{folder}/root\"\nInclude sites/*.conf\nIncludeOptional sites/none\nInclude sites/d*p\nWSGIScriptAlias /s "
                + "scripts/s.wsgi\n");
            File.WriteAllText(Path.Combine(folder, "root", "sites", "b.conf"), "WSGIScriptAlias /b /b.wsgi\nInclude sites/b.conf\n");
            File.WriteAllText(Path.Combine(folder, "root", "sites", "a.conf"), "\ufeffWSGIScriptAlias /a /a.wsgi\r\nErrorLog x\r\n");
            File.WriteAllText(Path.Combine(folder, "root", "sites", "c.txt"), "WSGIScriptAlias /c /c.wsgi\n");
            File.WriteAllText(Path.Combine(folder, "root", "sites", "deep", "d"), "WSGIScriptAlias /d /d.wsgi\n");
            var made = ApacheConversion.OfFile(Path.Combine(folder, "httpd.conf"), new());
            Assert.Equal(["/a", "/b", "/d", "/s"], made.Document.Check("", folder).Routes.Select(route => route.Path));
            Assert.Equal(Path.Combine(folder, "root", "scripts/s.wsgi"), made.Document.Check("", folder).Routes[^1].Application);
            Assert.Contains(made.NotCarriedOver, note => note.File.EndsWith("a.conf", StringComparison.Ordinal) && note.Line == 2);
            Assert.Contains(made.NotCarriedOver, note => note.Reason.Contains("more than 16 deep"));
            Assert.Throws<IOException>(() => ApacheConversion.OfFile(Path.Combine(folder, "none.conf"), new()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ApacheConversion Of(string lines, ApacheConversionOptions? options = null) =>
        ApacheConversion.OfLines(lines.Split('\n'), "httpd.conf", ConfigurationText.Folder, options ?? new());

    private static string Routes(ApacheConversion made) =>
        made.Document.Text() is var text ? text[text.IndexOf("routes:", StringComparison.Ordinal)..] : "";
}

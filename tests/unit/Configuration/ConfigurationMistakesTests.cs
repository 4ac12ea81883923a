using Xunit;
using static DaemonProxy.Tests.Configuration.ConfigurationText;

namespace DaemonProxy.Tests.Configuration;

/// <summary>Each mistake is one error, with its place and what would be right.</summary>
public sealed class ConfigurationMistakesTests
{
    [Fact]
    public void Unknown_key_is_one_error_with_line_and_column() =>
        Assert.Equal(
            "3:5 unknown key 'response-flush-dely' for a daemon group; did you mean 'response-flush-delay'?",
            Assert.Single(Mistakes("""
                daemons:
                  - name: app
                    response-flush-dely: 5ms
                    sample: true
                """)));

    [Fact]
    public void Unknown_key_that_is_near_to_none_lists_the_keys() =>
        Assert.Equal(
            "1:1 unknown key 'workers' for a configuration; its keys are name, listen, user, group, tls, restrict-embedded, python-home, "
            + "python-path, lang, locale, limit-request-body, limit-request-line, limit-request-fields, limit-request-head, "
            + "client-header-timeout, client-body-timeout, keepalive-timeout, update-drain-timeout, http2-max-concurrent-streams, http2-stream-window, spool-directory, "
            + "connection-limit, connection-limit-action, encoded-slashes, io-threads, access-log, access-log-format, access-log-size, "
            + "access-log-keep, event-log, event-log-format, event-log-size, event-log-keep, opentelemetry, metrics-listen, rate-limits, fleet, "
            + "trusted-proxies, daemons, routes",
            Assert.Single(Mistakes("workers: 5")));

    [Theory]
    [InlineData("name: [ a ]", "1:7 name: one value belongs here, and this is a list")]
    [InlineData("name: ..", "1:7 name: '..' cannot be a name; use 1 to 64 letters")]
    [InlineData("name:", "1:1 the key 'name' has no value")]
    [InlineData("name: \"a\\0\"", "1:7 name: the value holds a NUL character")]
    [InlineData("listen: { port: 80 }", "1:9 listen: a list belongs here, and this is a mapping")]
    [InlineData("listen: []", "1:9 listen: the list is empty")]
    [InlineData("listen: 8080", "1:9 listen: '8080' is no address to listen on")]
    [InlineData("listen: [ \"http://*:80\", \"http://*:99999\" ]", "1:26 listen: 'http://*:99999' has '99999' as its port")]
    [InlineData("listen: [ \"http://*:80\", \"http://*:80/\" ]", "1:26 listen: 'http://*:80/' is a host and port that line 1 has already")]
    [InlineData("listen: https://*:443", "1:9 listen: 'https://*:443' needs a certificate; add 'tls:")]
    [InlineData("tls: site.pem", "1:6 tls: keys and values belong here, and this is the single value 'site.pem'")]
    [InlineData("tls: { certificate: site.pem }", "1:21 certificate: there is no file 'site.pem' (looked for ")]
    [InlineData("tls: {}", "1:6 tls has no certificate")]
    [InlineData("restrict-embedded: maybe", "1:20 restrict-embedded: 'maybe' is neither on nor off")]
    [InlineData("limit-request-body: lots", "1:21 limit-request-body: 'lots' is no size; write for example 8MiB")]
    [InlineData("limit-request-body: -1", "1:21 limit-request-body: '-1' is too small; the least is 0B")]
    [InlineData("metrics-listen: \"http://*:9100\"", "1:17 metrics-listen: 'http://*:9100' must be http on a loopback address")]
    [InlineData("metrics-listen: https://127.0.0.1:9100",
        "1:17 metrics-listen: 'https://127.0.0.1:9100' must be http on a loopback address")]
    [InlineData("access-log: \"\"", "1:13 access-log: the path is empty")]
    [InlineData("access-log-format: text", "1:20 access-log-format: 'text' is not known; write combined or json")]
    [InlineData("event-log-format: combined", "1:19 event-log-format: 'combined' is not known; write json or text")]
    [InlineData("event-log-keep: 1001", "1:17 event-log-keep: '1001' is too large; the most is 1000")]
    [InlineData("opentelemetry: on", "1:16 opentelemetry: keys and values belong here, and this is ")]
    [InlineData("opentelemetry: { endpoint: localhost }", "1:28 endpoint: 'localhost' is no collector's address; write for example ")]
    [InlineData("opentelemetry: { endpoint: 'http://a:b@c' }", "1:28 endpoint: 'http://a:b@c' is no collector's address; write for ")]
    [InlineData("opentelemetry: { endpoint: 'ftp://c' }", "1:28 endpoint: 'ftp://c' is no collector's address; write for example ")]
    [InlineData("opentelemetry: { protocol: http/json }", "1:28 protocol: 'http/json' is not known; write http/protobuf or grpc")]
    [InlineData("opentelemetry: { traces: 1.1 }", "1:26 traces: '1.1' is neither on, off nor a share of all; write for example 0.1")]
    [InlineData("opentelemetry: { traces: -0.1 }", "1:26 traces: '-0.1' is neither on, off nor a share of all; write for example ")]
    [InlineData("opentelemetry: { headers-file: nowhere }", "1:32 headers-file: there is no file 'nowhere' ")]
    [InlineData("daemons: app", "1:10 daemons: a list belongs here, and this is the single value 'app'")]
    [InlineData("daemons: []", "1:10 daemons: the list is empty")]
    [InlineData("daemons: [ app ]",
        "1:12 daemons: keys and values belong here, and this is the single value 'app'; write for example { name: app,")]
    [InlineData("- name: a", "1:1 a configuration is keys and values, for example 'name: site', and this is a list")]
    [InlineData("hello", "1:1 a configuration is keys and values, for example 'name: site', and this is the single value 'hello'")]
    [InlineData("name: a\nlisten: http://*:80\nname: b", "3:1 the key 'name' is given twice for a configuration, first in line 1")]
    public void Mistake_at_the_top(string yaml, string mistake) => Assert.StartsWith(mistake, Assert.Single(Mistakes(yaml)));

    [Theory]
    [InlineData("response-flush-delay: 5 parsecs",
        "response-flush-delay: '5 parsecs' is no time; write for example 5ms, 0.5s, or a number of milliseconds")]
    [InlineData("response-flush-delay: -5ms", "response-flush-delay: '-5ms' is too short; the least is 0")]
    [InlineData("response-flush-delay: 61m", "response-flush-delay: '61m' is too long; the most is 1h")]
    [InlineData("response-flush-deadline: 3600001", "response-flush-deadline: '3600001' is too long; the most is 1h")]
    [InlineData("response-buffer-size: 65535", "response-buffer-size: '65535' is too small; the least is 64KiB (65536 bytes)")]
    [InlineData("response-buffer-size: -64KiB", "response-buffer-size: '-64KiB' is too small")]
    [InlineData("response-buffer-size: [ 8MiB ]", "response-buffer-size: one value belongs here, and this is a list")]
    [InlineData("header-buffer-size: 8191", "header-buffer-size: '8191' is too small; the least is 8KiB")]
    [InlineData("header-buffer-size: 1GiB", "header-buffer-size: '1GiB' is too large; the most is 16MiB")]
    [InlineData("connect-timeout: 0", "connect-timeout: '0' is too short; the least is 1ms")]
    [InlineData("socket-timeout: soon", "socket-timeout: 'soon' is no time; write for example 5ms, 0.5s, or a number of seconds")]
    [InlineData("socket-timeout: 169h", "socket-timeout: '169h' is too long; the most is 168h")]
    public void Mistaken_option_of_a_daemon(string option, string mistake)
    {
        var column = option.IndexOf(": ", StringComparison.Ordinal) + 2 + 5;
        Assert.StartsWith($"4:{column} {mistake}", Assert.Single(Mistakes($"daemons:\n  - name: app\n    sample: true\n    {option}")));
    }

    [Theory]
    [InlineData("{ name: a }",
        "1:12 a daemon group says nothing of where its processes come from; add one of command, application, address, addresses and "
        + "sample")]
    [InlineData("{ name: a, sample: off }", "1:12 a daemon group says nothing of where")]
    [InlineData("{ sample: on }", "1:12 a daemon group has no name")]
    [InlineData("{ name: a, sample: on, address: \"http://a:1\" }",
        "1:35 a daemon group has one source, and 'sample' in line 1 is it already")]
    [InlineData("{ name: a b, sample: on }", "1:20 name: 'a b' cannot be a name")]
    [InlineData("{ name: a, address: 9000 }", "1:32 address: '9000' is no daemon's address; write for example unix:/run/app.sock")]
    [InlineData("{ name: a, command: \"gunicorn app:app\" }",
        "1:32 command: the program and its arguments are a list; write [ \"gunicorn\", \"app:app\" ]")]
    [InlineData("{ name: a, command: [] }", "1:32 command: the list is empty")]
    [InlineData("{ name: a, command: [ \"\" ] }", "1:34 command: the first item is empty")]
    [InlineData("{ name: a, command: [ a, { b: c } ] }", "1:37 command: an argument must be one text, and this is a mapping")]
    [InlineData("{ name: a, sample: on, home: /tmp }", "1:35 home is the working directory of a command or an application")]
    [InlineData("{ name: a, sample: on, callable: app }", "1:35 callable is for a WSGI application, and this group has 'sample' instead")]
    [InlineData("{ name: a, application: app.wsgi, threads: 0 }", "1:55 threads: an application has 1 request thread or more")]
    [InlineData("{ name: a, address: \"http://a:1\", startup-timeout: 1 }",
        "1:46 startup-timeout is for daemons that the front end starts")]
    public void Mistaken_daemon(string daemon, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(Mistakes($"daemons: [ {daemon} ]")));

    [Theory]
    [InlineData("{ daemon: app }", "2:11 a route has no path")]
    [InlineData("{ path: download, daemon: app }", "2:19 path: 'download' must begin with a '/'; write '/download'")]
    [InlineData("{ path: /a?b, daemon: app }", "2:19 path: '/a?b' holds a '?' or '#'")]
    [InlineData("{ path: /a/../b, daemon: app }", "2:19 path: '/a/../b' can match no request")]
    [InlineData("{ path: // , daemon: app }", "2:19 path: '//' can match no request")]
    [InlineData("{ path: / }", "2:11 a route says nothing of what answers")]
    [InlineData("{ path: /, daemon: app, application: a.wsgi }", "2:35 a route has one that answers, and 'daemon' in line 2 is it already")]
    [InlineData("{ path: /, daemon: ap }", "2:30 there is no daemon group 'ap'; did you mean 'app'?")]
    [InlineData("{ path: /, daemon: else }", "2:30 there is no daemon group 'else'; there is app")]
    [InlineData("{ path: /, daemon: app, rate-limit: 400 }", "2:47 rate-limit: '400' has no unit; write 400KiB/s")]
    [InlineData("{ path: /, daemon: app, rate-limit: 400KB }", "2:47 rate-limit: '400KB' is a size, not a rate; write 400KB/s")]
    [InlineData("{ path: /, daemon: app, rate-limit: fast }", "2:47 rate-limit: 'fast' is no rate; write for example 400KiB/s")]
    [InlineData("{ path: /a, daemon: app, script-name: /b }", "2:49 script-name: '/b' is not the beginning of the route's path '/a'")]
    [InlineData("{ path: /ab, daemon: app, script-name: /a }", "2:50 script-name: '/a' is not the beginning of the route's path '/ab'")]
    [InlineData("{ path: /, daemon: app, pacer: interval }",
        "2:35 pacer has no effect without a rate-limit; add for example 'rate-limit: 400KiB/s'")]
    [InlineData("{ path: /, daemon: app, rate-initial-burst: 1MiB }", "2:35 rate-initial-burst has no effect without a rate-limit")]
    [InlineData("{ path: /, daemon: app, rate-limit: 1M/s, pacer: leaky }",
        "2:60 pacer: 'leaky' is not known; write token-bucket or interval")]
    [InlineData("{ path: /, daemon: app, strip-prefix: 1 }", "2:49 strip-prefix: '1' is neither on nor off")]
    public void Mistaken_route(string route, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(Mistakes($"daemons: [ {{ name: app, sample: on }} ]\nroutes: [ {route} ]")));

    [Fact]
    public void Second_daemon_of_a_name_says_where_the_first_is() =>
        Assert.StartsWith("4:11 the daemon group 'App' is there twice, first in line 2", Assert.Single(Mistakes("""
            daemons:
              - name: app
                sample: true
              - name: App
                sample: true
            routes: [ { path: /, daemon: app } ]
            """)));

    [Fact]
    public void Second_route_of_a_path_says_where_the_first_is() =>
        Assert.StartsWith("4:11 the route '/a/' is there twice, first in line 2", Assert.Single(Mistakes("""
            routes:
              - path: /a
                application: a.wsgi
              - path: /a/
                application: a.wsgi
            """)));

    [Fact]
    public void Several_daemons_without_routes_are_a_mistake() =>
        Assert.StartsWith(
            "1:1 there are 2 daemon groups and no routes",
            Assert.Single(Mistakes("daemons: [ { name: a, sample: on }, { name: b, sample: on } ]")));

    [Fact]
    public void Every_mistake_is_told_in_the_order_of_the_file() =>
        Assert.Equal(["1:7", "2:9", "4:5", "4:11", "5:27", "6:5", "8:11", "9:13", "10:5"], Mistakes("""
            name: a b
            listen: https://example.org
            daemons:
              - name: a/b
                response-buffer-size: 1
                adress: unix:/run/a.sock
            routes:
              - path: x
                daemon: other
                pacer: interval
            """).Select(mistake => mistake.Split(' ')[0]));

    [Fact]
    public void Route_to_a_daemon_whose_name_is_mistaken_is_not_a_second_mistake() =>
        Assert.Single(Mistakes("daemons: [ { name: a b, sample: on } ]\nroutes: [ { path: /, daemon: a b } ]"));

    [Fact]
    public void Mistake_under_an_anchor_is_told_once() =>
        Assert.Single(Mistakes("listen: [ &place here, *place ]"));

    [Fact]
    public void Message_is_one_line_whatever_the_file_holds()
    {
        var mistake = Assert.Single(Mistakes("name: \"a\\nb\\e[31m" + new string('x', 5000) + "\""));
        Assert.DoesNotContain(mistake, char.IsControl);
        Assert.True(mistake.Length < 300, mistake);
    }

    [Theory]
    [InlineData("health", "1:51 health-check: 'health' is no target of a request; it begins with a '/'")]
    [InlineData("/a b", "1:51 health-check: '/a b' is no target of a request; it begins with a '/'")]
    [InlineData("[ /health ]", "1:51 health-check: a path or a mapping belongs here, and this is a list; write for example /health")]
    [InlineData("{ interval: 1s }", "1:51 a health check has no path; add for example 'path: /health'")]
    [InlineData("{ path: /h, intervall: 1s }", "1:63 unknown key 'intervall' for a health check; did you mean 'interval'?")]
    [InlineData("{ path: /h, interval: 0 }", "1:73 interval: '0' is too short; the least is 1ms")]
    [InlineData("{ path: /h, timeout: never }", "1:72 timeout: 'never' is no time")]
    [InlineData("{ path: /h, unhealthy-after: 0 }", "1:80 unhealthy-after: '0' is too small; the least is 1")]
    [InlineData("{ path: /h, host: \"a b\" }", "1:69 host: 'a b' is no host; write a name or an address")]
    [InlineData("{ path: /h, status: ok }", "1:71 status: 'ok' is no status of a response and no range of them; write for example 204 or 200-399")]
    [InlineData("{ path: /h, status: 399-200 }", "1:71 status: '399-200' is no status")]
    [InlineData("{ path: /h, status: [ 200, 600 ] }", "1:78 status: '600' is no status")]
    public void Mistake_in_a_health_check(string check, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(Mistakes($"daemons: [ {{ name: app, sample: on, health-check: {check} }} ]")));
}

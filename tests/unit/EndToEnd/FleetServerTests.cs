using System.Diagnostics;
using System.Net;
using System.Text.Json;
using DaemonProxy.Events;
using DaemonProxy.Tests.Fleet;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Real Redis servers that a fleet can use, reached in every way, and those that it cannot use: <c>check --connect</c> and a front end that
/// starts say why in the same clear line.
/// </summary>
[Trait("Host", "native")]
public sealed class FleetServerTests
{
    // Whether waiting does not help.
    private const bool Lasting = true;

    [Theory]
    [InlineData("wrong password", Lasting, "refuses the password or the user; correct password-file, password-env or username below fleet")]
    [InlineData("unknown user", Lasting, "refuses the password or the user; correct password-file, password-env or username below fleet")]
    [InlineData("no password", Lasting, "asks for a password; give it password-file or password-env below fleet")]
    [InlineData("no variable", Lasting, "the environment variable DAEMONPROXY_TEST_NO_SUCH_VARIABLE of password-env is not set")]
    [InlineData("replica", Lasting, "is a replica that may not be written to; name its primary below fleet")]
    [InlineData("no scripting", Lasting, "does not allow this user what it needs (EVALSHA); docs/rate-limits.md has the rights")]
    [InlineData("no commands", Lasting, "does not allow this user what it needs (its commands); docs/rate-limits.md has the rights")]
    [InlineData("no keys", Lasting, "does not allow this user what it needs (its keys); docs/rate-limits.md has the rights")]
    [InlineData("no EVAL", Lasting, "runs no Lua scripts (EVALSHA); use a server that does, such as Redis or Valkey")]
    [InlineData("full", !Lasting, "is full (maxmemory); give it more memory or a policy that makes room")]
    [InlineData("nobody there", !Lasting, "cannot be reached (")]
    [InlineData("silent", !Lasting, "does not answer")]
    [InlineData("TLS there", !Lasting, "closes the connection at once; if it expects TLS, write rediss:// in place of redis://")]
    [InlineData("no TLS there", !Lasting, "does not answer with TLS; see that it listens there with TLS, or write redis:// in place of rediss://")]
    [InlineData("unknown authority", Lasting, "has a certificate of an authority that is not trusted; name the authority with tls-ca")]
    [InlineData("another name", Lasting, "has a certificate for another host; write the host below redis as the certificate has it")]
    public async Task Server_that_cannot_be_used_is_one_clear_line_in_check_and_at_the_start(string what, bool isLasting, string says)
    {
        Assert.SkipUnless(RedisProcess.IsInstalled, RedisProcess.Missing);
        var folder = TlsTests.Files();
        await using var server = await UnusableServer.StartAsync(what, folder);
        var yaml = Site(server.Fleet);

        var (code, error) = await CheckAsync(yaml, folder);
        Assert.Equal((1, 1), (code, error.Count(character => character == '\n')));
        Assert.StartsWith("fleet: ", error);
        Assert.Contains(says, error);
        if (what != "no variable") Assert.Contains(server.Address, error);

        await using var frontEnd = await RunningFrontEnd.StartAsync(yaml, folder);
        var expected = (isLasting ? EventCatalogue.FleetServerUnusable : EventCatalogue.FleetServerLost).Code;
        await frontEnd.EventAsync(expected);
        var logged = frontEnd.LogLines().Select(line => JsonDocument.Parse(line).RootElement)
            .Single(line => line.GetProperty("code").GetString() == expected);
        Assert.Contains(says, logged.GetProperty("message").GetString());
        // A front end does not wait for the server.
        using var served = await frontEnd.Client.GetAsync("/bytes?n=10", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.Contains(says, (await frontEnd.Control.GetStatusAsync()).Fleet!.Failure);
    }

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    [InlineData("tls")]
    [InlineData("password")]
    [InlineData("cluster")]
    public async Task Server_is_used_however_it_is_reached(string how)
    {
        Assert.SkipUnless(RedisProcess.IsInstalled, RedisProcess.Missing);
        var folder = TlsTests.Files();
        var port = RedisProcess.FreePort();
        string[] tcp = ["--port", $"{port}", "--bind", "127.0.0.1"];
        await using var redis = await RedisProcess.StartAsync(how switch
        {
            "unix" => [],
            "tcp" => tcp,
            "tls" => RedisProcess.Tls(port, folder),
            "password" => ["--requirepass", "secret"],
            _ => [.. tcp, "--cluster-enabled", "yes", "--cluster-port", $"{RedisProcess.FreePort()}"],
        });
        if (how == "cluster") await MakeClusterAsync(redis);
        var yaml = Site(how switch
        {
            "unix" => $"redis: \"unix:{redis.Socket}\"",
            "tls" => $"redis: \"rediss://localhost:{port}\", tls-ca: site.pem",
            "password" => $"redis: \"unix:{redis.Socket}\", password-file: site.password",
            _ => $"redis: \"redis://127.0.0.1:{port}\"",
        });

        Assert.Equal((0, ""), await CheckAsync(yaml, folder));
        await using var first = await RunningFrontEnd.StartAsync(yaml, folder);
        await using var second = await RunningFrontEnd.StartAsync(yaml.Replace("name: site", "name: other", StringComparison.Ordinal), CopyOf(folder));
        await using var downloads = new FleetTransfers();
        await downloads.AddAsync(first, 1);
        await downloads.AddAsync(second, 1);
        await UntilSharesAsync([first, second], 0.5);
    }

    private static async Task MakeClusterAsync(RedisProcess redis)
    {
        Assert.Equal((0, "OK\n"), await Programs.RunAsync("redis-cli", "-s", redis.Socket, "CLUSTER", "ADDSLOTSRANGE", "0", "16383"));
        for (var start = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            if ((await Programs.RunAsync("redis-cli", "-s", redis.Socket, "CLUSTER", "INFO")).Output.Contains("cluster_state:ok")) return;
            Assert.True(start.Elapsed < RunningFrontEnd.Limit, "waited in vain for the cluster");
        }
    }

    private static string CopyOf(string folder)
    {
        var copy = RunningFrontEnd.NewFolder();
        foreach (var file in Directory.EnumerateFiles(folder, "site.*")) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    private static async Task UntilSharesAsync(RunningFrontEnd[] frontEnds, double part)
    {
        for (var start = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            var limits = (await Task.WhenAll(frontEnds.Select(each => each.Control.GetStatusAsync()))).Select(status => status.RateLimits[0]);
            if (limits.All(limit => Math.Abs((double)limit.Share!.Value / limit.Rate - part) < 0.01)) return;
            Assert.True(start.Elapsed < RunningFrontEnd.Limit, "waited in vain for the shares");
        }
    }

    private static string Site(string fleet) => $$"""
        name: site
        fleet: { {{fleet}}, name: test }
        rate-limits: [ { rate-limit: 4MiB/s, rate-scope: total, shared-by: fleet } ]
        daemons: [ { name: app, sample: on } ]
        """;

    private static async Task<(int Code, string Error)> CheckAsync(string yaml, string folder)
    {
        var file = Path.Combine(folder, "checked.yaml");
        await File.WriteAllTextAsync(file, yaml);
        using var process = Process.Start(new ProcessStartInfo(RunningFrontEnd.HostIn(folder), ["check", file, "--connect"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        if (process.ExitCode == 0) Assert.EndsWith(" can be used", (await output).TrimEnd());
        return (process.ExitCode, await error);
    }
}

using DaemonProxy.Configuration;
using DaemonProxy.Fleet;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>The keys below <c>fleet</c>, <c>shared-by</c>, and what is said about mistakes in them.</summary>
public sealed class FleetSectionTests
{
    private const string Daemons = "daemons: [ { name: app, sample: on } ]\n";
    private const string Limit = "rate-limits: [ { rate-limit: 1MiB/s, rate-scope: total, shared-by: fleet } ]\n";

    [Fact]
    public void All_keys_are_read()
    {
        var fleet = Read("""
            fleet: { redis: "rediss://me@redis.example:6380/3", name: site, username: proxy, password-env: REDIS, fleet-timeout: 500ms, on-loss: keep }
            """).Fleet!;
        Assert.Equal(("redis.example", 6380, 3, true), (fleet.Redis.Host, fleet.Redis.Port, fleet.Redis.Database, fleet.Redis.IsTls));
        Assert.Equal(("site", "proxy", "REDIS"), (fleet.Name, fleet.Username, fleet.PasswordVariable));
        Assert.Equal((TimeSpan.FromMilliseconds(500), FleetLoss.Keep), (fleet.FleetTimeout, fleet.OnLoss));
    }

    [Theory]
    [InlineData("redis://127.0.0.1", "redis://127.0.0.1:6379/0")]
    [InlineData("redis://[::1]:7000/2", "redis://[::1]:7000/2")]
    [InlineData("redis://user:secret@host", "redis://host:6379/0")]
    [InlineData("unix:/run/redis.sock", "unix:/run/redis.sock")]
    public void Address_is_shown_with_its_defaults_and_without_its_password(string text, string shown)
    {
        Assert.True(FleetAddress.TryParse(text, "/", out var address, out _));
        Assert.Equal(shown, address.ToString());
        Assert.Equal(text.Contains("secret", StringComparison.Ordinal) ? "secret" : null, address.Password);
    }

    [Theory]
    [InlineData("fleet: { redis: \"http://h\" }", "redis: the scheme 'http' is not known; write for example redis://")]
    [InlineData("fleet: { redis: localhost }", "redis: the address has no scheme; write")]
    [InlineData("fleet: { redis: \"redis://\" }", "redis: the address is no URL with a host and a port; write")]
    [InlineData("fleet: { redis: \"redis://h/x\" }", "redis: '/x' is no number of a database; write")]
    [InlineData("fleet: { redis: \"redis://h:0\" }", "redis: the address has port 0, to which nothing can connect; write")]
    [InlineData("fleet: { redis: \"unix:\" }", "redis: 'unix:' names no socket; write")]
    [InlineData("fleet: { name: a }", "fleet has no server; add 'redis: redis://host:6379/0'")]
    [InlineData("fleet: { redis: \"redis://:a@h\", password-env: B }", "password-env and the URL below redis both give a password; leave it out of the URL")]
    [InlineData("fleet: { redis: \"redis://h\", tls-ca: README.md }", "tls-ca goes with TLS; write the server's address with rediss://, or leave tls-ca out")]
    [InlineData("fleet: { redis: \"redis://h\", fleet-timeout: 1ms }", "fleet-timeout: '1ms' is too short; the least is 100ms")]
    [InlineData("fleet: { redis: \"redis://h\", on-loss: panic }", "on-loss: 'panic' is not known; write local or keep or unlimited or refuse")]
    [InlineData("", "shared-by: there is no fleet to share the limit with; add 'fleet: { redis: \"redis://host:6379/0\" }' at the top of the file")]
    public void Mistake_is_named(string fleet, string sentence) => Assert.Contains(sentence, Mistakes($"{fleet}\n{Limit}{Daemons}"));

    [Theory]
    [InlineData("rate-limit: 1MiB/s, shared-by: fleet", "shared-by: a limit that each response has to itself cannot be shared")]
    [InlineData("rate-limit: 1MiB/s, rate-scope: client, shared-by: fleet, rate-limit-after: 1MiB", "rate-limit-after: a fleet shares a rate and not a burst")]
    public void Limit_that_cannot_be_shared_is_a_mistake_on_a_route_and_in_a_list(string limit, string sentence)
    {
        const string fleet = "fleet: { redis: \"redis://h\" }\n";
        Assert.Contains(sentence, Mistakes($"{fleet}{Daemons}routes: [ {{ path: /, daemon: app, {limit} }} ]"));
        Assert.Contains(sentence, Mistakes($"{fleet}{Daemons}routes: [ {{ path: /, daemon: app, rate-limits: [ {{ {limit} }} ] }} ]"));
        Assert.Contains(sentence, Mistakes($"{fleet}{Daemons}rate-limits: [ {{ {limit} }} ]"));
    }

    [Fact]
    public void Limit_of_uploads_of_a_route_is_shared_by_a_key_of_its_own()
    {
        const string upload = "upload-rate-limit: 1MiB/s, upload-shared-by: fleet";
        static string Site(string fleet, string keys) => $"{fleet}\n{Daemons}routes: [ {{ path: /, daemon: app, {keys} }} ]";
        const string fleet = "fleet: { redis: \"redis://h\" }";
        var route = ConfigurationFile.Parse(Site(fleet, upload + ", upload-rate-scope: route"), "site.yaml", RepositoryRoot.Path);
        Assert.Equal((LimitSharing.Fleet, LimitSharing.FrontEnd), (route.Routes[0].UploadRateLimit.SharedBy, route.Routes[0].RateLimit.SharedBy));
        Assert.Empty(FleetWarnings.From(route));
        Assert.Contains("upload-shared-by: a limit that each upload has to itself cannot be shared; add 'upload-rate-scope: client' or another scope, "
            + "or leave upload-shared-by out", Mistakes(Site(fleet, upload)));
        Assert.Contains("upload-shared-by: there is no fleet to share the limit with; add 'fleet: {", Mistakes(Site("", upload + ", upload-rate-scope: route")));
        Assert.Contains("upload-shared-by has no effect without an upload-rate-limit", Mistakes(Site(fleet, "upload-shared-by: fleet")));
    }

    [Fact]
    public void Password_in_a_file_that_all_can_read_is_warned_of()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("file modes are Unix's");
            return;
        }
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "fleet: { redis: \"redis://:secret@h\" }\n" + Limit + Daemons);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            var warning = Assert.Single(FleetWarnings.From(ConfigurationFile.Load(file)));
            Assert.Contains("holds a password, and every user of this machine can read", warning);
            Assert.DoesNotContain("secret", warning);
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
            Assert.Empty(FleetWarnings.From(ConfigurationFile.Load(file)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Fleet_without_a_shared_limit_is_warned_of() => Assert.Contains("no limit has 'shared-by: fleet'",
        Assert.Single(FleetWarnings.From(Read("fleet: { redis: \"redis://h\" }"))));

    private static ProxyConfiguration Read(string fleet) => ConfigurationFile.Parse($"{fleet}\n{Daemons}", "site.yaml", RepositoryRoot.Path);

    private static string Mistakes(string yaml) => string.Join('\n',
        Assert.Throws<ConfigurationException>(() => ConfigurationFile.Parse(yaml, "site.yaml", RepositoryRoot.Path)).Errors.Select(error => error.Message));
}

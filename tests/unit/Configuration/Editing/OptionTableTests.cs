using DaemonProxy.Editing;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Editing;

public sealed class OptionTableTests
{
    private static readonly TimeSpan Odd = TimeSpan.FromTicks(12_345_671);

    public static TheoryData<string, string, object, string> Values => new()
    {
        { "route", "rate-limit", 409_600L, "400KiB/s" },
        { "route", "rate-limit", 409_601, "409601B/s" },
        { "route", "rate-limit", 0, "0" },
        { "route", "rate-initial-burst", 1536, "1536" },
        { "route", "strip-prefix", true, "on" },
        { "daemon", "response-flush-delay", 5, "5" },
        { "daemon", "response-flush-delay", TimeSpan.FromMilliseconds(1.5), "1.5ms" },
        { "daemon", "socket-timeout", TimeSpan.FromMinutes(2), "2m" },
        { "daemon", "socket-timeout", TimeSpan.FromMilliseconds(61_234), "61234ms" },
        { "daemon", "socket-timeout", Odd, "1234567.1us" },
        { "daemon", "response-buffer-size", 8_388_609d, "8388609B" },
        { "daemon", "processes", 2, "2" },
        { "daemon", "processes", 2.5, "2.5" },
        { "daemon", "display-name", 1024, "1024" },
        { "proxy", "name", "site", "site" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Value_is_written_so_that_it_is_read_again_exactly(string section, string option, object value, string text) =>
        Assert.Equal(text.TrimEnd('B'), Table(section).Write(option, value).TrimEnd('B'));

    [Fact]
    public void Text_that_means_the_same_already_stays()
    {
        Assert.Equal("5", OptionTable.Daemon.Write("response-flush-delay", TimeSpan.FromMilliseconds(5), "5"));
        Assert.Equal("yes", OptionTable.Route.Write("strip-prefix", true, "yes"));
        Assert.Equal("8mb", OptionTable.Daemon.Write("response-buffer-size", 8 << 20, "8mb"));
        Assert.Equal("9MiB", OptionTable.Daemon.Write("response-buffer-size", 9 << 20, "8mb"));
    }

    [Fact]
    public void Text_is_read_as_what_it_counts()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(5), OptionTable.Daemon.Read("response-flush-delay", "5"));
        Assert.Equal(TimeSpan.FromSeconds(5), OptionTable.Daemon.Read("socket-timeout", "5"));
        Assert.Equal(409_600L, OptionTable.Route.Read("rate-limit", "400KiB/s"));
        Assert.Equal("400", OptionTable.Route.Read("rate-limit", "400"));
        Assert.Equal(false, OptionTable.Proxy.Read("restrict-embedded", "Off"));
        // A path stays as it is written: full, it would lie somewhere else when the file is moved.
        Assert.Equal("apps/app.wsgi", OptionTable.Route.Read("application", "apps/app.wsgi"));
        Assert.Equal("022", OptionTable.Daemon.Read("umask", "022"));
    }

    [Fact]
    public void Every_option_of_the_reader_is_there_and_has_a_property_name_of_its_own()
    {
        foreach (var (table, keys) in new (
            OptionTable, IEnumerable<string>)[] { (OptionTable.Proxy, DaemonProxy.Configuration.ProxySection.Keys),
            (OptionTable.Daemon, DaemonProxy.Configuration.DaemonSection.Keys),
            (OptionTable.Route, DaemonProxy.Configuration.RouteSection.Keys),
                (OptionTable.RateLimit, DaemonProxy.Configuration.RateLimitSection.Keys),
                (OptionTable.Tls, DaemonProxy.Configuration.TlsSection.Keys),
                (OptionTable.Telemetry, DaemonProxy.Configuration.TelemetrySection.Keys) })
        {
            Assert.Equal(keys, table.Names);
            Assert.Equal(table.Names.Count,
                table.Names.Select(OptionTable.PropertyName).Distinct(StringComparer.OrdinalIgnoreCase).Count());
            Assert.All(table.Names, name => Assert.Equal(name, table.Find(OptionTable.PropertyName(name))));
            Assert.All(table.Names, name => Assert.Equal(name, OptionTable.OptionName(OptionTable.PropertyName(name))));
        }
    }

    private static OptionTable Table(string section) =>
        section switch { "route" => OptionTable.Route, "daemon" => OptionTable.Daemon, _ => OptionTable.Proxy };
}

using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;
using DaemonProxy.Host.FrontEnd;
using Xunit;

namespace DaemonProxy.Tests.Documents;

/// <summary>docs/configuration.md says what the key tables say: the keys, their units, their ranges and their defaults.</summary>
public sealed partial class ConfigurationDocumentTests
{
    private static readonly Document Page = Document.Named("docs/configuration.md");

    private static readonly JsonNode Schema =
        JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "module", "daemonproxy.schema.json")))!;

    private static readonly Dictionary<string, (OptionTable Options, string Schema)> Sections = new()
    {
        ["Top level"] = (OptionTable.Proxy, ""),
        ["tls"] = (OptionTable.Tls, "tls"),
        ["opentelemetry"] = (OptionTable.Telemetry, "opentelemetry"),
        ["fleet"] = (OptionTable.Fleet, "fleet"),
        ["daemons"] = (OptionTable.Daemon, "daemon"),
        ["health-check"] = (OptionTable.HealthCheck, "healthCheck"),
        ["routes"] = (OptionTable.Route, "route"),
        ["rate-limits"] = (OptionTable.RateLimit, "rateLimit"),
    };

    private static readonly Dictionary<string, IKeyTable> Tables = new()
    {
        ["Top level"] = ProxySection.Keys,
        ["tls"] = TlsSection.Keys,
        ["opentelemetry"] = TelemetrySection.Keys,
        ["fleet"] = FleetSection.Keys,
        ["daemons"] = DaemonSection.Keys,
        ["health-check"] = HealthCheckSection.Keys,
        ["routes"] = RouteSection.Keys,
        ["rate-limits"] = RateLimitSection.Keys,
    };

    /// <summary>Every key of the top level, each with another value than its default: a restart names all that it cannot change.</summary>
    private const string Everything =
        """
        name: other
        user: other
        group: other
        listen: [ "https://127.0.0.1:1" ]
        tls: { certificate: README.md }
        restrict-embedded: on
        python-home: a
        python-path: b
        lang: c
        locale: d
        limit-request-body: 1
        limit-request-line: 2KiB
        limit-request-fields: 3
        limit-request-head: 4KiB
        client-header-timeout: 5
        client-body-timeout: 6
        keepalive-timeout: 7
        update-drain-timeout: 14
        http2-max-concurrent-streams: 8
        http2-stream-window: 65KiB
        spool-directory: e
        connection-limit: 9
        connection-limit-action: close
        encoded-slashes: keep
        io-threads: 1000
        access-log: f
        access-log-format: json
        access-log-size: 10
        access-log-keep: 11
        event-log: i
        event-log-format: text
        event-log-size: 12
        event-log-keep: 13
        opentelemetry: { traces: off }
        metrics-listen: http://127.0.0.1:2
        rate-limits: [ { rate-limit: 1KiB/s } ]
        fleet: { redis: "redis://10.0.0.5" }
        trusted-proxies: 10.0.0.0/8
        daemons: [ { name: g, sample: on } ]
        routes: [ { path: /h, daemon: g } ]
        """;

    private static readonly List<KeyRow> Rows = [.. ReadRows()];

    public static TheoryData<string> SectionNames => [.. Sections.Keys];

    public static TheoryData<string, string> Keys
    {
        get
        {
            var keys = new TheoryData<string, string>();
            foreach (var row in Rows) keys.Add(row.Section, row.Key);
            return keys;
        }
    }

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Every_key_of_a_section_has_one_row(string section) =>
        Assert.Equal(Sections[section].Options.Names.Order(), Rows.Where(row => row.Section == section).Select(row => row.Key).Order());

    [Theory]
    [MemberData(nameof(Keys))]
    public void Unit_is_the_one_that_a_plain_number_is_read_in(string section, string key)
    {
        var (row, options) = Find(section, key);
        Assert.NotEmpty(row.Meaning);
        switch (row.Unit)
        {
            case "seconds":
                Assert.Equal(TimeSpan.FromSeconds(7), options.Read(key, "7"));
                break;
            case "milliseconds":
                Assert.Equal(TimeSpan.FromMilliseconds(7), options.Read(key, "7"));
                break;
            case "bytes":
                Assert.Equal(65_536L, options.Read(key, "64KiB"));
                Assert.NotNull(options.Mistake(key, "64KiB/s"));
                break;
            case "bytes a second":
                Assert.Equal(65_536L, options.Read(key, "64KiB/s"));
                Assert.NotNull(options.Mistake(key, "65536"));
                break;
            case "number":
                Assert.IsType<long>(options.Read(key, "7"));
                Assert.NotNull(options.Mistake(key, "64KiB"));
                break;
            case "switch":
                Assert.Equal(true, options.Read(key, "on"));
                break;
            default:
                // Anything else is a text or a list; a number would need its unit here.
                Assert.IsType<string>(options.Read(key, "7"));
                Assert.NotEmpty(row.Unit);
                break;
        }
    }

    /// <summary>Words differ, for a document has context and links; unit, range and default do not.</summary>
    [Theory]
    [MemberData(nameof(Keys))]
    public void Unit_range_and_default_are_those_of_the_key_table(string section, string key)
    {
        var (row, options) = Find(section, key);
        var known = Tables[section].Descriptions.Single(description => description.Name == key);
        if (known.Unit.Length > 0) Assert.Equal(known.Unit, row.Unit);
        if (known.Range.Length > 0 && row.Unit is not ("text" or "list of texts"))
        {
            var ends = known.Range.Replace(", or ", " to ", StringComparison.Ordinal).Replace(" or more", "", StringComparison.Ordinal)
                .Replace(",", "", StringComparison.Ordinal).Split(" to ");
            Assert.Equal(ends.Select(end => options.Read(key, end)),
                Code().Matches(row.Range).Select(match => options.Read(key, match.Groups[1].Value)));
        }
        if (known.DefaultJson is not null && !known.DefaultJson.StartsWith('['))
            Assert.Equal(options.Read(key, known.Default), options.Read(key, Code().Match(row.Default).Groups[1].Value));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Range_ends_where_the_reader_ends_it(string section, string key)
    {
        var (row, options) = Find(section, key);
        var values = Code().Matches(row.Range).Select(match => match.Groups[1].Value).ToList();
        if (row.Unit is "seconds" or "milliseconds" or "bytes" or "bytes a second" or "number" or "word")
            Assert.NotEmpty(values);
        Assert.All(values, value => Assert.True(options.Mistake(key, value) is null, $"{value}: {options.Mistake(key, value)}"));
        if (row.Unit == "word")
        {
            Assert.NotNull(options.Mistake(key, "nonsense"));
            // Beside its words a key may have a variable.
            var known = Part(section)["properties"]![key]!["anyOf"]![0]!["enum"]!.AsArray().Select(value => (string)value!);
            Assert.Equal(known.Order(), values.Order());
        }
        else if (row.Range.StartsWith("from ", StringComparison.Ordinal))
        {
            Assert.NotNull(options.Mistake(key, Beyond(options, key, values[0], -1)));
            Assert.Null(options.Mistake(key, row.Unit switch { "number" => "1000000000000", "bytes" => "100TiB", _ => "100TiB/s" }));
        }
        else if (values.Count(value => value.Any(char.IsDigit)) == 2 && row.Unit != "text")
        {
            Assert.NotNull(options.Mistake(key, Beyond(options, key, values[0], -1)));
            Assert.NotNull(options.Mistake(key, Beyond(options, key, values[1], +1)));
        }
    }

    /// <summary>The schema's defaults are compared with the real ones by its own tests.</summary>
    [Theory]
    [MemberData(nameof(Keys))]
    public void Default_is_the_one_of_the_schema(string section, string key)
    {
        var (row, options) = Find(section, key);
        if (Part(section)["properties"]![key]!["default"] is not { } value)
        {
            Assert.DoesNotMatch("^`[0-9]", row.Default);
            return;
        }
        var text = value.GetValueKind() switch
        {
            JsonValueKind.Array => string.Join(", ", value.AsArray().Select(item => item!.ToString())),
            JsonValueKind.True => "on",
            JsonValueKind.False => "off",
            _ => value.ToString(),
        };
        Assert.StartsWith("`", row.Default);
        Assert.Equal(options.Read(key, text), options.Read(key, Code().Match(row.Default).Groups[1].Value));
    }

    [Fact]
    public void Keys_that_need_a_new_start_are_marked()
    {
        var changed = ConfigurationFile.Parse(Everything, "site.yaml", RepositoryRoot.Path);
        Assert.Equal(OptionTable.Proxy.Names.Order(), TopLevelKey().Matches(Everything).Select(match => match.Groups[1].Value).Order());
        var refusal = FixedAtStart.Change(ProxyConfiguration.Sample, changed)!;
        var named = refusal[..refusal.IndexOf(" cannot ", StringComparison.Ordinal)].Split(", ");
        Assert.Equal(named.Order(), Rows.Where(row => row.IsFixed).Select(row => row.Key).Order());
    }

    private static (KeyRow Row, OptionTable Options) Find(string section, string key) =>
        (Rows.Single(row => row.Section == section && row.Key == key), Sections[section].Options);

    private static JsonNode Part(string section) =>
        Sections[section].Schema.Length == 0 ? Schema : Schema["$defs"]![Sections[section].Schema]!;

    /// <summary>The next value beyond an end of the range: a byte, a number or a millisecond further.</summary>
    private static string Beyond(OptionTable options, string key, string end, int step) => options.Read(key, end) switch
    {
        TimeSpan time => $"{time.TotalMilliseconds + step:0}ms",
        long amount when end.EndsWith("/s", StringComparison.Ordinal) => $"{amount + step}B/s",
        long amount => $"{amount + step}",
        _ => throw new InvalidOperationException($"{key}: {end} is neither a time nor a number"),
    };

    private static IEnumerable<KeyRow> ReadRows()
    {
        foreach (var (line, rows) in Page.Tables().Where(table => table.Rows[0] is ["key", "meaning", "unit", "range", "default"]))
        {
            var section = Page.Prose.Take(line).Last(text => text.StartsWith("## ", StringComparison.Ordinal))[3..];
            foreach (var row in rows.Skip(2))
                yield return new(section, Code().Match(row[0]).Groups[1].Value, row[0].EndsWith('†'), row[1], row[2], row[3], row[4]);
        }
    }

    private sealed record KeyRow(string Section, string Key, bool IsFixed, string Meaning, string Unit, string Range, string Default);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("^([a-z0-9-]+):", RegexOptions.Multiline)]
    private static partial Regex TopLevelKey();
}

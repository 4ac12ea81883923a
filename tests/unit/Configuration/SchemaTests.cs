using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>What editors offer (the JSON Schema) is what the reader knows, so that neither goes stale.</summary>
public sealed class SchemaTests
{
    private static readonly JsonNode Schema = JsonNode.Parse(ConfigurationSchema.Text())!;

    private static readonly (string Section, IEnumerable<string> Keys)[] Sections =
    [
        ("", ProxySection.Keys), ("tls", TlsSection.Keys), ("daemon", DaemonSection.Keys), ("route", RouteSection.Keys),
        ("opentelemetry", TelemetrySection.Keys), ("rateLimit", RateLimitSection.Keys), ("healthCheck", HealthCheckSection.Keys),
    ];

    [Fact]
    public void File_that_the_build_leaves_is_the_schema_of_the_tables() => Assert.Equal(
        ConfigurationSchema.Text(), File.ReadAllText(Path.Combine(ConfigurationText.Root, "module", "daemonproxy.schema.json")));

    public static TheoryData<string> SectionNames => [.. Sections.Select(section => section.Section)];

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Schema_and_reader_know_the_same_keys(string section)
    {
        Assert.Equal(Sections.Single(known => known.Section == section).Keys.Order(),
            Properties(section).Select(property => property.Key).Order());
        Assert.False((bool)Part(section)["additionalProperties"]!);
    }

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Every_key_is_described(string section) =>
        Assert.All(Properties(section), property => Assert.EndsWith(".", (string?)property.Value!["description"]));

    [Fact]
    public void Defaults_in_the_schema_are_the_defaults()
    {
        var plain = ConfigurationText.Read("daemons: [ { name: a, command: [ a ] } ]\nroutes: [ { path: /, daemon: a, rate-limit: 0 } ]");
        var (top, daemon, route) = (Defaults(""), Defaults("daemon"), Defaults("route"));
        var given = ConfigurationText.Read(
            $"{top.Replace(", ", "\n")}\ndaemons: [ {{ name: a, command: [ a ], {daemon} }} ]\nroutes: [ {{ path: /, daemon: a, {route} }} "
            + "]");

        Assert.Equal(plain.Listen, given.Listen);
        Assert.Equal(plain.Daemons[0] with { Command = [] }, given.Daemons[0] with { Command = [] });
        Assert.Equal(plain.Routes[0] with { Upgrades = [] }, given.Routes[0] with { Upgrades = [] });
        Assert.Equal(plain.Routes[0].Upgrades, given.Routes[0].Upgrades);
        var application = ConfigurationText.Read(
            $"daemons: [ {{ name: a, application: a:b, {Defaults("daemon", ofApplications: true)} }} ]").Daemons[0];
        Assert.Equal(ConfigurationText.Read("daemons: [ { name: a, application: a:b } ]").Daemons[0], application);
        Assert.Equal((plain.Name, plain.LimitRequestBody, plain.ClientLimits), (given.Name, given.LimitRequestBody, given.ClientLimits));
    }

    [Theory]
    [InlineData("size", "64KiB", true)]
    [InlineData("size", "1.5 mb", true)]
    [InlineData("size", "512B", true)]
    [InlineData("size", "8 parsecs", false)]
    [InlineData("size", "-1", false)]
    [InlineData("duration", "5ms", true)]
    [InlineData("duration", "0.5 S", true)]
    [InlineData("duration", "500\u00b5s", true)]
    [InlineData("duration", "500\u03bcs", true)]
    [InlineData("duration", "2min", true)]
    [InlineData("duration", "5 parsecs", false)]
    [InlineData("rate", "400KiB/s", true)]
    [InlineData("rate", "0", true)]
    [InlineData("rate", "400KiB", false)]
    [InlineData("rate", "400/s", false)]
    [InlineData("listenAddress", "http://127.0.0.1:8080", true)]
    [InlineData("listenAddress", "https://[::1]:8443/", true)]
    [InlineData("listenAddress", "http://*", true)]
    [InlineData("listenAddress", "http://example.org:80", false)]
    [InlineData("listenAddress", "8080", false)]
    [InlineData("name", "site-1", true)]
    [InlineData("name", "..", false)]
    public void Patterns_take_what_the_reader_takes(string definition, string text, bool taken)
    {
        Assert.Equal(taken, definition switch
        {
            "size" => Units.TryParseSize(text, out _),
            "duration" => Units.TryParseDuration(text, TimeSpan.FromSeconds(1), out _),
            "rate" => Units.TryParseRate(text, out _),
            "listenAddress" => ListenAddress.TryParse(text, out _, out _),
            _ => NameRule.Allows(text),
        });
        Assert.Equal(taken, Regex.IsMatch(text, Pattern(Schema["$defs"]![definition]!)));
    }

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Every_value_may_come_from_the_environment(string section) => Assert.All(Properties(section), property =>
        Assert.True(
            IsOfParts(property.Value!) || (Takes(property.Value!, "${NAME}") && Takes(property.Value!, "a ${NAME}")), property.Key));

    [Fact]
    public void Reference_is_the_only_text_that_a_number_takes_besides()
    {
        var number = Properties("")["limit-request-fields"]!;
        Assert.False(Takes(number, "many"));
        Assert.False(Takes(number, "$NAME"));
        Assert.False(Takes(number, "${1}"));
    }

    /// <summary>Whether a value is a section or a list, the values in which come from the environment.</summary>
    private static bool IsOfParts(JsonNode schema) =>
        schema["$ref"] is { } name ? IsOfParts(Definition(name))
            : (string?)(schema["type"] as JsonValue) is "object" or "array";

    /// <summary>Whether the schema accepts a text, as far as this one's rules go.</summary>
    private static bool Takes(JsonNode schema, string text) => schema.AsObject().All(rule => rule.Key switch
    {
        "$ref" => Takes(Definition(rule.Value!), text),
        "type" => rule.Value is JsonArray types ? types.Any(type => (string?)type == "string") : (string?)rule.Value == "string",
        "enum" => rule.Value!.AsArray().Any(value => value!.ToString() == text),
        "const" => rule.Value!.ToString() == text,
        "pattern" => Regex.IsMatch(text, (string)rule.Value!),
        "anyOf" => rule.Value!.AsArray().Any(choice => Takes(choice!, text)),
        _ => true,
    });

    private static JsonNode Definition(JsonNode reference) => Schema["$defs"]![((string)reference!)["#/$defs/".Length..]]!;

    private static bool IsOfApplications(string section, string key) =>
        Part(section)["dependentRequired"]?[key]?[0] is { } source && (string?)source == "application";

    private static JsonNode Part(string section) => section.Length == 0 ? Schema : Schema["$defs"]![section]!;

    private static JsonObject Properties(string section) => Part(section)["properties"]!.AsObject();

    private static string Pattern(JsonNode definition) =>
        (string?)definition["pattern"]
            ?? definition["anyOf"]!.AsArray().Select(choice => (string?)choice!["pattern"]).First(pattern => pattern is not null)!;

    // Keys of WSGI applications cannot stand with another source.
    private static string Defaults(string section, bool ofApplications = false) => string.Join(", ", Properties(section)
        .Where(property => property.Value!["default"] is not null && property.Key != "sample"
        && IsOfApplications(section, property.Key) == ofApplications)
        .Select(property => $"{property.Key}: {property.Value!["default"]!.ToJsonString()}"));
}

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// The JSON Schema of a configuration, for editors. Its keys, with their descriptions, values and defaults, come from the reader's key
/// tables. The build writes it to <c>module/daemonproxy.schema.json</c>.
/// </summary>
public static class ConfigurationSchema
{
    // Kept readable: nobody embeds it in an HTML page.
    private static readonly JsonWriterOptions Layout = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Variable = "variable";

    private static readonly HashSet<string> Annotations = ["description", "default", "examples"];

    /// <summary>Rules that involve several keys of a section, which the row of a single key cannot express.</summary>
    private const string OneSource = """
        "description": "A daemon group. Exactly one of command, application, address, addresses and sample says where its processes come from.",
        "oneOf": [
          { "required": ["command"] },
          { "required": ["application"] },
          { "required": ["address"] },
          { "required": ["addresses"] },
          { "required": ["sample"], "properties": { "sample": { "enum": [true, "on", "yes"] } } }
        ]
        """;

    private const string OneAnswer = """
        "description": "A path prefix, and what answers below it: a daemon group, or an application in embedded mode.",
        "oneOf": [
          { "required": ["daemon"] },
          { "required": ["application"] }
        ]
        """;

    private const string OneBurst = """
        "not": { "required": ["rate-initial-burst", "rate-limit-after"] }
        """;

    /// <summary>The schema as indented text, with a final line break.</summary>
    public static string Text()
    {
        var schema = Parse("""
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "DaemonProxy configuration",
            "description": "An HTTP front end before application daemons: where it listens, which daemons there are, and which paths go to which."
            """);
        AddKeys(schema, ProxySection.Keys);
        var definitions = Parse(SchemaDefinitions.Text);
        foreach (var name in definitions.Select(definition => definition.Key).ToArray()) definitions[name] = OrVariable(definitions[name]!);
        definitions[Variable] = Parse("""
            "description": "A value from the environment of the front end: ${NAME}, also as a part of it.",
            "type": "string",
            "pattern": "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}"
            """);
        definitions["tls"] = Section(TlsSection.Keys, "");
        definitions["healthCheck"] = Section(HealthCheckSection.Keys, "");
        definitions["opentelemetry"] = Section(TelemetrySection.Keys, "");
        definitions["fleet"] = Section(FleetSection.Keys, "");
        definitions["daemon"] = Section(DaemonSection.Keys, OneSource);
        definitions["route"] = Section(RouteSection.Keys, $"{OneAnswer}, {OneBurst}");
        definitions["rateLimit"] = Section(
            RateLimitSection.Keys,
                "\"description\": \"A rate limit with its conditions: it holds for the responses that meet all that are given.\", "
                + $"{OneBurst}");
        schema["$defs"] = definitions;
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, Layout)) schema.WriteTo(writer);
        return Encoding.UTF8.GetString(text.ToArray()).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Section(IKeyTable keys, string rules)
    {
        var section = Parse(rules);
        AddKeys(section, keys);
        return section;
    }

    private static void AddKeys(JsonObject section, IKeyTable keys)
    {
        section["type"] = "object";
        section["additionalProperties"] = false;
        if (keys.Descriptions.Where(key => key.Text.Required).Select(key => JsonValue.Create(key.Name))
            .ToArray() is { Length: > 0 } required)
            section["required"] = new JsonArray(required);
        var needs = new JsonObject(keys.Descriptions.Where(key => key.Text.OnlyWith is not null)
            .Select(key => KeyValuePair.Create(key.Name, (JsonNode?)new JsonArray(JsonValue.Create(key.Text.OnlyWith)))));
        if (needs.Count > 0) section["dependentRequired"] = needs;
        section["properties"] = new JsonObject(keys.Descriptions.Select(key => KeyValuePair.Create(key.Name, (JsonNode?)Property(key))));
    }

    private static JsonObject Property(KeyDescription key)
    {
        var property = Parse($"{key.Schema}{(key.DefaultJson is { } value ? $", \"default\": {value}" : "")}");
        property.Insert(0, "description", Describe(key));
        return OrVariable(property);
    }

    /// <summary>Lets <c>${NAME}</c> stand in place of a value of a certain form, and of one in a list of such values.</summary>
    private static JsonObject OrVariable(JsonNode schema)
    {
        var node = schema.DeepClone().AsObject();
        if (node["items"] is { } items) node["items"] = OrVariable(items);
        var variable = new JsonObject { ["$ref"] = $"#/$defs/{Variable}" };
        if (node["oneOf"] is JsonArray choices)
        {
            node.Remove("oneOf");
            node["anyOf"] = new JsonArray(
                [.. choices.Select(choice => choice!["items"] is null ? choice.DeepClone() : OrVariable(choice)), variable]);
        }
        else if (Restricts(node) && !Takes(node))
        {
            JsonObject form = [];
            foreach (var (name, rule) in node.Where(member => !Annotations.Contains(member.Key)).ToArray())
            {
                node.Remove(name);
                form.Add(name, rule);
            }
            node["anyOf"] = new JsonArray(form, variable);
        }
        return node;
    }

    private static bool Restricts(JsonObject schema) =>
        schema.ContainsKey("enum") || schema.ContainsKey("pattern") || (string?)(schema["type"] as JsonValue) is "integer" or "number";

    /// <summary>Whether a text may hold the characters anyway.</summary>
    private static bool Takes(JsonObject schema) => (string?)schema["pattern"] is { } pattern && Regex.IsMatch("${NAME}", pattern);

    /// <summary>Says in words what a schema cannot express about a value.</summary>
    private static string Describe(KeyDescription key)
    {
        var text = new StringBuilder(key.Text.Text);
        // Those of timeouts are as good as none.
        if (key.Range.Length > 0 && key.Unit != "seconds" && !key.Schema.Contains("\"minimum\"", StringComparison.Ordinal))
            text.Append($" Range: {key.Range}.");
        if (key.Text.ByDefault is { Length: > 0 } words) text.Append($" Default: {words}.");
        if (key.Unit is "seconds" or "milliseconds") text.Append($" A plain number is {key.Unit}.");
        return text.ToString();
    }

    private static JsonObject Parse(string members) => JsonNode.Parse($"{{ {members} }}")!.AsObject();
}

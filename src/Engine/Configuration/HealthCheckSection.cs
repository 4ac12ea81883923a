using System.Diagnostics.CodeAnalysis;

namespace DaemonProxy.Configuration;

/// <summary>The keys below <c>health-check</c> of a daemon group.</summary>
internal static class HealthCheckSection
{
    private const string Example = "{ path: /health, interval: 5s }";

    private static readonly HealthCheckOptions Plain = new() { Path = "" };

    // Declared before their use below: initialisers run in file order.
    private static ValueKind<string> Target { get; } = ValueKinds.Text("/health", (text, shown, key) =>
        text.StartsWith('/') && text.All(c => c is > ' ' and < '\x7f' and not '#') ? (text, null)
            : (null, $"{key}: {shown} is no target of a request; it begins with a '/' and has no blank, no '#' and nothing beyond ASCII, "
            + "as /health"),
        """
        "type": "string", "pattern": "^/[!-\"$-~]*$", "examples": ["/health"]
        """);

    private static ValueKind<string> HostName { get; } = ValueKinds.Text("example.org", (text, shown, key) =>
        text.Length is > 0 and <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']')
            ? (text, null) : (null, $"{key}: {shown} is no host; write a name or an address, for example example.org"));

    private static ValueKind<StatusRange> Statuses { get; } =
        new((node, key, reading, [MaybeNullWhen(false)] out value) =>
        {
            value = default;
            if (node is ScalarNode scalar && StatusRange.TryParse(scalar.Text, out value)) return true;
            var shown = node is ScalarNode text ? text.Shown : node.Kind;
            reading.Mistake(node, $"{key}: {shown} is no status of a response and no range of them; write for example 204 or 200-399");
            return false;
        }, range => range.ToString(), """
        "type": ["integer", "string"], "minimum": 100, "maximum": 599, "pattern": "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$"
        """);

    public static KeyTable<HealthCheckOptions> Keys { get; } = new("a health check", Plain)
    {
        {
            "path", Target, check => check.Path, (check, path) => check with { Path = path },
            new("What each worker is asked with GET.") { Required = true }
        },
        {
            "host", HostName, check => check.Host, (check, host) => check with { Host = host },
            "The Host header of the request, for applications that check it, as Django does."
        },
        {
            "interval", ValueKinds.Timeout(zero: false), check => check.Interval, (check, time) => check with { Interval = time },
            "The pause between two checks of a worker."
        },
        {
            "timeout", ValueKinds.Timeout(zero: false), check => check.Timeout, (check, time) => check with { Timeout = time },
            "A check whose response has not begun by then has failed."
        },
        {
            "unhealthy-after", ValueKinds.Count(1, 100), check => check.UnhealthyAfter,
            (check, count) => check with { UnhealthyAfter = (int)count },
            "Failed checks in a row after which a worker gets no more requests; one that the front end started is replaced."
        },
        {
            "healthy-after", ValueKinds.Count(1, 100), check => check.HealthyAfter,
            (check, count) => check with { HealthyAfter = (int)count },
            "Passed checks in a row after which a new or an unhealthy worker gets requests."
        },
        {
            "status", ListKinds.OneOrMore(Statuses, "[ 200-299, 401 ]"), check => check.Status,
            (check, ranges) => check with { Status = ranges },
            "The statuses that pass a check: one, a range, or a list of them."
        },
    };

    /// <summary>The whole check: a path, or a mapping.</summary>
    public static ValueKind<HealthCheckOptions> Kind { get; } =
        new((node, key, reading, [MaybeNullWhen(false)] out value) =>
        {
            value = null;
            if (node is MappingNode mapping)
            {
                if (mapping.Find("path") is null)
                    reading.Mistake(mapping, "a health check has no path; add for example 'path: /health'");
                value = Keys.Read(mapping, Plain, reading);
                return true;
            }
            if (node is ScalarNode)
            {
                if (!Target.Read(node, key, reading, out var path)) return false;
                value = Plain with { Path = path };
                return true;
            }
            reading.Mistake(
                node, $"{key}: a path or a mapping belongs here, and this is {node.Kind}; write for example /health or {Example}");
            return false;
        }, Format, $"\"oneOf\": [{{ {Target.Schema} }}, {{ \"$ref\": \"#/$defs/healthCheck\" }}]");

    private static string Format(HealthCheckOptions check) => string.Join(", ", Keys
        .Select(key => (Key: key, Value: Keys.Format(key, check)))
        .Where(option => option.Key == "path" || option.Value != Keys.Format(option.Key, Plain))
        .Select(option => option.Key == "path" ? option.Value : $"{option.Key} {option.Value}"));
}

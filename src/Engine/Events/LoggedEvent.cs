using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace DaemonProxy.Events;

/// <summary>An event as it stands in a log.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Code">Its code.</param>
/// <param name="Message">What happened.</param>
/// <param name="Properties">What else is known: the daemon, the route, the request.</param>
public sealed record LoggedEvent(DateTimeOffset Time, EventSeverity Severity, string Code, string Message, IReadOnlyDictionary<string, object> Properties)
{
    /// <summary>Reads a line of a log; false for what is none, such as half a line after a crash.</summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out LoggedEvent? logged)
    {
        logged = null;
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return false;
            DateTimeOffset? time = null;
            EventSeverity? severity = null;
            string? code = null, message = null;
            var properties = new Dictionary<string, object>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                switch (property.Name)
                {
                    case "time": time = property.Value.GetDateTimeOffset(); break;
                    case "severity": severity = Enum.Parse<EventSeverity>(property.Value.GetString()!); break;
                    case "code": code = property.Value.GetString(); break;
                    case "message": message = property.Value.GetString(); break;
                    default: properties[property.Name] = property.Value.ValueKind == JsonValueKind.Number ? property.Value.GetInt64() : property.Value.ToString(); break;
                }
            }
            if (time is null || severity is null || code is null || message is null) return false;
            logged = new(time.Value, severity.Value, code, message, properties);
            return true;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            return false;
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace DaemonProxy.Events;

/// <summary>An event that a front end has logged, with the catalogue's description of its kind.</summary>
/// <param name="Time">When it was logged, in local time.</param>
/// <param name="Severity">Information, Warning or Error.</param>
/// <param name="Code">The code, such as WSGI0210.</param>
/// <param name="Message">What happened.</param>
/// <param name="Properties">Further properties, under the log's names, case-insensitive: method, path, route, daemon, pid.</param>
public sealed record LoggedEvent(
    DateTime Time, string Severity, string Code, string Message, IReadOnlyDictionary<string, object> Properties)
{
    /// <summary>The front end's name; not part of the log.</summary>
    public string? Name { get; init; }

    /// <summary>Why events of this kind happen; null for a code that is not in the catalogue.</summary>
    public string? Cause => EventCatalogue.Find(Code)?.Cause;

    /// <summary>What happened to the request or the daemon.</summary>
    public string? Outcome => EventCatalogue.Find(Code)?.Outcome;

    /// <summary>What to do about it.</summary>
    public string? Action => EventCatalogue.Find(Code)?.Action;

    /// <summary>Parses a line of a log; false when the line is not an event, such as half a line after a crash.</summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out LoggedEvent? logged)
    {
        logged = null;
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return false;
            DateTime? time = null;
            EventSeverity? severity = null;
            string? code = null, message = null;
            var properties = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                switch (property.Name)
                {
                    case "time": time = property.Value.GetDateTimeOffset().LocalDateTime; break;
                    case "severity": severity = Enum.Parse<EventSeverity>(property.Value.GetString()!); break;
                    case "code": code = property.Value.GetString(); break;
                    case "message": message = property.Value.GetString(); break;
                    default:
                        properties[property.Name] = property.Value.ValueKind == JsonValueKind.Number
                        ? property.Value.GetInt64() : property.Value.ToString(); break;
                }
            }
            if (time is null || severity is null || code is null || message is null) return false;
            logged = new(time.Value, severity.Value.ToString(), code, message, properties);
            return true;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            return false;
        }
    }
}

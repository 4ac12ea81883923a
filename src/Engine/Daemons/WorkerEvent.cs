using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Events;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>
/// An event that a worker sends over its channel for the front end's log. It is a line of JSON after a record separator (RFC 7464), so that
/// a text of several lines stays one event, and JSON printed by an application is not mistaken for an event.
/// </summary>
/// <param name="Code">The event's code.</param>
/// <param name="Text">What happened.</param>
/// <param name="Method">The request's method; null outside a request.</param>
/// <param name="Path">The request's path; null outside a request.</param>
public sealed record WorkerEvent(string Code, string Text, string? Method, string? Path)
{
    private const char RecordSeparator = '\x1e';

    /// <summary>
    /// The longest text passed on, in characters. A longer text is cut at the front, because the important part of a traceback is at its
    /// end.
    /// </summary>
    public const int LongestText = 32_768;

    /// <summary>Formats an event as a line.</summary>
    public static string Format(EventDefinition definition, string text, string? method, string? path) =>
        RecordSeparator + JsonSerializer.Serialize(
            new WorkerEvent(definition.Code, text.Length > LongestText ? text[^LongestText..] : text, method, path),
                WorkerEventJson.Default.WorkerEvent);

    /// <summary>Parses a line; null when it is not an event.</summary>
    public static WorkerEvent? Parse(string line)
    {
        if (!line.StartsWith(RecordSeparator)) return null;
        try { return JsonSerializer.Deserialize(line.AsSpan(1), WorkerEventJson.Default.WorkerEvent); }
        catch (JsonException) { return null; }
    }

    /// <summary>
    /// Turns a line from a standard stream into plain output, whatever it looks like: the application and its children write to those
    /// streams, too.
    /// </summary>
    public static string AsOutput(string line) => line.TrimStart(RecordSeparator);

    private static readonly EventDefinition[] Known =
        [EventCatalogue.ApplicationOutput, EventCatalogue.ApplicationError, EventCatalogue.RequestTimeout, EventCatalogue.RequestStuck,
            EventCatalogue.InterpreterDeadlock,
        EventCatalogue.SlowRequest, EventCatalogue.ForgedRequest, EventCatalogue.PythonPassedOver,
            EventCatalogue.PythonInitialisationFailed];

    /// <summary>The definition of this event.</summary>
    public EventDefinition Definition => Known.FirstOrDefault(known => known.Code == Code, EventCatalogue.ApplicationOutput);

    /// <summary>Why the worker has to be replaced; null: it does not have to be.</summary>
    internal RestartReason? AsksFor =>
        Code == EventCatalogue.RequestStuck.Code
            ? RestartReason.RequestTimeout : Code == EventCatalogue.InterpreterDeadlock.Code ? RestartReason.DeadlockTimeout : null;
}

[JsonSerializable(typeof(WorkerEvent))]
internal sealed partial class WorkerEventJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Events;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>
/// An event on a worker's channel, for the front end's log: a line of JSON after a record separator (RFC 7464), so that a text of several
/// lines stays one event, and no application that prints JSON is taken for it.
/// </summary>
/// <param name="Code">The event's code.</param>
/// <param name="Text">What happened.</param>
/// <param name="Method">The request's method; null outside a request.</param>
/// <param name="Path">The request's path; null outside a request.</param>
public sealed record WorkerEvent(string Code, string Text, string? Method, string? Path)
{
    private const char RecordSeparator = '\x1e';

    /// <summary>Longest text that is passed on, characters; the rest is cut, from the front: a traceback ends with what matters.</summary>
    public const int LongestText = 32_768;

    /// <summary>Makes the line.</summary>
    public static string Format(EventDefinition definition, string text, string? method, string? path) =>
        RecordSeparator + JsonSerializer.Serialize(
            new WorkerEvent(definition.Code, text.Length > LongestText ? text[^LongestText..] : text, method, path),
                WorkerEventJson.Default.WorkerEvent);

    /// <summary>Reads the line; null when it is none.</summary>
    public static WorkerEvent? Parse(string line)
    {
        if (!line.StartsWith(RecordSeparator)) return null;
        try { return JsonSerializer.Deserialize(line.AsSpan(1), WorkerEventJson.Default.WorkerEvent); }
        catch (JsonException) { return null; }
    }

    /// <summary>
    /// The line as what it is when it came on a standard stream, which the application and its children write to: output, whatever it looks
    /// like.
    /// </summary>
    public static string AsOutput(string line) => line.TrimStart(RecordSeparator);

    private static readonly EventDefinition[] Known =
        [EventCatalogue.ApplicationOutput, EventCatalogue.ApplicationError, EventCatalogue.RequestTimeout, EventCatalogue.RequestStuck,
            EventCatalogue.InterpreterDeadlock,
        EventCatalogue.SlowRequest, EventCatalogue.ForgedRequest, EventCatalogue.PythonPassedOver,
            EventCatalogue.PythonInitialisationFailed];

    /// <summary>What kind of event it is.</summary>
    public EventDefinition Definition => Known.FirstOrDefault(known => known.Code == Code, EventCatalogue.ApplicationOutput);

    /// <summary>Why the worker has to be replaced; null: it has not.</summary>
    internal RestartReason? AsksFor =>
        Code == EventCatalogue.RequestStuck.Code
            ? RestartReason.RequestTimeout : Code == EventCatalogue.InterpreterDeadlock.Code ? RestartReason.DeadlockTimeout : null;
}

[JsonSerializable(typeof(WorkerEvent))]
internal sealed partial class WorkerEventJson : JsonSerializerContext;

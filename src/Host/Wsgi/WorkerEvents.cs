using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;

namespace DaemonProxy.Host.Wsgi;

/// <summary>The destination of a worker's events: its front end, as one line of JSON each, or people.</summary>
internal sealed class WorkerEvents
{
    private readonly TextWriter _writer;
    private readonly Func<EventDefinition, string, string?, string?, string> _format;

    private WorkerEvents(TextWriter writer, Func<EventDefinition, string, string?, string?, string> format)
    {
        _writer = TextWriter.Synchronized(writer);
        _format = format;
    }

    /// <summary>Sends events to the front end, on a channel of their own.</summary>
    public static WorkerEvents ToFrontEnd(Stream channel) =>
        new(new StreamWriter(channel, new UTF8Encoding(false)) { AutoFlush = true }, WorkerEvent.Format);

    public static WorkerEvents ToPeople(TextWriter writer) =>
        new(writer, (definition, text, method, path) =>
            $"{definition.Code} {(method is null ? "" : $"{method} {path} ")}{(text.Length > 0 ? text : definition.Title)}");

    public void Report(EventDefinition definition, string text, string? method = null, string? path = null)
    {
        try { _writer.WriteLine(_format(definition, text, method, path)); }
        catch (IOException)
        {
            // The front end has gone, and this process is about to end.
        }
    }
}

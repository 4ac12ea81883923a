using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// How events are written where the configuration does not say: as words where a person reads them, on a terminal, and as JSON wherever a
/// program may.
/// </summary>
internal sealed class EventLogDefault
{
    private const string Key = "event-log-format";

    /// <summary>Whether standard error is a terminal to which events go; false for a front end that writes them to a file.</summary>
    public required bool ErrorIsTerminal { get; init; }

    /// <summary>Whether standard output is a terminal to which <c>event-log: stdout</c> writes events.</summary>
    public required bool OutputIsTerminal { get; init; }

    /// <summary>For a front end with the streams of this process.</summary>
    /// <param name="isForeground">Whether it keeps them while it serves.</param>
    /// <param name="logFile">The event log that the command line names; null: none.</param>
    public static EventLogDefault From(bool isForeground, string? logFile)
    {
        var isOnStreams = isForeground && logFile is null;
        return new()
        {
            ErrorIsTerminal = isOnStreams && !Console.IsErrorRedirected,
            OutputIsTerminal = isOnStreams && !Console.IsOutputRedirected,
        };
    }

    /// <summary>Reads a configuration; one that names a format keeps it, on a terminal too.</summary>
    /// <param name="file">The file. It is read once, because it may be a pipe.</param>
    /// <exception cref="ConfigurationException">The file cannot be read, or has mistakes.</exception>
    public ProxyConfiguration Load(string file)
    {
        var text = ConfigurationFile.ReadText(file, out _);
        var configuration = ConfigurationFile.Load(file, text);
        var applied = AppliedTo(configuration);
        // Composed again only where it matters: a large configuration takes its time.
        return ReferenceEquals(applied, configuration) || NamesFormat(text, file) ? configuration : applied;
    }

    /// <summary>The same for a configuration that is not from a file.</summary>
    public ProxyConfiguration AppliedTo(ProxyConfiguration configuration)
    {
        var isTerminal = configuration.EventLog.Target?.Kind switch
        {
            null => ErrorIsTerminal,
            LogTargetKind.StandardOutput => OutputIsTerminal,
            _ => false,
        };
        return isTerminal ? configuration with { EventLogFormat = EventLogFormat.Text } : configuration;
    }

    private static bool NamesFormat(string text, string file) =>
        NodeComposer.Compose(text, file) is MappingNode mapping && mapping.Find(Key) is not null;
}

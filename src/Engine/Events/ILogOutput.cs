namespace DaemonProxy.Events;

/// <summary>Where a log's lines go: a file, a standard stream, the system's log. Not thread-safe.</summary>
public interface ILogOutput : IDisposable
{
    /// <summary>Whether the receiver records the time of each line itself.</summary>
    bool IsStamped { get; }

    /// <summary>Writes whole lines, each with its line break.</summary>
    /// <param name="lines">UTF-8.</param>
    /// <param name="severity">How much all of them matter.</param>
    /// <exception cref="IOException">They could not be written, or were written where nobody can read them.</exception>
    void Write(ReadOnlySpan<byte> lines, EventSeverity severity);

    /// <summary>Reopens a file by its name; does nothing for anything else.</summary>
    void Reopen();
}

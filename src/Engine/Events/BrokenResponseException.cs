namespace DaemonProxy.Events;

/// <summary>
/// A response that failed on its way to the client. The event tells which kind of failure it was, and so whose fault (behaviour.md, section
/// 6).
/// </summary>
public sealed class BrokenResponseException(EventDefinition reason, string detail, Exception? inner = null) : Exception(detail, inner)
{
    /// <summary>The event to log. The client gets its <see cref="EventDefinition.Status"/> if nothing has been sent yet.</summary>
    public EventDefinition Reason { get; } = reason;
}

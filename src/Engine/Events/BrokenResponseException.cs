namespace DaemonProxy.Events;

/// <summary>
/// A response that broke off on its way, and by whose fault: the event says which of the ways to fail it was (behaviour.md, section 6).
/// </summary>
public sealed class BrokenResponseException(EventDefinition reason, string detail, Exception? inner = null) : Exception(detail, inner)
{
    /// <summary>
    /// The event to log, whose <see cref="EventDefinition.Status"/> the client gets when nothing has been sent to it yet.
    /// </summary>
    public EventDefinition Reason { get; } = reason;
}

namespace DaemonProxy.Events;

/// <summary>How much an event matters.</summary>
public enum EventSeverity
{
    /// <summary>Something that was meant to happen.</summary>
    Information,

    /// <summary>Something to look at when there is time.</summary>
    Warning,

    /// <summary>Something failed, for one request or for a daemon.</summary>
    Error,
}

/// <summary>
/// One kind of event: its code, and all that is to be said of it. Every one stands in the <see cref="EventCatalogue"/>, once.
/// </summary>
/// <param name="Code"><c>WSGI0000</c> with the original's number where the original has the event; ours are <c>DPXY0001</c>
/// onwards.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Status">The HTTP status that the client gets when nothing has been sent to it yet; 0 where there is none.</param>
/// <param name="Title">What happened, in a few words.</param>
/// <param name="Cause">Why it happens.</param>
/// <param name="Outcome">What became of the request or the daemon.</param>
/// <param name="Action">What to do about it.</param>
public sealed record EventDefinition(
    string Code, EventSeverity Severity, int Status, string Title, string Cause, string Outcome, string Action)
{
    /// <inheritdoc/>
    public override string ToString() => Code;
}

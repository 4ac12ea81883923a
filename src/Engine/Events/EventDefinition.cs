namespace DaemonProxy.Events;

/// <summary>How much an event matters.</summary>
public enum EventSeverity
{
    /// <summary>Something that was intended.</summary>
    Information,

    /// <summary>Something to look into when there is time.</summary>
    Warning,

    /// <summary>Something failed, for one request or for a daemon.</summary>
    Error,
}

/// <summary>One kind of event: its code and its full description. Each is listed once in the <see cref="EventCatalogue"/>.</summary>
/// <param name="Code"><c>WSGI0000</c> with the original's number when the original has the event; our own start at <c>DPXY0001</c>.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Status">The HTTP status that the client gets if nothing has been sent yet; 0 when there is none.</param>
/// <param name="Title">What happened, in a few words.</param>
/// <param name="Cause">Why it happens.</param>
/// <param name="Outcome">What happened to the request or the daemon.</param>
/// <param name="Action">What to do about it.</param>
public sealed record EventDefinition(
    string Code, EventSeverity Severity, int Status, string Title, string Cause, string Outcome, string Action)
{
    /// <inheritdoc/>
    public override string ToString() => Code;
}

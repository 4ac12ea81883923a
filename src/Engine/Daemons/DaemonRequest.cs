using System.IO.Pipelines;

namespace DaemonProxy.Daemons;

/// <summary>A request to a daemon.</summary>
public sealed class DaemonRequest
{
    /// <summary>The complete head.</summary>
    public required RequestHead Head { get; init; }

    /// <summary>The body; null: the request has none.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>Whether the method is HEAD, whose response has no body.</summary>
    public bool IsHead { get; init; }

    /// <summary>
    /// Whether the request may be sent again when a kept connection turns out to be closed (RFC 9110, section 9.2.2): its method is
    /// idempotent, and it has no body.
    /// </summary>
    public bool Repeatable { get; init; }

    /// <summary>Whether the request is only a health check, which does not count as activity for <c>inactivity-timeout</c>.</summary>
    public bool IsHealthCheck { get; set; }

    /// <summary>How long the request has waited for a place on a worker.</summary>
    public TimeSpan QueueTime { get; internal set; }

    /// <summary>The part of <see cref="QueueTime"/> during which there was no worker at all.</summary>
    internal TimeSpan Unserved { get; set; }
}

/// <summary>A request's body on its way to a daemon.</summary>
public sealed class RequestBody
{
    /// <summary>The reader that delivers the body.</summary>
    public required PipeReader Reader { get; init; }

    /// <summary>How the head of the request frames the body.</summary>
    public required RequestFraming Framing { get; init; }

    /// <summary>
    /// Whether the client waits for a 100 before it sends the body. If so, reading the body begins once the daemon has sent one.
    /// </summary>
    public bool ExpectContinue { get; init; }

    /// <summary>Returns the trailers once the body has been read; null: there are none.</summary>
    public Func<IEnumerable<KeyValuePair<string, string>>>? Trailers { get; init; }
}

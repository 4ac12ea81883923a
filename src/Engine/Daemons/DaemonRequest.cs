using System.IO.Pipelines;

namespace DaemonProxy.Daemons;

/// <summary>A request to a daemon.</summary>
public sealed class DaemonRequest
{
    /// <summary>The head, complete.</summary>
    public required RequestHead Head { get; init; }

    /// <summary>The body; null: none.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>Whether it is HEAD, whose answer has no body.</summary>
    public bool IsHead { get; init; }

    /// <summary>
    /// Whether it may be sent again when a kept connection turns out closed (RFC 9110, section 9.2.2): its method is idempotent, and it has
    /// no body.
    /// </summary>
    public bool Repeatable { get; init; }

    /// <summary>Whether it only asks whether the application lives: then it is no activity for <c>inactivity-timeout</c>.</summary>
    public bool IsHealthCheck { get; set; }

    /// <summary>How long it has waited for a place on a worker.</summary>
    public TimeSpan QueueTime { get; internal set; }

    /// <summary>For how much of that there was no worker at all.</summary>
    internal TimeSpan Unserved { get; set; }
}

/// <summary>A request's body on its way to a daemon.</summary>
public sealed class RequestBody
{
    /// <summary>Where it comes from.</summary>
    public required PipeReader Reader { get; init; }

    /// <summary>How the request's head has framed it.</summary>
    public required RequestFraming Framing { get; init; }

    /// <summary>Whether the client waits for a 100 before it sends the body: then reading begins when the daemon has sent one.</summary>
    public bool ExpectContinue { get; init; }

    /// <summary>The trailers, asked for when the body has been read; null: none.</summary>
    public Func<IEnumerable<KeyValuePair<string, string>>>? Trailers { get; init; }
}

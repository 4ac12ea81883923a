using System.Net;

namespace DaemonProxy.Verification;

/// <summary>One request that a <see cref="ResponseProbe"/> sends, and when it has seen enough.</summary>
internal sealed record ProbeRequest
{
    /// <summary>Where to connect: an <see cref="IPEndPoint"/>, or a Unix socket.</summary>
    public required EndPoint EndPoint { get; init; }

    /// <summary>The request's target: path and query.</summary>
    public required string Target { get; init; }

    /// <summary>The <c>Host</c> header.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>The method; the request has no body.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>The longest single wait: to connect, to send, for the next bytes. Default 10 s.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest time in all. Default 1 minute.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether the body is kept, not only counted.</summary>
    public bool KeepBody { get; init; }

    /// <summary>Whether the head is all that is wanted.</summary>
    public bool StopAtHead { get; init; }

    /// <summary>Looks at what has been received after each receive of body bytes; true: that is enough. Null: until the end.</summary>
    public Func<IReadOnlyList<Receipt>, bool>? Stop { get; init; }
}

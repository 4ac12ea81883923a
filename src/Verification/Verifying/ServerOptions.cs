using System.Net;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>The request to any server, and how long to measure.</summary>
public abstract record ServerOptions
{
    /// <summary>The address of a measurable response, <c>http</c> or <c>https</c>.</summary>
    public required Uri Uri { get; init; }

    /// <summary>How long to measure, from the first byte, 1 s to 1 h.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Header fields to send, such as <c>Authorization</c>; they replace the measurement's own fields with the same name.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether to accept any certificate.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>The longest single wait: to connect, for the answer, or for the next bytes.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(10);

    internal virtual void Check()
    {
        if (Duration < TimeSpan.FromSeconds(1) || Duration > TimeSpan.FromHours(1))
            throw new VerificationException($"A duration of {Duration.TotalSeconds:0.###} s is out of range; give 1 second to 1 hour.");
        ConnectionRequest.Check(Uri, Headers);
    }

    internal ConnectionRequest Request(IReadOnlyList<EndPoint> endPoints) => new()
    {
        Uri = Uri,
        EndPoints = endPoints,
        Headers = Headers,
        SkipCertificateCheck = SkipCertificateCheck,
        WaitLimit = WaitLimit,
    };
}

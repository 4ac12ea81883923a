using System.Net;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What is asked of any server, and for how long.</summary>
public abstract record ServerOptions
{
    /// <summary>The address, <c>http</c> or <c>https</c>, of a response that can be measured.</summary>
    public required Uri Uri { get; init; }

    /// <summary>How long to measure, from the first byte, 1 s to 1 h.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Header fields to send, such as <c>Authorization</c>; they replace the measurement's own of the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether any certificate will do.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>The longest single wait: to connect, for the answer, for the next bytes.</summary>
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

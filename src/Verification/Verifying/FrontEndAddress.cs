using System.Net;
using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Where a measurement on this machine reaches a front end.</summary>
internal sealed class FrontEndAddress
{
    private readonly Uri _uri;
    private readonly EndPoint _endPoint;

    /// <summary>The first plain HTTP address that a front end listens on.</summary>
    /// <exception cref="VerificationException">It listens on none.</exception>
    public FrontEndAddress(InstanceStatus instance)
    {
        _uri = instance.Uris.FirstOrDefault(uri => uri.Scheme == "http") ?? throw new VerificationException(
            $"'{instance.Name}' listens on https only and the probes speak plain HTTP; add http://127.0.0.1:0 to its listen addresses.");
        _endPoint = new IPEndPoint(IPAddress.TryParse(_uri.DnsSafeHost, out var address) ? address : IPAddress.Loopback, _uri.Port);
    }

    /// <summary>A request for a path below a route.</summary>
    /// <param name="route">The route's path prefix.</param>
    /// <param name="target">Path and query that the application is meant to see, beginning with a slash.</param>
    public ConnectionRequest Get(string route, string target) =>
        new() { Uri = new Uri(_uri, route.TrimEnd('/') + target), EndPoints = [_endPoint], TakesAnyStatus = true };
}

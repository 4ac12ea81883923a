using System.Net;
using DaemonProxy.Control;

namespace DaemonProxy.Verification;

/// <summary>Where a probe on this machine reaches a front end.</summary>
/// <param name="EndPoint">Address and port.</param>
/// <param name="Host">The <c>Host</c> header that goes with it.</param>
internal sealed record FrontEndAddress(EndPoint EndPoint, string Host)
{
    /// <summary>The first plain HTTP address that a front end listens on.</summary>
    /// <exception cref="VerificationException">It listens on none.</exception>
    public static FrontEndAddress Of(InstanceStatus instance)
    {
        var uri = instance.Uri.FirstOrDefault(uri => uri.Scheme == "http") ?? throw new VerificationException(
            $"'{instance.Name}' listens on https only and the probes speak plain HTTP; add http://127.0.0.1:0 to its listen addresses.");
        return new FrontEndAddress(new IPEndPoint(Reachable(uri.DnsSafeHost), uri.Port), uri.Authority);
    }

    /// <summary>A request for a path below a route.</summary>
    /// <param name="route">The route's path prefix.</param>
    /// <param name="target">Path and query that the application is meant to see, beginning with a slash.</param>
    public ProbeRequest Get(string route, string target) =>
        new() { EndPoint = EndPoint, Host = Host, Target = route.TrimEnd('/') + target };

    /// <summary>An address that stands for every interface is listened on, and not connected to.</summary>
    private static IPAddress Reachable(string host) => !IPAddress.TryParse(host, out var address) ? IPAddress.Loopback
        : address.Equals(IPAddress.Any) ? IPAddress.Loopback
        : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
        : address;
}

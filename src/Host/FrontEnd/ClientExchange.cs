using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using DaemonProxy.Requests;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A client's request and its response, and what is known from the request before it: clients mostly send the same fields from the same
/// address again, and often for the same target. What was made of the one is used for the other if everything that it was made from is the
/// same; an exchange never outlives its connection.
/// </summary>
/// <param name="features">The features of the request.</param>
internal sealed class ClientExchange(IFeatureCollection features) : HttpExchange(features)
{
    // A long target is rarely asked for twice in a row, and would only occupy memory.
    private const int LongestTarget = 256;

    private Requester? _requester;
    private IPAddress? _peer;
    private IReadOnlyList<IPNetwork>? _trusted;
    private (string Method, string Raw, EncodedSlashes Slashes)? _asked;
    private RequestTarget _target;

    /// <summary>The exchange that the server keeps with these features, or a new one.</summary>
    public static new ClientExchange From(IFeatureCollection features)
    {
        if (features is not IHostContextContainer<ClientExchange> container) return new(features);
        var kept = container.HostContext ??= new(features);
        kept.CheckThatNothingHasChanged();
        return kept;
    }

    /// <summary>The fields of the client's requests.</summary>
    public KnownFields Fields { get; } = new();

    /// <summary>Who sent the request.</summary>
    /// <param name="trusted">The networks of trusted proxies.</param>
    public Requester RequesterOf(IReadOnlyList<IPNetwork> trusted)
    {
        var (peer, port) = (Connection?.RemoteIpAddress, Connection?.RemotePort ?? 0);
        // What a proxy says of its client is another matter with each request.
        if (_requester is { IsByProxy: false } known && ReferenceEquals(trusted, _trusted) && ReferenceEquals(peer, _peer)
            && port == known.ClientPort && Request.Scheme == known.Scheme)
            return known;
        (_peer, _trusted) = (peer, trusted);
        return _requester = Requester.From(Connection, Request, trusted);
    }

    /// <summary>The target of the request, split and normalised.</summary>
    /// <param name="slashes">What happens to <c>%2F</c> in its path.</param>
    /// <exception cref="Events.BrokenResponseException">As from <see cref="RequestTarget.Parse"/>.</exception>
    public RequestTarget TargetBy(EncodedSlashes slashes)
    {
        var (method, raw) = (Request.Method, Request.RawTarget);
        if (_asked is { } asked && asked.Raw == raw && asked.Method == method && asked.Slashes == slashes) return _target;
        var target = RequestTarget.Parse(method, raw, slashes);
        if (raw.Length <= LongestTarget) (_asked, _target) = ((method, raw, slashes), target);
        return target;
    }
}

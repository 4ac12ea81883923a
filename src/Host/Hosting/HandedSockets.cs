using System.Net;
using DaemonProxy.Configuration;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Listening sockets that another process has opened and that this one may take over: those of the front end that it replaces, or those
/// that a service manager listens on for it. Each is taken once; the rest is closed.
/// </summary>
internal sealed class HandedSockets : IDisposable
{
    private readonly List<ListenSocket> _left;

    /// <summary>Owns the sockets from here on.</summary>
    /// <param name="sockets">
    /// The sockets; one with an <see cref="ListenSocket.Address"/> is for that address alone, any other for what it is bound to.
    /// </param>
    public HandedSockets(IEnumerable<ListenSocket> sockets) => _left = [.. sockets];

    /// <summary>Adds one.</summary>
    public void Add(ListenSocket socket) => _left.Add(socket);

    /// <summary>What nobody has taken.</summary>
    public IReadOnlyList<ListenSocket> Left => _left;

    /// <summary>Takes the sockets for an address; null: there are none.</summary>
    public IReadOnlyList<ListenSocket>? Take(ListenAddress address)
    {
        var isHttps = address.Scheme == "https";
        // Two sockets of one address are those of localhost. The same address twice has two pairs.
        var taken = _left.Where(socket => socket.Address is { } own && own.Host == address.Host && own.Port == address.Port)
            .DistinctBy(socket => ((IPEndPoint)socket.EndPoint).AddressFamily).ToArray();
        if (taken.Length == 0)
            taken = [.. _left.Where(socket => socket.EndPoint is IPEndPoint bound && IsFor(address, bound))
                .DistinctBy(socket => ((IPEndPoint)socket.EndPoint).AddressFamily)];
        if (taken.Length == 0) return null;
        // localhost needs no second socket: a machine may have one loopback only.
        foreach (var socket in taken) _left.Remove(socket);
        return [.. taken.Select(socket => socket with { IsHttps = isHttps, Address = address })];
    }

    /// <summary>Why an address cannot be listened on beside the sockets that are left; null: they are not the reason.</summary>
    public string? Obstacle(ListenAddress address) =>
        _left.Select(socket => socket.Address is { } own && socket.EndPoint is IPEndPoint bound ? own with { Port = bound.Port } : null)
            .FirstOrDefault(other => other?.Overlaps(address) == true) is { } held
            ? $"{address} cannot be listened on while the front end listens on {held}, which has the same port; stop the front end and "
            + "start it again for that"
            : null;

    /// <summary>Whether a socket that is bound to an address listens where the configuration wants to.</summary>
    private static bool IsFor(ListenAddress address, IPEndPoint bound)
    {
        if (address.Port != bound.Port) return false;
        var own = bound.Address.IsIPv4MappedToIPv6 ? bound.Address.MapToIPv4() : bound.Address;
        return address.Host switch
        {
            "*" => own.Equals(IPAddress.IPv6Any) || own.Equals(IPAddress.Any),
            "localhost" => own.Equals(IPAddress.Loopback) || own.Equals(IPAddress.IPv6Loopback),
            var host => IPAddress.TryParse(host, out var ip) && ip.Equals(own),
        };
    }

    /// <summary>Closes what nobody has taken; the other process keeps its own copies.</summary>
    public void Dispose()
    {
        _left.ForEach(socket => socket.Socket.Dispose());
        _left.Clear();
    }
}

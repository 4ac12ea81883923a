using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;

namespace DaemonProxy.Filters;

/// <summary>Who a response is for, as far as limits that are shared need to know.</summary>
/// <param name="Route">The route's path; null: of no matter.</param>
/// <param name="Client">The client; the default: of no matter.</param>
public readonly record struct RateLimitKey(string? Route, ClientKey Client)
{
    /// <summary>The part of it by which a limit of that scope is shared.</summary>
    internal RateLimitKey For(RateScope scope) => scope switch
    {
        RateScope.Client => new(null, Client),
        RateScope.Route => new(Route, default),
        _ => default,
    };
}

/// <summary>
/// A client as limits tell clients apart: an IPv4 address, or the first 64 bits of an IPv6 address, for a network of that size is what one
/// subscriber has, with all its 2^64 addresses.
/// </summary>
public readonly record struct ClientKey
{
    private readonly (ulong Network, bool IsV6) _key;

    /// <summary>The client at an address; null: all without one are one client.</summary>
    public ClientKey(IPAddress? address)
    {
        if (address is null) return;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        _key = address.AddressFamily == AddressFamily.InterNetwork ? (1UL << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes), false)
            : address.IsIPv4MappedToIPv6 ? (1UL << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), false)
            : (BinaryPrimitives.ReadUInt64BigEndian(bytes), true);
    }
}

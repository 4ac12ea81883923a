using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;

namespace DaemonProxy.Filters;

/// <summary>Identifies the route and client of a response, as far as shared limits need to know.</summary>
/// <param name="Route">The path of the route; null: irrelevant.</param>
/// <param name="Client">The client; the default value: irrelevant.</param>
public readonly record struct RateLimitKey(string? Route, ClientKey Client)
{
    /// <summary>The part of the key that identifies a share of a limit with this scope.</summary>
    internal RateLimitKey For(RateScope scope) => scope switch
    {
        RateScope.Client => new(null, Client),
        RateScope.Route => new(Route, default),
        _ => default,
    };
}

/// <summary>
/// Identifies a client for limits: an IPv4 address, or the first 64 bits of an IPv6 address, because a single subscriber has a network of
/// that size with all its 2^64 addresses.
/// </summary>
public readonly record struct ClientKey
{
    private readonly (ulong Network, bool IsV6) _key;

    /// <summary>The client at an address; null: all clients without an address count as one.</summary>
    public ClientKey(IPAddress? address)
    {
        if (address is null) return;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        _key = address.AddressFamily == AddressFamily.InterNetwork ? (1UL << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes), false)
            : address.IsIPv4MappedToIPv6 ? (1UL << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), false)
            : (BinaryPrimitives.ReadUInt64BigEndian(bytes), true);
    }

    /// <summary>The client as a key that is the same in all front ends.</summary>
    public override string ToString() => _key.IsV6 || _key.Network > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{(_key.IsV6 ? '6' : '4')}:{_key.Network:x}") : "";
}

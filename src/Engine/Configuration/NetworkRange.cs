using System.Net;
using System.Net.Sockets;

namespace DaemonProxy.Configuration;

/// <summary>Parses IP networks as people write them: one address, or an address and a prefix length.</summary>
internal static class NetworkRange
{
    /// <summary>Parses a network: <c>10.0.0.1</c>, <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>. Bits after the prefix are cleared.</summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        network = default;
        var parts = text.Split('/');
        // The system reads 10.1 as an address (10.0.0.1); everybody else reads it as a mistake.
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out var address)
            || (address.AddressFamily == AddressFamily.InterNetwork && parts[0].Count('.') != 3))
            return false;
        var bytes = address.GetAddressBytes();
        var prefix = bytes.Length * 8;
        if (parts.Length == 2
            && (!int.TryParse(
            parts[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out prefix)
            || prefix > bytes.Length * 8))
            return false;
        for (var bit = prefix; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        network = new IPNetwork(new IPAddress(bytes), prefix);
        return true;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace DaemonProxy.Editing.Apache;

/// <summary>
/// Which proxies are trusted to describe the client, and in which headers, from WSGITrustedProxies and WSGITrustedProxyHeaders.
/// </summary>
internal sealed class ApacheTrust(ApacheNotes notes, SectionValue root)
{
    /// <summary>The addresses and networks of proxies.</summary>
    public const string Proxies = "WSGITrustedProxies";

    /// <summary>The headers that are trusted from these proxies; without a WSGITrustedProxyHeaders line, mod_wsgi uses none.</summary>
    public const string Headers = "WSGITrustedProxyHeaders";

    private const string Key = "trusted-proxies";

    // What is looked at here; the rest of mod_wsgi's list is other names for the same.
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
    };

    public void Convert(IReadOnlyList<ApacheDirective> lines)
    {
        var proxies = lines.Where(line => line.Is(Proxies)).ToList();
        var headers = lines.Where(line => line.Is(Headers)).ToList();
        var networks = proxies.SelectMany(Networks).Distinct().ToList();
        if (networks.Count > 0)
        {
            var list = new ListValue();
            list.Items.AddRange(networks.Select(network => new ScalarValue(network)));
            root.Set(Key, list, OptionTable.Proxy.Names);
        }

        foreach (var line in proxies.Where(line => !notes.IsDone(line)))
        {
            notes.Carry(line);
            if (headers.Count == 0)
                notes.Differ(line,
                    $"mod_wsgi looks at no header without {Headers}; here X-Forwarded-For, -Proto, -Host, -Port and -Prefix of these "
                    + "proxies count");
        }

        foreach (var line in headers)
        {
            var others = line.Arguments.Where(header => !Known.Contains(header)).ToList();
            if (networks.Count == 0)
                notes.Lose(line, $"without {Proxies} mod_wsgi takes these headers from everybody; name the proxies in '{Key}:'");
            else if (others.Count > 0)
                notes.Differ(line,
                    $"{string.Join(", ", others)} is not what '{Key}:' looks at; have the proxy send X-Forwarded-For, -Proto, -Host, -Port "
                    + "and -Prefix");
            else
                notes.Carry(line);
        }
    }

    private List<string> Networks(ApacheDirective line)
    {
        var networks = new List<string>();
        foreach (var argument in line.Arguments)
        {
            var network = WithPrefix(argument);
            // One line has many proxies: each lost proxy gets a note of its own.
            if (OptionTable.Proxy.Mistake(Key, network) is { } mistake)
                notes.Lose(line with { Text = argument }, mistake);
            else
                networks.Add(network);
        }

        if (line.Arguments.Count == 0)
            notes.Lose(line, "it names no proxy");
        return networks;
    }

    /// <summary>Rewrites a network whose mask is an address, such as 10.0.0.0/255.0.0.0, with the mask as a number of bits.</summary>
    private static string WithPrefix(string network)
    {
        if (network.Split('/') is not [var address, var mask] || !IPAddress.TryParse(mask, out var bits) || !mask.Contains('.')
            || bits.AddressFamily != AddressFamily.InterNetwork)
            return network;
        var value = BitConverter.ToUInt32([.. bits.GetAddressBytes().Reverse()]);
        var length = BitOperations.LeadingZeroCount(~value);
        return value == (length == 0 ? 0 : uint.MaxValue << (32 - length))
            ? string.Create(CultureInfo.InvariantCulture, $"{address}/{length}") : network;
    }
}

using System.Buffers;
using System.Net;
using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Verification.Servers;

/// <summary>The request that a <see cref="ServerConnection"/> sends: HTTP/1.1, by hand, so that nothing stands between the probe and the socket.</summary>
internal sealed record ServerRequest
{
    /// <summary>A longer body is not kept, bytes.</summary>
    public const int LongestKeptBody = 64 << 20;

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>The address.</summary>
    public required Uri Uri { get; init; }

    /// <summary>Where its host was found, in the order to try.</summary>
    public required IReadOnlyList<IPEndPoint> EndPoints { get; init; }

    /// <summary>The request as it goes over the wire.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Whether any certificate will do.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>The size of each connection's receive buffer, bytes.</summary>
    public required int ReceiveSize { get; init; }

    /// <summary>Whether the body is kept, not only counted.</summary>
    public bool KeepBody { get; init; }

    /// <summary>The longest single wait.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the connection is by TLS.</summary>
    public bool IsTls => Uri.Scheme == Uri.UriSchemeHttps;

    /// <summary>Refuses what cannot be sent.</summary>
    /// <exception cref="VerificationException">The address is none that can be asked, or a header field is malformed (RFC 9110, 5.1 and 5.5).</exception>
    public static void Check(Uri uri, IEnumerable<KeyValuePair<string, string>> headers)
    {
        if (!uri.IsAbsoluteUri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
            throw new VerificationException($"'{uri.OriginalString}' is no address to measure; write for example http://localhost:8080/download.");
        if (uri.Scheme == Uri.UriSchemeHttps && OpenSsl.Missing is { } missing)
            throw new VerificationException($"{missing}.");
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(TokenCharacters))
                throw new VerificationException($"'{name}' is no header's name; write for example 'Authorization: Bearer TOKEN'.");
            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
                throw new VerificationException($"The value of header '{name}' has a line break, which a header cannot have.");
        }
    }

    /// <summary>The head of a GET request.</summary>
    /// <param name="uri">The address; a name and a password in it are sent as basic authentication.</param>
    /// <param name="headers">Fields that are added, or replace those of the same name.</param>
    public static byte[] Head(Uri uri, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        List<KeyValuePair<string, string>> own =
        [
            new("Host", uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}"),
            new("User-Agent", "daemonproxy-probe"),
            new("Accept", "*/*"),
            // A compressed body would be paced to the rate of its compressed bytes, which is right, and end sooner, which is not wanted.
            new("Accept-Encoding", "identity"),
        ];
        if (uri.UserInfo.Length > 0)
            own.Add(new("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(uri.UserInfo)))));
        var head = new StringBuilder($"GET {uri.PathAndQuery} HTTP/1.1\r\n");
        var given = headers.Select(header => header.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in own.Where(header => !given.Contains(header.Key)).Concat(headers))
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        if (!given.Contains("Connection"))
            head.Append("Connection: close\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }
}

using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// What a <see cref="StampedConnection"/> asks for: HTTP/1.1, by hand, so that nothing stands between the measurement and the socket.
/// </summary>
internal sealed record ConnectionRequest
{
    /// <summary>A longer body is not kept, bytes.</summary>
    public const int LongestKeptBody = 64 << 20;

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    public required Uri Uri { get; init; }

    /// <summary>Where its host was found, in the order to try; at least one.</summary>
    public required IReadOnlyList<EndPoint> EndPoints { get; init; }

    /// <summary>Fields to send; they replace the connection's own of the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether any certificate will do.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>
    /// Whether any status is an answer to read; otherwise only 200 is, and another one is
    /// <see cref="MeasurementFailure.UnexpectedAnswer"/>.
    /// </summary>
    public bool TakesAnyStatus { get; init; }

    /// <summary>Whether the connection has a thread of its own: see the remarks of <see cref="StampedConnection"/>.</summary>
    public bool IsBlocking { get; init; } = true;

    /// <summary>The size of the receive buffer, bytes. The default is far above what a paced response has ready at once.</summary>
    public int ReceiveSize { get; init; } = 256 * 1024;

    /// <summary>Whether the body is kept, not only counted.</summary>
    public bool KeepBody { get; init; }

    /// <summary>The longest single wait: to connect, for the answer, for the next bytes. Default 10 s.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest time in all; null: however long it takes.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>
    /// The length of a body to send with POST while the response is read, bytes; null: GET without one. It arrives compressible: all zeros.
    /// </summary>
    public long? Upload { get; init; }

    /// <summary>Whether the connection is by TLS.</summary>
    public bool IsTls => Uri.Scheme == Uri.UriSchemeHttps;

    /// <summary>Refuses what cannot be sent.</summary>
    /// <exception cref="VerificationException">The address is none that can be asked, or a header field is malformed (RFC 9110, 5.1 and
    /// 5.5).</exception>
    public static void Check(Uri uri, IEnumerable<KeyValuePair<string, string>> headers)
    {
        if (!uri.IsAbsoluteUri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
            throw new VerificationException(
                $"'{uri.OriginalString}' is no address to measure; write for example http://localhost:8080/download.");
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

    /// <summary>
    /// The head of the request as it goes over the wire; a name and a password in the address are sent as basic authentication.
    /// </summary>
    public byte[] Head()
    {
        List<KeyValuePair<string, string>> own =
        [
            new("Host", Uri.IsDefaultPort ? Uri.IdnHost : $"{Uri.IdnHost}:{Uri.Port}"),
            new("User-Agent", "daemonproxy-probe"),
            new("Accept", "*/*"),
            // A compressed body would be paced to the rate of its compressed bytes, which is right, and end sooner, which is not wanted.
            new("Accept-Encoding", "identity"),
        ];
        if (Uri.UserInfo.Length > 0)
            own.Add(new("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(Uri.UserInfo)))));
        if (Upload is { } length)
        {
            own.Add(new("Content-Type", "application/octet-stream"));
            own.Add(new("Content-Length", length.ToString(CultureInfo.InvariantCulture)));
        }
        var head = new StringBuilder($"{(Upload is null ? "GET" : "POST")} {Uri.PathAndQuery} HTTP/1.1\r\n");
        var given = Headers.Select(header => header.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in own.Where(header => !given.Contains(header.Key)).Concat(Headers))
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        if (!given.Contains("Connection"))
            head.Append("Connection: close\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>What another status than 200 asks of whoever measures, one sentence.</summary>
    public string StatusProblem(int status, IReadOnlyDictionary<string, string> headers) => status switch
    {
        >= 300 and < 400 when headers.TryGetValue("Location", out var location) =>
            $"{Uri} answers {status} and sends to {location}; measure that address.",
        401 or 403 => $"{Uri} answers {status}; give what it asks for with a header, such as 'Authorization: Bearer TOKEN'.",
        _ => $"{Uri} answers {status}, not 200.",
    };
}

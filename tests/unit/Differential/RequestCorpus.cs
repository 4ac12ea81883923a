using System.Globalization;
using System.Text;
using DaemonProxy.Tests.Fuzzing;

namespace DaemonProxy.Tests.Differential;

/// <summary>A raw request of <c>tests/differential/requests.txt</c>.</summary>
/// <param name="Name">Its class and what is special in it: <c>framing/cl-te</c>.</param>
/// <param name="Escaped">The request as the file has it: with escapes, and <c>{P}</c> for a path's beginning, <c>{S}</c> for a smuggled
/// request, <c>{L}</c> and <c>{X}</c> for its length.</param>
internal sealed record CorpusRequest(string Name, string Escaped)
{
    /// <summary>What an attacker would have a daemon take for a request of its own.</summary>
    public const string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";

    /// <summary>The bytes, for a path's beginning.</summary>
    public byte[] Bytes(string prefix) => FuzzSeeds.Unescape(Escaped
        .Replace("{P}", prefix, StringComparison.Ordinal)
        .Replace("{S}", Smuggled.Replace("\r\n", "\\r\\n", StringComparison.Ordinal), StringComparison.Ordinal)
        .Replace("{L}", Smuggled.Length.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{X}", Smuggled.Length.ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal));
}

/// <summary>The requests that are sent through the product and its peers.</summary>
internal static class RequestCorpus
{
    public static IReadOnlyList<CorpusRequest> All { get; } =
    [
        .. File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "differential", "requests.txt"), Encoding.UTF8)
            .Select(line => line.Split('\t')).Select(parts => new CorpusRequest(parts[0], parts[1])),
    ];

    /// <summary>Those with which one request is to be taken for two, or a header to be forged.</summary>
    public static IReadOnlyList<CorpusRequest> Smuggling { get; } =
        [.. All.Where(request => request.Name.StartsWith("framing/", StringComparison.Ordinal)
            || request.Name.StartsWith("connection/", StringComparison.Ordinal)
            || request.Escaped.Contains("{S}", StringComparison.Ordinal))];
}

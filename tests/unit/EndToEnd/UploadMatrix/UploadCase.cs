using System.Security.Cryptography;

namespace DaemonProxy.Tests.EndToEnd.UploadMatrix;

/// <summary>One request with a body, and how the application reads it.</summary>
/// <param name="Mode">The route: daemon or embedded.</param>
/// <param name="Framing"><c>length</c>, <c>chunked</c>, or <c>http2</c>.</param>
/// <param name="Size">Bytes of the body.</param>
/// <param name="How">How the application reads, as in <c>reads.wsgi</c>.</param>
/// <param name="HasLines">Whether the body has a line feed every 251 bytes, or none.</param>
internal sealed record UploadCase(string Mode, string Framing, int Size, string How, bool HasLines)
{
    private const int Largest = (5 << 20) + 1;
    private static readonly int[] Sizes = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 1 << 20, Largest];

    private static readonly string[] Ways =
    [
        "all", "none-size", "1", "1000", "65536", "10MiB", "readline", "readline-100", "iteration", "readlines", "readlines-hint", "mixed",
        "not-at-all",
    ];

    private static readonly byte[] Lined = [.. Enumerable.Range(0, Largest).Select(i => (byte)(i % 251))];
    private static readonly byte[] Whole = [.. Lined.Select(b => b == '\n' ? (byte)'x' : b)];

    private static readonly Dictionary<(int, bool), string> Hashes = Sizes.SelectMany(size => new[] { (size, true), (size, false) })
        .ToDictionary(
            key => key, key => Convert.ToHexStringLower(SHA256.HashData((key.Item2 ? Lined : Whole).AsSpan(0, key.size))));

    /// <summary>The request's target.</summary>
    public string Target => $"/{Mode}?how={How}";

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Body => (HasLines ? Lined : Whole).AsMemory(0, Size);

    /// <summary>What the application answers.</summary>
    public string Answer => How == "not-at-all" ? How : $"{Size} {Hashes[(Size, HasLines)]}";

    /// <summary>Every combination; a body is read byte by byte, or as one line of megabytes, only where that takes no time.</summary>
    public static IEnumerable<UploadCase> All() =>
        from mode in new[] { "daemon", "embedded" }
        from framing in new[] { "length", "chunked", "http2" }
        from size in Sizes
        from how in Ways
        where how != "1" || size <= 65_537
        from lines in new[] { true, false }
        where lines || how.StartsWith("readline", StringComparison.Ordinal) || how is "iteration" or "mixed"
        select new UploadCase(mode, framing, size, how, lines);
}

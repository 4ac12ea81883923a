namespace DaemonProxy.Tests.EndToEnd.ResponseMatrix;

/// <summary>One response as an application makes it, and one way to ask for it.</summary>
/// <param name="Mode">The route: which kind of daemon answers.</param>
/// <param name="Length">How the application frames it: <c>declared</c>, <c>none</c> (chunked), or <c>close</c>.</param>
/// <param name="How">How it gives its blocks: a list, a generator, write(), both, or a file.</param>
/// <param name="Blocks">Their sizes, bytes.</param>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Status">The status line.</param>
internal sealed record MatrixCase(string Mode, string Length, string How, IReadOnlyList<int> Blocks, string Method, string Status)
{
    private static readonly int[] Totals = [0, 1, 16_383, 16_384, 20_000, 300_000, 1 << 20];
    private static readonly int[] Counts = [1, 2, 3, 100];
    private static readonly string[] Empties = ["", "first", "middle", "last"];

    /// <summary>The bytes of the whole body.</summary>
    public int Total => Blocks.Sum();

    /// <summary>Whether the response has a body on the wire.</summary>
    public bool HasBody => Method != "HEAD" && Status.StartsWith("200", StringComparison.Ordinal);

    /// <summary>The request's target.</summary>
    public string Target => $"/{Mode}?length={Length}&how={How}&status={Uri.EscapeDataString(Status)}&blocks={string.Join(',', Runs())}";

    public override string ToString() => $"{Method} {Target}";

    // 100 equal blocks are one word in the address.
    private IEnumerable<string> Runs()
    {
        for (var i = 0; i < Blocks.Count;)
        {
            var size = Blocks[i];
            var run = Blocks.Skip(i).TakeWhile(other => other == size).Count();
            yield return run == 1 ? $"{size}" : $"{run}*{size}";
            i += run;
        }
    }

    /// <summary>
    /// Every combination for one kind of daemon. Bodies of 300,000 bytes and more meet fewer of the others, for the sake of the time they
    /// take.
    /// </summary>
    /// <param name="mode">The route.</param>
    /// <param name="lengths">The framings that this kind can choose.</param>
    /// <param name="hows">The ways it can give its blocks.</param>
    public static IEnumerable<MatrixCase> All(string mode, string[] lengths, string[] hows) =>
        from total in Totals
        let isLarge = total >= 300_000
        from count in Counts
        from empty in Empties
        where !isLarge || empty is "" or "last"
        from length in lengths
        from how in hows
        from answer in new[] { ("GET", "200 OK"), ("HEAD", "200 OK"), ("GET", "304 Not Modified") }
        where answer is ("GET", "200 OK") || (empty == "" && total is 1 or 20_000)
        select new MatrixCase(mode, length, how, Split(total, count, empty), answer.Item1, answer.Item2);

    private static List<int> Split(int total, int count, string empty)
    {
        var blocks = Enumerable.Range(0, count).Select(i => (total / count) + (i == count - 1 ? total % count : 0)).ToList();
        if (empty.Length > 0) blocks.Insert(empty == "first" ? 0 : empty == "last" ? count : (count + 1) / 2, 0);
        return blocks;
    }
}

namespace DaemonProxy.Verification.Measuring;

/// <summary>A rate over time in one line of text: each cell an eighth to a whole block high.</summary>
internal static class Sparkline
{
    private const string Heights = "▁▂▃▄▅▆▇█";

    /// <summary>The height of the configured rate: one below the top, so that too much can be seen as well as too little.</summary>
    private const int ConfiguredHeight = 6;

    /// <summary>Draws a rate from its samples.</summary>
    /// <param name="samples">The bytes over time, from the first byte on.</param>
    /// <param name="configuredRate">Bytes/s, &gt; 0.</param>
    /// <param name="cells">The width, &gt; 0.</param>
    public static string Draw(IReadOnlyList<ArrivedBytes> samples, long configuredRate, int cells) =>
        samples.Count < 2 ? "" : Draw(new PacingCurve(samples, samples[^1].Time), samples[^1].Time, configuredRate, cells);

    /// <summary>Draws a rate with the bursts that a client sees.</summary>
    /// <param name="curve">The bytes over time. It spreads each burst over the pause that pays for it, or else a pacer's rhythm would beat
    /// against the cells.</param>
    /// <param name="duration">Up to where.</param>
    /// <param name="configuredRate">Bytes/s, &gt; 0.</param>
    /// <param name="cells">The width, &gt; 0.</param>
    public static string Draw(PacingCurve curve, TimeSpan duration, long configuredRate, int cells)
    {
        var cell = duration / cells;
        return cell <= TimeSpan.Zero ? "" : string.Create(cells, (curve, cell, configuredRate), static (line, state) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                var bytes = state.curve.BytesAt(state.cell * (i + 1)) - state.curve.BytesAt(state.cell * i);
                var share = bytes / state.cell.TotalSeconds / state.configuredRate;
                line[i] = Heights[Math.Clamp((int)Math.Round(share * ConfiguredHeight), 0, Heights.Length - 1)];
            }
        });
    }
}

namespace DaemonProxy.Configuration;

/// <summary>Guesses the name that somebody meant to type.</summary>
public static class NearestName
{
    /// <summary>
    /// The known name closest to what was typed, or null when none is close enough. Differences in case, and <c>_</c> for <c>-</c>, do not
    /// count as mistakes.
    /// </summary>
    /// <param name="typed">The text as typed.</param>
    /// <param name="known">The valid names.</param>
    public static string? To(string typed, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var wanted = Plain(typed);
        // One mistake in three characters: with more, the suggestion would itself be a riddle.
        var best = Math.Max(1, wanted.Length / 3) + 1;
        string? nearest = null;
        foreach (var name in known)
        {
            var distance = Math.Abs(name.Length - wanted.Length) >= best ? best : Distance(wanted, Plain(name));
            if (distance < best)
                (best, nearest) = (distance, name);
        }

        return nearest;
    }

    private static string Plain(string name) => name.Trim().ToLowerInvariant().Replace('_', '-');

    /// <summary>The number of letters to insert, delete, replace or swap with a neighbour (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            table[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            table[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(replaced, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        }

        return table[a.Length, b.Length];
    }
}

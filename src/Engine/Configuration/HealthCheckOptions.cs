using System.Globalization;

namespace DaemonProxy.Configuration;

/// <summary><c>health-check</c> of a daemon group: what each of its workers is asked, and how many answers make it healthy.</summary>
public sealed record HealthCheckOptions
{
    /// <summary><c>path</c>: the target of the GET request, query included. It begins with a <c>/</c>.</summary>
    public required string Path { get; init; }

    /// <summary><c>host</c>: the Host header of the request, for applications that check it. Default <c>localhost</c>.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary><c>interval</c>: the pause between two checks of a worker. Default 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>timeout</c>: a check that has no response head by then has failed. Default 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>unhealthy-after</c>: the number of failed checks in a row that make a worker unhealthy, 1 to 100. Default 3.</summary>
    public int UnhealthyAfter { get; init; } = 3;

    /// <summary>
    /// <c>healthy-after</c>: the number of passed checks in a row that make a new or an unhealthy worker healthy, 1 to 100. Default 1.
    /// </summary>
    public int HealthyAfter { get; init; } = 1;

    /// <summary><c>status</c>: the statuses that pass. Default 200 to 399.</summary>
    public IReadOnlyList<StatusRange> Status { get; init; } = [new(200, 399)];

    /// <summary>Whether a response with this status passes.</summary>
    public bool Passes(int status) => Status.Any(range => status >= range.First && status <= range.Last);

    /// <summary>The statuses that pass, as a configuration would spell them.</summary>
    public string Expected => string.Join(", ", Status);
}

/// <summary>Statuses of responses.</summary>
/// <param name="First">The lowest, 100 to 599.</param>
/// <param name="Last">The highest, from <paramref name="First"/> to 599.</param>
public readonly record struct StatusRange(int First, int Last)
{
    /// <summary>Parses <c>204</c> or <c>200-399</c>.</summary>
    internal static bool TryParse(string text, out StatusRange range)
    {
        range = default;
        var ends = text.Split('-');
        if (ends.Length > 2 || !TryParseStatus(ends[0], out var first) || !TryParseStatus(ends[^1], out var last) || last < first)
            return false;
        range = new(first, last);
        return true;
    }

    private static bool TryParseStatus(string text, out int status) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;

    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}

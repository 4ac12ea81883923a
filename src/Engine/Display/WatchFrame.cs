using System.Globalization;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Display;

/// <summary>One frame of the display of watched front ends, for a terminal of a given size: lines of text that fit.</summary>
public static class WatchFrame
{
    // How much of a response's method and path is shown, and what its other columns need beside it.
    private const int LongestPath = 48, ShortestPath = 12, OtherColumns = 46;

    /// <summary>The lines of the frame: each shorter than the width, and no more of them than the height.</summary>
    /// <param name="watched">Each front end's name and its activity; null: it is not running.</param>
    /// <param name="time">The time to show.</param>
    /// <param name="width">The terminal's width in columns.</param>
    /// <param name="height">The terminal's height in rows.</param>
    /// <param name="advice">The flush delay that suits a daemon group better than the one in force, or null; null: no advice is shown.</param>
    public static IReadOnlyList<string> Lines(
        IReadOnlyList<(string Name, ActivityRates? Rates)> watched, DateTimeOffset time, int width, int height,
        Func<DaemonStatus, string?>? advice = null)
    {
        // A terminal whose last column has been written to may put the next character into that column.
        width--;
        var lines = new List<string> { Between($"DaemonProxy  {time:HH:mm:ss}", "q ends", width) };
        if (watched.Count == 0)
            lines.AddRange(["", "no front end is running; start one with Start-DaemonProxy"]);
        // Each front end's responses in flight come last and get the rows that its other parts leave; all front ends get a share.
        var room = Math.Max(1, (height - lines.Count) / Math.Max(1, watched.Count));
        foreach (var (name, rates) in watched)
            lines.AddRange(rates is null ? ["", $"{name}  not running"] : Describe(rates, room, width, advice));
        return [.. lines.Take(height).Select(line => line.Length > width ? line[..width] : line)];
    }

    private static IEnumerable<string> Describe(ActivityRates rates, int room, int width, Func<DaemonStatus, string?>? advice)
    {
        var status = rates.Status;
        List<string> lines =
        [
            "",
            $"{status.Name}  {status.State}  process {status.ProcessId}  {string.Join(' ', status.Uris)}  up "
                + $"{Age(rates.Time - status.StartTime)}",
            $"{rates.ActiveRequests} active   {Rate(rates.RequestRate)} requests/s   {Bytes(rates.ByteRate)}/s   "
                + $"finished: {status.Traffic.Requests} requests, {Bytes(status.Traffic.Bytes)}",
            "",
        ];
        if (status.Fleet is { } fleet)
            lines.AddRange([$"fleet {fleet}", .. Limits(status, width), ""]);
        lines.AddRange(Daemons(rates, width));
        if (WritingTable.Create(status.Daemons, advice) is { } writing)
            lines.AddRange(["", .. Split(writing.Fit(width, "HELD P50", "PAUSES", "STALLS", "HELD P99"))]);
        lines.Add("");
        lines.AddRange(Routes(rates, width));
        var left = room - lines.Count - 2;
        if (rates.ActiveRequests == 0 || left < 1)
            return lines;
        lines.Add("");
        var shown = rates.ActiveRequests <= left ? rates.Responses.Count : Math.Max(0, Math.Min(left - 1, rates.Responses.Count));
        lines.AddRange(Responses(rates.Responses.Take(shown), width));
        if (shown < rates.ActiveRequests)
            lines.Add($"and {rates.ActiveRequests - shown} more");
        return lines;
    }

    private static IEnumerable<string> Daemons(ActivityRates rates, int width)
    {
        var table = new TextTable(
            ("GROUP", false), ("STATE", false), ("WORKERS", true), ("RESTARTS", true), ("ACTIVE", true), ("WAITING", true), ("REQ/S", true),
            ("BYTES/S", true),
            ("IDLE/S", true), ("DEADLINE/S", true), ("GUARD/S", true), ("END/S", true), ("FLUSH POLICY", false));
        foreach (var (daemon, rate) in rates.Status.Daemons.Zip(rates.Daemons))
        {
            var policy = daemon.FlushPolicy;
            table.Add(daemon.Daemon, daemon.State, Number(daemon.Workers.Count), Number(daemon.Restarts),
                Number(daemon.ActiveRequests), Number(daemon.WaitingRequests),
                Rate(rate.RequestRate), Bytes(rate.ByteRate),
                Rate(rate.IdleFlushRate), Rate(rate.DeadlineFlushRate), Rate(rate.GuardFlushRate), Rate(rate.EndFlushRate),
                $"{policy.ShownDelay} {Units.FormatDuration(policy.FlushDeadline)} "
                    + $"{Units.FormatSize(policy.BufferSize)}");
        }

        return Split(table.Fit(width, "END/S", "GUARD/S", "DEADLINE/S", "RESTARTS", "WORKERS", "IDLE/S", "WAITING", "REQ/S", "STATE"));
    }

    private static IEnumerable<string> Routes(ActivityRates rates, int width)
    {
        var table = new TextTable(
            ("ROUTE", false), ("GOES TO", false), ("ACTIVE", true), ("REQ/S", true), ("BYTES/S", true), ("RATE LIMIT", true),
            ("PACER", false));
        foreach (var (route, rate) in rates.Status.Routes.Zip(rates.Routes))
        {
            var limit = route.RateLimits[0];
            table.Add(route.Route, route.Daemon ?? "(embedded)", Number(rate.ActiveRequests), Rate(rate.RequestRate), Bytes(rate.ByteRate),
                RateLimitText.From(route), limit.Rate == 0 ? "" : limit.Pacer);
        }

        return Split(table.Fit(width, "PACER", "GOES TO", "REQ/S"));
    }

    private static IEnumerable<string> Limits(InstanceStatus status, int width)
    {
        var table = new TextTable(("FLEET LIMIT", false), ("SCOPE", false), ("RATE", true), ("SHARE", true), ("MEMBERS", true), ("RESPONSES", true));
        foreach (var limit in status.RateLimits.Concat(status.Routes.SelectMany(route => route.RateLimits)))
        {
            if (limit.Share is { } share)
                table.Add(limit.Route ?? "(all)", limit.Scope, Units.FormatRate(limit.Rate), $"{Bytes(share)}/s",
                    Number(limit.Members ?? 0), Number(limit.Responses));
        }
        return Split(table.Fit(width, "RESPONSES", "SCOPE"));
    }

    private static IEnumerable<string> Responses(IEnumerable<ActiveResponse> responses, int width)
    {
        var table = new TextTable(
            ("ACTIVE RESPONSE", false), ("STATUS", true), ("AGE", true), ("SENT", true), ("BYTES/S", true), ("ROUTE", false));
        var longest = Math.Clamp(width - OtherColumns, ShortestPath, LongestPath);
        foreach (var response in responses)
        {
            table.Add($"{response.Method} {Shown(response.Path, longest)}", response.Status is { } status ? Number(status) : "",
                Age(response.Elapsed), Bytes(response.Bytes), Bytes(response.ByteRate),
                response.Route ?? "");
        }

        return Split(table.Fit(width, "ROUTE", "STATUS", "AGE"));
    }

    // The line of dashes is meant for paper; on a screen it costs the row of a response.
    private static IEnumerable<string> Split(TextTable table) =>
        table.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where((_, i) => i != 1).Select(line => line.TrimEnd('\r'));

    // A path is untrusted text: the terminal would obey an escape sequence in it.
    private static string Shown(string path, int longest)
    {
        var text = new StringBuilder();
        foreach (var c in path.Length > longest ? path[..(longest - 1)] + '~' : path)
            text.Append(c is >= ' ' and <= '~' ? c : '?');
        return text.ToString();
    }

    private static string Between(string left, string right, int width) =>
        left + right.PadLeft(Math.Max(right.Length + 2, width - left.Length));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Rate(double rate) => rate.ToString(rate is > 0 and < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private static string Bytes(double bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var unit = 0;
        for (; bytes >= 1000 && unit < units.Length - 1; unit++)
            bytes /= 1024;
        return $"{bytes.ToString(unit == 0 || bytes >= 100 ? "0" : bytes >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture)} "
            + $"{units[unit]}";
    }

    private static string Age(TimeSpan age) => age < TimeSpan.FromMinutes(1)
        ? age.TotalSeconds.ToString("0.0 's'", CultureInfo.InvariantCulture)
        : age < TimeSpan.FromDays(1)
        ? age.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : age.ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);
}

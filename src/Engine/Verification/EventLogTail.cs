using System.Diagnostics;
using System.Text.Json;
using DaemonProxy.Events;

namespace DaemonProxy.Verification;

/// <summary>What has been appended to a front end's event log since a moment.</summary>
internal sealed class EventLogTail
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly string _file;
    private readonly long _begin;

    private EventLogTail(string file, long begin) => (_file, _begin) = (file, begin);

    /// <summary>Remembers where the log ends now.</summary>
    /// <param name="file">Full path of the log; it need not be there yet.</param>
    public static EventLogTail Of(string file) => new(file, File.Exists(file) ? new FileInfo(file).Length : 0);

    /// <summary>The code of the first error logged since; null when none was within the limit. An event may be written behind the response it belongs to.</summary>
    /// <param name="limit">How long to wait for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> FirstErrorAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (await ReadFirstErrorAsync(cancellationToken).ConfigureAwait(false) is { } code)
                return code;
            if (Stopwatch.GetElapsedTime(start) > limit)
                return null;
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string?> ReadFirstErrorAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_file))
            return null;
        var log = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using (log.ConfigureAwait(false))
        {
            log.Seek(_begin, SeekOrigin.Begin);
            using var reader = new StreamReader(log);
            while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (CodeOfError(line) is { } code)
                    return code;
            }
        }

        return null;
    }

    private static string? CodeOfError(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("severity").ValueEquals(nameof(EventSeverity.Error))
                ? json.RootElement.GetProperty("code").GetString()
                : null;
        }
        catch (JsonException)
        {
            // The last line may be only half written yet; it is read again.
            return null;
        }
    }
}

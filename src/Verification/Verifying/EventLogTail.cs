using System.Diagnostics;
using DaemonProxy.Events;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Reads what has been appended to a front end's event log since a given moment.</summary>
internal sealed class EventLogTail : IDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly EventLogReader _log;

    private EventLogTail(EventLogReader log) => _log = log;

    /// <summary>Remembers where the log ends now.</summary>
    /// <param name="file">Full path of the log; it need not exist yet.</param>
    public static EventLogTail FromEndOf(string file)
    {
        var log = new EventLogReader(file);
        log.SkipToEnd();
        return new(log);
    }

    /// <summary>
    /// The code of the next error logged since then; null if there was none within the limit. An event may be written after its response.
    /// </summary>
    /// <param name="limit">How long to wait for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> FirstErrorAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_log.Read().ToList().Find(logged => logged.Severity == nameof(EventSeverity.Error)) is { } error)
                return error.Code;
            if (Stopwatch.GetElapsedTime(start) > limit)
                return null;
            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _log.Dispose();
}

namespace DaemonProxy.Daemons;

/// <summary>
/// Checks, before a request goes to a worker, whether the group's script is still the one that its workers have loaded. It queries the
/// system instead of using a file watcher: watchers do not cover network file systems and report late. The answer comes from the kernel's
/// cache, and is queried at most once a millisecond.
/// </summary>
/// <param name="script">Full path of the script.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called when the script has changed; by one request at a time.</param>
internal sealed class ScriptWatch(string script, TimeProvider time, Action changed)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(1);

    private (DateTime Written, long Length) _stamp = StampOf(script);
    private long _last = time.GetTimestamp();
    private int _looking;

    public void CheckScript()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _last)) < Between || Interlocked.Exchange(ref _looking, 1) == 1) return;
        try
        {
            Volatile.Write(ref _last, time.GetTimestamp());
            var stamp = StampOf(script);
            // A missing script is most likely being replaced at this moment; its workers have loaded it, whatever happens to the file.
            if (stamp == _stamp || stamp.Length < 0) return;
            _stamp = stamp;
            changed();
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    private static (DateTime Written, long Length) StampOf(string script)
    {
        var file = new FileInfo(script);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : (default, -1);
    }
}

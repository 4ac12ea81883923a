namespace DaemonProxy.Daemons;

/// <summary>
/// Looks, before a request goes to a worker, whether the group's script is still the one that its workers have loaded. It asks the system,
/// not a watcher of files: those know nothing of network file systems and come late. The answer is in the kernel's cache, and is asked for
/// once a millisecond at most.
/// </summary>
/// <param name="script">Its full path.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called when it is another; by one request at a time.</param>
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
            // One that is not there is being replaced at this moment, most likely; its workers have it, whatever becomes of the file.
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

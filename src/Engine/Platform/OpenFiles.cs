namespace DaemonProxy.Platform;

/// <summary>The files, sockets and pipes that this process has open, and the limit on them (<c>ulimit -n</c>).</summary>
public static class OpenFiles
{
    private static readonly string[] Lists = ["/proc/self/fd", "/dev/fd"];

    /// <summary>
    /// The limit in force, which the runtime raised to the hard limit when it started; null on a system without one to query.
    /// </summary>
    public static long? Limit()
    {
        var resource = OperatingSystem.IsLinux() ? 7 : OperatingSystem.IsMacOS() ? 8 : -1;
        if (resource < 0 || SystemCalls.GetLimit(resource, out var limit) != 0) return null;
        return limit.Current > int.MaxValue ? int.MaxValue : (long)limit.Current;
    }

    /// <summary>How many are open now; null when the system does not tell.</summary>
    public static int? Count()
    {
        try { return Lists.FirstOrDefault(Directory.Exists) is { } list ? Directory.EnumerateFileSystemEntries(list).Count() : null; }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { return null; }
    }
}

using System.Runtime.InteropServices;

namespace DaemonProxy.Verification.Servers;

/// <summary>How many files this process may have open (<c>ulimit -n</c>): each connection is one.</summary>
internal static partial class OpenFileLimit
{
    /// <summary>What a process has open beside the connections.</summary>
    private const int Reserve = 100;

    /// <summary>Refuses more connections than can be opened.</summary>
    /// <exception cref="VerificationException">There would be too many.</exception>
    public static void Check(int connections)
    {
        if (Current() is { } limit && (ulong)connections + Reserve > limit)
            throw new VerificationException(Refusal(connections, limit));
    }

    /// <summary>The sentence that refuses.</summary>
    internal static string Refusal(int connections, ulong limit) =>
        $"{connections} connections need as many open files, and this process may have {limit}; "
        + $"raise the limit (ulimit -n {connections + 1000}) or measure at most {Math.Max(0, (long)limit - Reserve)}.";

    /// <summary>The limit in force; null where there is none to ask for.</summary>
    private static ulong? Current()
    {
        var resource = OperatingSystem.IsLinux() ? 7 : OperatingSystem.IsMacOS() ? 8 : -1;
        return resource >= 0 && getrlimit(resource, out var limit) == 0 ? limit.Current : null;
    }

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}

using DaemonProxy.Platform;

namespace DaemonProxy.Verification.Measuring;

/// <summary>How many connections a measurement may open: each is an open file.</summary>
internal static class OpenFileLimit
{
    /// <summary>What a process has open beside the connections.</summary>
    private const int Reserve = 100;

    /// <summary>Refuses more connections than can be opened.</summary>
    /// <exception cref="VerificationException">There would be too many.</exception>
    public static void Check(int connections)
    {
        if (OpenFiles.Limit() is { } limit && connections + Reserve > limit) throw new VerificationException(Refusal(connections, limit));
    }

    /// <summary>The sentence that refuses.</summary>
    internal static string Refusal(int connections, long limit) =>
        $"{connections} connections need as many open files, and this process may have {limit}; "
        + $"raise the limit (ulimit -n {connections + 1000}) or measure at most {Math.Max(0, limit - Reserve)}.";
}

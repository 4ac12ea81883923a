using DaemonProxy.Verification.Reporting;

namespace DaemonProxy.Host.CommandLine;

/// <summary>How wide a table may be.</summary>
internal static class TerminalWidth
{
    /// <summary>The columns of the terminal that a command writes to; no limit for a file or another program.</summary>
    public static int Of(TextWriter output)
    {
        if (Console.IsOutputRedirected || !ReferenceEquals(output, Console.Out)) return VerificationReport.Unlimited;
        // A terminal that does not say how wide it is says 0.
        return Console.WindowWidth is > 0 and var width ? width : VerificationReport.Unlimited;
    }
}

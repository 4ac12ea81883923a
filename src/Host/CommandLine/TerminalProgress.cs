using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Host.CommandLine;

/// <summary>Shows progress on one line of the terminal and clears that line at the end. Without a terminal, no progress is shown.</summary>
internal sealed class TerminalProgress : IProgress<VerificationProgress>
{
    private const int BarWidth = 24;
    private readonly Lock _gate = new();
    private readonly TextWriter _error;

    private TerminalProgress(TextWriter error) => _error = error;

    /// <summary>Progress on standard error; null when that is not a terminal.</summary>
    public static TerminalProgress? For(TextWriter error) => Console.IsErrorRedirected ? null : new(error);

    /// <inheritdoc/>
    public void Report(VerificationProgress value)
    {
        var done = (int)Math.Round(Math.Clamp(value.Fraction, 0, 1) * BarWidth);
        lock (_gate)
        {
            _error.Write(value.Fraction >= 1
                ? "\r\e[K" : $"\r\e[K[{new string('#', done)}{new string(' ', BarWidth - done)}] {value.Activity}");
            _error.Flush();
        }
    }
}

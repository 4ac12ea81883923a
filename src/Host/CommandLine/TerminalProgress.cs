using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// Progress on one line of the terminal, which is empty again at the end. Where there is no terminal there is no progress.
/// </summary>
internal sealed class TerminalProgress : IProgress<VerificationProgress>
{
    private const int BarWidth = 24;
    private readonly Lock _gate = new();
    private readonly TextWriter _error;

    private TerminalProgress(TextWriter error) => _error = error;

    /// <summary>The progress on standard error; null where that is no terminal.</summary>
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

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
        if (value.Fraction >= 1)
        {
            Clear();
            return;
        }

        var done = (int)Math.Round(Math.Clamp(value.Fraction, 0, 1) * BarWidth);
        Write($"\r\e[K[{new string('#', done)}{new string(' ', BarWidth - done)}] {value.Activity}");
    }

    /// <summary>Clears the line, so that what is written next begins it.</summary>
    public void Clear() => Write("\r\e[K");

    private void Write(string text)
    {
        lock (_gate)
        {
            _error.Write(text);
            _error.Flush();
        }
    }
}

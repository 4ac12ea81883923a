using System.Text.RegularExpressions;

namespace DaemonProxy.Daemons;

/// <summary>
/// The line of a process's output that best says why it ended: the last one that reads like an error, because servers report their own end
/// after the error that caused it; the very last one if there is none. It is cut to what fits into a sentence.
/// </summary>
internal sealed partial class LastWords
{
    private const int Longest = 600;

    private readonly Lock _gate = new();
    private bool _inTraceback;
    private string? _error;
    private string? _last;

    /// <summary>The line; null when nothing was written.</summary>
    public string? Line
    {
        get { lock (_gate) return _error ?? _last; }
    }

    /// <summary>Takes output: a line, or the lines of one event. Any thread.</summary>
    public void Add(string output)
    {
        lock (_gate)
        {
            foreach (var line in output.Split('\n')) AddLine(line.TrimEnd());
        }
    }

    /// <summary>Takes an error that a worker of ours has reported: a sentence, and perhaps a traceback in the lines below it.</summary>
    public void AddError(string text)
    {
        lock (_gate) _error = Shown(text.Split('\n')[0].TrimEnd());
    }

    private static string Shown(string line) => line.Length > Longest ? line[..Longest] + "..." : line;

    private void AddLine(string line)
    {
        // Indented lines are the inside of a traceback or of a stack; the error itself is not indented.
        if (line.Length == 0 || char.IsWhiteSpace(line[0])) return;
        _last = Shown(line);
        if (line.StartsWith("Traceback (most recent call last)", StringComparison.Ordinal)) _inTraceback = true;
        else if (_inTraceback || IsError().IsMatch(line)) (_error, _inTraceback) = (_last, false);
    }

    // Node's "TypeError: text", Ruby's, Java's; not a server's "[ERROR] Exception in worker process".
    [GeneratedRegex(@"^([\w$]+\.)*[\w$]*(Error|Exception)\b(:| \[|$)", RegexOptions.CultureInvariant)]
    private static partial Regex IsError();
}

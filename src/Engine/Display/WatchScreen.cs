using System.Text;

namespace DaemonProxy.Display;

/// <summary>
/// A terminal that shows pictures: on its second screen, so that what was there comes back at the end, without a cursor, and each picture
/// in one write over the one before, so that nothing flickers.
/// </summary>
/// <param name="terminal">Where the terminal's bytes go.</param>
public sealed class WatchScreen(Stream terminal) : IDisposable
{
    private bool _open;

    /// <summary>Shows a picture.</summary>
    /// <param name="lines">Lines that fit the terminal.</param>
    public void Show(IReadOnlyList<string> lines)
    {
        var text = new StringBuilder();
        if (!_open)
            text.Append("\e[?1049h\e[?25l\e[?7l");
        _open = true;
        // Between the marks of a synchronized update a terminal that knows them draws nothing. Lines are cleared after their text, never
        // before.
        text.Append("\e[?2026h\e[H");
        for (var i = 0; i < lines.Count; i++)
            text.Append(lines[i]).Append("\e[K").Append(i < lines.Count - 1 ? "\r\n" : "");
        text.Append("\e[J\e[?2026l");
        Write(text.ToString());
    }

    /// <summary>Gives the terminal back as it was.</summary>
    public void Dispose()
    {
        if (!_open)
            return;
        _open = false;
        Write("\e[?7h\e[?25h\e[?1049l");
    }

    private void Write(string text)
    {
        terminal.Write(Encoding.UTF8.GetBytes(text));
        terminal.Flush();
    }
}

using System.Text;

namespace DaemonProxy.Display;

/// <summary>
/// Shows frames on a terminal. It uses the alternate screen, so that the previous content returns at the end, and hides the cursor. Each
/// frame overwrites the one before in a single write, so nothing flickers.
/// </summary>
/// <param name="terminal">The stream that writes to the terminal.</param>
public sealed class WatchScreen(Stream terminal) : IDisposable
{
    private bool _open;

    /// <summary>Shows a frame.</summary>
    /// <param name="lines">Lines that fit the terminal.</param>
    public void Show(IReadOnlyList<string> lines)
    {
        var text = new StringBuilder();
        if (!_open)
            text.Append("\e[?1049h\e[?25l\e[?7l");
        _open = true;
        // A terminal that knows synchronized updates draws nothing between their marks. Lines are cleared after their text, never before
        // it.
        text.Append("\e[?2026h\e[H");
        for (var i = 0; i < lines.Count; i++)
            text.Append(lines[i]).Append("\e[K").Append(i < lines.Count - 1 ? "\r\n" : "");
        text.Append("\e[J\e[?2026l");
        Write(text.ToString());
    }

    /// <summary>Restores the terminal.</summary>
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

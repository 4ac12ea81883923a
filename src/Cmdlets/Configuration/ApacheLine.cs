using DaemonProxy.Editing.Apache;

namespace DaemonProxy.Cmdlets;

/// <summary>A line of an Apache configuration that needs somebody's attention.</summary>
public sealed class ApacheLine
{
    private ApacheLine(string file, int line, string text, string reason) => (File, Line, Text, Reason) = (file, line, text, reason);

    internal static ApacheLine From(ApacheNote note) => new(note.File, note.Line, note.Text, note.Reason);

    /// <summary>The file, as the caller named it.</summary>
    public string File { get; }

    /// <summary>The line, from 1.</summary>
    public int Line { get; }

    /// <summary>The text of the line.</summary>
    public string Text { get; }

    /// <summary>Why the line is not carried over or what is different here, and what to do about it.</summary>
    public string Reason { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}: {Text}: {Reason}";
}

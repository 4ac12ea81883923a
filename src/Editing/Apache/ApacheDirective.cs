namespace DaemonProxy.Editing.Apache;

/// <summary>A line of an Apache configuration, joined with its continuation lines.</summary>
/// <param name="File">The file, as messages name it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Text">The text, as one line.</param>
/// <param name="Name">The directive, or the name of the section that it opens.</param>
/// <param name="Arguments">Its arguments, without quotes, variables replaced.</param>
internal sealed record ApacheDirective(string File, int Line, string Text, string Name, IReadOnlyList<string> Arguments)
{
    /// <summary>The lines inside the section that the line opens; null for a line that opens none.</summary>
    public IReadOnlyList<ApacheDirective>? Children { get; init; }

    /// <summary>Whether the directive has this name; Apache ignores case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>An argument; empty if it is missing.</summary>
    public string Argument(int index) => index < Arguments.Count ? Arguments[index] : "";
}

/// <summary>A line of an Apache configuration that needs somebody's attention.</summary>
/// <param name="File">The file, as the caller named it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Text">The text of the line.</param>
/// <param name="Reason">Why the line is not carried over or what is different here, and what to do about it.</param>
public sealed record ApacheNote(string File, int Line, string Text, string Reason);

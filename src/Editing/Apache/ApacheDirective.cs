namespace DaemonProxy.Editing.Apache;

/// <summary>A line of an Apache configuration, with what it continued in further lines.</summary>
/// <param name="File">The file, as messages name it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Text">The line as it stands, in one.</param>
/// <param name="Name">The directive, or the name of the section that it opens.</param>
/// <param name="Arguments">Its arguments, without quotes, variables replaced.</param>
internal sealed record ApacheDirective(string File, int Line, string Text, string Name, IReadOnlyList<string> Arguments)
{
    /// <summary>What the line opens; null for a line that opens nothing.</summary>
    public IReadOnlyList<ApacheDirective>? Children { get; init; }

    /// <summary>Whether the directive has a name; Apache does not mind the case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>An argument; empty when it is not there.</summary>
    public string Argument(int index) => index < Arguments.Count ? Arguments[index] : "";
}

/// <summary>A line of an Apache configuration that needs somebody's attention.</summary>
/// <param name="File">The file, as it was named.</param>
/// <param name="Line">From 1.</param>
/// <param name="Text">What stands there.</param>
/// <param name="Reason">Why it is not carried over, or what is different here; and what to do about it.</param>
public sealed record ApacheNote(string File, int Line, string Text, string Reason);

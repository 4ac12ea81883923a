namespace DaemonProxy.Configuration;

/// <summary>One mistake in a configuration: what is wrong, where, and what would be right, in one sentence.</summary>
/// <param name="File">The file as the caller named it; empty for a configuration built in memory.</param>
/// <param name="Line">1-based; 0 when the mistake has no position in the file.</param>
/// <param name="Column">1-based; 0 when the mistake has no position in the file.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record ConfigurationError(string File, int Line, int Column, string Message)
{
    /// <summary>
    /// A mistake whose message may quote anything from the file. The message stays on one line, and no escape sequence reaches a terminal.
    /// </summary>
    internal static ConfigurationError Quoting(string file, int line, int column, string message) =>
        new(file, line, column, string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c)));

    /// <inheritdoc/>
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}: {Message}" : $"{File}: {Message}";
}

/// <summary>A configuration that fails its checks; carries every mistake found, not only the first.</summary>
public sealed class ConfigurationException(IReadOnlyList<ConfigurationError> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>The mistakes, in file order; at least one.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; } = errors;
}

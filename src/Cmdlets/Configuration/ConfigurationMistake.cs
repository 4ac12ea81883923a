using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>One mistake in a configuration file.</summary>
public sealed class ConfigurationMistake
{
    internal ConfigurationMistake(ConfigurationError error)
    {
        File = error.File;
        Line = error.Line;
        Column = error.Column;
        Message = error.Message;
    }

    /// <summary>The file, as the caller named it.</summary>
    public string File { get; }

    /// <summary>The line, from 1; 0 if the mistake has no place in the file.</summary>
    public int Line { get; }

    /// <summary>The column, from 1; 0 if the mistake has no place in the file.</summary>
    public int Column { get; }

    /// <summary>What is wrong, and what would be right.</summary>
    public string Message { get; }

    /// <inheritdoc/>
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}: {Message}" : $"{File}: {Message}";
}

using DaemonProxy.Events;

namespace DaemonProxy.Configuration;

/// <summary>Where a log goes.</summary>
/// <param name="Kind">What that is.</param>
/// <param name="Path">The full path of the file, or of the socket of the system's log; null for the standard output.</param>
public sealed record LogTarget(LogTargetKind Kind, string? Path)
{
    private const string Output = "stdout";
    private const string System = "syslog";

    /// <summary>A file.</summary>
    public static LogTarget ToFile(string path) => new(LogTargetKind.File, path);

    /// <summary>
    /// Reads what a configuration says: <c>stdout</c>, <c>syslog</c>, <c>syslog:</c> with a socket's path, or a file's path.
    /// </summary>
    /// <param name="text">The text; not empty.</param>
    /// <param name="folder">Where relative paths begin.</param>
    internal static LogTarget From(string text, string folder)
    {
        if (text.Equals(Output, StringComparison.OrdinalIgnoreCase)) return new(LogTargetKind.StandardOutput, null);
        if (text.Equals(System, StringComparison.OrdinalIgnoreCase)) return new(LogTargetKind.Syslog, null);
        return text.StartsWith($"{System}:/", StringComparison.OrdinalIgnoreCase)
            ? new(LogTargetKind.Syslog, text[(System.Length + 1)..])
            : ToFile(global::System.IO.Path.GetFullPath(text, folder));
    }

    /// <summary>The full path of the file; null: it goes elsewhere.</summary>
    public string? File => Kind == LogTargetKind.File ? Path : null;

    /// <summary>As a configuration spells it.</summary>
    public override string ToString() => Kind switch
    {
        LogTargetKind.StandardOutput => Output,
        LogTargetKind.Syslog => Path is null ? System : $"{System}:{Path}",
        _ => Path!,
    };
}

/// <summary>What a log can go to.</summary>
public enum LogTargetKind
{
    /// <summary>A file, which is rotated.</summary>
    File,

    /// <summary>The standard output of the front end.</summary>
    StandardOutput,

    /// <summary>The system's log: journald, rsyslog, syslog-ng.</summary>
    Syslog,
}

/// <summary>How the access log writes a request.</summary>
public enum AccessLogFormat
{
    /// <summary>Apache's combined format, with the group and the times at its end.</summary>
    Combined,

    /// <summary>A JSON object.</summary>
    Json,
}

/// <summary>Where a log goes, and how a file of it is rotated.</summary>
public sealed record LogOptions
{
    /// <summary>Where it goes; null: what the log's own default is.</summary>
    public LogTarget? Target { get; init; }

    /// <summary>The size at which a file is rotated, bytes; 0: never, because somebody else does it.</summary>
    public long Size { get; init; } = RotatingFile.DefaultLimit;

    /// <summary>How many full files are kept besides the current one, 0 to 1,000.</summary>
    public int Keep { get; init; } = RotatingFile.DefaultKept;
}

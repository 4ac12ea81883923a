namespace DaemonProxy.Embedded;

/// <summary>The location of a CPython and of its library.</summary>
/// <param name="Executable">Full path of its program. The interpreter finds its standard library through it, and a virtual environment its
/// own packages.</param>
/// <param name="Library">Full path of its shared library.</param>
/// <param name="Version">Its version.</param>
public sealed record PythonLocation(string Executable, string Library, Version Version)
{
    /// <summary>A Python that comes earlier on the PATH but cannot be used, with the reason; null: this is the first.</summary>
    public string? PassedOver { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"Python {Version} ({Library})";
}

/// <summary>
/// There is no usable Python, or it cannot load the application. The message says what was searched for and where, and what would be right.
/// </summary>
public sealed class PythonException(string message) : Exception(message)
{
    /// <summary>Whether Python works and only the application cannot be loaded.</summary>
    public bool IsOfApplication { get; init; }
}

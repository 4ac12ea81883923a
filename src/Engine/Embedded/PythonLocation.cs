namespace DaemonProxy.Embedded;

/// <summary>Where a CPython is, and its library.</summary>
/// <param name="Executable">Full path of its program; from it the interpreter finds its standard library, and a virtual environment its own
/// packages.</param>
/// <param name="Library">Full path of its shared library.</param>
/// <param name="Version">Its version.</param>
public sealed record PythonLocation(string Executable, string Library, Version Version)
{
    /// <summary>The one that comes first on the PATH and cannot be used, with the reason; null: this is the first.</summary>
    public string? PassedOver { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"Python {Version} ({Library})";
}

/// <summary>
/// There is no usable Python, or it cannot load the application; the message says what was looked for and where, and what would be right.
/// </summary>
public sealed class PythonException(string message) : Exception(message)
{
    /// <summary>Whether it is the application that cannot be loaded, by a Python that works.</summary>
    public bool IsOfApplication { get; init; }
}

namespace DaemonProxy.Configuration;

/// <summary>A kind of value that keys can have: how it is read, how it is written, and how it is described to people and editors.</summary>
/// <param name="Read">Reads the value, or notes what is wrong with it.</param>
/// <param name="Format">Writes the value as a configuration would spell it.</param>
/// <param name="Schema">The members of its JSON Schema, without the braces around them.</param>
internal sealed record ValueKind<T>(ValueReader<T> Read, Func<T, string> Format, string Schema)
{
    /// <summary>The unit of a plain number; empty when it has none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The accepted values, as in <c>8KiB to 16MiB</c>; empty when the kind itself is the only bound.</summary>
    public string Range { get; init; } = "";

    /// <summary>Writes the value as JSON, for the schema's defaults; null: as the text from <see cref="Format"/>.</summary>
    public Func<T, string>? Json { get; init; }
}

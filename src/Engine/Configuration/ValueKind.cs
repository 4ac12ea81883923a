namespace DaemonProxy.Configuration;

/// <summary>A kind of value that keys have: how it is read, how it is written, and what people and editors are told of it.</summary>
/// <param name="Read">Reads it, or notes what is wrong with it.</param>
/// <param name="Format">Writes it as the configuration would have it.</param>
/// <param name="Schema">The members of its JSON Schema, without the braces around them.</param>
internal sealed record ValueKind<T>(ValueReader<T> Read, Func<T, string> Format, string Schema)
{
    /// <summary>What a plain number counts; empty where it has no unit.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The values that are taken: <c>8KiB to 16MiB</c>; empty where the kind itself is the only bound.</summary>
    public string Range { get; init; } = "";

    /// <summary>Writes it as JSON, for the schema's defaults; null: as the text that <see cref="Format"/> gives.</summary>
    public Func<T, string>? Json { get; init; }
}

namespace DaemonProxy.Configuration;

/// <summary>The description of a key in its row of a key table.</summary>
/// <param name="Text">What the key does, in sentences; unit, range and default are appended.</param>
internal sealed record KeyText(string Text)
{
    /// <summary>Its default in words, when that is not the value in the plain options.</summary>
    public string? ByDefault { get; init; }

    /// <summary>Whether a mapping without the key is a mistake.</summary>
    public bool Required { get; init; }

    /// <summary>The key without which this one has no effect; null: none.</summary>
    public string? OnlyWith { get; init; }

    /// <summary>The key next to which this one has no meaning; null: none.</summary>
    public string? NotWith { get; init; }

    /// <summary>Converts the text of a key that needs no more than that.</summary>
    public static implicit operator KeyText(string text) => new(text);
}

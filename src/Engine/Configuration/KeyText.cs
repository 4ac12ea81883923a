namespace DaemonProxy.Configuration;

/// <summary>What a row of a key table says of its key.</summary>
/// <param name="Text">What it does, in sentences; unit, range and default are added to it.</param>
internal sealed record KeyText(string Text)
{
    /// <summary>Its default in words, where that is not the value in the plain options.</summary>
    public string? ByDefault { get; init; }

    /// <summary>Whether a mapping without the key is mistaken.</summary>
    public bool Required { get; init; }

    /// <summary>The key without which this one has no effect; null: it needs none.</summary>
    public string? OnlyWith { get; init; }

    /// <summary>The key beside which this one has no meaning; null: none.</summary>
    public string? NotWith { get; init; }

    /// <summary>Of a key that there is no more to say of.</summary>
    public static implicit operator KeyText(string text) => new(text);
}

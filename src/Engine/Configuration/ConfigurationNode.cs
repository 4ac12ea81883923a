namespace DaemonProxy.Configuration;

/// <summary>A value in a configuration file, and its position.</summary>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal abstract record ConfigurationNode(int Line, int Column)
{
    /// <summary>The number of values in this node's subtree, itself included; values behind an alias count each time.</summary>
    public long Weight { get; init; } = 1;

    /// <summary>The node's type as messages name it: "a list".</summary>
    public abstract string Kind { get; }
}

/// <summary>A text, number or switch; the key that it belongs to decides which.</summary>
/// <param name="Text">The value without quotes.</param>
/// <param name="Plain">Whether it was written without quotes.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal sealed record ScalarNode(string Text, bool Plain, int Line, int Column) : ConfigurationNode(Line, Column)
{
    /// <summary>YAML's null: nothing, <c>~</c> or <c>null</c> without quotes.</summary>
    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>The text as it stands in the file, when references to environment variables have been replaced; otherwise null.</summary>
    public string? Written { get; init; }

    /// <summary>Whether a reference in it stands for nothing, which is a mistake already; its text means nothing.</summary>
    public bool IsBroken { get; init; }

    /// <summary>
    /// The text as messages show it: as it stands in the file, because what a variable holds may be a secret, and cut when it is too long
    /// to read.
    /// </summary>
    public string Shown => (Written ?? Text) is { Length: > 80 } text ? $"'{text[..77]}...'" : $"'{Written ?? Text}'";

    public override string Kind => IsNull ? "nothing" : $"the single value {Shown}";
}

/// <summary>A list, in brackets or with dashes.</summary>
/// <param name="Items">The items in order.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal sealed record ListNode(IReadOnlyList<ConfigurationNode> Items, int Line, int Column) : ConfigurationNode(Line, Column)
{
    public override string Kind => "a list";
}

/// <summary>Keys and their values. A key given twice appears twice; reporting it is up to the reader of the mapping.</summary>
/// <param name="Pairs">In file order; the pairs of a merged mapping (<c>&lt;&lt;</c>) come last.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal sealed record MappingNode(IReadOnlyList<MappingPair> Pairs, int Line, int Column) : ConfigurationNode(Line, Column)
{
    public override string Kind => "a mapping (key: value)";

    /// <summary>The key's first pair, or null when the key is absent.</summary>
    public MappingPair? Find(string key) => Pairs.FirstOrDefault(pair => pair.Key.Text == key);
}

/// <summary>One key and its value.</summary>
internal sealed record MappingPair(ScalarNode Key, ConfigurationNode Value);

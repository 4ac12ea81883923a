namespace DaemonProxy.Configuration;

/// <summary>A value in a configuration file, and where it stands.</summary>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal abstract record ConfigurationNode(int Line, int Column)
{
    /// <summary>How many values this one is with all in it, those under aliases counted each time.</summary>
    public long Weight { get; init; } = 1;

    /// <summary>What the node is, for a message: "a list".</summary>
    public abstract string Kind { get; }
}

/// <summary>A text, number or switch; what it is, is decided by the key that it belongs to.</summary>
/// <param name="Text">The value without quotes.</param>
/// <param name="Plain">Whether it stood without quotes.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal sealed record ScalarNode(string Text, bool Plain, int Line, int Column) : ConfigurationNode(Line, Column)
{
    /// <summary>YAML's null: nothing, <c>~</c> or <c>null</c> without quotes.</summary>
    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <summary>The text as a message shows it: what is too long to read is cut.</summary>
    public string Shown => Text.Length <= 80 ? $"'{Text}'" : $"'{Text[..77]}...'";

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

/// <summary>Keys and their values. A key that was given twice is in here twice: that is the reader's to report.</summary>
/// <param name="Pairs">In the order of the file; those of a merged mapping (<c>&lt;&lt;</c>) last.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
internal sealed record MappingNode(IReadOnlyList<MappingPair> Pairs, int Line, int Column) : ConfigurationNode(Line, Column)
{
    public override string Kind => "a mapping (key: value)";

    /// <summary>The key's first pair, or null when it is not given.</summary>
    public MappingPair? Find(string key) => Pairs.FirstOrDefault(pair => pair.Key.Text == key);
}

/// <summary>One key and its value.</summary>
internal sealed record MappingPair(ScalarNode Key, ConfigurationNode Value);

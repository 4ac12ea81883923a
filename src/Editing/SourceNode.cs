using YamlDotNet.Core;

namespace DaemonProxy.Editing;

/// <summary>
/// A value and the span of text that it occupies. The span excludes the value's anchor; for a value on lines of its own, it includes the
/// end of the last line.
/// </summary>
internal abstract class SourceNode
{
    /// <summary>The span's first character.</summary>
    public int Start { get; init; }

    /// <summary>The position after the span's last character.</summary>
    public int End { get; init; }

    /// <summary>The anchor before the value; null for none.</summary>
    public string? Anchor { get; init; }
}

/// <summary>A single value.</summary>
internal sealed class SourceScalar : SourceNode
{
    /// <summary>The value without quotes.</summary>
    public required string Text { get; init; }

    /// <summary>How it is written.</summary>
    public required ScalarStyle Style { get; init; }
}

/// <summary>A reference to a value further up.</summary>
internal sealed class SourceAlias : SourceNode
{
    public required string Name { get; init; }
}

/// <summary>A list.</summary>
internal sealed class SourceList : SourceNode
{
    /// <summary>Whether it stands in brackets.</summary>
    public required bool Flow { get; init; }

    /// <summary>The items.</summary>
    public required IReadOnlyList<SourceNode> Items { get; init; }
}

/// <summary>Keys and their values.</summary>
internal sealed class SourceMapping : SourceNode
{
    /// <summary>Whether it stands in braces, or is a single pair in brackets.</summary>
    public required bool Flow { get; init; }

    /// <summary>Whether it is a single pair in a list's brackets, without braces of its own: <c>[ key: value ]</c>.</summary>
    public bool IsSinglePair { get; init; }

    /// <summary>The keys and values; a merge key (<c>&lt;&lt;</c>) is one of them.</summary>
    public required IReadOnlyList<SourcePair> Pairs { get; init; }
}

/// <summary>One key and its value.</summary>
internal sealed record SourcePair(SourceScalar Key, SourceNode Value)
{
    /// <summary>Whether the value's keys are merged into the mapping.</summary>
    public bool IsMerge => Key is { Text: "<<", Style: ScalarStyle.Plain };
}

using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Statistics;

namespace DaemonProxy.Verification.Advising;

/// <summary>Which flush delay suits a daemon group, and what each would do for it.</summary>
public sealed record FlushAdvice
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The daemon group's name.</summary>
    public required string Daemon { get; init; }

    /// <summary>The flush policy in force.</summary>
    public required FlushPolicyStatus FlushPolicy { get; init; }

    /// <summary>Dry spells in transfers.</summary>
    public long Stalls { get; init; }

    /// <summary>Dry spells of idle streams.</summary>
    public long Pauses { get; init; }

    /// <summary>Responses that came without a dry spell.</summary>
    public long Undivided { get; init; }

    /// <summary>How many more dry spells the advice needs; 0: it has enough, or needs none.</summary>
    public long Missing { get; init; }

    /// <summary>
    /// The route of the group whose rate limit waits for full writes, the busiest if there are several; null: no route has one.
    /// </summary>
    public string? LimitedRoute { get; init; }

    /// <summary>That limit, bytes/s; 0: none.</summary>
    public long RateLimit { get; init; }

    /// <summary>What each delay does; empty when there is too little data.</summary>
    public IReadOnlyList<FlushAdviceRow> Rows { get; init; } = [];

    /// <summary>
    /// The recommended delay as text: <c>5ms</c>, <c>auto</c>; null: there is too little data, or any delay does. It is what
    /// <c>ConvertTo-Json</c> writes; PowerShell's own property of this name, in DaemonProxy.Types.ps1xml, is a time or the word
    /// <c>auto</c>.
    /// </summary>
    [JsonIgnore]
    public string? Recommended => RecommendedDelay is { } delay ? FlushAdviceRow.TextOf(delay) : null;

    /// <summary>The recommended delay; <see cref="Configuration.FlushPolicy.Auto"/> for <c>auto</c>; null: there is none.</summary>
    public TimeSpan? GetRecommendedDelay() => RecommendedDelay;

    /// <inheritdoc cref="GetRecommendedDelay"/>
    [JsonInclude]
    [JsonPropertyName("recommended")]
    [JsonConverter(typeof(FlushDelayJson))]
    internal TimeSpan? RecommendedDelay { get; init; }

    /// <summary>Whether the recommendation differs from the policy in force.</summary>
    public bool Differs { get; init; }

    /// <summary>Whether the recommended delay has been set since: <c>Get-FlushAdvice -Apply</c>.</summary>
    [JsonIgnore]
    public bool Applied { get; init; }

    /// <summary>One sentence: why this delay, or what is missing.</summary>
    public required string Reason { get; init; }

    /// <summary>How the application has written.</summary>
    public WritingStatus Writing { get; init; } = WritingStatus.None;

    /// <summary>The recommended delay as text: <c>5ms</c>, <c>auto</c>; empty for none.</summary>
    [JsonIgnore]
    public string ShownRecommendation => Recommended ?? "";

    /// <summary>The advice as a table of less than 80 columns.</summary>
    public override string ToString() => AdviceTable.Text(this);
}

/// <summary>What a flush delay would do for a daemon group.</summary>
public sealed record FlushAdviceRow
{
    /// <summary>
    /// The delay as text: <c>5ms</c>, <c>auto</c>; what <c>ConvertTo-Json</c> writes. PowerShell's own property of this name, in
    /// DaemonProxy.Types.ps1xml, is a time or the word <c>auto</c>.
    /// </summary>
    [JsonIgnore]
    public string FlushDelay => ShownDelay;

    /// <summary>The delay; <see cref="Configuration.FlushPolicy.Auto"/> for <c>auto</c>.</summary>
    public TimeSpan GetFlushDelay() => Delay;

    /// <inheritdoc cref="GetFlushDelay"/>
    [JsonInclude]
    [JsonPropertyName("flushDelay")]
    [JsonConverter(typeof(FlushDelayJson))]
    internal TimeSpan Delay { get; init; }

    /// <summary>Whether it is in force.</summary>
    public bool IsInForce { get; init; }

    /// <summary>Whether it is the recommended one.</summary>
    public bool IsRecommended { get; init; }

    /// <summary>The part of the stalls in transfers that no flush interrupts, 0 to 1; null: there are none.</summary>
    public double? Bridged { get; init; }

    /// <summary>Flushes in the middle of a response, for each second of it.</summary>
    public required double FlushesPerSecond { get; init; }

    /// <summary>How long the output of a flush is held: the median; null: nothing is flushed in the middle of a response.</summary>
    public TimeSpan? HeldP50 { get; init; }

    /// <summary>The same: 99 of 100 are held no longer.</summary>
    public TimeSpan? HeldP99 { get; init; }

    /// <summary>Writes to the client, for each MiB.</summary>
    public required double WritesPerMebibyte { get; init; }

    /// <summary>
    /// The part of the rate limit that a transfer gets, 1 for all of it; null: no limit waits for full writes, or nothing is a transfer.
    /// </summary>
    public double? RateShare { get; init; }

    /// <summary>The delay as text: <c>5ms</c>, <c>auto</c>.</summary>
    [JsonIgnore]
    public string ShownDelay => TextOf(Delay);

    internal static string TextOf(TimeSpan delay) => delay == FlushPolicy.Auto ? "auto" : Units.FormatDuration(delay);
}

using System.Text.Json.Serialization;
using DaemonProxy.Verification.Advising;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What a flush delay did for a response, beside what the advice had predicted.</summary>
public sealed record FlushSweepResult
{
    /// <summary>The front end's name.</summary>
    public required string Name { get; init; }

    /// <summary>The daemon group's name.</summary>
    public required string Daemon { get; init; }

    /// <summary>The requested path.</summary>
    public required string Path { get; init; }

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

    /// <summary>The prediction for this delay, from how the application wrote before the first one was tried.</summary>
    public required FlushAdviceRow Predicted { get; init; }

    /// <summary>Flushes in the middle of a response that were counted.</summary>
    public long Flushes { get; init; }

    /// <summary>Flushes in the middle of a response, for each second of it.</summary>
    public double FlushesPerSecond { get; init; }

    /// <summary>How long the output of a flush was held: the median, read from the histogram of holds; null: there was no such
    /// flush.</summary>
    public TimeSpan? HeldP50 { get; init; }

    /// <summary>The same: 99 of 100 were held no longer.</summary>
    public TimeSpan? HeldP99 { get; init; }

    /// <summary>The part of the rate limit that the client got, 1 for all of it; null: no limit waits for full writes.</summary>
    public double? RateShare { get; init; }

    /// <summary>
    /// How many requests of others, at least, the route served during this measurement or the one that the prediction is made from. What
    /// they were sent is counted with it.
    /// </summary>
    public long OtherRequests { get; init; }

    /// <summary>
    /// Whether the prediction was right: the median within 1 ms, or 10% of longer ones, and the share of the rate within 5%. Null if it
    /// was not, and the machine was too busy to tell or others were served meanwhile: see <see cref="NotMeasurable"/>.
    /// </summary>
    public bool? Passed { get; init; }

    /// <summary>Why there is no verdict, in one sentence; null if there is one.</summary>
    public string? NotMeasurable { get; init; }

    /// <summary>What prevented the measurement, in one sentence; null if nothing did.</summary>
    public string? Problem { get; init; }

    /// <summary>The delay as text: <c>5ms</c>, <c>auto</c>.</summary>
    [JsonIgnore]
    public string ShownDelay => FlushAdviceRow.TextOf(Delay);

    /// <summary>Says that others were served, as the end of a sentence.</summary>
    internal static string OthersText(long requests) => requests == 1
        ? "the route served a request of somebody else meanwhile, and what that was sent is counted too"
        : $"the route served {requests} requests of others meanwhile, and what they were sent is counted too";
}

using System.Diagnostics;

namespace DaemonProxy.Verification;

/// <summary>How a probe's reading ended.</summary>
internal enum ProbeEnd
{
    /// <summary>The response came to its proper end.</summary>
    Complete,

    /// <summary>The probe had seen enough and closed the connection.</summary>
    Stopped,

    /// <summary>Its caller gave up.</summary>
    Cancelled,

    /// <summary>A wait, or the whole, took longer than its limit.</summary>
    TimedOut,

    /// <summary>No connection, or a response that broke off or is malformed.</summary>
    Failed,
}

/// <summary>What a <see cref="ResponseProbe"/> has seen of a response: all of it, or as far as it came.</summary>
internal sealed record ProbedResponse
{
    /// <summary>How the reading ended.</summary>
    public required ProbeEnd End { get; init; }

    /// <summary>What went wrong, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }

    /// <summary>The status; 0 when none came.</summary>
    public int Status { get; init; }

    /// <summary>The header fields.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>When the request was handed to the system, in Stopwatch ticks; 0 when it never was.</summary>
    public long SentAt { get; init; }

    /// <summary>When the receive that completed the head returned, in Stopwatch ticks; 0 when no whole head came.</summary>
    public long HeadAt { get; init; }

    /// <summary>Each receive that brought body bytes.</summary>
    public IReadOnlyList<Receipt> Receipts { get; init; } = [];

    /// <summary>The body, as far as it came; empty unless the request asked to keep it.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Body bytes in all.</summary>
    public long BodyBytes => Receipts.Count == 0 ? 0 : Receipts[^1].BodyBytes;

    /// <summary>From the request to the head; null when no head came.</summary>
    public TimeSpan? TimeToHead => HeadAt == 0 ? null : Stopwatch.GetElapsedTime(SentAt, HeadAt);

    /// <summary>From the request to the first body byte; null when none came.</summary>
    public TimeSpan? TimeToFirstByte => Receipts.Count == 0 ? null : Stopwatch.GetElapsedTime(SentAt, Receipts[0].Timestamp);
}

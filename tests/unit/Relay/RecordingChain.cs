using DaemonProxy.Filters;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>
/// A chain's end that writes down what reaches it, and when; it holds bytes until a marker, or until it has more than it likes.
/// </summary>
internal sealed class RecordingChain(FakeTimeProvider time, long holdsUpTo) : IOutputFilter
{
    private readonly long _start = time.GetTimestamp();
    private readonly MemoryStream _bytes = new();

    /// <summary>What was called: when, in ms, how many bytes, and the marker.</summary>
    public List<(double At, int Count, Marker Marker)> Calls { get; } = [];

    /// <summary>What was sent on: when, in ms, and how many bytes.</summary>
    public List<(double At, long Count)> Sent { get; } = [];

    /// <summary>Whether the response was ended.</summary>
    public bool HasEnded { get; private set; }

    public long Held { get; private set; }

    public TimeSpan FlushCost { get; init; }

    public byte[] Bytes => _bytes.ToArray();

    public IEnumerable<double> Flushes => Calls.Where(call => call.Marker == Marker.Flush).Select(call => call.At);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        var now = time.GetElapsedTime(_start).TotalMilliseconds;
        Assert.False(HasEnded);
        Calls.Add((now, block.Length, marker));
        return Take(block, marker == Marker.None ? holdsUpTo : -1, now);
    }

    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken)
    {
        Assert.False(HasEnded);
        HasEnded = true;
        return Take(last, -1, time.GetElapsedTime(_start).TotalMilliseconds);
    }

    private ValueTask Take(ReadOnlyMemory<byte> block, long most, double now)
    {
        _bytes.Write(block.Span);
        Held += block.Length;
        if (Held <= most) return ValueTask.CompletedTask;
        if (Held > 0) Sent.Add((now, Held));
        Held = 0;
        return ValueTask.CompletedTask;
    }
}

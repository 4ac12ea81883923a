using System.Diagnostics;

namespace DaemonProxy.Verification;

/// <summary>Measures one paced response: a <see cref="ResponseProbe"/> that goes on until a burst begins behind the wanted duration.</summary>
internal sealed class RateLimitProbe
{
    /// <summary>Waited for a usual burst behind the duration; then the last burst before has to do.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly ResponseProbe _probe;
    private readonly long _rate;
    private readonly long _initialBurst;
    private readonly TimeSpan _duration;
    private readonly CancellationToken _cancellationToken;
    private TimeSpan? _typicalPause;

    /// <summary>Sends the request and begins to measure.</summary>
    /// <param name="request">A request whose response is paced and long enough.</param>
    /// <param name="rate">The configured rate, bytes/s, &gt; 0.</param>
    /// <param name="initialBurst">The configured initial burst, bytes, &gt;= 0.</param>
    /// <param name="duration">How long to measure from the first byte.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public RateLimitProbe(ProbeRequest request, long rate, long initialBurst, TimeSpan duration, CancellationToken cancellationToken)
    {
        (_rate, _initialBurst, _duration, _cancellationToken) = (rate, initialBurst, duration, cancellationToken);
        _probe = ResponseProbe.Start(
            request with { Stop = IsEnough, Limit = request.WaitLimit + duration + Grace },
            cancellationToken);
    }

    /// <summary>Body bytes so far, for progress.</summary>
    public long BodyBytes => _probe.BodyBytes;

    /// <summary>The response as it was seen, and what it amounts to.</summary>
    public async Task<(ProbedResponse Response, RateLimitMeasurement Measurement)> MeasureAsync()
    {
        var response = await _probe.Response.ConfigureAwait(false);
        // Who has given up does not wait for arithmetic.
        _cancellationToken.ThrowIfCancellationRequested();
        return (response, RateLimitMeasurement.Of(new Arrivals(response.Receipts), _rate, _initialBurst, _duration));
    }

    /// <summary>Runs on the probe's thread after each receive; up to the duration it costs one comparison.</summary>
    private bool IsEnough(IReadOnlyList<Receipt> receipts)
    {
        var elapsed = Stopwatch.GetElapsedTime(receipts[0].Timestamp, receipts[^1].Timestamp);
        if (elapsed < _duration || receipts.Count < 2)
            return false;
        var arrivals = new Arrivals(receipts);
        _typicalPause ??= Staircase.TypicalPauseOf(arrivals, arrivals.Count);
        return Staircase.IsUsualBegin(arrivals, arrivals.Count - 1, _typicalPause.Value) || elapsed > _duration + (Grace / 2);
    }

    /// <summary>Receipts seen as arrivals since the first.</summary>
    private sealed class Arrivals(IReadOnlyList<Receipt> receipts) : IReadOnlyList<ArrivedBytes>
    {
        public int Count => receipts.Count;

        public ArrivedBytes this[int index] =>
            new(Stopwatch.GetElapsedTime(receipts[0].Timestamp, receipts[index].Timestamp), receipts[index].BodyBytes);

        public IEnumerator<ArrivedBytes> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
                yield return this[i];
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

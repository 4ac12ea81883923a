using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>A dry spell ends when the application writes again, whatever the relay is doing then.</summary>
public sealed class DrySpellDuringFlushTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(2);

    private readonly VirtualTime _time = new();

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(5, false)]
    [InlineData(1, true)]
    public void Spell_ends_when_data_comes_also_while_a_flush_waits_for_its_interval(int delay, bool isSpooled)
    {
        var pipe = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        using var body = new PipeBody(pipe.Reader, _time);
        var counter = new TrafficCounter();
        using var core = new CoreOutput(new CountingClient(_time, isFramed: false), TimeSpan.FromMinutes(1), _time);
        using var pacing = new RateLimitFilter(new LiveRateLimit(new RateLimit(4 << 20, 0, PacerKind.Interval), _time), default, core);
        var relay = new ResponseRelay(
            new LiveFlushPolicy(FlushPolicy.Default with { FlushDelay = TimeSpan.FromMilliseconds(delay) }), _time, _time.Turns);

        _time.Run(async () =>
        {
            await using var spooled = isSpooled
                ? new SpooledBody(body, SpoolSize.InMemory(1 << 20), Minute, _time, () => ValueTask.CompletedTask, null, _time.Turns)
                : null;
            var run = relay.RunAsync(
                (IResponseBody?)spooled ?? body, pacing, new TrafficScope(counter), prompt: false, Minute, default).AsTask();
            for (var i = 0; i < 5; i++)
            {
                await pipe.Writer.WriteAsync(new byte[16_384]).ConfigureAwait(false);
                await _time.PassAsync(Silence).ConfigureAwait(false);
                // The second burst is written while the flush after the first one waits; the relay is idle again before the third.
                await pipe.Writer.WriteAsync(new byte[16_384]).ConfigureAwait(false);
                await _time.PassAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
            }
            await pipe.Writer.CompleteAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        });

        var writing = counter.Status().Writing;
        Assert.Equal(5, writing.Stalls.Where(bucket => bucket.UpTo < Silence * 1.2 && bucket.UpTo >= Silence).Sum(bucket => bucket.Count));
        Assert.DoesNotContain(writing.Stalls, bucket => bucket.UpTo >= Silence * 1.2);
        // What came while the relay waited may have been several writes.
        if (!isSpooled)
            Assert.Equal(TimeSpan.FromMilliseconds(delay) < Silence ? 4 : 0, writing.BytesGathered.Sum(bucket => bucket.Count));
        Assert.All(writing.Pauses, bucket => Assert.True(bucket.UpTo >= TimeSpan.FromSeconds(0.6)));
    }

    [Fact]
    public void Bytes_of_transfers_and_idle_streams_are_summed_exactly()
    {
        var counter = new WritingCounter();
        counter.Count(new DrySpell(TimeSpan.FromMilliseconds(1), 5000, 5000));
        counter.Count(new DrySpell(TimeSpan.FromMilliseconds(1), 7001, 5000));
        counter.Count(new DrySpell(TimeSpan.FromMilliseconds(50), 11, 5000));
        var status = counter.Status();
        Assert.Equal((12_001, 11), (status.StallBytes, status.PauseBytes));
        Assert.Equal((0, 0), (status.Since(status).StallBytes, status.Since(status).Stalls.Count));
    }

    [Theory]
    [InlineData(0.5, 0, 4.0, 4.8)]
    [InlineData(0.5, 4.6, 4.6, 4.8)]
    [InlineData(0.99, 0, 9.0, 9.6)]
    public void Percentile_lies_in_its_bucket_and_not_below_what_is_known(double fraction, double floor, double from, double to)
    {
        var counter = new WritingCounter();
        for (var i = 0; i < 90; i++) counter.CountHold(TimeSpan.FromMilliseconds(4.7));
        for (var i = 0; i < 10; i++) counter.CountHold(TimeSpan.FromMilliseconds(9.3));
        var percentile = counter.Status().Holds.Percentile(fraction, TimeSpan.FromMilliseconds(floor))!.Value.TotalMilliseconds;
        Assert.InRange(percentile, from, to * 1.13);
        Assert.Null(Array.Empty<DurationBucket>().Percentile(fraction));
    }
}

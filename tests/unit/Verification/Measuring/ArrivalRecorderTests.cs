using System.Diagnostics;
using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class ArrivalRecorderTests
{
    private const int Rate = 1 << 20;
    private static readonly TimeSpan FiveSeconds = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(1, 64)] // the memory is full several times over
    [InlineData(200, 100_000)]
    [InlineData(62.5, 100_000)]
    public void A_rate_is_exact_whatever_the_memory(double everyMilliseconds, int capacity)
    {
        var recorder = new ArrivalRecorder(FiveSeconds, 0, capacity);
        Play(recorder, everyMilliseconds, burst: 0);

        Assert.True(recorder.IsEnough);
        Assert.True(recorder.Arrivals().Count <= capacity);
        Assert.Equal(Rate, Measure(recorder).AchievedRate, tolerance: Rate * 1e-3);
    }

    [Fact]
    public void Bytes_to_skip_are_neither_counted_nor_timed()
    {
        var recorder = new ArrivalRecorder(FiveSeconds, skip: 3 << 20, capacity: 100_000);
        Play(recorder, 20, burst: 3 << 20);

        Assert.Equal(Rate, Measure(recorder).AchievedRate, tolerance: Rate * 1e-3);
        Assert.InRange(Measure(recorder).Duration.TotalSeconds, 5, 5.05);
    }

    [Fact]
    public void Without_skipping_the_burst_is_seen()
    {
        var recorder = new ArrivalRecorder(FiveSeconds, skip: 0, capacity: 100_000);
        Play(recorder, 20, burst: 3 << 20);

        Assert.Equal(Rate * 1.6, Measure(recorder).AchievedRate, tolerance: Rate * 0.01);
    }

    [Fact]
    public void Nothing_is_measured_before_the_begin()
    {
        var recorder = new ArrivalRecorder(FiveSeconds, 0, 1000, notBefore: long.MaxValue);
        Play(recorder, 20, burst: 0);
        Assert.False(recorder.HasBegun);
        Assert.Empty(recorder.Arrivals());

        recorder.Begin();
        Play(recorder, 20, burst: 0);

        Assert.True(recorder.HasBegun);
        Assert.Equal(Rate, Measure(recorder).AchievedRate, tolerance: Rate * 1e-3);
    }

    [Fact]
    public void A_measurement_that_begins_in_the_middle_of_a_burst_leaves_its_rest_out()
    {
        // A chunk every 200 ms in four pieces; the beginning is told between the second and the third of one.
        var recorder = new ArrivalRecorder(FiveSeconds, 0, 100_000, notBefore: long.MaxValue);
        long bytes = 0;
        for (var i = 0; i < 40 * 4; i++)
        {
            if (i == 6)
                recorder.Begin();
            recorder.Add(Ticks((i / 4 * 200) + (i % 4)), bytes, bytes += Rate / 20);
        }

        Assert.Equal(Rate, Measure(recorder).AchievedRate, tolerance: Rate * 1e-4);
        Assert.InRange(Measure(recorder).Duration.TotalSeconds, 5, 5.21);
        Assert.Equal(5, Measure(recorder).Windows.Count);
    }

    [Fact]
    public void The_longest_gap_is_exact_though_runs_are_merged()
    {
        var recorder = new ArrivalRecorder(FiveSeconds, 0, capacity: 16);
        long bytes = 0;
        for (var i = 0; i < 4000; i++)
            recorder.Add(Ticks(i < 1000 ? i : i + 42), bytes, bytes += 1000);

        Assert.Equal(43, recorder.LongestGap.TotalMilliseconds, tolerance: 0.01);
    }

    [Fact]
    public void A_receive_allocates_nothing()
    {
        var recorder = new ArrivalRecorder(TimeSpan.FromHours(1), 0, capacity: 1024);
        long bytes = 0;
        for (var i = 0; i < 5000; i++)
            recorder.Add(Ticks(i), bytes, bytes += 1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 5000; i < 105_000; i++)
            recorder.Add(Ticks(i), bytes, bytes += 1000);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static RateCourse Measure(ArrivalRecorder recorder) =>
        RateMeasurement.Measure(recorder.Arrivals(), Rate, 0, FiveSeconds).Course;

    /// <summary>A server that sends a burst and then equal writes, for seven seconds at most.</summary>
    private static void Play(ArrivalRecorder recorder, double everyMilliseconds, long burst)
    {
        var write = (long)(Rate * everyMilliseconds / 1000);
        long bytes = 0;
        for (var i = 0; i * everyMilliseconds < 7000; i++)
            recorder.Add(Ticks(i * everyMilliseconds), bytes, bytes += write + (i == 0 ? burst : 0));
    }

    private static long Ticks(double milliseconds) => 1_000_000 + (long)(milliseconds / 1000 * Stopwatch.Frequency);
}

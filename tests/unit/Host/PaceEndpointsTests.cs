using System.Diagnostics;
using System.Globalization;
using DaemonProxy.Host.Sample;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class PaceEndpointsTests(RunningSample sample) : IClassFixture<RunningSample>
{
    private const int Count = 200;
    private const double Every = 3;

    [Fact]
    public async Task Drip_begins_each_piece_with_its_time_and_keeps_to_a_schedule()
    {
        const double Most = 0.25 * Count * Every;
        var late = await DripAsync();
        // A machine that stands still for longer than that in every try would have to stand still for good.
        for (var tries = 1; late > Most && tries < 10; tries++) late = Math.Min(late, await DripAsync());
        Assert.True(late <= Most, $"even the most punctual was {late} ms late");
    }

    /// <summary>How late, in milliseconds after the first piece, the most punctual of a drip's last pieces is.</summary>
    private async Task<double> DripAsync()
    {
        const int Size = 24;
        var before = DateTime.UtcNow;
        var text = await sample.Client.GetStringAsync($"/drip?count={Count}&chunk={Size}&every-ms=3");

        Assert.Equal(Count * Size, text.Length);
        var pieces = text.Chunk(Size).Select(piece => new string(piece)).ToList();
        Assert.All(pieces, piece => Assert.EndsWith("....\n", piece));
        var times = pieces.Select(piece => long.Parse(piece[..19], NumberStyles.None, CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(DateTime.UnixEpoch.AddTicks(times[0] / 100), before.AddMilliseconds(-1), before + RunningSample.Limit);

        // None is early.
        Assert.All(times.Select((time, i) => DateTime.UnixEpoch.AddTicks(time / 100) - before.AddMilliseconds(i * Every)),
            after => Assert.True(after.TotalMilliseconds > -1, $"a piece was {-after.TotalMilliseconds} ms early"));
        // A machine that is busy makes some pieces late, and a schedule makes up for it, so that of the last fifty some are at their time;
        // pauses between pieces would add up, and all of them would be late.
        return times.Select((time, i) => (time - times[0]) / 1e6 - i * Every).TakeLast(50).Min();
    }

    [Fact]
    public async Task Drip_does_not_wait_for_the_end_with_sending()
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        using var response = await sample.Client.GetAsync(
            "/drip?count=2&chunk=19&every-ms=60000", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        await body.ReadExactlyAsync(new byte[19], limit.Token);
    }

    [Fact]
    public async Task Hundreds_of_drips_at_once_keep_to_their_schedules()
    {
        var start = Stopwatch.GetTimestamp();
        await sample.Client.GetStringAsync("/drip?count=21&chunk=24&every-ms=20");
        var one = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        var drips = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => sample.Client.GetStringAsync("/drip?count=21&chunk=24&every-ms=20")));
        Assert.All(drips, drip => Assert.Equal(21 * 24, drip.Length));
        // None is early, and together they take what one does: one after the other would be two hundred times that. Half of it is room for
        // a machine that is busier now than it was with the one.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 400, 100 * one.TotalMilliseconds);
    }

    [Fact]
    public async Task Stall_sends_what_comes_before_the_silence_at_once()
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        using var response = await sample.Client.GetAsync(
            "/stall?before=10&ms=3600000&after=5", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        await body.ReadExactlyAsync(new byte[10], limit.Token);
    }

    [Fact]
    public async Task Stall_before_the_first_byte_sends_the_headers()
    {
        using var limit = new CancellationTokenSource(RunningSample.Limit);
        using var response = await sample.Client.GetAsync(
            "/stall?before=0&ms=3600000&after=5", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Stall_is_silent_for_the_time_and_goes_on_with_the_pattern()
    {
        var start = Stopwatch.GetTimestamp();
        var body = await sample.Client.GetByteArrayAsync("/stall?before=10&ms=100&after=5");
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(100));
        Assert.Equal(Enumerable.Range(0, 15).Select(i => Pattern.At(i)), body);
    }

    [Fact]
    public async Task Precise_timer_is_never_early_and_ends_its_waits_when_disposed()
    {
        using var timer = new PreciseTimer();
        for (var microseconds = 50; microseconds < 5000; microseconds += 250)
        {
            var due = Stopwatch.GetTimestamp() + PreciseTimer.TicksOf(TimeSpan.FromMicroseconds(microseconds));
            await timer.WaitUntilAsync(due, CancellationToken.None);
            Assert.True(Stopwatch.GetTimestamp() >= due);
        }

        var wait = timer.WaitAsync(TimeSpan.FromMilliseconds(19), CancellationToken.None);
        timer.Dispose();
        await wait.WaitAsync(RunningSample.Limit);
    }
}

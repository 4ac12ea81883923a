using System.Diagnostics;
using System.Globalization;
using System.Text;
using DaemonProxy.Verification.Measuring;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class DripReaderTests
{
    private const long Now = 1_732_464_000_000_000_000;
    private static readonly WallClock Clock = new(1_000_000_000, Now);

    [Theory]
    [InlineData("{0}000000 .\n", 1, false)] // the sample application's
    [InlineData("data: {0}000\n\n", 1, true)] // microseconds in an event
    [InlineData("event: tick\nid: 7\ndata: {{\"t\":{0}}}\n\n", 1, true)] // milliseconds in a document in an event
    public void A_piece_that_carries_its_time_is_timed_by_it(string form, int sentAt, bool isEventStream)
    {
        var (source, latencies, _) = Read(
            isEventStream, true, null,
            [.. Enumerable.Range(0, 20)
            .Select(i => (string.Format(CultureInfo.InvariantCulture, form, (Now / 1_000_000) + (i * 50)), (i * 50) + 7.0 + sentAt))]);

        Assert.Equal(LatencySource.Timestamps, source);
        Assert.Equal(20, latencies.Count);
        Assert.All(latencies, latency => Assert.Equal(8, latency.TotalMilliseconds, tolerance: 0.01));
    }

    [Fact]
    public void Pieces_that_came_together_waited_for_different_times()
    {
        // A buffer that is flushed each second.
        var (source, latencies, _) = Read(
            false, true, null, [.. Enumerable.Range(0, 40).Select(i => ($"{(Now / 1_000_000) + (i * 50)}\n", (((i / 20) + 1) * 1000.0)))]);

        Assert.Equal(LatencySource.Timestamps, source);
        Assert.Equal(1000, latencies.Max().TotalMilliseconds, tolerance: 0.01);
        Assert.Equal(50, latencies.Min().TotalMilliseconds, tolerance: 0.01);
    }

    [Fact]
    public void Each_piece_is_as_late_as_the_receive_that_completed_it()
    {
        // Pieces written at 0, 3 and 6 ms; one and a half are received at 4 ms, the rest at 9 ms.
        var piece = Stamp(0).Length;
        var body = string.Concat(Stamp(0), Stamp(3), Stamp(6));

        var (source, latencies, _) = Read(body, (Milliseconds: 4, Bytes: piece * 3 / 2), (Milliseconds: 9, Bytes: body.Length));

        Assert.Equal(LatencySource.Timestamps, source);
        Assert.Equal([4, 6, 3], latencies.Select(latency => latency.TotalMilliseconds));
    }

    [Fact]
    public void A_piece_cut_short_is_left_out()
    {
        var body = Stamp(0) + Stamp(3) + Stamp(6)[..10];

        Assert.Equal(2, Read(body, (Milliseconds: 4, Bytes: body.Length)).Latencies.Count);
    }

    [Fact]
    public void Times_of_another_clock_are_taken_against_the_fastest()
    {
        var (source, latencies, _) = Read(
            false, false, null,
            [.. Enumerable.Range(0, 20).Select(i => ($"{(Now / 1_000_000) + 7_000_000 + (i * 50)}\n", (i * 50) + (i == 9 ? 30.0 : 5)))]);

        Assert.Equal(LatencySource.RelativeTimestamps, source);
        Assert.Equal(25, latencies.Max().TotalMilliseconds, tolerance: 0.01);
        Assert.Equal(TimeSpan.Zero, latencies.Min());
    }

    [Fact]
    public void Lines_without_times_are_late_against_an_even_drip()
    {
        var (source, latencies, every) = Read(
            false, true, null, [.. Enumerable.Range(0, 101).Select(i => ($"line {i}\n", (i * 50) + (i == 50 ? 40.0 : 0)))]);

        Assert.Equal(LatencySource.Gaps, source);
        Assert.Equal(50, every!.Value.TotalMilliseconds, tolerance: 0.01);
        Assert.Equal(40, latencies.Max().TotalMilliseconds, tolerance: 0.01);
        Assert.Equal(1, latencies.Count(latency => latency.TotalMilliseconds > 1));
    }

    [Fact]
    public void Lines_that_a_buffer_held_are_late_by_what_it_held_them()
    {
        var (_, latencies, _) = Read(
            false, true, TimeSpan.FromMilliseconds(50),
            [.. Enumerable.Range(0, 100).Select(i => ($"line {i}\n", ((i / 20) + 1) * 1000.0))]);

        Assert.Equal(950, latencies.Max().TotalMilliseconds, tolerance: 0.01);
    }

    [Fact]
    public void A_number_of_another_time_is_no_time() =>
        Assert.Equal(LatencySource.Gaps,
            Read(false, true, null, [.. Enumerable.Range(0, 20).Select(i => ($"1000000000000 {i}\n", i * 50.0))]).Source);

    [Fact]
    public void Without_lines_each_receive_is_a_piece()
    {
        var (source, latencies, _) = Read(false, true, null, [.. Enumerable.Range(0, 20).Select(i => ("....", i * 50.0))]);

        Assert.Equal(LatencySource.Gaps, source);
        Assert.Equal(20, latencies.Count);
    }

    [Fact]
    public void Two_receives_are_no_drip() => Assert.Equal(LatencySource.None, Read(false, true, null, [("a", 0), ("b", 1)]).Source);

    private static string Stamp(int milliseconds) => (Now + (milliseconds * 1_000_000L)).ToString(CultureInfo.InvariantCulture) + " ....\n";

    private static (LatencySource Source, IReadOnlyList<TimeSpan> Latencies, TimeSpan? Every) Read(
        string body, params (double Milliseconds, int Bytes)[] receives) =>
        DripReader.Read(
            Encoding.ASCII.GetBytes(body), [.. receives.Select(receive => Receive(receive.Milliseconds, receive.Bytes))], Clock, false,
            true, null);

    private static Receipt Receive(double milliseconds, int bytes) =>
        new(Clock.Timestamp + (long)(milliseconds / 1000 * Stopwatch.Frequency), bytes);

    private static (LatencySource Source, IReadOnlyList<TimeSpan> Latencies, TimeSpan? Every) Read(
        bool isEventStream, bool isSameMachine, TimeSpan? every, IReadOnlyList<(string Piece, double Milliseconds)> pieces)
    {
        var receipts = new List<Receipt>();
        var body = new StringBuilder();
        foreach (var (piece, milliseconds) in pieces)
        {
            body.Append(piece);
            receipts.Add(Receive(milliseconds, body.Length));
        }

        return DripReader.Read(Encoding.ASCII.GetBytes(body.ToString()), receipts, Clock, isEventStream, isSameMachine, every);
    }
}

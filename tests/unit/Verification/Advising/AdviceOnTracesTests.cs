using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using DaemonProxy.Relay;
using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Verification.Advising;

/// <summary>
/// Advice on recorded applications (bench/traces): each is played once under the default policy, and advice on what that counted is
/// compared with playing the recording itself under each delay.
/// </summary>
public sealed class AdviceOnTracesTests
{
    private const int FewestBursts = 600;
    private const int FewestFlushes = 20;
    private const int PacedWrites = 40;
    private const long Rate = 4000 << 10;

    public static TheoryData<string> Traces { get; } =
        [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "tests", "unit", "Relay", "Traces"), "*.txt")
            .Select(file => Path.GetFileNameWithoutExtension(file))];

    /// <summary>
    /// All but the images: an application that writes every 2 ms and then computes for 60 to 170 ms, below a limit of twice its pace. Of
    /// its dry spells the relay sees the long ones more often than it should, because it sleeps through most of the others.
    /// </summary>
    public static TheoryData<string> Transfers { get; } = [.. Traces.Select(row => row.Data).Where(name => name != "image-generation")];

    private static readonly string[] Compared = ["0ms", "1ms", "5ms", "20ms", "auto"];

    [Theory]
    [MemberData(nameof(Traces))]
    public void Held_time_is_predicted_within_a_millisecond(string name)
    {
        var trace = Read(name, bytes: 0);
        var wrong = Advice(trace, rate: 0).Rows.Select(row => (row, played: Play(trace, row.Delay, 0)))
            .Where(one => one.played.Held.Count >= FewestFlushes && !IsExempt(name, one.row.Delay))
            .Where(one => Math.Abs(one.row.HeldP50!.Value.TotalMilliseconds - Median(one.played.Held)) > 1)
            .Select(one =>
                $"{one.row.ShownDelay}: {one.row.HeldP50!.Value.TotalMilliseconds:0.0} ms, played {Median(one.played.Held):0.0} ms");
        Assert.Equal("", string.Join('\n', wrong));
    }

    [Theory]
    [MemberData(nameof(Transfers))]
    public void Share_of_the_rate_is_predicted_within_a_twentieth(string name)
    {
        var trace = Read(name, (int)(PacedWrites * Rate / 5));
        var advice = Advice(trace, Rate);
        if (advice.Stalls < advice.Pauses) return; // an idle stream has no rate
        var allowed = name is "json-lines" ? 0.12 : 0.05;
        var wrong = advice.Rows.Where(row => Compared.Contains(row.ShownDelay))
            .Select(row => (row, share: Play(trace, row.Delay, Rate).Rate / Rate))
            .Where(one => Math.Abs(one.row.RateShare!.Value - one.share) > allowed * one.share)
            .Select(one => $"{one.row.ShownDelay}: {one.row.RateShare:0.000}, played {one.share:0.000}");
        Assert.Equal("", string.Join('\n', wrong));
    }

    // What no histogram tells is which dry spell follows which: the log's lines come in groups of three with 10 ms between, and the
    // cursor's long stalls, by which auto goes, follow each other.
    private static bool IsExempt(string name, TimeSpan delay) =>
        (name == "log-tail" && delay == TimeSpan.FromMilliseconds(20)) || (name == "database-cursor" && delay == FlushPolicy.Auto);

    private static double Median(IReadOnlyList<TimeSpan> times) => times.Order().ElementAt((times.Count - 1) / 2).TotalMilliseconds;

    private static FlushAdvice Advice(Burst[] trace, long rate) => FlushAdvisor.Advise(
        new FlushPolicyStatus
        {
            Name = "site",
            Daemon = "app",
            FlushDelay = FlushPolicy.Default.FlushDelay,
            BufferSize = FlushPolicy.Default.BufferSize,
            FlushDeadline = FlushPolicy.Default.FlushDeadline,
        },
        Play(trace, FlushPolicy.Default.FlushDelay, rate).Writing, "/", Limit(rate));

    private static RelayedTrace Play(Burst[] trace, TimeSpan delay, long rate)
    {
        var time = new VirtualTime();
        var relay = new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default with { FlushDelay = delay }), time, time.Turns);
        return RelayedTrace.Relay(trace, relay, Limit(rate), isFramed: false, time);
    }

    private static RateLimit? Limit(long rate) => rate > 0 ? new(rate, 0, PacerKind.Interval) : null;

    /// <summary>The recording, again and again until there is enough of it.</summary>
    private static Burst[] Read(string name, long bytes)
    {
        var lines = File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "unit", "Relay", "Traces", name + ".txt"))
            .Select(line => line.Split(' ')).Select(fields => (
                At: long.Parse(fields[0], CultureInfo.InvariantCulture),
                Bytes: int.Parse(fields[1], CultureInfo.InvariantCulture))).ToList();
        var mean = (lines[^1].At - lines[0].At) / (lines.Count - 1);
        var once = lines.Select((line, i) =>
            new Burst(line.Bytes, TimeSpan.FromMicroseconds(i + 1 < lines.Count ? lines[i + 1].At - line.At : mean)))
            .ToArray();
        return [.. Enumerable.Repeat(
            once, 1 + Math.Max(FewestBursts / once.Length, (int)(bytes / once.Sum(burst => burst.Bytes)))).SelectMany(burst => burst)];
    }
}

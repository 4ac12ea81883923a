using System.Globalization;
using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>Plays the recorded writing of a real application (bench/traces) through the relay, on a clock that it turns.</summary>
internal sealed class TracePlayer
{
    private static readonly TimeSpan Step = TimeSpan.FromMicroseconds(100);

    private readonly List<(TimeSpan Gap, int Bytes)> _writes = [];

    /// <summary>Reads a trace: a line for each block, with microseconds since the head and bytes.</summary>
    public TracePlayer(string name)
    {
        var last = 0L;
        foreach (var line in File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "unit", "Relay", "Traces", name + ".txt")))
        {
            var fields = line.Split(' ');
            var at = long.Parse(fields[0], CultureInfo.InvariantCulture);
            _writes.Add((TimeSpan.FromMicroseconds(at - last), int.Parse(fields[1], CultureInfo.InvariantCulture)));
            last = at;
        }
    }

    /// <summary>Plays it three times, as three responses of one group.</summary>
    /// <param name="policy">The flush policy.</param>
    /// <param name="flushCost">What a flush costs in the chain.</param>
    public async Task<PlayedTrace> PlayAsync(FlushPolicy policy, TimeSpan flushCost)
    {
        var time = new FakeTimeProvider();
        var traffic = new TrafficCounter();
        var relay = new ResponseRelay(new LiveFlushPolicy(policy), time);
        var sends = 0;
        for (var i = 0; i < 3; i++)
        {
            var chain = new RecordingChain(time, CoreOutput.SmallestWrite - 1) { FlushCost = flushCost };
            await PlayOnceAsync(relay, chain, traffic, time);
            sends += chain.Sent.Count;
            Assert.Equal(_writes.Sum(write => write.Bytes), chain.Bytes.Length);
        }

        return new(traffic.Status(), sends);
    }

    private async Task PlayOnceAsync(ResponseRelay relay, IOutputFilter chain, TrafficCounter traffic, FakeTimeProvider time)
    {
        var pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
            useSynchronizationContext: false));
        using var body = new PipeBody(pipe.Reader, time);
        var run = relay.RunAsync(body, chain, new TrafficScope(traffic), false, TimeSpan.FromMinutes(1), CancellationToken.None).AsTask();
        foreach (var (gap, bytes) in _writes)
        {
            for (var left = gap; left > TimeSpan.Zero; left -= Step) time.Advance(left < Step ? left : Step);
            await pipe.Writer.WriteAsync(new byte[bytes]);
        }

        await pipe.Writer.CompleteAsync();
        await run;
    }
}

/// <summary>What came of it.</summary>
/// <param name="Traffic">What the relay counted.</param>
/// <param name="Sends">The writes to the client.</param>
internal sealed record PlayedTrace(TrafficStatus Traffic, int Sends)
{
    /// <summary>The part of the dry spells that ended without a flush.</summary>
    public double Bridged
    {
        get
        {
            var writing = Traffic.Writing;
            double spells = writing.Stalls.Concat(writing.Pauses).Sum(bucket => bucket.Count);
            return 1 - (Traffic.IdleFlushes + Traffic.DeadlineFlushes) / spells;
        }
    }

    /// <summary>The time, in milliseconds, that the given part of the flushes held output no longer than.</summary>
    public double Held(double part)
    {
        var holds = Traffic.Writing.Holds;
        var left = part * holds.Sum(bucket => bucket.Count);
        foreach (var bucket in holds)
        {
            left -= bucket.Count;
            if (left <= 0) return bucket.UpTo.TotalMilliseconds;
        }

        return 0;
    }
}

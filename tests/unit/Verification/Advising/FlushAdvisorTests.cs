using DaemonProxy.Control;
using DaemonProxy.Configuration;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using Xunit;

namespace DaemonProxy.Tests.Verification.Advising;

/// <summary>Advice on applications whose answers are known.</summary>
public sealed class FlushAdvisorTests
{
    private const int KiB = 1024;

    [Fact]
    public void Try_it()
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var drip = new WritingCounter();
        for (var i = 0; i < 1000; i++) drip.Count(new DrySpell(TimeSpan.FromMilliseconds(50), 100, 100));
        Console.Error.WriteLine(FlushAdvisor.Advise(InForce(5), drip.Status(), null, 0));
        Console.Error.WriteLine(System.Diagnostics.Stopwatch.GetElapsedTime(start));
        foreach (var chunk in new[] { 16, 64 })
        {
            start = System.Diagnostics.Stopwatch.GetTimestamp();
            Console.Error.WriteLine(FlushAdvisor.Advise(InForce(5), Stalling(chunk * KiB, 0.2, 3), "/", 4000 * KiB));
            Console.Error.WriteLine(System.Diagnostics.Stopwatch.GetElapsedTime(start));
            start = System.Diagnostics.Stopwatch.GetTimestamp();
            Console.Error.WriteLine(FlushAdvisor.Advise(InForce(5), Stalling(chunk * KiB, 0.2, 3), "/", 0));
            Console.Error.WriteLine(System.Diagnostics.Stopwatch.GetElapsedTime(start));
        }
    }

    private static WritingStatus Stalling(int chunk, double shortest, double longest)
    {
        var counter = new WritingCounter();
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
            counter.Count(new DrySpell(TimeSpan.FromMilliseconds(shortest + (random.NextDouble() * (longest - shortest))), chunk, chunk));
        return counter.Status();
    }

    private static FlushPolicyStatus InForce(double milliseconds) => new()
    {
        Name = "site",
        Daemon = "app",
        FlushDelay = TimeSpan.FromMilliseconds(milliseconds),
        BufferSize = FlushPolicy.Default.BufferSize,
        FlushDeadline = FlushPolicy.Default.FlushDeadline,
    };
}

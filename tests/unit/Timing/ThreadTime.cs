using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace DaemonProxy.Tests.Timing;

/// <summary>
/// What work costs beside other work: processor time of this thread alone, so that a machine that does forty other things changes no ratio.
/// Where the system does not tell, time as it passes.
/// </summary>
internal static partial class ThreadTime
{
    // CLOCK_THREAD_CPUTIME_ID of <time.h>.
    private static readonly int ThreadClock = OperatingSystem.IsLinux() ? 3 : OperatingSystem.IsMacOS() ? 16 : -1;

    /// <summary>How many times as much one piece of work costs as another: the least of some tries that take turns.</summary>
    public static double Ratio(Action one, Action other, int tries = 20)
    {
        var (cost, costOfOther) = (double.MaxValue, double.MaxValue);
        for (var i = 0; i < tries; i++) (cost, costOfOther) = (Math.Min(cost, Seconds(one)), Math.Min(costOfOther, Seconds(other)));
        return cost / costOfOther;
    }

    private static double Seconds(Action work)
    {
        var start = Now();
        work();
        return Now() - start;
    }

    private static double Now()
    {
        if (ThreadClock < 0) return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        Assert.Equal(0, ReadClock(ThreadClock, out var now));
        return now.Seconds + now.Nanoseconds / 1e9;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ReadClock(int clock, out Timespec now);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}

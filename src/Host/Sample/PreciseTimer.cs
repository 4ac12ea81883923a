using System.Diagnostics;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Sample;

/// <summary>
/// Waits until a given moment, late by about 0.1 ms and never early. <c>Task.Delay</c> counts in kernel ticks, 4 ms on many Linux systems,
/// which would turn a drip of 3 ms into one of 4. A single thread, asleep nearly all the time, serves any number of waits, so that hundreds
/// of drips do not compete for the processor with what they measure.
/// </summary>
internal sealed class PreciseTimer : IDisposable
{
    // Longer waits spend all but this time on a plain timer, which can be cancelled and costs nothing. Far longer than a tick of that
    // timer.
    private static readonly TimeSpan Fine = TimeSpan.FromMilliseconds(20);

    // How long before a due wait the thread ignores new, earlier waits.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(0.2);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waits = new();
    private readonly AutoResetEvent _earlier = new(initialState: false);
    private readonly Thread _thread;
    private bool _disposed;

    /// <summary>Starts the timer's thread.</summary>
    public PreciseTimer()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "sample timer" };
        _thread.Start();
    }

    /// <summary>Waits until the moment is reached; returns at once when it has passed.</summary>
    /// <param name="due">The moment as a <see cref="Stopwatch.GetTimestamp"/> value.</param>
    /// <param name="cancellationToken">Ends the wait, within <c>20 ms</c>.</param>
    public async Task WaitUntilAsync(long due, CancellationToken cancellationToken)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
        if (left > Fine)
            await Task.Delay(left - Fine, TimeProvider.System, cancellationToken);

        cancellationToken.ThrowIfCancellationRequested();
        if (Stopwatch.GetTimestamp() < due)
            await Enqueue(due);
    }

    /// <summary>Waits for a duration from now.</summary>
    public Task WaitAsync(TimeSpan time, CancellationToken cancellationToken) =>
        WaitUntilAsync(Stopwatch.GetTimestamp() + TicksOf(time), cancellationToken);

    /// <summary>Converts a time to <see cref="Stopwatch"/> ticks.</summary>
    public static long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Ends the thread; pending waits end at once.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _earlier.Set();
        _thread.Join();
        _earlier.Dispose();
    }

    private Task Enqueue(long due)
    {
        // The continuation writes to a socket, and the timer's thread has other waits to wake.
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_disposed)
                return Task.CompletedTask;
            var isFirst = !_waits.TryPeek(out _, out var first) || due < first;
            _waits.Enqueue(wait, due);
            if (!isFirst)
                return wait.Task;
        }

        _earlier.Set();
        return wait.Task;
    }

    private void Run()
    {
        while (true)
        {
            TimeSpan? untilNext;
            lock (_gate)
            {
                untilNext = WakeDue();
                if (_disposed)
                    return;
            }

            if (untilNext is not { } left)
                _earlier.WaitOne();
            else if (left.TotalMilliseconds >= 2)
                _earlier.WaitOne((int)left.TotalMilliseconds - 1); // whole milliseconds, and may come late by a fraction of one
            else
                SleepFinely(left < Slice ? left : Slice);
        }
    }

    private TimeSpan? WakeDue()
    {
        var now = Stopwatch.GetTimestamp();
        while (_waits.TryPeek(out var wait, out var due))
        {
            if (due > now && !_disposed)
                return Stopwatch.GetElapsedTime(now, due);
            _waits.Dequeue();
            wait.SetResult();
        }

        return null;
    }

    private static void SleepFinely(TimeSpan time)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows sleeps in steps of 1 ms at best; giving up the rest of the time slice repeatedly is exact.
#pragma warning disable RS0030 // It waits for no time at all.
            Thread.Sleep(0);
#pragma warning restore RS0030
            return;
        }

        // An interrupted sleep is just a shorter one: the caller checks the clock anyway.
        var request = new SystemCalls.TimeSpec { Nanoseconds = (nint)(time.Ticks * TimeSpan.NanosecondsPerTick) };
        _ = SystemCalls.Sleep(in request, 0);
    }
}

using System.Net;
using System.Net.Sockets;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// A stream of eight bytes every 10 ms from one thread of this process to another, over the loopback interface. It shares the machine with
/// the measurement in the same seconds, but none of the code under test: its delay is what the machine alone costs.
/// </summary>
internal sealed class ControlStream : IDisposable
{
    /// <summary>
    /// A machine that wakes timers later than this is disturbed. The value is below what an interval pacer may lose of each interval, 2% of
    /// 200 ms, and below what a flush may take beyond its delay: any delay that it cannot excuse is the fault of the code under test.
    /// </summary>
    public static readonly TimeSpan Allowance = TimeSpan.FromMilliseconds(3);

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly ManualResetEventSlim _stopped = new();
    private readonly Thread[] _threads;
    private long _dueAt;
    private long _worst;

    public ControlStream(TimeProvider time)
    {
        _time = time;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sender.Connect(listener.LocalEndPoint!);
        _receiver = listener.Accept();
        _start = time.GetTimestamp();
        _threads = [new(Send) { IsBackground = true, Name = "control sender" },
            new(Receive) { IsBackground = true, Name = "control receiver" }];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>The longest delay of any write so far, including one that is still due.</summary>
    public TimeSpan Worst
    {
        get
        {
            var overdue = (_time.GetElapsedTime(_start) - TimeSpan.FromTicks(Interlocked.Read(ref _dueAt))).Ticks;
            return TimeSpan.FromTicks(Math.Max(Interlocked.Read(ref _worst), overdue));
        }
    }

    public void Dispose()
    {
        if (_stopped.IsSet)
            return;
        _stopped.Set();
        foreach (var thread in _threads)
            thread.Join();
        _receiver.Dispose();
        _stopped.Dispose();
    }

    private void Send()
    {
        var due = TimeSpan.Zero;
        do
        {
            due = Next(due, _time.GetElapsedTime(_start));
            Interlocked.Exchange(ref _dueAt, due.Ticks);
        }
        while (!_stopped.Wait(Longer(due - _time.GetElapsedTime(_start), TimeSpan.Zero))
            && _sender.Send(BitConverter.GetBytes(due.Ticks)) > 0);
        // The receiver ends with the stream.
        _sender.Dispose();
    }

    private void Receive()
    {
        Span<byte> due = stackalloc byte[sizeof(long)];
        while (ReceiveWhole(due))
        {
            var late = _time.GetElapsedTime(_start).Ticks - BitConverter.ToInt64(due);
            if (late > Interlocked.Read(ref _worst))
                Interlocked.Exchange(ref _worst, late);
        }
    }

    private bool ReceiveWhole(Span<byte> due)
    {
        for (var length = 0; length < due.Length;)
        {
            var count = _receiver.Receive(due[length..]);
            if (count == 0)
                return false;
            length += count;
        }

        return true;
    }

    /// <summary>The next point of the time grid that has not passed: a late write does not delay the next.</summary>
    private static TimeSpan Next(TimeSpan due, TimeSpan now) => Longer(due, Period * Math.Floor(now / Period)) + Period;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

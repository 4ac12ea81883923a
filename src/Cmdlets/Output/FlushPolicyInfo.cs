using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>The flush policy in force for a daemon group. Pipe it to <c>Set-FlushPolicy</c> to bring a saved policy back.</summary>
public sealed class FlushPolicyInfo
{
    internal FlushPolicyInfo(string name, DaemonStatus daemon)
    {
        Name = name;
        Daemon = daemon.Name;
        FlushDelay = daemon.FlushDelay;
        BufferSize = daemon.BufferSize;
        FlushDeadline = daemon.FlushDeadline;
        IdleFlushes = daemon.Traffic.Flushes.Idle;
        DeadlineFlushes = daemon.Traffic.Flushes.Deadline;
        GuardFlushes = daemon.Traffic.Flushes.Guard;
        EndFlushes = daemon.Traffic.Flushes.End;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The daemon group's name.</summary>
    public string Daemon { get; }

    /// <summary>How long the relay waits for more before it flushes; zero flushes on any dry read.</summary>
    public TimeSpan FlushDelay { get; }

    /// <summary>The runaway guard: a flush is forced when the chain holds more than this. Bytes.</summary>
    public long BufferSize { get; }

    /// <summary>The longest a byte waits while the application trickles; zero: no deadline.</summary>
    public TimeSpan FlushDeadline { get; }

    /// <summary>Flushes since the start because the application stayed silent for the flush delay.</summary>
    public long IdleFlushes { get; }

    /// <summary>Flushes since the start because bytes had waited for the flush deadline.</summary>
    public long DeadlineFlushes { get; }

    /// <summary>Flushes since the start because the chain held more than the buffer size.</summary>
    public long GuardFlushes { get; }

    /// <summary>Flushes since the start because a response ended.</summary>
    public long EndFlushes { get; }
}

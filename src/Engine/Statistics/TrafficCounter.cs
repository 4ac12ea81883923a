namespace DaemonProxy.Statistics;

/// <summary>Counts finished requests, from any number of threads; once per request, never for each block.</summary>
public sealed class TrafficCounter
{
    private readonly long[] _statuses = new long[6];
    private long _requests;
    private long _bytes;
    private long _queueTicks;
    private long _ticks;
    private WritingCounter? _writing;

    /// <summary>The flushes in its responses.</summary>
    public FlushCounter Flushes { get; } = new();

    /// <summary>Bytes of response bodies sent.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Total time that requests waited for a worker.</summary>
    public TimeSpan QueueTime => TimeSpan.FromTicks(Interlocked.Read(ref _queueTicks));

    /// <summary>How its responses have been written so far.</summary>
    public WritingStatus WritingStatus => Volatile.Read(ref _writing)?.Status() ?? WritingStatus.None;

    /// <summary>How its responses are written; created by the first one, because many routes never have any.</summary>
    public WritingCounter Writing => LazyInitializer.EnsureInitialized(ref _writing, static () => new());

    /// <summary>Counts a request.</summary>
    /// <param name="request">The outcome of the request.</param>
    public void Count(in FinishedRequest request)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _bytes, request.Bytes);
        Interlocked.Add(ref _queueTicks, request.QueueTime.Ticks);
        Interlocked.Add(ref _ticks, request.Duration.Ticks);
        Interlocked.Increment(ref _statuses[request.Status is >= 100 and < 600 ? request.Status / 100 : 0]);
    }

    /// <summary>The counts so far.</summary>
    public TrafficStatus Status() => new()
    {
        Requests = Interlocked.Read(ref _requests),
        Bytes = Bytes,
        ClientLeft = Interlocked.Read(ref _statuses[0]),
        Upgraded = Interlocked.Read(ref _statuses[1]),
        Success = Interlocked.Read(ref _statuses[2]),
        Redirection = Interlocked.Read(ref _statuses[3]),
        ClientError = Interlocked.Read(ref _statuses[4]),
        ServerError = Interlocked.Read(ref _statuses[5]),
        QueueTime = QueueTime,
        Duration = TimeSpan.FromTicks(Interlocked.Read(ref _ticks)),
        IdleFlushes = Flushes[FlushReason.Idle],
        DeadlineFlushes = Flushes[FlushReason.Deadline],
        GuardFlushes = Flushes[FlushReason.Guard],
        EndFlushes = Flushes[FlushReason.End],
        Writing = WritingStatus,
    };
}

/// <summary>The outcome of a request.</summary>
/// <param name="Status">The application's status, or the one that replaced it; 0: the client left before there was one.</param>
/// <param name="Bytes">Bytes of the response's body that were sent.</param>
/// <param name="QueueTime">How long it waited for a worker.</param>
/// <param name="Duration">How long it took in total.</param>
public readonly record struct FinishedRequest(int Status, long Bytes, TimeSpan QueueTime, TimeSpan Duration);

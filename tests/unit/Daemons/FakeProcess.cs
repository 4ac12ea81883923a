using DaemonProxy.Daemons;

namespace DaemonProxy.Tests.Daemons;

/// <summary>A worker's process that listens at once, or ends at once, as the test says.</summary>
internal sealed class FakeProcess(int id, TimeProvider time, bool listens) : IWorkerProcess
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool Listens => listens;

    public int Id => id;

    public string Socket => $"/nowhere.{id}.sock";

    public long Start { get; } = time.GetTimestamp();

    public DateTimeOffset StartTime { get; } = time.GetUtcNow();

    public Task Ended => _ended.Task;

    public int ExitCode => 1;

    public int StuckRequests { get; set; }

    public string? LastLine => null;

    public TimeSpan ProcessorTime => TimeSpan.Zero;

    public void End() => _ended.TrySetResult();

    public Task<bool> BecomesReadyAsync(TimeSpan limit, CancellationToken stop)
    {
        if (!listens) End();
        return Task.FromResult(listens);
    }

    public Task<bool> EndAsync(TimeSpan limit)
    {
        End();
        return Task.FromResult(true);
    }
}

using DaemonProxy.Events;

namespace DaemonProxy.Fleet;

/// <summary>Carries a member's calls to the server, in the background, one at a time.</summary>
/// <param name="member">The member.</param>
/// <param name="server">The server.</param>
/// <param name="noAnswer">The sentence for a server that stays silent.</param>
/// <param name="callTimeout">How long an answer is waited for.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Receives the events: the server is lost, the server is back.</param>
/// <param name="describe">What happens while the server is lost, for the event.</param>
public sealed class FleetLink(
    FleetMember member, IFleetServer server, string noAnswer, TimeSpan callTimeout, TimeProvider time, EventLog log, string describe)
    : IAsyncDisposable
{
    // Between two tries while there is no answer, and between two looks at the clock while one is waited for.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private Task _running = Task.CompletedTask;
    private volatile string? _failure;
    private string? _refusal;

    /// <summary>Why the server did not answer last; null: it did.</summary>
    public string? Failure => _failure;

    /// <summary>Begins to call.</summary>
    public void Start()
    {
        member.Wanted = Want;
        _running = Task.Run(RunAsync);
    }

    private void Want()
    {
        // Two threads at once, or a disposal: one release is enough.
        try { if (_wanted.CurrentCount == 0) _wanted.Release(); }
        catch (Exception late) when (late is SemaphoreFullException or ObjectDisposedException) { }
    }

    private async Task RunAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            var start = time.GetTimestamp();
            var (answered, gaveUp) = await CallAsync().ConfigureAwait(false);
            CheckLoss();
            if (gaveUp) continue;
            var pause = (answered && !member.HasDemand ? FleetMember.Heartbeat : answered ? member.Tick : Patience)
                - time.GetElapsedTime(start);
            if (pause > TimeSpan.Zero) await PauseAsync(pause, answered).ConfigureAwait(false);
        }
    }

    private async Task<(bool Answered, bool GaveUp)> CallAsync()
    {
        try
        {
            var call = member.NextCall();
            var answer = server.CallAsync(call.Keys, call.Arguments);
            while (!answer.IsCompleted && time.GetElapsedTime(call.Sent) < callTimeout)
            {
                await Task.WhenAny(answer, Task.Delay(Patience, time, _ending.Token)).ConfigureAwait(false);
                if (_ending.IsCancellationRequested) return (false, false);
                if (!answer.IsCompleted) CheckLoss();
            }
            if (!answer.IsCompleted)
            {
                _ = answer.ContinueWith(static late => _ = late.Exception, CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                _failure = noAnswer;
                return (false, false);
            }
            var wasLost = member.IsLost;
            var gaveUp = member.Apply(call, await answer.ConfigureAwait(false));
            (_failure, _refusal) = (null, null);
            if (wasLost && !member.IsLost)
                log.Write(EventCatalogue.FleetServerBack, $"{member.Members} members", ("members", member.Members));
            return (true, gaveUp);
        }
        catch (FleetServerException failure)
        {
            // It does not come back by itself; said once, and again when it is another.
            if (failure.IsLasting && failure.Message != _refusal)
            {
                _refusal = failure.Message;
                log.Write(EventCatalogue.FleetServerUnusable, failure.Message);
            }
            _failure = failure.Message;
            return (false, false);
        }
    }

    private void CheckLoss()
    {
        if (member.CheckLoss()) log.Write(EventCatalogue.FleetServerLost, $"{_failure ?? noAnswer}; {describe}");
    }

    private async Task PauseAsync(TimeSpan pause, bool answered)
    {
        try
        {
            // Without an answer there is nothing to hurry for.
            if (!answered) await Task.Delay(pause, time, _ending.Token).ConfigureAwait(false);
            else await _wanted.WaitAsync(pause, _ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    /// <summary>Stops calling. The server notices by the end of the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        try { await _running.ConfigureAwait(false); }
        catch (OperationCanceledException) { }
        _ending.Dispose();
        _wanted.Dispose();
    }
}

using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>A replacement of the worker: asked for by somebody, made by the supervisor.</summary>
internal sealed class Replacement
{
    private readonly TaskCompletionSource<RestartReason> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when somebody asks for it.</summary>
    public Task<RestartReason> Asked => _reason.Task;

    /// <summary>Completes when the new worker serves, or fails when it does not and the old one stays.</summary>
    public Task Done => _done.Task;

    /// <summary>Ends the attempt.</summary>
    public CancellationTokenSource Withdrawn { get; } = new();

    /// <summary>Whether an attempt that fails ends it: the operator who asked for it wants to know, and the old worker is good.</summary>
    public bool EndsByFailure => Asked is { IsCompletedSuccessfully: true, Result: RestartReason.Operator };

    public void Ask(RestartReason reason) => _reason.TrySetResult(reason);

    public void End() => _done.TrySetResult();

    public void Fail(DaemonStartException refusal)
    {
        _done.TrySetException(refusal);
        // Whoever asked may not wait for it.
        _ = _done.Task.Exception;
    }
}

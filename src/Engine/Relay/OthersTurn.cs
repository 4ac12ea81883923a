using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace DaemonProxy.Relay;

/// <summary>Awaited to give others their turn, as <see cref="Task.Yield"/> does, where the awaiting code is to go on on a scheduler of its
/// owner.</summary>
/// <param name="scheduler">Where the awaiting code goes on.</param>
internal readonly struct OthersTurn(PipeScheduler scheduler) : ICriticalNotifyCompletion
{
    /// <summary>Always false: others come first.</summary>
    public bool IsCompleted => false;

    public OthersTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) => scheduler.Schedule(static state => ((Action)state!)(), continuation);
}

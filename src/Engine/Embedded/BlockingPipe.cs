using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using DaemonProxy.Timing;

namespace DaemonProxy.Embedded;

/// <summary>Blocking access to pipes, for request threads. They may block, unlike the threads that serve sockets.</summary>
public static class BlockingPipe
{
    [ThreadStatic]
    private static ThreadWait? t_wait;

    /// <summary>Reads bytes, waiting until there are some, or enough.</summary>
    /// <param name="reader">The pipe.</param>
    /// <param name="buffer">Where they go; used by whoever fills the pipe until this returns.</param>
    /// <param name="fill">Whether to wait until the buffer is full, the pipe has ended, or something comes after an interruption.</param>
    /// <param name="request">The request that reads.</param>
    /// <returns>The number of bytes; 0 at the end of the pipe.</returns>
    /// <remarks>The bytes are copied where they arrive, so that the waiting thread is woken once, not for each piece.</remarks>
    public static int Read(PipeReader reader, Memory<byte> buffer, bool fill, WsgiRequest request) =>
        Wait(ReadAsync(reader, buffer, fill, request));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> ReadAsync(PipeReader reader, Memory<byte> buffer, bool fill, WsgiRequest request)
    {
        var filled = 0;
        while (true)
        {
            var read = await reader.ReadAsync().ConfigureAwait(false);
            var taken = read.Buffer.Slice(0, Math.Min(buffer.Length - filled, read.Buffer.Length));
            taken.CopyTo(buffer.Span[filled..]);
            filled += (int)taken.Length;
            var isEnd = read.IsCompleted && taken.Length == read.Buffer.Length;
            reader.AdvanceTo(taken.End);
            if (isEnd || filled == buffer.Length || (filled > 0 && (!fill || request.IsInterrupted))) return filled;
            if (read.IsCanceled) throw new OperationCanceledException("the read was cancelled");
        }
    }

    /// <summary>Passes on the written bytes, waiting while there is no room for more.</summary>
    /// <returns>Whether the reader has stopped reading.</returns>
    public static bool Flush(PipeWriter writer) => Wait(writer.FlushAsync()).IsCompleted;

    /// <summary>Waits for an operation that a request thread has started.</summary>
    public static T Wait<T>(ValueTask<T> task) =>
        task.IsCompleted ? task.GetAwaiter().GetResult() : (t_wait ??= new()).Finish(task);
}

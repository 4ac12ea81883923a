using System.Buffers;
using System.IO.Pipelines;

namespace DaemonProxy.Embedded;

/// <summary>Blocking access to pipes, for request threads. They may block, unlike the threads that serve sockets.</summary>
public static class BlockingPipe
{
    /// <summary>Reads the available bytes, waiting until there are some.</summary>
    /// <returns>The number of bytes; 0 at the end of the pipe.</returns>
    public static int Read(PipeReader reader, Span<byte> buffer)
    {
        var read = Wait(reader.ReadAsync());
        var count = (int)Math.Min(buffer.Length, read.Buffer.Length);
        var taken = read.Buffer.Slice(0, count);
        taken.CopyTo(buffer);
        reader.AdvanceTo(taken.End);
        return count;
    }

    /// <summary>Passes on the written bytes, waiting while there is no room for more.</summary>
    /// <returns>Whether the reader has stopped reading.</returns>
    public static bool Flush(PipeWriter writer) => Wait(writer.FlushAsync()).IsCompleted;

    /// <summary>Waits for an operation that a request thread has started.</summary>
    public static T Wait<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();
}

using System.Buffers;
using System.IO.Pipelines;

namespace DaemonProxy.Embedded;

/// <summary>Pipes for a request thread, which may block, unlike the threads that serve sockets.</summary>
public static class BlockingPipe
{
    /// <summary>Reads what is there, waiting until something is.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    public static int Read(PipeReader reader, Span<byte> buffer)
    {
        var read = Wait(reader.ReadAsync());
        var count = (int)Math.Min(buffer.Length, read.Buffer.Length);
        var taken = read.Buffer.Slice(0, count);
        taken.CopyTo(buffer);
        reader.AdvanceTo(taken.End);
        return count;
    }

    /// <summary>Passes on what was written, waiting while there is no room for more.</summary>
    /// <returns>Whether nobody reads any more.</returns>
    public static bool Flush(PipeWriter writer) => Wait(writer.FlushAsync()).IsCompleted;

    /// <summary>Waits for what a request thread has begun.</summary>
    public static T Wait<T>(ValueTask<T> task) => task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();
}

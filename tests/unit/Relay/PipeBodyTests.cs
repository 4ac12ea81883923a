using System.Buffers;
using System.IO.Pipelines;
using DaemonProxy.Relay;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>A body that breaks off is delivered as far as it was written.</summary>
public sealed class PipeBodyTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(60_000)]
    public void Body_breaks_off_after_its_last_byte(int length)
    {
        var pipe = new Pipe();
        using var body = new PipeBody(pipe.Reader, TimeProvider.System);
        pipe.Writer.Write(new byte[length]);
        body.Break(new IOException("broken off"));
        pipe.Writer.Complete();
        var read = 0;
        var failure = Assert.Throws<IOException>(() =>
        {
            while (body.TryRead(out var block))
            {
                Assert.False(block.End);
                read += block.Data.Length;
            }
        });
        Assert.Equal(("broken off", length), (failure.Message, read));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60_000)]
    public void Complete_body_ends_with_its_last_block(int length)
    {
        var pipe = new Pipe();
        using var body = new PipeBody(pipe.Reader, TimeProvider.System);
        pipe.Writer.Write(new byte[length]);
        pipe.Writer.Complete();
        var read = 0;
        bool end;
        do
        {
            Assert.True(body.TryRead(out var block));
            read += block.Data.Length;
            end = block.End;
        }
        while (!end);
        Assert.Equal(length, read);
    }
}

using System.Runtime.InteropServices;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>What the tests of a client's connection send over it.</summary>
internal static class ClientBytes
{
    // More than both sockets' buffers hold together.
    public const int Much = 1 << 20;

    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] ArrayOf(ReadOnlyMemory<byte> memory)
    {
        Assert.True(MemoryMarshal.TryGetArray(memory, out var segment));
        return segment.Array!;
    }

    // Assert.Equal of megabytes takes seconds.
    public static void AssertSame(byte[] expected, byte[] got) =>
        Assert.True(expected.AsSpan().SequenceEqual(got), $"{got.Length} bytes came that are not the {expected.Length} that were written");

    public static async Task LendAsync(ClientConnection connection, byte[] block)
    {
        connection.Lender.Lend(block);
        Assert.Same(block, ArrayOf(connection.Writer.GetMemory(block.Length)));
        connection.Writer.Advance(block.Length);
        await connection.Writer.FlushAsync();
    }
}

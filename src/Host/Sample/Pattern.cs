using System.IO.Pipelines;

namespace DaemonProxy.Host.Sample;

/// <summary>
/// The bytes that the sample application sends, for clients to check: the byte at position p of a body is
/// <c>((p mod 65521) * 2654435761 mod 2^32) >> 24</c>. The period is prime, so that a block lost, doubled or moved shows,
/// whatever power of two its size is.
/// </summary>
internal static class Pattern
{
    /// <summary>The pattern's period, bytes: the largest prime below 2^16.</summary>
    public const int Period = 65_521;

    /// <summary>
    /// The maximum number of bytes written at a time. A larger chunk is sent in pieces of this size, so that memory use stays constant.
    /// </summary>
    public const int LargestWrite = 65_536;

    // Long enough that a write of the largest size can start anywhere in the period.
    private static readonly byte[] Table = MakeTable();

    /// <summary>The byte at a position of the body.</summary>
    public static byte At(long position) => Table[position % Period];

    /// <summary>Writes and flushes a section of the pattern; returns when the server has room for more.</summary>
    /// <param name="output">The destination.</param>
    /// <param name="position">The offset of the section in the body, bytes.</param>
    /// <param name="length">The length of the section, bytes.</param>
    /// <param name="cancellationToken">Fires when the client is gone.</param>
    public static async ValueTask WriteAsync(PipeWriter output, long position, long length, CancellationToken cancellationToken)
    {
        for (var end = position + length; position < end;)
        {
            // Once the client is gone, a write silently does nothing, which a loop over a gibibyte would not notice.
            cancellationToken.ThrowIfCancellationRequested();
            var size = (int)Math.Min(end - position, LargestWrite);
            await output.WriteAsync(Table.AsMemory((int)(position % Period), size), cancellationToken);
            position += size;
        }
    }

    private static byte[] MakeTable()
    {
        var table = new byte[Period + LargestWrite];
        for (var i = 0; i < table.Length; i++)
            table[i] = (byte)(unchecked((uint)(i % Period) * 2_654_435_761u) >> 24);
        return table;
    }
}

using System.Text;
using BenchmarkDotNet.Attributes;
using DaemonProxy.Daemons;

namespace DaemonProxy.Micro;

/// <summary>A daemon's chunks, taken apart in the buffer they came in.</summary>
[MemoryDiagnoser]
public class ChunkedReaderBenchmarks
{
    private const int LongestLine = 32_768;

    private readonly byte[] _chunks = new byte[65_536];
    private byte[] _chunk = null!;

    /// <summary>Bytes of a chunk.</summary>
    [Params(100, 8_192)]
    public int Chunk { get; set; }

    [GlobalSetup]
    public void SetUp() => _chunk = [.. Encoding.ASCII.GetBytes($"{Chunk:x}\r\n"), .. new byte[Chunk], .. "\r\n"u8.ToArray()];

    /// <summary>A buffer of 64 KiB full of chunks. Reading moves them, so each time they are first put there anew; that is in it.</summary>
    [Benchmark]
    public int Buffer_of_chunks()
    {
        var filled = 0;
        for (; filled + _chunk.Length <= _chunks.Length; filled += _chunk.Length) _chunk.CopyTo(_chunks, filled);
        var reader = new ChunkedReader(LongestLine);
        return reader.Read(_chunks.AsSpan(0, filled), out var data) + data.End.Value;
    }
}

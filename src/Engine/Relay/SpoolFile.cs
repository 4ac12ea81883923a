using DaemonProxy.Platform;

namespace DaemonProxy.Relay;

/// <summary>
/// What does not fit into memory of a body: a file without a name, which the system frees when it is closed, also when the process is
/// killed. It is written round and round, so that it never has more than its size. One writer and one reader; where each stands, and that
/// they do not meet, is the caller's to know.
/// </summary>
/// <remarks>
/// A file has no way to be read or written without blocking on most systems, so the runtime does it on its pool, whose threads serve no
/// sockets.
/// </remarks>
internal sealed class SpoolFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly long _size;
    private long _written;
    private long _read;

    private ConnectionBudget? _budget;

    private SpoolFile(FileStream stream, long size, ConnectionBudget? budget) => (_stream, _size, _budget) = (stream, size, budget);

    /// <summary>Makes one.</summary>
    /// <param name="place">On which disk, and where it is counted.</param>
    /// <param name="size">The most it holds, bytes.</param>
    /// <exception cref="IOException">The system does not give one.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made there.</exception>
    public static SpoolFile Create(SpoolPlace place, long size)
    {
        if (place.Budget is { } budget && !budget.TryTake()) throw new IOException("the limit on open files leaves room for no spool file");
        try
        {
            return new(Open(place.Directory), size, place.Budget);
        }
        catch
        {
            place.Budget?.Return();
            throw;
        }
    }

    private static FileStream Open(string? directory)
    {
        var path = Path.Combine(directory ?? DefaultDirectory, $"daemonproxy-{Guid.NewGuid():n}.spool");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose | FileOptions.Asynchronous : FileOptions.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return stream;
    }

    /// <summary>
    /// Where they are made if nothing else is said: not in the runtime directory, which often lies in memory, but where large files may.
    /// </summary>
    public static string DefaultDirectory => Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } own ? own
        : Directory.Exists("/var/tmp") ? "/var/tmp" : Path.GetTempPath();

    /// <summary>Writes after what was written last.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            var at = _written % _size;
            var part = data[..(int)Math.Min(data.Length, _size - at)];
            await RandomAccess.WriteAsync(_stream.SafeFileHandle, part, at).ConfigureAwait(false);
            _written += part.Length;
            data = data[part.Length..];
        }
    }

    /// <summary>Reads after what was read last.</summary>
    /// <param name="into">Not longer than what is there to read.</param>
    /// <returns>How many bytes; more than 0.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> into)
    {
        var at = _read % _size;
        var count = await RandomAccess.ReadAsync(_stream.SafeFileHandle, into[..(int)Math.Min(into.Length, _size - at)], at)
            .ConfigureAwait(false);
        if (count == 0) throw new EndOfStreamException("the spool file is shorter than what was written to it");
        _read += count;
        return count;
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        Interlocked.Exchange(ref _budget, null)?.Return();
    }
}

/// <summary>Where spool files are.</summary>
/// <param name="Directory"><c>spool-directory</c>; null: <see cref="SpoolFile.DefaultDirectory"/>.</param>
/// <param name="Budget">Where each is counted as an open file; null: nowhere.</param>
public sealed record SpoolPlace(string? Directory, ConnectionBudget? Budget = null);

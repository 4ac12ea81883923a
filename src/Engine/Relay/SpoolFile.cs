using DaemonProxy.Platform;

namespace DaemonProxy.Relay;

/// <summary>
/// Holds the part of a body that does not fit into memory. It is a file without a name, which the system frees when it is closed, even if
/// the process is killed. It is a ring, so that it never exceeds its size. It serves one writer and one reader; the caller has to make sure
/// that neither overtakes the other.
/// </summary>
/// <remarks>
/// Most systems cannot read or write a file without blocking, so the runtime does this on its thread pool, whose threads serve no sockets.
/// </remarks>
internal sealed class SpoolFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly long _size;
    private long _written;
    private long _read;

    private ConnectionBudget? _budget;

    private SpoolFile(FileStream stream, long size, ConnectionBudget? budget) => (_stream, _size, _budget) = (stream, size, budget);

    /// <summary>Creates a spool file.</summary>
    /// <param name="place">The directory of the file, and the budget that counts it.</param>
    /// <param name="size">The most bytes it holds.</param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be created there.</exception>
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
    /// Where spool files are created by default: not in the runtime directory, which is often in memory, but where large files are
    /// acceptable.
    /// </summary>
    public static string DefaultDirectory => Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } own ? own
        : Directory.Exists("/var/tmp") ? "/var/tmp" : Path.GetTempPath();

    /// <summary>Writes at the writer's position.</summary>
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

    /// <summary>Reads at the reader's position.</summary>
    /// <param name="into">The target; must not be longer than the number of bytes available to read.</param>
    /// <returns>The number of bytes read; more than 0.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> into)
    {
        var at = _read % _size;
        var count = await RandomAccess.ReadAsync(_stream.SafeFileHandle, into[..(int)Math.Min(into.Length, _size - at)], at)
            .ConfigureAwait(false);
        if (count == 0) throw new EndOfStreamException("the spool file is shorter than what was written to it");
        _read += count;
        return count;
    }

    /// <summary>Closes the file, which frees it.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        Interlocked.Exchange(ref _budget, null)?.Return();
    }
}

/// <summary>Where spool files are created.</summary>
/// <param name="Directory"><c>spool-directory</c>; null: <see cref="SpoolFile.DefaultDirectory"/>.</param>
/// <param name="Budget">The budget that counts each as an open file; null: they are not counted.</param>
public sealed record SpoolPlace(string? Directory, ConnectionBudget? Budget = null);

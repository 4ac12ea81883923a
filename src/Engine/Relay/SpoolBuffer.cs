using System.Buffers;
using System.IO.Pipelines;
using DaemonProxy.Timing;

namespace DaemonProxy.Relay;

/// <summary>How much of a body is buffered ahead of its reader.</summary>
/// <param name="Memory">The most bytes in memory.</param>
/// <param name="File">The most bytes in a file beyond that.</param>
/// <param name="Place">Where the file is created.</param>
public sealed record SpoolSize(long Memory, long File, SpoolPlace Place)
{
    /// <summary>A size without a file.</summary>
    /// <param name="bytes">The most bytes in memory.</param>
    public static SpoolSize InMemory(long bytes) => new(bytes, File: 0, new SpoolPlace(Directory: null));
}

/// <summary>
/// A buffer between one writer and one slower reader: bytes go to memory first, then to a <see cref="SpoolFile"/>; when both are full, the
/// writer waits. A file that cannot be written is treated as full.
/// </summary>
/// <param name="size">The capacity of memory and file.</param>
/// <param name="time">The clock for the waits.</param>
/// <param name="failed">Called when the file cannot be written; at most once.</param>
/// <param name="writers">Where a writer that has waited for room goes on; null: on the thread pool.</param>
internal sealed class SpoolBuffer(
    SpoolSize size, TimeProvider time, Action<Exception>? failed, PipeScheduler? writers = null) : IAsyncDisposable
{
    // Small blocks are collected in one segment; larger blocks get a segment of their own size.
    private const int SmallestSegment = 16_384;

    /// <summary>A write of at most that many bytes is never split.</summary>
    public const int LargestSegment = 65_536;

    private readonly Lock _gate = new();
    private readonly Queue<Segment> _segments = new();
    private readonly TimedWait _data = new(time);
    private readonly TimedWait _room = new(time);
    private Segment? _tail;
    private Segment? _lent;
    private long _inMemory;
    private long _inFile;
    private SpoolFile? _file;
    private Task _reading = Task.CompletedTask;
    private bool _isReading;
    private bool _isWriting;
    private bool _fileFailed;
    private bool _writerWaits;
    private bool _completed;
    private Exception? _failure;

    private enum Place
    {
        Nowhere,
        Memory,
        File,
    }

    /// <summary>Takes bytes, waiting while there is no room.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken stop)
    {
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, LargestSegment)];
            switch (PlaceOrKeep(part.Span))
            {
                case Place.Nowhere:
                    await _room.WaitAsync(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(false);
                    continue;
                case Place.File when !await TryWriteFileAsync(part).ConfigureAwait(false):
                    continue;
            }
            data = data[part.Length..];
            _data.Signal();
        }
    }

    /// <summary>Tells the buffer that nothing more will be written.</summary>
    /// <param name="failure">The failure that the reader gets after everything written before; null: the data is complete.</param>
    public void Complete(Exception? failure)
    {
        lock (_gate) (_completed, _failure) = (true, failure);
        _data.Signal();
    }

    /// <summary>Takes what can be read now. The memory belongs to the caller until the next call.</summary>
    /// <returns>False when there is nothing to read at this instant.</returns>
    public bool TryRead(out ReadOnlyMemory<byte> data, out bool end)
    {
        var room = false;
        var found = false;
        lock (_gate)
        {
            (data, end) = (default, false);
            room = Return() && _writerWaits;
            if (_segments.TryDequeue(out var segment))
            {
                if (segment == _tail) _tail = null;
                _lent = segment;
                data = segment.Bytes.AsMemory(0, segment.Length);
                end = _completed && _failure is null && _segments.Count == 0 && _inFile == 0;
                found = true;
            }
            else if (_inFile > 0)
            {
                _data.Reset();
                if (!_isReading)
                {
                    _isReading = true;
                    _reading = ReadFileAsync();
                }
            }
            else if (_completed)
            {
                if (_failure is not null) throw _failure;
                end = found = true;
            }
            else _data.Reset();
            if (room) _writerWaits = false;
        }
        if (room) WakeWriter();
        return found;
    }

    /// <summary>When the bytes came for which the reader has not waited; null: it was waiting.</summary>
    public long? CameAt => _data.SignalledAt;

    /// <summary>
    /// Waits until there is something to read or the limit passes. Bytes on their way into or out of the file will be readable in a moment;
    /// the limit does not apply to them.
    /// </summary>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        bool comes;
        lock (_gate) comes = _isReading || _isWriting;
        return _data.WaitAsync(comes ? Timeout.InfiniteTimeSpan : limit, cancellationToken);
    }

    /// <summary>Decides where bytes go; bytes for memory are stored when this returns.</summary>
    private Place PlaceOrKeep(ReadOnlySpan<byte> part)
    {
        lock (_gate)
        {
            // Bytes in the file are older and have to be read first.
            if (_inFile == 0)
            {
                if (_tail is { } tail && tail.Bytes.Length - tail.Length >= part.Length)
                {
                    part.CopyTo(tail.Bytes.AsSpan(tail.Length));
                    tail.Length += part.Length;
                    return Place.Memory;
                }
                if (_inMemory == 0 || _inMemory + Math.Max(part.Length, SmallestSegment) <= size.Memory)
                {
                    var segment = new Segment(ArrayPool<byte>.Shared.Rent(Math.Max(part.Length, SmallestSegment)), part.Length);
                    part.CopyTo(segment.Bytes);
                    Add(segment);
                    return Place.Memory;
                }
            }
            if (!_fileFailed && _inFile + part.Length <= size.File)
            {
                _isWriting = true;
                return Place.File;
            }
            _writerWaits = true;
            _room.Reset();
            return Place.Nowhere;
        }
    }

    private void Add(Segment segment)
    {
        _segments.Enqueue(segment);
        _tail = segment;
        _inMemory += segment.Bytes.Length;
    }

    /// <summary>Returns the segment lent to the reader; false when there was none.</summary>
    private bool Return()
    {
        if (_lent is not { } lent) return false;
        _inMemory -= lent.Bytes.Length;
        ArrayPool<byte>.Shared.Return(lent.Bytes);
        _lent = null;
        return true;
    }

    // Not on the reader's thread: the writer would read from the daemon at the client's expense.
    private void WakeWriter() => (writers ?? PipeScheduler.ThreadPool).Schedule(static room => ((TimedWait)room!).Signal(), _room);

    private async ValueTask<bool> TryWriteFileAsync(ReadOnlyMemory<byte> part)
    {
        try
        {
            _file ??= await Task.Run(() => SpoolFile.Create(size.Place, size.File)).ConfigureAwait(false);
            await _file.WriteAsync(part).ConfigureAwait(false);
            lock (_gate) (_inFile, _isWriting) = (_inFile + part.Length, false);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            lock (_gate) (_fileFailed, _isWriting) = (true, false);
            failed?.Invoke(failure);
            return false;
        }
    }

    private async Task ReadFileAsync()
    {
        int wanted;
        lock (_gate) wanted = (int)Math.Min(_inFile, LargestSegment);
        var bytes = ArrayPool<byte>.Shared.Rent(wanted);
        var wake = false;
        try
        {
            var count = await _file!.ReadAsync(bytes.AsMemory(0, wanted)).ConfigureAwait(false);
            lock (_gate)
            {
                _inFile -= count;
                Add(new Segment(bytes, count));
                // Nothing is appended to this segment: later bytes may have to follow those in the file.
                _tail = null;
                (wake, _writerWaits, _isReading) = (_writerWaits, false, false);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            lock (_gate)
            {
                (_completed, _failure, _inFile, _fileFailed) = (true, new SpoolException(failure), 0, true);
                (wake, _writerWaits, _isReading) = (_writerWaits, false, false);
            }
        }
        _data.Signal();
        if (wake) WakeWriter();
    }

    /// <summary>Frees memory and file. By then the writer must have ended and the reader must have stopped reading.</summary>
    public async ValueTask DisposeAsync()
    {
        await _reading.ConfigureAwait(false);
        lock (_gate)
        {
            Return();
            while (_segments.TryDequeue(out var segment)) ArrayPool<byte>.Shared.Return(segment.Bytes);
        }
        _file?.Dispose();
        _data.Dispose();
        _room.Dispose();
    }

    private sealed class Segment(byte[] bytes, int length)
    {
        public byte[] Bytes { get; } = bytes;

        public int Length { get; set; } = length;
    }
}

/// <summary>Thrown when spooled bytes cannot be read back.</summary>
/// <param name="cause">The system's error.</param>
internal sealed class SpoolException(Exception cause) : IOException($"a spool file cannot be read: {cause.Message}", cause);

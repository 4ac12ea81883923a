using System.Buffers;
using System.IO.Pipelines;

namespace DaemonProxy.Relay;

/// <summary>
/// A request body whose beginning is read before a worker is requested (<c>request-spool</c>), so that a slow upload does not occupy a
/// worker. The rest of a longer body is streamed afterwards. The end of the body and its trailers come from the client unchanged.
/// </summary>
public sealed class SpooledRequest : PipeReader, IAsyncDisposable
{
    // Anything beyond this goes to a file, because thousands of uploads may be under way.
    private const long Memory = 262_144;

    private readonly PipeReader _inner;
    private readonly SpoolBuffer _buffer;
    private bool _taken;
    private bool _innerEnded;
    private bool _spoolEnded;
    private ReadOnlyMemory<byte> _current;
    private ReadOnlySequence<byte> _given;

    /// <summary>Wraps the client's body without reading from it yet.</summary>
    /// <param name="inner">The client's body.</param>
    /// <param name="size">The most bytes that are spooled.</param>
    /// <param name="place">Where the files of large bodies are created.</param>
    /// <param name="time">The clock.</param>
    /// <param name="failed">Called when the file cannot be written; the rest is then streamed.</param>
    public SpooledRequest(PipeReader inner, long size, SpoolPlace place, TimeProvider time, Action<Exception>? failed)
    {
        _inner = inner;
        Size = size;
        _buffer = new SpoolBuffer(new SpoolSize(Math.Min(size, Memory), size, place), time, failure =>
        {
            _fileFailed.Cancel();
            failed?.Invoke(failure);
        });
    }

    private readonly CancellationTokenSource _fileFailed = new();

    /// <summary>The most bytes that are spooled.</summary>
    public long Size { get; }

    /// <summary>Reads and spools the body, to its end or up to <see cref="Size"/>.</summary>
    /// <exception cref="IOException">The client does not deliver the body.</exception>
    public async ValueTask TakeInAsync(CancellationToken clientGone)
    {
        var left = Size;
        while (left > 0 && !_innerEnded && !_fileFailed.IsCancellationRequested)
        {
            var read = await _inner.ReadAsync(clientGone).ConfigureAwait(false);
            var taken = read.Buffer.Length > left ? read.Buffer.Slice(0, left) : read.Buffer;
            var end = await KeepAsync(taken).ConfigureAwait(false);
            left -= taken.Slice(0, end).Length;
            _innerEnded = read.IsCompleted && read.Buffer.Slice(end).IsEmpty;
            _inner.AdvanceTo(end);
        }
        _buffer.Complete(null);
        _taken = true;
    }

    /// <summary>Spools what has arrived; returns the end of what was spooled.</summary>
    private async ValueTask<SequencePosition> KeepAsync(ReadOnlySequence<byte> data)
    {
        while (!data.IsEmpty)
        {
            var part = data.First;
            if (part.Length > SpoolBuffer.LargestSegment) part = part[..SpoolBuffer.LargestSegment];
            try
            {
                // A part no longer than LargestSegment is kept as a whole or not at all.
                await _buffer.WriteAsync(part, _fileFailed.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_fileFailed.IsCancellationRequested)
            {
                // This part and everything after it are streamed.
                break;
            }
            data = data.Slice(part.Length);
        }
        return data.Start;
    }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (TryReadTaken(out var result)) return result;
            if (_spoolEnded) return _innerEnded ? Ended() : await _inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            await _buffer.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (TryReadTaken(out result)) return true;
        if (!_spoolEnded) return false;
        if (!_innerEnded) return _inner.TryRead(out result);
        result = Ended();
        return true;
    }

    private static ReadResult Ended() => new(ReadOnlySequence<byte>.Empty, isCanceled: false, isCompleted: true);

    private bool TryReadTaken(out ReadResult result)
    {
        result = default;
        if (!_taken) throw new InvalidOperationException("the body is taken in before it is read");
        if (_current.IsEmpty && !_spoolEnded && _buffer.TryRead(out _current, out var end)) _spoolEnded = end;
        if (_current.IsEmpty) return false;
        _given = new ReadOnlySequence<byte>(_current);
        result = new(_given, isCanceled: false, isCompleted: _spoolEnded && _innerEnded);
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_given.IsEmpty)
        {
            _current = _current[^(int)_given.Slice(consumed).Length..];
            _given = default;
        }
        else if (!_innerEnded) _inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    /// <summary>Frees what was spooled. The client's body still belongs to its owner.</summary>
    public async ValueTask DisposeAsync()
    {
        await _buffer.DisposeAsync().ConfigureAwait(false);
        _fileFailed.Dispose();
    }
}

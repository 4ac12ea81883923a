using System.Net.Sockets;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

public sealed partial class DaemonConnection
{
    // Far more interim responses than any daemon sends before its answer.
    private const int MostInterim = 100;

    private readonly KnownHead _known;
    private ResponseHeadReader _head;
    private long _firstOfHead;
    private long _lastOfHead;
    private long _interimBytes;
    private int _interim;

    /// <summary>
    /// Reads the head of the response; the body can be read afterwards. Interim responses other than 101 are skipped, and a 100 is
    /// reported.
    /// </summary>
    /// <param name="toHead">Whether the request was HEAD.</param>
    /// <param name="goAhead">Called when the daemon asks for the request's body.</param>
    /// <param name="clientGone">Ends the wait.</param>
    /// <remarks>
    /// socket-timeout limits each silence. response-header-timeout limits the whole head, interim responses included, from its first byte.
    /// Neither begins before the last of the request has been sent. Interim responses are limited in number and in bytes.
    /// </remarks>
    /// <exception cref="BrokenResponseException">There is no valid head (behaviour.md, section 6).</exception>
    /// <exception cref="NothingCameException">The connection ended before a byte of the response came.</exception>
    internal async ValueTask<ResponseHead> ReadHeadAsync(bool toHead, Action? goAhead, CancellationToken clientGone)
    {
        BeginHead();
        ResponseHead? head;
        while ((head = TryReadHead(toHead, goAhead)) is null) await WaitForHeadAsync(clientGone).ConfigureAwait(false);
        return head;
    }

    /// <summary>Begins to read a head in the steps of <see cref="ReadHeadAsync"/>, for whoever has a state to wait in already.</summary>
    internal void BeginHead()
    {
        _head = new ResponseHeadReader(_limits.HeaderBufferSize) { Known = _known };
        _chunks = new ChunkedReader(_limits.HeaderBufferSize);
        _bodyEnded = false;
        _firstOfHead = _lastOfHead = _interimBytes = 0;
        _interim = 0;
    }

    /// <summary>Reads what has arrived of the head. Null: more is needed, for which <see cref="WaitForHeadAsync"/> waits.</summary>
    internal ResponseHead? TryReadHead(bool toHead, Action? goAhead)
    {
        while (true)
        {
            try
            {
                if (!TryReceive()) return null;
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // The second when a body that broke off has closed the connection, just before it was asked for bytes.
                var reason = new BrokenResponseException(EventCatalogue.HeadReadError, failure.Message, failure);
                throw _firstOfHead == 0 ? new NothingCameException(reason) : reason;
            }
            if (_eof)
            {
                if (_firstOfHead == 0)
                    throw new NothingCameException(new BrokenResponseException(EventCatalogue.ClosedInHead, "it sent nothing"));
                throw new BrokenResponseException(EventCatalogue.ClosedInHead, "it sent a part of one");
            }
            while (true)
            {
                var head = _head.Read(_buffer.AsSpan(_start, _end - _start), toHead, out var consumed);
                _start += consumed;
                _interimBytes += consumed;
                if (head is null) break;
                if (head.Status == 101 || head.Status >= 200)
                {
                    _framing = head.Framing;
                    _left = head.ContentLength ?? 0;
                    _keepAlive = head.KeepAlive;
                    _head = default;
                    return head;
                }
                if (++_interim > MostInterim || _interimBytes > ResponseHeadReader.LongestHead)
                    throw new BrokenResponseException(EventCatalogue.InterimFlood, $"{_interim} of them, {_interimBytes} bytes");
                if (head.Status == 100) goAhead?.Invoke();
                _head = new ResponseHeadReader(_limits.HeaderBufferSize) { Known = _known };
            }
            // Most heads arrive whole, and need no clock.
            _lastOfHead = _time.GetTimestamp();
            if (_firstOfHead == 0) _firstOfHead = _lastOfHead;
        }
    }

    /// <summary>Waits until more of the head has arrived, or until it is time to see what its time limits say.</summary>
    internal ValueTask<bool> WaitForHeadAsync(CancellationToken clientGone)
    {
        if (_lastOfHead != 0) return _wait.WaitAsync(LeftForHead(_firstOfHead, _lastOfHead), clientGone);
        // The request has mostly been sent just now.
        _lastOfHead = _requestUnderWay ? _time.GetTimestamp() : Volatile.Read(ref _sentAt);
        return _wait.WaitAsync(_limits.SocketTimeout, clientGone, _lastOfHead);
    }

    /// <summary>How much longer the head may take.</summary>
    /// <param name="first">When its first byte arrived, as a timestamp; 0: none has.</param>
    /// <param name="last">When its latest byte arrived, or when the wait began.</param>
    private TimeSpan LeftForHead(long first, long last)
    {
        if (_requestUnderWay) return _limits.SocketTimeout;
        var sent = Volatile.Read(ref _sentAt);
        var silence = _limits.SocketTimeout - _time.GetElapsedTime(Math.Max(last, sent));
        if (silence <= TimeSpan.Zero)
            throw new BrokenResponseException(
                EventCatalogue.HeadReadTimeout, $"the daemon sent nothing for {_limits.SocketTimeout.TotalSeconds:0.###} s");
        if (first == 0) return silence;
        var whole = _limits.WholeHead - _time.GetElapsedTime(Math.Max(first, sent));
        if (whole <= TimeSpan.Zero)
            throw new BrokenResponseException(
                EventCatalogue.HeadReadTimeout, $"the head was not complete {_limits.WholeHead.TotalSeconds:0.###} s after its first byte");
        return whole < silence ? whole : silence;
    }
}

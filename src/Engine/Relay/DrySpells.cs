using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// Measures the dry spells of one response. A spell is known only when the next one begins or the response ends, because what follows it
/// decides whether it was a stall or a pause. There is none before the first byte: that time is the application's, not the stream's.
/// </summary>
/// <param name="time">The clock.</param>
internal struct DrySpells(TimeProvider time)
{
    private long _drySince;
    private bool _isDry;
    private TimeSpan _spell;
    private long _before;
    private long _bytes;
    private bool _hadOne;

    /// <summary>Called when there is nothing to read; may be called several times in one spell.</summary>
    /// <param name="ended">The spell before this one, when this returns true.</param>
    public bool RunDry(out DrySpell ended)
    {
        ended = default;
        if (_isDry || _bytes == 0) return false;
        var isKnown = IsKnown(_bytes, out ended);
        (_before, _bytes) = (_bytes, 0);
        (_drySince, _isDry) = (time.GetTimestamp(), true);
        return isKnown;
    }

    /// <summary>Called when bytes have come; an empty block ends no spell.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="body">Knows when they came, if that was while the relay waited for a flush.</param>
    public void Came(int bytes, IResponseBody body)
    {
        if (bytes == 0) return;
        EndSpell(body);
        _bytes += bytes;
    }

    /// <summary>Called when the response has ended.</summary>
    /// <param name="body">Knows when the end came, if that was while the relay waited for a flush.</param>
    /// <param name="last">The last spell, when this returns true.</param>
    public bool End(IResponseBody body, out DrySpell last)
    {
        EndSpell(body);
        return IsKnown(_bytes == 0 ? _before : _bytes, out last);
    }

    /// <summary>Whether the response has had no dry spell so far, though it has had bytes.</summary>
    public readonly bool IsUndivided => !_hadOne && _bytes > 0;

    private void EndSpell(IResponseBody body)
    {
        if (!_isDry) return;
        // Bytes may come in the moment between the read that found none and this count.
        _spell = time.GetElapsedTime(_drySince, Math.Max(_drySince, body.CameAt ?? time.GetTimestamp()));
        (_isDry, _hadOne) = (false, true);
    }

    private readonly bool IsKnown(long after, out DrySpell spell)
    {
        spell = new(_spell, _before, after);
        return _hadOne;
    }
}

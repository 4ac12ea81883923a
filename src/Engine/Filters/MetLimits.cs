using System.Buffers;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Filters;

/// <summary>
/// The limits whose conditions a response or an upload meets, in order: the narrowest scope first, a route's own before those of all routes,
/// then as in the configuration. Finding them allocates nothing.
/// </summary>
internal ref struct MetLimits
{
    // A limit is the number by which it is sorted: its scope, whose it is, its position.
    private const int ScopeShift = 29;
    private const int OfAll = 1 << 28;
    private const int Position = OfAll - 1;

    /// <summary>How many limits the memory on the caller's stack is for.</summary>
    public const int Usual = 16;

    private readonly LimitIndex _own;
    private readonly LimitIndex? _all;
    private Span<int> _found;
    private int[]? _pooled;
    private bool _isSorted = true;

    /// <summary>Finds the limits.</summary>
    /// <param name="own">The limits of the route.</param>
    /// <param name="all">The limits of all routes; null: there are none.</param>
    /// <param name="facts">The response or the upload.</param>
    /// <param name="memory">Room for some limits; more than these take pooled memory.</param>
    public MetLimits(LimitIndex own, LimitIndex? all, in BodyFacts facts, Span<int> memory)
    {
        (_own, _all) = (own, all);
        _found = memory;
        own.Find(facts, isOfAll: false, ref this);
        all?.Find(facts, isOfAll: true, ref this);
        Sort();
    }

    /// <summary>The number of limits.</summary>
    public int Count { get; private set; }

    /// <summary>The limit at a place in the order.</summary>
    public readonly LiveRateLimit this[int index] => ((_found[index] & OfAll) == 0 ? _own : _all!).Limits[_found[index] & Position];

    /// <summary>Adds a limit that <see cref="LimitIndex.Find"/> has found; it may find one twice.</summary>
    /// <param name="scope">Its scope.</param>
    /// <param name="isOfAll">Whether it is one of all routes.</param>
    /// <param name="position">Its position among its like.</param>
    public void Add(RateScope scope, bool isOfAll, int position)
    {
        if (Count == _found.Length) Grow();
        var found = ((int)scope << ScopeShift) | (isOfAll ? OfAll : 0) | position;
        if (Count > 0 && found <= _found[Count - 1]) _isSorted = false;
        _found[Count++] = found;
    }

    private void Sort()
    {
        if (_isSorted) return;
        var found = _found[..Count];
        found.Sort();
        Count = 1;
        foreach (var next in found)
        {
            if (next != found[Count - 1]) found[Count++] = next;
        }
    }

    /// <summary>Refuses what would obey a limit that its fleet cannot keep now, where <c>on-loss</c> is refuse.</summary>
    /// <exception cref="BrokenResponseException">So it is.</exception>
    public readonly void RefuseIfLost()
    {
        for (var i = 0; i < Count; i++) this[i].RefuseIfLost();
    }

    /// <summary>Gives back pooled memory.</summary>
    public void Dispose()
    {
        if (_pooled is not null) ArrayPool<int>.Shared.Return(_pooled);
        _pooled = null;
        _found = [];
    }

    private void Grow()
    {
        var larger = ArrayPool<int>.Shared.Rent(Math.Max(64, 2 * Count));
        _found[..Count].CopyTo(larger);
        if (_pooled is not null) ArrayPool<int>.Shared.Return(_pooled);
        _found = _pooled = larger;
    }
}

namespace DaemonProxy.Timing;

/// <summary>Timers ordered by when they are due: a binary heap whose members know their index, so that one can be moved or taken out in O(log n).</summary>
internal sealed class TimerHeap
{
    private PreciseTimeProvider.PreciseTimer[] _items = new PreciseTimeProvider.PreciseTimer[64];
    private int _count;

    public PreciseTimeProvider.PreciseTimer? First => _count > 0 ? _items[0] : null;

    /// <summary>Puts a timer where its due time belongs, whether it was in the heap or not.</summary>
    public void Set(PreciseTimeProvider.PreciseTimer timer)
    {
        if (timer.Index < 0)
        {
            if (_count == _items.Length) Array.Resize(ref _items, _count * 2);
            Place(timer, _count++);
        }
        Settle(timer);
    }

    public void Remove(PreciseTimeProvider.PreciseTimer timer)
    {
        var index = timer.Index;
        if (index < 0) return;
        timer.Index = -1;
        var last = _items[--_count];
        _items[_count] = null!;
        if (last == timer) return;
        Place(last, index);
        Settle(last);
    }

    private void Settle(PreciseTimeProvider.PreciseTimer timer)
    {
        var index = timer.Index;
        while (index > 0 && _items[(index - 1) / 2].Due > timer.Due)
        {
            Place(_items[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= _count) break;
            if (child + 1 < _count && _items[child + 1].Due < _items[child].Due) child++;
            if (_items[child].Due >= timer.Due) break;
            Place(_items[child], index);
            index = child;
        }
        Place(timer, index);
    }

    private void Place(PreciseTimeProvider.PreciseTimer timer, int index)
    {
        _items[index] = timer;
        timer.Index = index;
    }
}

namespace DaemonProxy.Timing;

/// <summary>Something that has a rank in an <see cref="IndexedHeap{T}"/>, and knows its place there.</summary>
public abstract class HeapItem
{
    /// <summary>Lowest first. To be changed only while it is in no heap, or when it is set again right afterwards.</summary>
    internal long Rank = long.MaxValue;

    /// <summary>Its place; -1: it is in no heap.</summary>
    internal int Index = -1;
}

/// <summary>A binary heap whose members know their index, so that one can be moved or taken out in O(log n).</summary>
/// <param name="capacity">Room at first, &gt;= 1.</param>
internal sealed class IndexedHeap<T>(int capacity)
    where T : HeapItem
{
    private T[] _items = new T[capacity];

    /// <summary>How many are in it.</summary>
    public int Count { get; private set; }

    /// <summary>The one with the lowest rank; null: it is empty.</summary>
    public T? First => Count > 0 ? _items[0] : null;

    /// <summary>Puts an item where its rank belongs, whether it was in the heap or not.</summary>
    public void Set(T item)
    {
        if (item.Index < 0)
        {
            if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
            Place(item, Count++);
        }
        Settle(item);
    }

    /// <summary>Takes an item out; one that is not in the heap stays where it is.</summary>
    public void Remove(T item)
    {
        var index = item.Index;
        if (index < 0) return;
        item.Index = -1;
        var last = _items[--Count];
        _items[Count] = null!;
        if (last == item) return;
        Place(last, index);
        Settle(last);
    }

    private void Settle(T item)
    {
        var index = item.Index;
        while (index > 0 && _items[(index - 1) / 2].Rank > item.Rank)
        {
            Place(_items[(index - 1) / 2], index);
            index = (index - 1) / 2;
        }
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _items[child + 1].Rank < _items[child].Rank) child++;
            if (_items[child].Rank >= item.Rank) break;
            Place(_items[child], index);
            index = child;
        }
        Place(item, index);
    }

    private void Place(T item, int index)
    {
        _items[index] = item;
        item.Index = index;
    }
}

namespace DaemonProxy.Timing;

/// <summary>An item with a rank in an <see cref="IndexedHeap{T}"/>, which also knows its place there.</summary>
public abstract class HeapItem
{
    /// <summary>
    /// The rank; the lowest comes first. Change it only while the item is in no heap, or set the item again right afterwards.
    /// </summary>
    internal long Rank = long.MaxValue;

    /// <summary>The item's place; -1: it is in no heap.</summary>
    internal int Index = -1;
}

/// <summary>A binary heap whose items know their index, so that an item can be moved or removed in O(log n).</summary>
/// <param name="capacity">The initial capacity, &gt;= 1.</param>
internal sealed class IndexedHeap<T>(int capacity)
    where T : HeapItem
{
    private T[] _items = new T[capacity];

    /// <summary>The number of items in the heap.</summary>
    public int Count { get; private set; }

    /// <summary>The item with the lowest rank; null: the heap is empty.</summary>
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

    /// <summary>Removes an item; does nothing if the item is not in the heap.</summary>
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

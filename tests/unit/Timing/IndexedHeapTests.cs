using CsCheck;
using DaemonProxy.Timing;
using Xunit;

namespace DaemonProxy.Tests.Timing;

/// <summary>The clock's heap against a plain list that is sorted anew each time.</summary>
public sealed class IndexedHeapTests
{
    private sealed class Item : HeapItem;

    private enum Step
    {
        Set,
        SetAgain,
        Remove,
        TakeFirst,
    }

    private static readonly Gen<(Step Step, int Item, long Rank)[]> Series =
        Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 39], Gen.OneOf(Gen.Long[-3, 3], Gen.Long[0, 1000], Gen.Long)).Array[0, 200];

    [Fact]
    public void First_is_the_lowest_of_those_that_are_in_it_whatever_is_set_moved_and_removed() => Series.Sample(series =>
    {
        // Room for one at first: growing is a part of it.
        var heap = new IndexedHeap<Item>(1);
        var items = Enumerable.Range(0, 40).Select(_ => new Item()).ToArray();
        var model = new List<Item>();
        foreach (var (step, number, rank) in series)
        {
            var item = items[number];
            switch (step)
            {
                case Step.Set:
                    item.Rank = rank;
                    heap.Set(item);
                    if (!model.Contains(item)) model.Add(item);
                    break;
                case Step.SetAgain when model.Contains(item):
                    // Moved by little and by much, up and down.
                    item.Rank = unchecked(item.Rank + rank);
                    heap.Set(item);
                    break;
                case Step.Remove:
                    heap.Remove(item);
                    model.Remove(item);
                    break;
                case Step.TakeFirst when heap.First is { } first:
                    heap.Remove(first);
                    Assert.True(model.Remove(first));
                    break;
            }
            AssertSame(model, heap, items);
        }
        // What is left comes out in order.
        foreach (var expected in model.Select(item => item.Rank).Order().ToArray())
        {
            Assert.Equal(expected, heap.First!.Rank);
            heap.Remove(heap.First);
        }
        Assert.Null(heap.First);
        Assert.Equal(0, heap.Count);
    }, iter: 500);

    private static void AssertSame(List<Item> model, IndexedHeap<Item> heap, Item[] items)
    {
        Assert.Equal(model.Count, heap.Count);
        Assert.Equal(model.MinBy(item => item.Rank)?.Rank, heap.First?.Rank);
        // Each knows a place of its own, and who is out knows that.
        Assert.Equal(model.Count, model.Select(item => item.Index).Where(index => index >= 0 && index < model.Count).Distinct().Count());
        foreach (var item in items)
            if (model.Contains(item) != (item.Index >= 0)) Assert.Fail(
                $"{item.Index} is no place of one that is {(item.Index < 0 ? "in" : "out")}");
    }

    [Fact]
    public void Item_that_is_in_no_heap_can_be_removed()
    {
        var heap = new IndexedHeap<Item>(1);
        var (inside, outside) = (new Item { Rank = 1 }, new Item { Rank = 0 });
        heap.Set(inside);
        heap.Remove(outside);
        Assert.Same(inside, heap.First);
        heap.Remove(inside);
        heap.Remove(inside);
        Assert.Equal(0, heap.Count);
    }
}

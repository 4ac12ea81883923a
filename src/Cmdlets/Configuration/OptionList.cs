using System.Collections.ObjectModel;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>The values of an option that is a list, such as <c>Listen</c>. Changes to the list change the configuration.</summary>
public sealed class OptionList : Collection<string>
{
    private readonly ListValue? _list;

    internal OptionList(ListValue list)
    {
        foreach (var item in list.Items)
            Add(item is ScalarValue scalar ? scalar.Text : "");
        _list = list;
    }

    /// <summary>
    /// The list item for a text: the item that already has this text, or the item whose place it takes, or a new one. This way, each item
    /// keeps its comment.
    /// </summary>
    internal static ScalarValue Item(string text, int index, ListValue? old, IReadOnlyList<string?> texts)
    {
        var present = (old?.Items ?? []).OfType<ScalarValue>().ToList();
        if (present.Find(item => item.Text == text) is { } same)
            return same;
        if (index < present.Count && !texts.Contains(present[index].Text))
            return ScalarValue.InPlaceOf(present[index], text);
        return new ScalarValue(text);
    }

    /// <inheritdoc/>
    protected override void InsertItem(int index, string item)
    {
        base.InsertItem(index, item);
        _list?.Items.Insert(index, new ScalarValue(item));
    }

    /// <inheritdoc/>
    protected override void SetItem(int index, string item)
    {
        base.SetItem(index, item);
        _list!.Items[index] = ScalarValue.InPlaceOf(_list.Items[index], item);
    }

    /// <inheritdoc/>
    protected override void RemoveItem(int index)
    {
        base.RemoveItem(index);
        _list!.Items.RemoveAt(index);
    }

    /// <inheritdoc/>
    protected override void ClearItems()
    {
        base.ClearItems();
        _list!.Items.Clear();
    }
}

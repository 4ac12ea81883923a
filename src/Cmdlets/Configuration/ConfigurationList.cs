using System.Collections.ObjectModel;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// The sections of an option that is a list of sections, such as <c>Routes</c>. Adding, moving or removing a section changes the
/// configuration.
/// </summary>
/// <typeparam name="T">The kind of section.</typeparam>
public sealed class ConfigurationList<T> : Collection<T>
    where T : ConfigurationSection
{
    private readonly ListValue? _list;

    internal ConfigurationList(ListValue list, Func<SectionValue, T> section)
    {
        foreach (var item in list.Items)
            Add(section(item as SectionValue ?? new SectionValue()));
        _list = list;
    }

    /// <inheritdoc/>
    protected override void InsertItem(int index, T item)
    {
        base.InsertItem(index, item);
        _list?.Items.Insert(index, item.Values);
    }

    /// <inheritdoc/>
    protected override void SetItem(int index, T item)
    {
        base.SetItem(index, item);
        _list!.Items[index] = item.Values;
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

using System.Collections;
using System.Collections.ObjectModel;
using System.Management.Automation;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// The sections of an option that is a list of sections, such as <c>Routes</c>. Adding, moving or removing a section changes the
/// configuration.
/// </summary>
/// <typeparam name="T">The kind of section.</typeparam>
public sealed class ConfigurationList<T> : Collection<T>, IEnumerable
    where T : ConfigurationSection
{
    private readonly ListValue? _list;

    internal ConfigurationList(ListValue list, Func<SectionValue, T> section)
    {
        foreach (var item in list.Items)
            Add(section(item as SectionValue ?? new SectionValue()));
        _list = list;
    }

    // ConvertTo-Json sees the properties of an object only if it comes in PowerShell's wrapper, as everything does that a pipeline
    // passes on.
    IEnumerator IEnumerable.GetEnumerator() => Items.Select(item => PSObject.AsPSObject(item)).GetEnumerator();

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

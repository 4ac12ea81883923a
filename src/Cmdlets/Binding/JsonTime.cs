using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A <c>[timespan]</c> as <c>ConvertTo-Json</c> writes it and <c>ConvertFrom-Json</c> reads it again: an object, or a hashtable, with
/// <c>Ticks</c>, <c>TotalSeconds</c> and so on. PowerShell offers no way to write it otherwise.
/// </summary>
internal static class JsonTime
{
    /// <summary>Reads such an object; null for anything else.</summary>
    /// <param name="value">The object, with or without PowerShell's wrapper.</param>
    public static TimeSpan? From(object? value)
    {
        var ticks = value switch
        {
            IDictionary entries => TicksOf(entries),
            PSObject { BaseObject: IDictionary entries } => TicksOf(entries),
            PSObject { BaseObject: PSCustomObject } made when made.Properties[nameof(TimeSpan.TotalSeconds)] is not null =>
                made.Properties[nameof(TimeSpan.Ticks)]?.Value,
            _ => null,
        };
        return ticks is long or int ? new TimeSpan(Convert.ToInt64(ticks, CultureInfo.InvariantCulture)) : null;
    }

    // A hashtable that holds nothing but ticks may be anything.
    private static object? TicksOf(IDictionary entries) =>
        entries.Contains(nameof(TimeSpan.TotalSeconds)) ? entries[nameof(TimeSpan.Ticks)] : null;
}

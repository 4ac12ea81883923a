using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Lets a parameter take what people type: a number, a text with a unit, or the value itself.</summary>
public abstract class UnitAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            null => null,
            string text when FromText(text.Trim()) is { } read => read,
            byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal
                when FromText(Convert.ToDecimal(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)) is { } read =>
                    read,
            _ when FromValue(value) is { } read => read,
            _ => throw new ArgumentTransformationMetadataException(string.Create(CultureInfo.InvariantCulture, $"'{value}' {Wrong}")),
        };
    }

    /// <summary>What is wrong and what would be right, as the rest of a sentence that begins with the value.</summary>
    private protected abstract string Wrong { get; }

    /// <summary>Reads a text, or a number written out; null when it is none.</summary>
    private protected abstract object? FromText(string text);

    /// <summary>Takes a value that needs no reading; null when it is none.</summary>
    private protected virtual object? FromValue(object value) => null;
}

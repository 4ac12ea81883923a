using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Lets a parameter take what people type: a number, a string with a unit, or the value itself.</summary>
public abstract class UnitAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var value = JsonTime.From(inputData) ?? (inputData is PSObject wrapped ? wrapped.BaseObject : inputData);
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

    /// <summary>What is wrong and what would be right, phrased to follow the value in a sentence.</summary>
    private protected abstract string Wrong { get; }

    /// <summary>Parses a string, or a number converted to one; null if it is not valid.</summary>
    private protected abstract object? FromText(string text);

    /// <summary>Converts a value that needs no parsing; null if it is not such a value.</summary>
    private protected virtual object? FromValue(object value) => null;
}

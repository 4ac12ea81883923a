using System.Collections;
using System.Collections.Specialized;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>A parameter that takes header fields: a hashtable, or strings such as <c>'Authorization: Bearer TOKEN'</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class HeaderAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is null or IDictionary)
            return value;
        var fields = new OrderedDictionary(StringComparer.OrdinalIgnoreCase);
        foreach (var item in value is IEnumerable items and not string ? items.Cast<object?>() : [value])
        {
            var text = (item is PSObject inner ? inner.BaseObject : item) as string ?? "";
            var colon = text.IndexOf(':');
            if (colon <= 0)
                throw new ArgumentTransformationMetadataException(
                    $"'{item}' is no header; write for example 'Authorization: Bearer TOKEN', or @{{ Authorization = 'Bearer TOKEN' }}");
            fields[text[..colon].Trim()] = text[(colon + 1)..].Trim();
        }

        return fields;
    }

    /// <summary>The fields in the engine's form.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> Fields(IDictionary? header) =>
        header is null
            ? [] : [.. header.Cast<DictionaryEntry>().Select(field => new KeyValuePair<string, string>($"{field.Key}", $"{field.Value}"))];
}

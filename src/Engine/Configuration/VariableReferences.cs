using System.Text;

namespace DaemonProxy.Configuration;

/// <summary>
/// Replaces <c>${NAME}</c> in the values of a configuration by the variable of that name in this process's environment. <c>$${</c> stands
/// for <c>${</c>. Keys and comments stay as they are, as does any other <c>$</c>.
/// </summary>
internal sealed class VariableReferences(Reading reading)
{
    private const string Begin = "${";

    /// <summary>Returns a value with what its references stand for; the value itself when it holds none.</summary>
    public ConfigurationNode Expand(ConfigurationNode node) => node switch
    {
        ScalarNode scalar when scalar.Text.Contains(Begin, StringComparison.Ordinal) => Expand(scalar),
        ListNode list => Changed(list.Items, Expand) is { } items ? list with { Items = items } : list,
        MappingNode mapping => Changed(mapping.Pairs, Expand) is { } pairs ? mapping with { Pairs = pairs } : mapping,
        _ => node,
    };

    private MappingPair Expand(MappingPair pair) => Expand(pair.Value) is var value && ReferenceEquals(value, pair.Value)
        ? pair : pair with { Value = value };

    /// <summary>The items with their references replaced; null when none has any, as in nearly all of a large file.</summary>
    private static T[]? Changed<T>(IReadOnlyList<T> items, Func<T, T> expand)
        where T : class
    {
        T[]? changed = null;
        for (var i = 0; i < items.Count; i++)
        {
            var item = expand(items[i]);
            if (ReferenceEquals(item, items[i])) continue;
            changed ??= [.. items];
            changed[i] = item;
        }
        return changed;
    }

    private ScalarNode Expand(ScalarNode node)
    {
        var text = new StringBuilder();
        var rest = node.Text.AsSpan();
        var isBroken = false;
        while (rest.IndexOf(Begin) is >= 0 and var start)
        {
            if (start > 0 && rest[start - 1] == '$')
            {
                text.Append(rest[..(start - 1)]).Append(Begin);
                rest = rest[(start + Begin.Length)..];
                continue;
            }
            text.Append(rest[..start]);
            rest = rest[(start + Begin.Length)..];
            var end = rest.IndexOf('}');
            if (end < 0 || !VariableName.Allows(rest[..end]))
            {
                reading.Mistake(node, $"{node.Shown}: '${{' begins the name of an environment variable, which a '}}' ends, and "
                    + $"{VariableName.Sentence}; write $${{ where the two characters are meant");
                return node with { IsBroken = true };
            }
            var name = rest[..end].ToString();
            rest = rest[(end + 1)..];
            if (reading.Variable(name) is { } value) text.Append(value);
            else
            {
                reading.Mistake(
                    node, $"{node.Shown}: the environment variable {name} is not set; set it where the front end is started, or "
                    + $"write $${{{name}}} where these characters are meant");
                isBroken = true;
            }
        }
        // Whatever comes of it is a text: an empty one is not YAML's null.
        return node with { Text = text.Append(rest).ToString(), Plain = false, Written = node.Text, IsBroken = isBroken };
    }
}

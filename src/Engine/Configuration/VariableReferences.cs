using System.Text;

namespace DaemonProxy.Configuration;

/// <summary>
/// Replaces <c>${NAME}</c> in the values of a configuration by the variable of that name in this process's environment. <c>$${</c> stands
/// for <c>${</c>. Keys and comments stay as they are, as does any other <c>$</c>.
/// </summary>
internal sealed class VariableReferences(Reading reading)
{
    private const string Begin = "${";

    /// <summary>Returns a value with what its references stand for.</summary>
    public ConfigurationNode Expand(ConfigurationNode node) => node switch
    {
        ScalarNode scalar when scalar.Text.Contains(Begin, StringComparison.Ordinal) => Expand(scalar),
        ListNode list => list with { Items = [.. list.Items.Select(Expand)] },
        MappingNode mapping => mapping with { Pairs = [.. mapping.Pairs.Select(pair => pair with { Value = Expand(pair.Value) })] },
        _ => node,
    };

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

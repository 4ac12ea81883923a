using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;
using DaemonProxy.Tests.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// A configuration whose value is changed says the new value when it is read again, and all else as before; the text around the value is
/// the same byte for byte.
/// </summary>
internal static class EditorTarget
{
    private static readonly string[] Values =
    [
        "x", "", "a b", "it's", "\"q\"", "a: b", "# c", "5ms", "null", "- a", "{a}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">",
        "a\nb", "a\tb", "\u0085", "\u2028", "\u00e9", "/path", "a,b", "\\", "~", " a", "a ", "a #b",
    ];

    /// <summary>How many inputs were configurations, and so edited.</summary>
    public static long Edited { get; private set; }

    public static void Check(byte[] input)
    {
        var yaml = Encoding.UTF8.GetString(input);
        ConfigurationDocument document;
        try
        {
            document = ConfigurationDocument.Parse(yaml, "site.yaml", ConfigurationText.Folder);
        }
        catch (ConfigurationException)
        {
            return;
        }
        Edited++;
        Assert.Equal(yaml, document.Text());

        // Which value becomes what follows from the input, so that it is the same when it is run again.
        var hash = input.Aggregate(17u, (sum, b) => (sum * 31) + b);
        var leaves = Leaves(document.Root, "").ToList();
        if (leaves.Count == 0) return;
        for (var i = 0u; i < 4; i++)
        {
            var changed = ConfigurationDocument.Parse(yaml, "site.yaml", ConfigurationText.Folder);
            var all = Leaves(changed.Root, "").ToList();
            var (path, leaf) = all[(int)((hash + i) % (uint)all.Count)];
            var value = Values[(hash / 7 + i * 5) % (uint)Values.Length];
            leaf.Text = value;
            var expected = Leaves(changed.Root, "").Select(one => (one.Path, one.Leaf.Text)).ToList();
            string text;
            try
            {
                text = changed.Text();
            }
            catch (ConfigurationSaveException refused) when (refused.Failure == SaveFailure.NotExpressible)
            {
                continue;
            }
            var read = Flat(NodeComposer.Compose(text, "site.yaml"), "").ToList();
            Assert.Equal(expected, read);
            if (leaf.Source is SourceScalar { Anchor: null } source && !yaml.Contains('*', StringComparison.Ordinal)
                && !yaml.Contains("<<", StringComparison.Ordinal))
            {
                Assert.True(text.StartsWith(yaml[..source.Start], StringComparison.Ordinal),
                    $"what stands before {path} was changed: {text}");
                Assert.True(text.EndsWith(yaml[source.End..], StringComparison.Ordinal), $"what stands after {path} was changed: {text}");
            }
        }
    }

    private static IEnumerable<(string Path, ScalarValue Leaf)> Leaves(ConfigurationValue value, string path) => value switch
    {
        ScalarValue scalar => [(path, scalar)],
        ListValue list => list.Items.SelectMany((item, i) => Leaves(item, $"{path}[{i}]")),
        SectionValue section => section.Keys.Order(StringComparer.Ordinal).SelectMany(key => Leaves(section[key]!, $"{path}.{key}")),
        _ => [],
    };

    private static IEnumerable<(string Path, string Text)> Flat(ConfigurationNode node, string path) => node switch
    {
        ScalarNode scalar => [(path, scalar.Text)],
        ListNode list => list.Items.SelectMany((item, i) => Flat(item, $"{path}[{i}]")),
        MappingNode mapping => mapping.Pairs.OrderBy(pair => pair.Key.Text, StringComparer.Ordinal)
            .SelectMany(pair => Flat(pair.Value, $"{path}.{pair.Key.Text}")),
        _ => [],
    };
}

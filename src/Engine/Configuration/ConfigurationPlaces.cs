namespace DaemonProxy.Configuration;

/// <summary>Where the values of a configuration stand in its file, for mistakes that are found after it has been read.</summary>
internal sealed class ConfigurationPlaces
{
    // Composed only for a mistake, of which most configurations have none.
    private readonly Lazy<ConfigurationNode?> _root;
    private readonly string _file;

    private ConfigurationPlaces(Func<ConfigurationNode?> compose, string file) => (_root, _file) = (new(compose), file);

    /// <summary>The places of a text that has been read without mistakes.</summary>
    public static ConfigurationPlaces Of(string yaml, string file) => new(() => NodeComposer.Compose(yaml, file), file);

    /// <summary>A configuration without a file, or one whose text is of no interest.</summary>
    public static ConfigurationPlaces Unknown(ProxyConfiguration configuration) => new(() => null, configuration.File ?? "");

    /// <summary>A mistake at a value, or at what is nearest to it when it is not given.</summary>
    /// <param name="message">What is wrong and what would be right.</param>
    /// <param name="path">The way to the value: keys, and positions in lists from 0.</param>
    public ConfigurationError Mistake(string message, params ReadOnlySpan<object> path)
    {
        var node = _root.Value;
        foreach (var step in path)
        {
            var next = (node, step) switch
            {
                (MappingNode mapping, string key) => mapping.Find(key)?.Value,
                (ListNode list, int index) => list.Items.ElementAtOrDefault(index),
                // One value may stand for a list of one.
                (ScalarNode, int) => node,
                _ => null,
            };
            if (next is null) break;
            node = next;
        }
        return node is null ? new(_file, 0, 0, message) : ConfigurationError.Quoting(_file, node.Line, node.Column, message);
    }
}

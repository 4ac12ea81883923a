using DaemonProxy.Relay;

namespace DaemonProxy.Configuration;

/// <summary>The keys of an item of <c>daemons</c>.</summary>
internal static class DaemonSection
{
    /// <summary>The least <c>header-buffer-size</c> that the original takes.</summary>
    private const long SmallestHeaderBuffer = 8_192;

    /// <summary>More than any header line is worth holding in memory.</summary>
    private const long LargestHeaderBuffer = 16L << 20;

    /// <summary>The keys there are.</summary>
    public static KeyTable<DaemonGroupOptions> Keys { get; } = new("a daemon group")
    {
        { "name", ValueReaders.Name, (group, name) => group with { Name = name } },
        { "command", ListReaders.Command, (group, command) => group with { Source = DaemonSource.Command, Command = command } },
        { "home", ValueReaders.FullPath, (group, path) => group with { Home = path } },
        { "address", ValueReaders.DaemonAddress, (group, address) => group with { Source = DaemonSource.Address, Address = address } },
        { "sample", ValueReaders.Switch, (group, on) => on ? group with { Source = DaemonSource.Sample } : group },
        { "response-flush-delay", ValueReaders.Delay(FlushPolicy.LongestDelay), (group, delay) => group with { ResponseFlushDelay = delay } },
        { "response-flush-deadline", ValueReaders.Delay(FlushPolicy.LongestDelay), (group, delay) => group with { ResponseFlushDeadline = delay } },
        { "response-buffer-size", ValueReaders.Size(FlushPolicy.SmallestBufferSize), (group, size) => group with { ResponseBufferSize = size } },
        { "connect-timeout", ValueReaders.Timeout(zero: false), (group, time) => group with { ConnectTimeout = time } },
        { "socket-timeout", ValueReaders.Timeout(zero: false), (group, time) => group with { SocketTimeout = time } },
        { "response-socket-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { ResponseSocketTimeout = time } },
        {
            "header-buffer-size", ValueReaders.Size(SmallestHeaderBuffer, LargestHeaderBuffer),
            (group, size) => group with { HeaderBufferSize = (int)size }
        },
        { "startup-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { StartupTimeout = time } },
        { "shutdown-timeout", ValueReaders.Timeout(zero: true), (group, time) => group with { ShutdownTimeout = time } },
    };

    /// <summary>Reads an item.</summary>
    public static DaemonGroupOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("name") is null)
            reading.Mistake(mapping, "a daemon group has no name; add for example 'name: app'");

        var group = Keys.Read(mapping, new DaemonGroupOptions { Name = "", Source = DaemonSource.Sample }, reading);
        CheckSource(mapping, reading);
        return group is { Source: DaemonSource.Command, Home: null } ? group with { Home = reading.BaseDirectory } : group;
    }

    private static void CheckSource(MappingNode mapping, Reading reading)
    {
        // sample: off says no more than a key that is not there.
        var sources = mapping.Pairs.Where(pair => pair.Key.Text is "command" or "address" || (pair.Key.Text is "sample" && !IsOff(pair.Value)))
            .DistinctBy(pair => pair.Key.Text).ToList();
        if (sources.Count == 0)
            reading.Mistake(mapping, "a daemon group says nothing of where its processes come from; add one of command, address and sample");
        foreach (var pair in sources.Skip(1))
        {
            reading.Mistake(pair.Key, $"a daemon group has one source, and '{sources[0].Key.Text}' in line {sources[0].Key.Line} is it already; "
                + $"leave out '{pair.Key.Text}' or make it a group of its own");
        }

        if (sources is not [var source])
            return;
        if (source.Key.Text != "command" && mapping.Find("home") is { } home)
            reading.Mistake(home.Key, $"home is a command's working directory, and this group has '{source.Key.Text}' instead; leave it out");
        if (source.Key.Text != "address")
            return;
        foreach (var pair in mapping.Pairs.Where(pair => pair.Key.Text is "startup-timeout" or "shutdown-timeout"))
            reading.Mistake(pair.Key, $"{pair.Key.Text} is for daemons that the front end starts, and this group has an address; leave it out");
    }

    private static bool IsOff(ConfigurationNode node) => node is ScalarNode { Text: var text } && text.ToLowerInvariant() is "off" or "false" or "no";
}

using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.CommandLine;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed class EventLogDefaultTests
{
    [Theory]
    // Without a target, events go to standard error.
    [InlineData("", true, false, EventLogFormat.Text)]
    [InlineData("", false, true, EventLogFormat.Json)]
    [InlineData("event-log: stdout", false, true, EventLogFormat.Text)]
    [InlineData("event-log: stdout", true, false, EventLogFormat.Json)]
    [InlineData("event-log: events.log", true, true, EventLogFormat.Json)]
    [InlineData("event-log: syslog", true, true, EventLogFormat.Json)]
    // What the configuration says holds everywhere.
    [InlineData("event-log-format: json", true, true, EventLogFormat.Json)]
    [InlineData("event-log: stdout\nevent-log-format: json", true, true, EventLogFormat.Json)]
    [InlineData("event-log-format: text", false, false, EventLogFormat.Text)]
    [InlineData("<<: { event-log-format: json }", true, true, EventLogFormat.Json)]
    public void Format_that_is_not_named_is_text_only_where_events_go_to_a_terminal(
        string keys, bool errorIsTerminal, bool outputIsTerminal, EventLogFormat expected)
    {
        var folder = RunningFrontEnd.NewFolder();
        try
        {
            var file = Path.Combine(folder, "site.yaml");
            File.WriteAllText(file, $"name: site\n{keys}\n");
            var defaults = new EventLogDefault { ErrorIsTerminal = errorIsTerminal, OutputIsTerminal = outputIsTerminal };

            Assert.Equal(expected, defaults.Load(file).EventLogFormat);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public void Configuration_without_a_file_has_the_same_default()
    {
        var terminal = new EventLogDefault { ErrorIsTerminal = true, OutputIsTerminal = false };
        var elsewhere = new EventLogDefault { ErrorIsTerminal = false, OutputIsTerminal = false };

        Assert.Equal(EventLogFormat.Text, terminal.AppliedTo(ProxyConfiguration.Sample).EventLogFormat);
        Assert.Equal(EventLogFormat.Json, elsewhere.AppliedTo(ProxyConfiguration.Sample).EventLogFormat);
    }
}

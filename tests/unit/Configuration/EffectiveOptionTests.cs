using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

public sealed class EffectiveOptionTests
{
    private const string Example = """
        daemons:
          - { name: app, application: app.wsgi, processes: 3, umask: 027, python-path: [ /a, /b ], memory-limit: 1GiB, response-flush-delay: 5ms }
          - { name: far, address: "http://127.0.0.1:9000" }
          - { name: own, command: [ server ], user: www-data, threads: 15 }
        routes: [ { path: /, daemon: app } ]
        """;

    private static Dictionary<string, EffectiveOption> Of(int group) =>
        EffectiveOption.From(ConfigurationText.Read(Example).Daemons[group]).ToDictionary(option => option.Name);

    [Fact]
    public void Values_are_as_the_configuration_has_them_and_defaults_are_told_apart()
    {
        var app = Of(0);
        Assert.Equal(new("processes", "3", false), app["processes"]);
        Assert.Equal(new("umask", "027", false), app["umask"]);
        Assert.Equal(new("python-path", "/a, /b", false), app["python-path"]);
        Assert.Equal(new("memory-limit", "1GiB", false), app["memory-limit"]);
        // The value of the default, though it was written down.
        Assert.Equal(new("response-flush-delay", "5ms", true), app["response-flush-delay"]);
        Assert.Equal(new("response-buffer-size", "8MiB", true), app["response-buffer-size"]);
        Assert.Equal(new("threads", "15", true), app["threads"]);
        Assert.Equal(new("script-reloading", "on", true), app["script-reloading"]);
        Assert.Equal(new("user", "", true), app["user"]);
        Assert.False(Of(2)["threads"].IsDefault);
    }

    /// <summary>
    /// Each way to write a value that a group's key takes, and what it is shown as; what is shown is read again as the same.
    /// </summary>
    [Theory]
    [InlineData("response-spool", "1073741824", "1GiB")]
    [InlineData("request-spool", "1536", "1.5KiB")]
    [InlineData("response-buffer-size", "8388609", "8388609")]
    [InlineData("send-buffer-size", "4096", "4KiB")]
    [InlineData("memory-limit", "1.5MB", "1.5MiB")]
    [InlineData("response-flush-delay", "7", "7ms")]
    [InlineData("response-flush-delay", "1.2345ms", "1234.5us")]
    [InlineData("socket-timeout", "90", "90s")]
    [InlineData("socket-timeout", "1.0005s", "1000500us")]
    [InlineData("listen-backlog", "1000", "1000")]
    [InlineData("cpu-priority", "-5", "-5")]
    [InlineData("umask", "7", "007")]
    [InlineData("keepalive-unrepeatable", "yes", "on")]
    [InlineData("supplementary-groups", "[ video, audio ]", "video, audio")]
    [InlineData("env", "{ PASSWORD: hunter2, LANGUAGE: de }", "PASSWORD, LANGUAGE")]
    [InlineData("lang", "C.UTF-8", "C.UTF-8")]
    public void Value_is_shown_exactly_as_the_configuration_would_have_it(string key, string given, string shown)
    {
        var group = Group(given);
        Assert.Equal(new(key, shown, false), EffectiveOption.From(group).Single(option => option.Name == key));
        if (given[0] is '[' or '{') return;
        Assert.Equal(group, Group(shown));

        DaemonGroupOptions Group(string value) =>
            ConfigurationText.Read($"daemons: [ {{ name: a, sample: on, {key}: {value} }} ]").Daemons[0];
    }

    [Fact]
    public void Every_default_is_shown_as_what_the_table_says()
    {
        var keys = DaemonSection.Keys.Descriptions.ToDictionary(key => key.Name);
        var shown = Of(2).Values.Where(option => option.IsDefault && keys[option.Name].Text.ByDefault is null).ToList();
        Assert.True(shown.Count > 25, $"only {shown.Count} options have their default");
        Assert.All(shown, option => Assert.Equal(keys[option.Name].Default, option.Value));
    }

    [Fact]
    public void Group_shows_the_options_of_its_kind_alone()
    {
        Assert.DoesNotContain("processes", Of(1).Keys);
        Assert.DoesNotContain("deadlock-timeout", Of(2).Keys);
        Assert.Contains("connect-timeout", Of(1).Keys);
        // Every option of the original's table, and ours.
        Assert.Equal(DaemonSection.Keys.Except(["name", "command", "application", "address", "addresses", "sample"]).Order(), Of(0).Keys.Order());
    }

    [Fact]
    public void What_a_system_cannot_honour_and_who_runs_as_root_is_a_warning()
    {
        var configuration = ConfigurationText.Read(Example);
        Assert.Equal(["DPXY0024 app", "DPXY0024 own"],
            GroupWarnings.From(configuration, isUnix: false, isRoot: false).Select(warning => $"{warning.Reason} {warning.Group}"));
        Assert.Equal(["DPXY0025 app"],
            GroupWarnings.From(configuration, isUnix: true, isRoot: true).Select(warning => $"{warning.Reason} {warning.Group}"));
        Assert.Empty(GroupWarnings.From(configuration, isUnix: true, isRoot: false));
        Assert.Empty(GroupWarnings.From(configuration with { User = "www-data" }, isUnix: true, isRoot: true));
        Assert.Single(GroupWarnings.From(configuration with { User = "root" }, isUnix: true, isRoot: true));
        Assert.Contains("umask, memory-limit", GroupWarnings.From(configuration, isUnix: false, isRoot: false).First().Message);
    }
}

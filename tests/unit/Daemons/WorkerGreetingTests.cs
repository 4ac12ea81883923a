using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Tests.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>A worker has the options of its group from one line, and nothing of them from its command line.</summary>
public sealed class WorkerGreetingTests
{
    private static readonly string Secret = new('a', 64);

    private static DaemonGroupOptions Group(string keys) => ConfigurationText.Read($"daemons: [ {{ name: app, {keys} }} ]").Daemons[0];

    [Theory]
    [InlineData("application: app.wsgi")]
    [InlineData("application: 'package.module:callable', callable: other, threads: 3, processes: 4, python-path: [ /a, 'b c', ü ], "
        + "python-home: /venv, home: /srv")]
    // What is off must not come out as its default.
    [InlineData("application: app.wsgi, deadlock-timeout: 0, shutdown-timeout: 0, response-flush-delay: 0, response-flush-deadline: 0, "
        + "script-reloading: off")]
    [InlineData("application: app.wsgi, request-timeout: 1.5s, interrupt-timeout: 250ms, slow-request-timeout: 10s, deadlock-timeout: 7s, "
        + "shutdown-timeout: 100ms")]
    [InlineData("sample: on, response-buffer-size: 64KiB, response-spool: 1GiB, queue-timeout: 3s, health-check-paths: [ /health ]")]
    public void Options_come_out_as_they_went_in(string keys)
    {
        var group = Group(keys);
        var greeting = WorkerGreeting.Parse(new WorkerGreeting(Secret, group, RequireLoad: true).Format());

        Assert.Equal((Secret, true), (greeting!.Secret, greeting.RequireLoad));
        Assert.Equal((group.Name, group.Source, group.Application),
            (greeting.Group.Name, greeting.Group.Source, greeting.Group.Application));
        Assert.Equal(EffectiveOption.From(group), EffectiveOption.From(greeting.Group));
    }

    [Fact]
    public void Line_is_one_and_has_nothing_of_the_environment()
    {
        var line = new WorkerGreeting(
            Secret, Group("application: app.wsgi, user: www-data, env: { PASSWORD: hunter2 }"), RequireLoad: false).Format();
        Assert.DoesNotContain('\n', line);
        Assert.DoesNotContain("hunter2", line);
        Assert.All(line, c => Assert.InRange(c, ' ', '~'));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{ "Secret": "aaaa" }""")]
    [InlineData("""{ "Secret": "aaaa", "Group": null }""")]
    [InlineData("""{ "Secret": "aaaa", "Group": { "Name": "app" } }""")]
    public void What_is_no_greeting_is_none(string line) => Assert.Null(WorkerGreeting.Parse(line));

    [Fact]
    public void Command_line_says_what_is_served_and_where()
    {
        var group = Group("application: 'package.module:callable', threads: 3, request-timeout: 5s, python-path: /a");
        var command = DaemonCommand.From(group, "/run/app.sock", ["host"], requireLoad: true, Secret);
        Assert.Equal(["host", "daemon", "--application", "package.module:callable", "--socket", "/run/app.sock", "--front-end"],
            command.Line);
        Assert.Equal(new WorkerGreeting(Secret, group, RequireLoad: true), command.Greeting);
        Assert.Equal(["host", "daemon", "--sample", "--socket", "/run/app.sock", "--front-end"],
            DaemonCommand.From(Group("sample: on"), "/run/app.sock", ["host"], false, Secret).Line);
    }
}

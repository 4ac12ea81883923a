using DaemonProxy.Configuration;
using DaemonProxy.Embedded;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Users and groups that a configuration names, looked up before anything is started.</summary>
public sealed class AccountCheckTests
{
    private static string[] Check(string yaml)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these keys are not honoured on Windows");
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, yaml);
            DeploymentCheck.Load(file);
            return [];
        }
        catch (ConfigurationException mistakes) { return [.. mistakes.Errors.Select(mistake => mistake.Message)]; }
        finally { File.Delete(file); }
    }

    [Theory]
    [InlineData("user: nosuch", "there is no user nosuch; create it, or name one that is there in user")]
    [InlineData("user: root\ngroup: nosuch", "there is no group nosuch; create it, or name one that is there in group")]
    [InlineData("daemons: [ { name: app, sample: true, user: nosuch } ]",
        "daemon group 'app': there is no user nosuch; create it, or name one that is there in user")]
    [InlineData("daemons: [ { name: app, sample: true, supplementary-groups: [ root, nosuch ] } ]",
        "daemon group 'app': there is no group nosuch; create it, or name one that is there in supplementary-groups")]
    public void What_does_not_exist_is_a_mistake(string yaml, string expected) => Assert.Equal(expected, Assert.Single(Check(yaml)));

    [Theory]
    [InlineData("user: root")]
    [InlineData("user: 4294967294")]
    [InlineData("daemons: [ { name: app, sample: true, user: root, group: 12345, supplementary-groups: root } ]")]
    [InlineData("daemons: [ { name: app, sample: true } ]")]
    public void What_exists_and_numbers_are_none(string yaml) => Assert.Empty(Check(yaml));

    [Fact]
    public void Number_that_stands_for_no_user_is_no_user() => Assert.Null(Accounts.User("4294967295"));
}

using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Editing;
using DaemonProxy.Events;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

/// <summary>Environment variables: those that values refer to, and those of the processes.</summary>
public sealed class EnvironmentTests : IDisposable
{
    private const string Secret = "hunter2-is-secret";

    private readonly string _folder = RunningFrontEnd.NewFolder();

    public EnvironmentTests()
    {
        // Names of this class's own, because the environment is the whole process's.
        Environment.SetEnvironmentVariable("DPT_FOLDER", "/srv/app");
        Environment.SetEnvironmentVariable("DPT_COUNT", "3");
        Environment.SetEnvironmentVariable("DPT_EMPTY", "");
        Environment.SetEnvironmentVariable("DPT_SECRET", Secret);
        Environment.SetEnvironmentVariable("DPT_NESTED", "${DPT_COUNT}");
    }

    private static DaemonGroupOptions Group(string keys) => ConfigurationText.Read($"daemons: [ {{ name: a, {keys} }} ]").Daemons[0];

    [Theory]
    [InlineData("${DPT_FOLDER}", "/srv/app")]
    [InlineData("${DPT_FOLDER}/x", "/srv/app/x")]
    [InlineData("a${DPT_COUNT}b${DPT_COUNT}", "a3b3")]
    [InlineData("${DPT_EMPTY}", "")]
    [InlineData("x${DPT_EMPTY}y", "xy")]
    // What a variable holds is taken as it is.
    [InlineData("${DPT_NESTED}", "${DPT_COUNT}")]
    [InlineData("$${DPT_COUNT}", "${DPT_COUNT}")]
    [InlineData("$$${DPT_COUNT}", "$${DPT_COUNT}")]
    [InlineData("$${DPT_COUNT}${DPT_COUNT}", "${DPT_COUNT}3")]
    [InlineData("$${ and $${x:-y}", "${ and ${x:-y}")]
    [InlineData("$DPT_COUNT $ $$ $(x) {x} }", "$DPT_COUNT $ $$ $(x) {x} }")]
    public void Reference_stands_for_the_variable(string written, string meant)
    {
        Assert.Equal(meant, Group($"command: [ a, \"{written}\" ]").Command[1]);
        Assert.Equal(meant, Group($"sample: on, env: {{ X: \"{written}\" }}").Identity.Env["X"]);
    }

    [Fact]
    public void Reference_may_stand_in_any_value_and_in_no_key()
    {
        Assert.Equal(3, Group("sample: on, processes: \"${DPT_COUNT}\"").Processes);
        Assert.Equal("/srv/app", Group("command: [ a ], home: \"${DPT_FOLDER}\"").Home);
        Assert.StartsWith("1:35 unknown key '${DPT_COUNT}' for a daemon group; its keys are",
            Assert.Single(ConfigurationText.Mistakes("daemons: [ { name: a, sample: on, \"${DPT_COUNT}\": 3 } ]")));
    }

    [Theory]
    [InlineData("${DPT_UNSET}", "1:51 '${DPT_UNSET}': the environment variable DPT_UNSET is not set; set it where the front end is started, or write $${DPT_UNSET}")]
    [InlineData("${DPT_COUNT", "1:51 '${DPT_COUNT': '${' begins the name of an environment variable, which a '}' ends")]
    [InlineData("${}", "1:51 '${}': '${' begins the name")]
    [InlineData("${a b}", "1:51 '${a b}': '${' begins the name")]
    [InlineData("${1}", "1:51 '${1}': '${' begins the name")]
    [InlineData("${DPT_COUNT:-4}", "1:51 '${DPT_COUNT:-4}': '${' begins the name")]
    public void Reference_that_stands_for_nothing_is_a_mistake(string written, string mistake) => Assert.StartsWith(
        mistake, Assert.Single(ConfigurationText.Mistakes($"daemons: [ {{ name: app, sample: on, display-name: \"{written}\" }} ]")));

    [Theory]
    [InlineData("connect-timeout")]
    [InlineData("processes")]
    [InlineData("response-buffer-size")]
    [InlineData("script-reloading")]
    [InlineData("umask")]
    [InlineData("env-file")]
    [InlineData("health-check")]
    [InlineData("health-check-paths")]
    [InlineData("address")]
    public void Mistake_never_shows_what_a_variable_holds(string key)
    {
        var mistakes = ConfigurationText.Mistakes($"daemons: [ {{ name: app, {key}: \"${{DPT_SECRET}}\" }} ]");
        Assert.All(mistakes.Where(mistake => !mistake.Contains("looked for", StringComparison.Ordinal)),
            mistake => Assert.DoesNotContain(Secret, mistake));
        Assert.Contains(mistakes, mistake => mistake.Contains("${DPT_SECRET}", StringComparison.Ordinal));
    }

    [Fact]
    public void Editing_leaves_references_as_they_are()
    {
        const string Text = "# ${NOT_A_REFERENCE}\ndaemons:\n  - name: app\n    command: [ a, \"${DPT_SECRET}\", \"$${x}\" ] # ${X}\n    processes: ${DPT_COUNT}\n";
        var document = ConfigurationDocument.Parse(Text, "site.yaml", _folder);
        Assert.Equal(Text, document.Text());
        document.Root.Set("name", new ScalarValue("site"), []);
        Assert.Contains("\"${DPT_SECRET}\", \"$${x}\" ] # ${X}\n    processes: ${DPT_COUNT}\n", document.Text());
        Assert.Equal("${DPT_COUNT}", OptionTable.Daemon.Read("processes", "${DPT_COUNT}"));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("_a_1")]
    [InlineData("lower")]
    public void Name_of_a_variable_is_accepted(string name) => Assert.Equal("x", Group($"sample: on, env: {{ {name}: x }}").Identity.Env[name]);

    [Theory]
    [InlineData("1A")]
    [InlineData("A-B")]
    [InlineData("A B")]
    [InlineData("A=B")]
    [InlineData("Ä")]
    [InlineData("")]
    public void Name_of_no_variable_is_a_mistake(string name) => Assert.Contains(
        $"env: '{name}' cannot be the name of an environment variable; it has letters (a to z), digits and '_', and the first is no digit",
        Assert.Single(ConfigurationText.Mistakes($"daemons: [ {{ name: a, sample: on, env: {{ \"{name}\": x }} }} ]")));

    private string Write(string text, string name = "site.env")
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    [Theory]
    [InlineData("X=a", "a")]
    [InlineData("  export X=a  ", "a")]
    [InlineData("X= a b ", "a b")]
    [InlineData("X=", "")]
    [InlineData("X=a=b#c$d ${e}", "a=b#c$d ${e}")]
    [InlineData("X='a \"b\" # c\\n'", "a \"b\" # c\\n")]
    [InlineData("X=\"a \\\"b\\\" # \\\\ \\n\\t \\$x\" # a comment", "a \"b\" # \\ \n\t $x")]
    [InlineData("X=\"\"", "")]
    [InlineData("\uFEFF# first\r\n\r\n  # second\r\nX=a\r\n", "a")]
    public void Environment_file_is_read(string text, string value) =>
        Assert.Equal(new Dictionary<string, string> { ["X"] = value }, Group($"sample: on, env-file: {Write(text)}").Identity.FileVariables);

    [Theory]
    [InlineData("\nhunter2", "2:1: this line has no '='; write NAME=value, or begin a comment with #")]
    [InlineData("\n\n hunter2 x=y", "3:2: before the '=' is no name of an environment variable; it has letters")]
    [InlineData("X =hunter2", "1:1: before the '=' is no name")]
    [InlineData("X=hunter2 # c", "1:3: the value of X has a '#' after a blank, which might begin a comment; put the value in quotes")]
    [InlineData("X='hunter2", "1:3: the value of X has no quote at its end; a value is one line")]
    [InlineData("X=\"hunter2\\\"", "1:3: the value of X has no quote at its end")]
    [InlineData("X=\"hunter2\" y", "1:3: the value of X goes on after its closing quote")]
    [InlineData("X='hunter2'y", "1:3: the value of X goes on after its closing quote")]
    [InlineData("X=\"hunter2\\q\"", "1:3: the value of X has a '\\' that begins none of \\n")]
    [InlineData("X=hunter2\n\nX=hunter2", "3:1: the variable X is given twice")]
    [InlineData("X=hunter2\0", "1:3: the value of X holds a NUL character")]
    public void Mistake_in_an_environment_file_has_its_line_and_no_value(string text, string mistake)
    {
        var file = Write(text);
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Group($"sample: on, env-file: {file}")).Errors);
        Assert.StartsWith($"{file}:{mistake}", error.ToString());
        Assert.DoesNotContain("hunter2", error.ToString());
    }

    [Fact]
    public void Missing_environment_file_is_a_mistake_in_the_configuration() => Assert.StartsWith(
        "1:45 env-file: there is no file 'gone.env' (looked for ",
        Assert.Single(ConfigurationText.Mistakes("daemons: [ { name: a, sample: on, env-file: gone.env } ]")));

    [Fact]
    public void Later_file_wins_over_an_earlier_one_and_env_over_both()
    {
        var group = Group($"command: [ a ], env-file: [ {Write("X=1\nY=1\nZ=1", "1.env")}, {Write("Y=2\nZ=2", "2.env")} ], env: {{ Z: 3 }}");
        var variables = DaemonCommand.From(group, "/s", ["host"], false, "").Variables;
        Assert.Equal(("1", "2", "3"), (variables["X"], variables["Y"], variables["Z"]));
    }

    [Fact]
    public void Options_in_force_show_no_value()
    {
        var group = Group($"sample: on, env-file: {Write($"X={Secret}")}, env: {{ Y: \"${{DPT_SECRET}}\" }}");
        Assert.All(EffectiveOption.From(group), option => Assert.DoesNotContain(Secret, option.Value));
        Assert.DoesNotContain(Secret, group.ToString());
        Assert.DoesNotContain(Secret, new WorkerGreeting("", group, false).Format());
    }

    [Fact]
    public void File_that_others_can_read_is_a_warning()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "permissions are Unix's");
        var file = Write("X=1");
        var configuration = ConfigurationText.Read($"daemons: [ {{ name: a, sample: on, env-file: {file} }} ]");
        Assert.Empty(GroupWarnings.From(configuration, isUnix: true, isRoot: false));
        foreach (var mode in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead })
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | mode);
            var (reason, message, _) = Assert.Single(GroupWarnings.From(configuration, isUnix: true, isRoot: false));
            Assert.Equal(EventCatalogue.SecretsReadable, reason);
            Assert.Contains($"others than its owner can read {file}", message);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

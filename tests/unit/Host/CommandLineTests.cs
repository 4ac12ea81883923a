using System.CommandLine;
using System.Text.RegularExpressions;
using DaemonProxy.Host.CommandLine;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>What holds for every verb: help, examples, the manual page, exit codes, and mistakes that end in a sentence.</summary>
public sealed partial class CommandLineTests
{
    private static readonly string ManualFile = Path.Combine(RepositoryRoot.Path, "docs", "daemonproxy.1");

    public static TheoryData<string> Verbs => [.. Leaves(DaemonProxyCommand.Create(), "").Select(leaf => leaf.Words)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Help_has_examples_and_the_parser_takes_them(string verb)
    {
        var (code, help, _) = await RunAsync([.. verb.Split(' '), "--help"]);

        Assert.Equal(DaemonProxyCommand.Ok, code);
        var examples = help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.StartsWith("daemonproxy ", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example =>
        {
            Assert.StartsWith($"daemonproxy {verb}", example);
            Assert.Empty(DaemonProxyCommand.Create().Parse(example["daemonproxy ".Length..].Split('>')[0]).Errors);
        });
    }

    [Fact]
    public async Task Help_of_the_program_has_every_verb_every_exit_code_and_an_example_of_each_verb()
    {
        var (_, help, _) = await RunAsync("--help");

        Assert.All(DaemonProxyCommand.Create().Subcommands.Where(verb => !verb.Hidden),
            verb => Assert.Matches($@"(?s)  {verb.Name} .*\n  daemonproxy {verb.Name}", help));
        Assert.All(ExitCode.All, exit => Assert.Contains($"  {exit.Code}  {exit.Meaning}", help));
    }

    [Fact]
    public async Task Version_is_the_second_word_and_says_how_it_was_compiled_and_for_what()
    {
        var (code, version, _) = await RunAsync("--version");

        Assert.Equal(DaemonProxyCommand.Ok, code);
        Assert.Matches(
            @"^daemonproxy \d+\.\d+\.\d+ \((native|\.NET 10\.[0-9.]+), (linux|osx|win)(-musl)?-(x64|arm64)(, commit [0-9a-f]{12})?\)\r?\n$",
            version);
    }

    /// <summary>Every option of every verb: with no value, with one that is none, twice.</summary>
    public static TheoryData<string> Mistakes
    {
        get
        {
            var lines = new TheoryData<string> { "", "nonsense", "verify", "verify nonsense", "--nonsense", "--version x" };
            foreach (var (words, verb) in Leaves(DaemonProxyCommand.Create(), ""))
            {
                lines.Add($"{words} --nonsense");
                lines.Add($"{words} -x");
                lines.Add($"{words} a --nonsense");
                lines.Add($"{words} a b");
                foreach (var option in verb.Options.Where(option => !option.Hidden && option.ValueType != typeof(bool)))
                {
                    lines.Add($"{words} {option.Name}");
                    if (option.ValueType == typeof(string[])) continue;
                    lines.Add($"{words} {option.Name} 1 {option.Name} 2");
                    if (option.ValueType != typeof(string)) lines.Add($"{words} {option.Name} many");
                }
            }

            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Mistake_ends_with_wrong_usage_and_says_where_help_is(string line)
    {
        var (code, output, error) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((DaemonProxyCommand.WrongUsage, ""), (code, output));
        Assert.All(error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            each => Assert.StartsWith("daemonproxy: ", each));
        Assert.Contains("--help shows what it takes", error);
        Assert.DoesNotContain("System.", error);
    }

    [Theory]
    [InlineData("serve --nonsense", "serve has no option --nonsense (a file of that name is ./--nonsense)\n")]
    [InlineData("stop -x", "stop has no option -x\n")]
    [InlineData("explain -x", "explain has no option -x\n")]
    [InlineData("serve --processes many", "--processes: 'many' is no whole number; write for example --processes 4")]
    [InlineData("daemon --sample --socket x --threads few", "--threads: 'few' is no whole number; write for example --threads 4")]
    [InlineData("serve --python-home", "--python-home")]
    public async Task Mistake_is_named(string line, string words)
    {
        var (_, _, error) = await RunAsync(line.Split(' '));

        Assert.Contains(words, error.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Exit_codes_are_one_table_in_the_code_and_what_the_verbs_end_with()
    {
        Assert.Equal([0, 1, 2, 3], ExitCode.All.Select(exit => exit.Code));
        Assert.Equal(0, (await RunAsync("explain", "WSGI0210")).Code);
        Assert.Equal(1, (await RunAsync("check", "/nowhere/site.yaml")).Code);
        Assert.Equal(2, (await RunAsync("check")).Code);
        var documented = await File.ReadAllTextAsync(
            Path.Combine(RepositoryRoot.Path, "docs", "install.md"), TestContext.Current.CancellationToken);
        Assert.All(ExitCode.All, exit => Assert.Contains($"| {exit.Code} | {exit.Meaning} |", documented));
    }

    [Fact]
    public async Task Manual_page_in_docs_is_of_these_verbs()
    {
        var (_, page, _) = await RunAsync("manual");
        var kept = await File.ReadAllTextAsync(ManualFile, TestContext.Current.CancellationToken);

        Assert.True(Date().Replace(page, "") == Date().Replace(kept, ""),
            "write it again: dotnet module/bin/host/daemonproxy.dll manual > docs/daemonproxy.1");
        foreach (var (words, verb) in Leaves(DaemonProxyCommand.Create(), ""))
        {
            Assert.Contains($@"daemonproxy {words.Replace("-", @"\-", StringComparison.Ordinal)}\fR", kept);
            Assert.All(verb.Options.Where(option => !option.Hidden),
                option => Assert.Contains(option.Name.Replace("-", @"\-", StringComparison.Ordinal), kept));
        }
    }

    [Fact]
    public async Task Manual_page_is_one_that_mandoc_has_nothing_to_object_to()
    {
        Programs.Need("mandoc");

        var (code, objections) = await Programs.RunAsync("mandoc", "-Tlint", ManualFile);

        Assert.Equal((0, ""), (code, objections));
    }

    [Fact]
    public async Task Manual_page_is_shown_by_man()
    {
        Programs.Need("man");

        var (code, shown) = await Programs.RunAsync("env", "MANWIDTH=100", "man", "-l", ManualFile);

        Assert.Equal(0, code);
        Assert.Contains("daemonproxy verify rate-limit --uri http://localhost/big.iso --rate 400KB --report result.html", shown);
        Assert.Contains("'NAME: VALUE'", shown);
    }

    private static IEnumerable<(string Words, Command Verb)> Leaves(Command command, string words) =>
        command.Subcommands.Where(verb => !verb.Hidden)
        .SelectMany(verb => verb.Subcommands.Count > 0 ? Leaves(verb, $"{words}{verb.Name} ") : [($"{words}{verb.Name}", verb)]);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await DaemonProxyCommand.RunAsync(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }

    [GeneratedRegex(@"(?<=^\.TH DAEMONPROXY 1 )\S+")]
    private static partial Regex Date();
}

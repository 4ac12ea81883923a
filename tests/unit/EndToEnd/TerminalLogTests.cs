using System.Text.Json;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What <c>daemonproxy serve</c> shows of its events to whoever runs it in a terminal.</summary>
public sealed class TerminalLogTests
{
    private const string Words = @"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z information DPXY0007 front end started: http://127\.0\.0\.1:\d+/ \(pid=";
    private const string Json = @"(?m)^\{""time"":""[^""]+"",""severity"":""Information"",""code"":""DPXY0007""";

    [Theory]
    [InlineData("", "", Words, Json)]
    [InlineData("event-log: stdout", "", Words, Json)]
    [InlineData("event-log-format: text", "", Words, Json)]
    [InlineData("event-log-format: json", "", Json, Words)]
    public async Task Terminal_gets_lines_for_people_unless_the_configuration_names_a_format(
        string keys, string options, string wanted, string unwanted)
    {
        var folder = RunningFrontEnd.NewFolder();
        try
        {
            var shown = await ServeAsync(folder, keys, options);

            Assert.Matches(wanted, shown);
            Assert.DoesNotMatch(unwanted, shown);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Theory]
    [InlineData("", "2>events")]
    [InlineData("", "--log events")]
    [InlineData("event-log: events", "")]
    public async Task File_gets_lines_for_programs_from_a_front_end_in_a_terminal(string keys, string options)
    {
        var folder = RunningFrontEnd.NewFolder();
        try
        {
            var shown = await ServeAsync(folder, keys, options);

            Assert.DoesNotContain("DPXY0007", shown);
            var codes = File.ReadLines(Path.Combine(folder, "events"))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("code").GetString());
            Assert.Contains("DPXY0007", codes);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    /// <summary>Serves until the front end says that it does, and then presses Ctrl+C.</summary>
    /// <returns>What the terminal showed.</returns>
    private static async Task<string> ServeAsync(string folder, string keys, string options)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no pseudo-terminals of this kind");
        Programs.Need("python3");
        await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), $"name: site\nlisten: [ \"http://127.0.0.1:0\" ]\n{keys}\n");
        var script = Path.Combine(RepositoryRoot.Path, "tests", "unit", "EndToEnd", "apps", "serve_on_terminal.py");

        var (code, shown) = await Programs.RunAsync(
            "python3", script, folder, $"'{RepositoryRoot.Host}' serve site.yaml {options}", "Ctrl+C stops it");

        Assert.True(code == 0, shown);
        return shown;
    }
}

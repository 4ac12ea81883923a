using System.Text.Json;
using DaemonProxy.Host.CommandLine;
using DaemonProxy.Tests.Verification;
using Xunit;

namespace DaemonProxy.Tests.Host;

public class VerifyCommandTests
{
    [Theory]
    [InlineData("rate-limit --uri http://x/", "--uri needs the rate")]
    [InlineData("rate-limit --uri x --rate 1KB", "'x' is no address to measure")]
    [InlineData("rate-limit --uri http://x/ --rate 400", "'400' is no rate")]
    [InlineData("rate-limit --uri http://x/ --rate 1KB --skip much", "'much' is no size")]
    [InlineData("rate-limit --uri http://x/ --rate 1KB --header none", "'none' is no header")]
    [InlineData("rate-limit --uri http://x/ --rate 1KB --name site", "give one of them")]
    [InlineData("rate-limit --connections 5", "--connections is for --uri")]
    [InlineData("flush --uri http://x/ --limit soon", "'soon' is no time")]
    [InlineData("flush --every 5ms", "--every is for --uri")]
    [InlineData("flush --duration 5s", "--duration is for --uri and --sweep")]
    [InlineData("flush --sweep --name site", "give --name and --path too")]
    [InlineData("flush --sweep --path /", "give --name and --path too")]
    [InlineData("flush --name site --path /", "--path is for --sweep")]
    public async Task A_command_line_that_makes_no_sense_says_what_would(string arguments, string words)
    {
        var (code, _, error) = await RunAsync($"verify {arguments}");

        Assert.Equal(DaemonProxyCommand.WrongUsage, code);
        Assert.Contains(words, error);
    }

    [Fact]
    public async Task A_server_that_cannot_be_measured_is_a_row_with_its_problem_and_the_exit_code_1()
    {
        using var server = new AnsweringServer("HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n");

        var (code, output, _) = await RunAsync($"verify rate-limit --uri {server.Status().Uri} --rate 1KB");
        var (flushCode, flush, _) = await RunAsync($"verify flush --uri {server.Status().Uri}");

        Assert.Equal((DaemonProxyCommand.Failed, DaemonProxyCommand.Failed), (code, flushCode));
        Assert.Contains("sends to /else; measure that address", output);
        Assert.Contains("sends to /else; measure that address", flush);
    }

    [Fact]
    public async Task Several_addresses_are_one_array_and_one_page()
    {
        using var server = new AnsweringServer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        var page = Path.GetTempFileName();
        var uri = server.Status().Uri;

        var (_, output, _) = await RunAsync($"verify rate-limit --uri {uri}a --uri {uri}b --rate 1KiB/s --json --report {page}");

        var results = JsonDocument.Parse(output).RootElement;
        Assert.Equal(2, results.GetArrayLength());
        Assert.Equal("TooShort", results[1].GetProperty("failure").GetString());
        Assert.Contains("2 measurements", await File.ReadAllTextAsync(page));
        File.Delete(page);
    }

    [Theory]
    [InlineData(new object?[] { true, true }, 0)]
    [InlineData(new object?[] { true, null }, 3)]
    [InlineData(new object?[] { null, false, true }, 1)]
    [InlineData(new object?[] { }, 1)]
    public void What_could_not_be_told_has_an_exit_code_of_its_own(object?[] passed, int code) =>
        Assert.Equal(code, VerifyCommand.ExitCodeOf([.. passed.Select(one => (bool?)one)]));

    private static async Task<(int Code, string Output, string Error)> RunAsync(string line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await DaemonProxyCommand.RunAsync(line.Split(' '), output, error);
        return (code, output.ToString(), error.ToString());
    }
}

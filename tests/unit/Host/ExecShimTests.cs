using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// <c>daemonproxy exec</c>, as the front end calls it: what the command finds when it has taken over the process, and what is said when it
/// cannot.
/// </summary>
public sealed class ExecShimTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no exec on Windows");
        using var process = Process.Start(new ProcessStartInfo(RepositoryRoot.Host, ["exec", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["SHIM_TEST"] = "passed on" },
        })!;
        await process.StandardInput.WriteAsync("input");
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException("exec " + string.Join(' ', arguments));
        }
    }

    private static async Task<string[]> LinesAsync(params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        Assert.Equal((0, ""), (code, error));
        return output.TrimEnd('\n').Split('\n');
    }

    [Fact]
    public async Task Command_has_its_arguments_its_input_its_environment_and_the_exit_code_as_they_are()
    {
        var (code, output, error) = await RunAsync(
            "--", "sh", "-c", "cat; printf '|%s' \"$SHIM_TEST\" \"$@\"; echo no >&2; exit 42", "sh", "a b", "", "é€", "--", "--umask=0",
            "*", "$HOME");
        Assert.Equal("input|passed on|a b||é€|--|--umask=0|*|$HOME", output);
        Assert.Equal((42, "no\n"), (code, error));
    }

    [Fact]
    public async Task Command_leads_a_process_group_of_its_own_and_can_end_by_SIGPIPE()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        var lines = await LinesAsync("--", "sh", "-c", "echo $$; cut -d' ' -f5 /proc/$$/stat; grep SigIgn /proc/$$/status");
        Assert.Equal(lines[0], lines[1]);
        Assert.Equal(0L, long.Parse(lines[2].Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1L << 12));
    }

    [Fact]
    public async Task Command_runs_within_its_limits_and_under_its_name()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        const string script = "umask; nice; ulimit -d; ulimit -v; tr '\\0' '|' < /proc/$$/cmdline";
        var lines = await LinesAsync(
            "--umask=27", "--cpu-priority=5", "--memory-limit=1073741824", "--virtual-memory-limit=8589934592", "--display-name=(site app)",
            "--", "sh", "-c", script);
        Assert.Equal(["0027", "5", "1048576", "8388608", $"(site app)|-c|{script}|"], lines);
    }

    /// <summary>Less address space than the runtime has reserved by the time it becomes the command.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(1024)]
    [InlineData(16_384)]
    public async Task Command_may_have_less_memory_than_what_starts_it(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "macOS does not hold these limits");
        var bytes = ((long)mebibytes << 20).ToString(CultureInfo.InvariantCulture);
        var kibibytes = (mebibytes << 10).ToString(CultureInfo.InvariantCulture);
        Assert.Equal([kibibytes, kibibytes],
            await LinesAsync($"--virtual-memory-limit={bytes}", $"--memory-limit={bytes}", "--", "sh", "-c", "ulimit -v; ulimit -d"));
    }

    [Fact]
    public async Task Command_runs_as_another_user_who_could_not_have_set_its_priority()
    {
        Assert.SkipUnless(IsRoot, "only root can become another user");
        var nobody = await LinesAsync("--", "id", "-u", "nobody");
        var group = await LinesAsync("--", "id", "-g", "nobody");
        // The user comes last, wherever it stands.
        var lines = await LinesAsync("--user=nobody", "--cpu-priority=-3", "--", "sh", "-c", "id -u; id -g; id -G; nice");
        // None of root's own groups is left.
        Assert.Equal([.. nobody, .. group, .. group, "-3"], lines);
    }

    [Fact]
    public async Task Command_has_the_groups_that_were_named_and_no_others()
    {
        Assert.SkipUnless(IsRoot && OperatingSystem.IsLinux(), "only root can take groups, and these are Linux's");
        Assert.Equal(["65534", "1", "1"], await LinesAsync("--user=65534", "--group=daemon", "--", "sh", "-c", "id -u; id -g; id -G"));
        Assert.Equal(["1", "1 2 3"],
            await LinesAsync("--supplementary-groups=bin,sys", "--group=daemon", "--user=65534", "--", "sh", "-c", "id -g; id -G"));
    }

    [Fact]
    public async Task Command_is_not_started_where_its_user_may_not_be_taken()
    {
        Assert.SkipUnless(IsRoot, "root makes itself somebody else first");
        var (code, output, error) = await RunAsync(
            "--user=65534", "--", RepositoryRoot.Host, "exec", "--user=4294967294", "--group=65534", "--", "echo", "too much");
        // Where the build's folder is root's alone, the other user cannot even start it.
        Assert.SkipWhen(code == 126, error);
        Assert.Equal((125, ""), (code, output));
        Assert.StartsWith("user 4294967294 cannot be taken: ", error);
        Assert.EndsWith("the front end must run as root for that\n", error);
    }

    [Theory]
    [InlineData(125, "exec needs a command after --")]
    [InlineData(125, "exec needs a command after --", "--")]
    [InlineData(125, "exec needs a command after --", "--umask=22", "sh")]
    [InlineData(125, "exec knows no option --nice=5", "--nice=5", "--", "echo", "x")]
    [InlineData(125, "exec knows no option --umask", "--umask", "--", "echo", "x")]
    [InlineData(125, "--parent=me is no process", "--parent=me", "--", "echo", "x")]
    [InlineData(125, "the front end has ended", "--parent=1999999999", "--", "echo", "x")]
    [InlineData(125, "there is no user no-such-user; create it, or name one that is there in user", "--user=no-such-user", "--", "echo",
        "x")]
    [InlineData(125, "there is no group no-such-group; create it, or name one that is there in group", "--group=no-such-group", "--",
        "echo", "x")]
    [InlineData(125, "there is no group no-such-group; create it, or name one that is there in supplementary-groups",
        "--supplementary-groups=no-such-group", "--", "echo", "x")]
    [InlineData(127, "there is no program no-such-program; install it, or give its full path in command", "--", "no-such-program", "x")]
    [InlineData(127, "there is no program /no/such/program; install it, or give its full path in command", "--", "/no/such/program")]
    [InlineData(126, "/proc/version may not be run by this user; check that it is executable", "--", "/proc/version")]
    public async Task What_cannot_be_met_is_one_sentence_and_a_code_and_no_command_runs(
        int code, string sentence, params string[] arguments) =>
        Assert.Equal((code, "", sentence + "\n"), await RunAsync(arguments));

    [Fact]
    public async Task Command_ends_with_the_front_end_that_was_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells a process of its parent's end");
        // The shell stands for the front end: the command's parent, which is killed and can clean nothing up.
        using var parent = Process.Start(
            new ProcessStartInfo(
            "sh", ["-c", "\"$1\" exec --parent=$$ -- sh -c 'echo $$; exec sleep 60' & wait", "sh",
            RepositoryRoot.Host])
            { RedirectStandardOutput = true })!;
        using var limit = new CancellationTokenSource(Limit);
        var command = int.Parse((await parent.StandardOutput.ReadLineAsync(limit.Token))!, CultureInfo.InvariantCulture);
        Assert.True(EndToEnd.RunningFrontEnd.IsAlive(command));
        parent.Kill();
        await EndToEnd.RunningFrontEnd.UntilAsync(() => !EndToEnd.RunningFrontEnd.IsAlive(command), "the end of the command");
    }
}

using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The completion scripts of the Linux packages, in the shells that they are for.</summary>
public sealed class CompletionTests
{
    private static readonly string Scripts = Path.Combine(RepositoryRoot.Path, "tools", "Package", "linux");

    private static readonly string HostFolder = Path.GetDirectoryName(RepositoryRoot.Host)!;

    [Fact]
    public async Task Bash_is_given_the_words_that_go_on_and_no_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "bash's completion is for Unix");
        Programs.Need("bash");
        var folder = RunningFrontEnd.NewFolder();
        (string Line, string Words)[] expected =
        [
            ("daemonproxy ", "advise check daemon explain restart serve status stop update verify"),
            ("daemonproxy st", "status stop"),
            ("  daemonproxy   ver", "verify"),
            ("daemonproxy verify ", "embedded flush rate-limit"),
            ("daemonproxy serve ", ""),
            ("daemonproxy serve --s", "--service --start-timeout --strict"),
            ("daemonproxy serve --name x --st", "--start-timeout --strict"),
            ("daemonproxy explain WSGI021", "WSGI0210"),
            ("daemonproxy stop ", ""),
        ];
        var script = $$"""
            PATH={{HostFolder}}:$PATH
            . {{Scripts}}/daemonproxy.bash
            complete -p daemonproxy >&2 || exit 1
            while IFS= read -r COMP_LINE; do
                COMP_POINT=${#COMP_LINE}
                read -ra COMP_WORDS <<<"$COMP_LINE"
                [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=('')
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _daemonproxy "${COMP_WORDS[0]}"
                echo "${COMPREPLY[*]}"
            done <<'LINES'
            {{string.Join('\n', expected.Select(each => each.Line))}}
            LINES
            """;

        var (code, output) = await Programs.RunAsync("env", $"DAEMONPROXY_RUNTIME_DIR={folder}/run", "bash", "-c", script);

        Assert.Equal(0, code);
        Assert.Equal(expected.Select(each => $"{each.Line}-> {each.Words}"),
            expected.Zip(output.Split('\n'), (each, words) => $"{each.Line}-> {words}"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Names_of_front_ends_that_run_are_completed()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync("{ name: shop, listen: [ 'http://127.0.0.1:0' ] }");
        foreach (var line in new[] { "stop s", "status ", "restart ", "update ", "advise ", "verify flush --name " })
        {
            var (_, output) = await Programs.RunAsync(
                "env", $"DAEMONPROXY_RUNTIME_DIR={frontEnd.Folder}/run", RepositoryRoot.Host, $"[suggest:{line.Length}]", line);
            Assert.Contains("shop", output.Split('\n', StringSplitOptions.TrimEntries));
        }
    }

    [Theory]
    [InlineData("daemonproxy serve --str", "serve --strict ")]
    [InlineData("daemonproxy veri", "daemonproxy verify ")]
    [InlineData("daemonproxy check LICE", "check LICENSE ")]
    public async Task Tab_completes_in_an_interactive_bash(string line, string wanted)
    {
        Programs.Need("bash");
        await TypeAsync($". {Scripts}/daemonproxy.bash", line, wanted, "bash", "--norc", "--noprofile", "-i");
    }

    [Theory]
    [InlineData("daemonproxy serve --str", "serve --strict ")]
    [InlineData("daemonproxy verify ", "embedded")]
    [InlineData("daemonproxy check LICE", "check LICENSE ")]
    public async Task Tab_completes_in_an_interactive_zsh(string line, string wanted)
    {
        Programs.Need("zsh");
        await TypeAsync($"fpath=({Scripts} $fpath); autoload -Uz compinit; compinit -u -D", line, wanted, "zsh", "-f", "-i");
    }

    private static async Task TypeAsync(string setup, string line, string wanted, params string[] shell)
    {
        Programs.Need("python3");
        var typist = Path.Combine(RepositoryRoot.Path, "tests", "unit", "EndToEnd", "apps", "type_in_shell.py");

        var (code, shown) = await Programs.RunAsync(
            "python3", [typist, $"cd {RepositoryRoot.Path}; PATH={HostFolder}:$PATH; {setup}", line, wanted, .. shell]);

        Assert.True(code == 0, shown);
    }
}

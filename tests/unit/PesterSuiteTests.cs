using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace DaemonProxy.Tests;

/// <summary>Runs each file of tests/pester in a real PowerShell of its own: no cmdlet counts as working before that.</summary>
public sealed class PesterSuiteTests(PesterSuiteTests.Pester pester) : IClassFixture<PesterSuiteTests.Pester>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>The files, by the command or the subject that they are named after.</summary>
    public static TheoryData<string> Files { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests/pester"), "*.Tests.ps1")
            .Select(file => Path.GetFileName(file)[..^".Tests.ps1".Length]).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Pester_file_passes(string name)
    {
        Assert.SkipWhen(pester.Missing is not null, pester.Missing ?? "");
        var (exitCode, output) = await RunAsync(
            $$"""
            $configuration = New-PesterConfiguration
            $configuration.Run.Path = 'tests/pester/{{name}}.Tests.ps1'
            $configuration.Run.PassThru = $true
            $configuration.Output.Verbosity = 'None'
            $run = Invoke-Pester -Configuration $configuration 6>$null
            $run.Containers | Where-Object Result -eq 'Failed' | ForEach-Object { "$($_.Item): $($_.ErrorRecord)" }
            $run.Failed | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord)" }
            if ($run.TotalCount -eq 0) { 'it has no test' }
            if ($run.Result -ne 'Passed' -or $run.TotalCount -eq 0) { exit 3 }
            """, Limit);
        Assert.True(exitCode == 0, $"tests/pester/{name}.Tests.ps1: {output}");
    }

    /// <summary>Looks once whether there is a PowerShell with Pester.</summary>
    public sealed class Pester : IAsyncLifetime
    {
        /// <summary>What is missing; null: nothing.</summary>
        internal string? Missing { get; private set; }

        public async ValueTask InitializeAsync()
        {
            try
            {
                var (_, version) = await RunAsync(
                    "(Get-Module Pester -ListAvailable | Sort-Object Version -Descending | Select-Object -First 1).Version.ToString()",
                    TimeSpan.FromMinutes(1));
                if (!Version.TryParse(version.Trim(), out var found) || found.Major < 5)
                    Missing = "there is no Pester 5 where pwsh finds modules";
            }
            catch (Win32Exception)
            {
                Missing = "there is no pwsh on the PATH";
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Runs a script; gives its exit code and what it wrote.</summary>
    /// <exception cref="Win32Exception">There is no pwsh.</exception>
    private static async Task<(int ExitCode, string Output)> RunAsync(string script, TimeSpan limit)
    {
        using var process = Process.Start(new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", "-Command", script])
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.StandardInput.Close();
        using var cancel = new CancellationTokenSource(limit);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(cancel.Token);
            await process.WaitForExitAsync(cancel.Token);
            return (process.ExitCode, output);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"pwsh did not end within {limit.TotalMinutes:0} minutes");
        }
    }
}

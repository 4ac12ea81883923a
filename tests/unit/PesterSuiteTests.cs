using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace DaemonProxy.Tests;

/// <summary>Runs tests/pester in a real PowerShell: no cmdlet counts as working before that.</summary>
public sealed class PesterSuiteTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Every_Pester_test_passes()
    {
        var version = await RunAsync("(Get-Module Pester -ListAvailable | Sort-Object Version -Descending | Select-Object -First 1).Version.ToString()", TimeSpan.FromMinutes(1));
        Assert.SkipWhen(version is null, "there is no pwsh on the PATH");
        Assert.SkipUnless(Version.TryParse(version.Trim(), out var pester) && pester.Major >= 5, "there is no Pester 5 where pwsh finds modules");

        var result = await RunAsync(
            """
            $configuration = New-PesterConfiguration
            $configuration.Run.Path = 'tests/pester'
            $configuration.Run.PassThru = $true
            $configuration.Output.Verbosity = 'None'
            $run = Invoke-Pester -Configuration $configuration 6>$null
            $run.Containers | Where-Object Result -eq 'Failed' | ForEach-Object { "$($_.Item): $($_.ErrorRecord)" }
            $run.Failed | ForEach-Object { "$($_.ExpandedPath): $($_.ErrorRecord)" }
            ConvertTo-Json -Compress @{ result = $run.Result; passed = $run.PassedCount }
            """, Limit);

        // What -WhatIf says goes to the same place, so the counts are the last line.
        using var counts = JsonDocument.Parse(result!.TrimEnd().Split('\n')[^1]);
        Assert.True(counts.RootElement.GetProperty("result").GetString() == "Passed", result);
        Assert.True(counts.RootElement.GetProperty("passed").GetInt32() > 0, "no Pester test ran");
    }

    /// <summary>What a script writes; null when there is no pwsh.</summary>
    private static async Task<string?> RunAsync(string script, TimeSpan limit)
    {
        var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", "-Command", script])
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            using var cancel = new CancellationTokenSource(limit);
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(cancel.Token);
                await process.WaitForExitAsync(cancel.Token);
                return output;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"pwsh did not end within {limit.TotalMinutes:0} minutes");
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}

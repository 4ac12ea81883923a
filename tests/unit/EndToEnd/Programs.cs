using System.Diagnostics;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Programs of the system that tests run; a test whose program is missing is skipped, with the reason.</summary>
internal static class Programs
{
    /// <summary>Skips the test where the program is not on the PATH.</summary>
    public static void Need(string program) => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program))),
        $"there is no {program} on the PATH (Debian package {program})");

    /// <summary>Runs a program to its end; gives its exit code and what it wrote to its standard output.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        await error;
        return (process.ExitCode, await output);
    }
}

using System.ComponentModel;
using System.Diagnostics;

namespace DaemonProxy.Services;

/// <summary>The answer of a service manager's own program.</summary>
/// <param name="ExitCode">0 if it succeeded; -1 if there is no such program.</param>
/// <param name="Output">Its standard output, without the last line break.</param>
/// <param name="Error">Its error output.</param>
internal sealed record ProgramAnswer(int ExitCode, string Output, string Error)
{
    /// <summary>Whether the program succeeded.</summary>
    public bool Done => ExitCode == 0;

    /// <summary>Runs <c>systemctl</c>, <c>launchctl</c> or <c>sc.exe</c>.</summary>
    /// <exception cref="OperationCanceledException">The program was ended.</exception>
    public static async Task<ProgramAnswer> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
                var error = process.StandardError.ReadToEndAsync(cancellationToken);
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
                return new ProgramAnswer(
                    process.ExitCode, (await output.ConfigureAwait(false)).Trim(), (await error.ConfigureAwait(false)).Trim());
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }
        }
        catch (Win32Exception)
        {
            return new ProgramAnswer(-1, "", $"there is no {program}");
        }
    }
}

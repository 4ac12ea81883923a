using System.ComponentModel;
using System.Diagnostics;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Reporting;

/// <summary>Shows a file in the platform's way: with the program that the user has chosen for it.</summary>
public static class Browser
{
    /// <summary>Shows a page.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <exception cref="VerificationException">This machine has no program to show it with.</exception>
    public static void Show(string path)
    {
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(path) { UseShellExecute = true }
            : new ProcessStartInfo(
            OperatingSystem.IsMacOS() ? "open" : "xdg-open", [path])
            { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start);
        }
        catch (Win32Exception e)
        {
            throw new VerificationException($"The report cannot be shown here ({e.Message}); it is in '{path}'.");
        }
    }
}

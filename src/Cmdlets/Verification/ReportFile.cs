using System.Management.Automation;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Cmdlets;

/// <summary>The file that <c>-ReportPath</c> names.</summary>
internal static class ReportFile
{
    /// <summary>The full path; ends the pipeline now, not after an hour of measuring, if no file can be written there.</summary>
    /// <param name="cmdlet">The cmdlet whose parameter it is.</param>
    /// <param name="path">The path as the user means it.</param>
    public static string Checked(PSCmdlet cmdlet, string path)
    {
        path = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
        if (!Directory.Exists(path) && Directory.Exists(Path.GetDirectoryName(path)))
            return path;
        var wrong = Directory.Exists(path) ? "that is a folder; give a file's name, such as result.html" : "there is no such folder";
        cmdlet.ThrowTerminatingError(new ErrorRecord(
            new VerificationException($"The report cannot be written to '{path}': {wrong}."), "ReportNotWritten", ErrorCategory.WriteError,
            path));
        return path;
    }
}

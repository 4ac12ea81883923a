using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>--version</c>: <c>daemonproxy 0.1.0 (native, linux-x64, commit 880236d5a01b)</c>. The version is the second word of the line; a
/// program that was not compiled ahead of time names its runtime instead of <c>native</c>.
/// </summary>
internal sealed class ProgramVersion : SynchronousCommandLineAction
{
    private const int CommitDigits = 12;

    public static string Text()
    {
        var compiled = RuntimeFeature.IsDynamicCodeSupported ? RuntimeInformation.FrameworkDescription : "native";
        var commit = HostVersion.Commit is { } known ? $", commit {known[..Math.Min(CommitDigits, known.Length)]}" : "";
        return $"daemonproxy {HostVersion.Number} ({compiled}, {HostProgram.Platform()}{commit})";
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(Text());
        return DaemonProxyCommand.Ok;
    }
}

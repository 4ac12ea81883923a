using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>--version</c>: <c>daemonproxy 0.1.0 (native, linux-x64, commit 880236d5a01b)</c>. The version is the second word of the line; a
/// program that was not compiled ahead of time names its runtime instead of <c>native</c>.
/// </summary>
internal sealed class ProgramVersion : SynchronousCommandLineAction
{
    private const int CommitDigits = 12;

    /// <summary>The version alone, as in a package's name.</summary>
    public static string Number => Informational.Split('+')[0];

    // Version+commit, when the build knew the commit.
    private static string Informational { get; } = typeof(
        ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static string Text()
    {
        var compiled = RuntimeFeature.IsDynamicCodeSupported ? RuntimeInformation.FrameworkDescription : "native";
        var commit = Informational.IndexOf('+', StringComparison.Ordinal) is var plus and > 0 ? Informational[(plus + 1)..] : null;
        return $"daemonproxy {Number} ({compiled}, "
            + $"{HostProgram.Platform()}{(commit is null ? "" : $", commit {commit[..Math.Min(CommitDigits, commit.Length)]}")})";
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(Text());
        return DaemonProxyCommand.Ok;
    }
}

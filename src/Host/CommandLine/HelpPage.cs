using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>--help</c>: the parser's description of a verb, then examples and, for the program as a whole, the meaning of its exit codes.
/// </summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private readonly HelpAction _usage = new();

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        _usage.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var verb = string.Join(' ', DaemonProxyCommand.Words(parseResult));
        output.WriteLine("Examples:");
        foreach (var example in CommandExample.ForVerb(verb)) output.WriteLine($"  {example.Line}\n      {example.Purpose}");
        output.WriteLine();
        if (verb.Length > 0) return DaemonProxyCommand.Ok;
        output.WriteLine("Exit codes:");
        foreach (var exit in ExitCode.All) output.WriteLine($"  {exit.Code}  {exit.Meaning}");
        output.WriteLine();
        return DaemonProxyCommand.Ok;
    }
}

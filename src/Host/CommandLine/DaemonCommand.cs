using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Host.Sample;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy daemon</c>: a worker process behind a front end.</summary>
internal static class DaemonCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        var sample = new Option<bool>("--sample") { Description = "Run the built-in sample application." };
        var socket = new Option<string>("--socket") { Description = "The Unix socket that the sample application serves on.", HelpName = "PATH" };
        var watch = new Option<bool>("--watch-stdin") { Description = "End when standard input ends, so as not to outlive the front end." };
        var exec = new Option<bool>("--exec") { Description = "Become the command behind --, in a process group of its own. The front end starts its daemons so." };
        var command = new Argument<string[]>("command") { Description = "With --exec: program and arguments.", Arity = ArgumentArity.ZeroOrMore };
        var json = JsonOption.Create();
        var verb = new Command("daemon", "Run a daemon process that a front end relays to.") { sample, socket, watch, exec, json, command };
        verb.Validators.Add(parsed =>
        {
            var words = parsed.GetValue(command) ?? [];
            if (parsed.GetValue(exec) == parsed.GetValue(sample))
                parsed.AddError("daemon runs either --sample --socket PATH, or --exec -- COMMAND.");
            else if (parsed.GetValue(sample) && parsed.GetResult(socket) is null)
                parsed.AddError("--sample needs --socket PATH, the Unix socket to serve on.");
            else if (parsed.GetValue(sample) && words.Length > 0)
                parsed.AddError($"--sample takes no command, and '{words[0]}' is one.");
            else if (parsed.GetValue(exec) && words.Length == 0)
                parsed.AddError("--exec needs a command behind --.");
        });
        verb.SetAction(async (arguments, _) =>
        {
            if (arguments.GetValue(exec))
                return Become(arguments.GetValue(command)!, arguments.InvocationConfiguration.Error);

            var path = Path.GetFullPath(arguments.GetRequiredValue(socket));
            var output = arguments.InvocationConfiguration.Output;
            await SampleDaemon.RunAsync(
                path,
                arguments.GetValue(watch) ? Console.OpenStandardInput() : null,
                () => output.WriteLine(arguments.GetValue(json)
                    ? $$"""{"address":"unix:{{JsonEncodedText.Encode(path)}}"}"""
                    : $"the sample application serves on unix:{path}")).ConfigureAwait(false);
            return DaemonProxyCommand.Ok;
        });
        return verb;
    }

    private static int Become(string[] command, TextWriter error)
    {
        if (OperatingSystem.IsWindows())
        {
            DaemonProxyCommand.Complain(error, "--exec is not there on Windows, where a process cannot become another; start the command itself");
            return DaemonProxyCommand.Failed;
        }

        CommandShim.Become(command);
        return DaemonProxyCommand.Failed;
    }
}

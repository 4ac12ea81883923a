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
        var sample = new Option<bool>("--sample") { Description = "Run the built-in sample application.", Required = true };
        var socket = new Option<string>("--socket") { Description = "The Unix socket to serve on.", HelpName = "PATH", Required = true };
        var watch = new Option<bool>("--watch-stdin") { Description = "End when standard input ends, so as not to outlive the front end." };
        var json = JsonOption.Create();
        var command = new Command("daemon", "Run a daemon process that a front end relays to.") { sample, socket, watch, json };
        command.SetAction(async (arguments, _) =>
        {
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
        return command;
    }
}

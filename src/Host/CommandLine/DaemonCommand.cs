using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Sample;
using DaemonProxy.Host.Wsgi;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy daemon</c>: a worker process behind a front end.</summary>
internal static class DaemonCommand
{
    private static readonly TimeSpan SampleDrainTimeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var sample = new Option<bool>("--sample") { Description = "Run the built-in sample application." };
        var application = new Option<string?>("--application")
        {
            Description = "Run a WSGI application: a script's path, or module:callable.",
            HelpName = "SCRIPT",
        };
        var callable = new Option<string>("--callable")
        {
            Description = "The callable's name in the script.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "application",
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Requests served at a time.",
            HelpName = "N",
            DefaultValueFactory = _ => 15,
        };
        var pythonHome = new Option<string?>("--python-home")
        {
            Description = "The folder of a Python or of a virtual environment.",
            HelpName = "FOLDER",
        };
        var pythonPath = new Option<string[]>("--python-path")
        {
            Description = "A folder before all others on the module search path; may be given again.",
            HelpName = "FOLDER",
        };
        var requireLoad = new Option<bool>("--require-load")
        {
            Description = "Fail when the application cannot be loaded, instead of answering 500 until it can.",
        };
        var socket = new Option<string>("--socket") { Description = "The Unix socket to serve on.", HelpName = "PATH", Required = true };
        var watch = new Option<bool>("--watch-stdin") { Description = "End when standard input ends, so as not to outlive the front end." };
        // Front ends start their workers with this option and send them the options of their group: see FrontEndLink.
        var frontEnd = new Option<bool>("--front-end") { Hidden = true };
        // The shim of a worker with another user opens the socket and adds this option: see ExecShim.
        var descriptor = new Option<int?>(DaemonSocket.DescriptorOption) { Hidden = true };
        var json = JsonOption.Create();
        var command = new Command("daemon", "Run a daemon process that a front end relays to.")
        {
            sample, application, callable, threads, pythonHome, pythonPath, requireLoad, socket, descriptor, watch, frontEnd, json,
        };
        command.AddRule(result => CheckOne(result, sample, application));
        command.SetAction(async (arguments, _) =>
        {
            var link = arguments.GetValue(frontEnd)
                ? FrontEndLink.Take() : FrontEndLink.ByHand(arguments.GetValue(watch) ? Console.OpenStandardInput() : null);
            var path = Path.GetFullPath(arguments.GetRequiredValue(socket));
            var listening = new DaemonSocket(path, arguments.GetValue(descriptor));
            var output = arguments.InvocationConfiguration.Output;
            var target = arguments.GetValue(application);
            // Requests run on threads of their own; one thread is plenty for the front end's connections.
            SocketThreads.Use(1);
            if (target is null)
            {
                using var samples = new SampleApplication();
                await DaemonServer.RunAsync(listening, link.Lifeline, samples, SampleDrainTimeout, Ready);
                return DaemonProxyCommand.Ok;
            }
            var options = link.Greeting?.Group ?? new DaemonGroupOptions
            {
                Name = "",
                Source = DaemonSource.Application,
                Application = ApplicationTarget.Full(target, Environment.CurrentDirectory),
                Callable = arguments.GetValue(callable)!,
                Threads = Math.Max(1, arguments.GetValue(threads)),
                PythonHome = arguments.GetValue(pythonHome),
                PythonPath = arguments.GetValue(pythonPath) ?? [],
            };
            var mustLoad = link.Greeting?.RequireLoad ?? arguments.GetValue(requireLoad);
            try { await WsgiDaemon.RunAsync(options, mustLoad, listening, link, Ready); }
            catch (PythonException failure) when (arguments.GetValue(frontEnd))
            {
                // A single event with all its lines; on standard error, each line would be a separate line of output.
                link.Events.Report(
                    failure.IsOfApplication ? EventCatalogue.ApplicationError : EventCatalogue.PythonInitialisationFailed, failure.Message);
                return DaemonProxyCommand.Failed;
            }
            return DaemonProxyCommand.Ok;

            void Ready() => output.WriteLine(arguments.GetValue(json)
                ? $$"""{"address":"unix:{{JsonEncodedText.Encode(path)}}"}"""
                : string.Create(CultureInfo.InvariantCulture, $"{target ?? "the sample application"} serves on unix:{path}"));
        });
        return command;
    }

    private static void CheckOne(CommandResult result, Option<bool> sample, Option<string?> application)
    {
        if (result.GetValue(sample) == (result.GetValue(application) is not null))
            result.AddError("a daemon runs one application: give --application with a WSGI script, or --sample");
    }
}

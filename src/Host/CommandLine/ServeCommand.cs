using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Update;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy serve</c>: the front end.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "The configuration file; without one the built-in sample application is served on a free port.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var application = new Option<string?>("--application")
        {
            Description = "Instead of a file: a WSGI script, or module:callable, to be served in daemon processes on a free port.",
            HelpName = "SCRIPT",
        };
        var processes = new Option<int?>("--processes")
        {
            Description = "With --application: daemon processes. Default: 1.",
            HelpName = "N",
        };
        var threads = new Option<int?>("--threads")
        {
            Description = "With --application: requests that each serves at a time. Default: 15.",
            HelpName = "N",
        };
        var pythonHome = new Option<string?>("--python-home")
        {
            Description = "With --application: the folder of a Python or of a virtual environment.",
            HelpName = "FOLDER",
        };
        var name = new Option<string?>("--name")
        {
            Description = "The name by which every console finds it, instead of the configuration's.",
            HelpName = "NAME",
        };
        var listen = new Option<string[]>("--listen")
        {
            Description = "An address instead of the configuration's; may be given again.",
            HelpName = "URL",
        };
        var log = new Option<string?>("--log")
        {
            Description = "The event log's file. Default: events.log in the instance's folder with --detach, else the terminal.",
            HelpName = "FILE",
        };
        var detach = new Option<bool>("--detach")
        {
            Description = "Start it in a process that lives on without the terminal, and return when it serves.",
        };
        // How --detach and Start-DaemonProxy start that process: it writes one line of JSON (StartReport) to its standard output and then
        // releases it.
        var background = new Option<bool>("--background") { Hidden = true };
        // How a front end starts the process that is to take its place: the socket on which it waits for it.
        var replace = new Option<string?>(UpdateTerms.Option) { Hidden = true };
        var service = new Option<bool>("--service")
        {
            Description =
                "Run for a service manager: tell it when it serves, and keep the event log in the instance's folder. "
                + "Register-DaemonProxyService makes such a service.",
        };
        var strict = new Option<bool>("--strict")
        {
            Description = "Fail when any daemon group does not start, instead of serving the others; --detach does so by itself.",
        };
        var allowFailed = new Option<bool>("--allow-failed-daemon")
        {
            Description = "With --detach: serve the others when a daemon group does not start, as long as there are any.",
        };
        var json = JsonOption.Create();
        var command = new Command(
            "serve", "Run a front end.") { file, application, processes, threads, pythonHome, name, listen, log, detach, background,
            replace, service, strict, allowFailed, json };
        var startTimeout = StartTimeout.AddTo(command);
        command.AddRule(result =>
        {
            var hasApplication = result.GetValue(application) is not null;
            if (hasApplication && result.GetValue(file) is not null)
                result.AddError("--application takes the place of a configuration file; give one of them");
            if (!hasApplication
                && (result.GetValue(processes) ?? result.GetValue(threads) ?? (object?)result.GetValue(pythonHome)) is not null)
                result.AddError(
                    "--processes, --threads and --python-home go with --application; in a configuration file they are keys of the daemon "
                    + "group");
            if (result.GetValue(service) && result.GetValue(detach))
                result.AddError("a service manager keeps hold of the process that it starts; give --service or --detach");
            if (result.GetValue(allowFailed) && !result.GetValue(detach))
                result.AddError("--allow-failed-daemon goes with --detach; in the foreground and as a service it is so already");
            if (result.GetValue(allowFailed) && result.GetValue(strict))
                result.AddError("--strict and --allow-failed-daemon contradict each other; give one of them");
            if (result.GetValue(processes) is < 1 or > 1024) result.AddError("--processes takes 1 to 1024");
            if (result.GetValue(threads) is < 1 or > 1024) result.AddError("--threads takes 1 to 1024");
        });
        command.SetAction((arguments, cancellationToken) =>
        {
            var output = arguments.InvocationConfiguration.Output;
            var wsgi = arguments.GetValue(application) is { } target
                ? new LaunchedApplication(
                ApplicationTarget.Full(target, Environment.CurrentDirectory), arguments.GetValue(processes), arguments.GetValue(threads),
                arguments.GetValue(pythonHome) is { } home ? Path.GetFullPath(home) : null)
                : null;
            var within = StartTimeout.Value(arguments, startTimeout);
            if (arguments.GetValue(detach))
            {
                var launch = new LaunchOptions
                {
                    HostPath = ServeRun.ThisProgram()[^1],
                    ConfigurationFile = arguments.GetValue(file) is { } path ? Path.GetFullPath(path) : null,
                    Application = wsgi,
                    Name = arguments.GetValue(name),
                    Listen = arguments.GetValue(listen) ?? [],
                    LogFile = arguments.GetValue(log) is { } logFile ? Path.GetFullPath(logFile) : null,
                    // A deployment script has to know.
                    Strict = !arguments.GetValue(allowFailed),
                    StartTimeout = within,
                    Timeout = Limit(arguments.GetValue(file), within),
                };
                return DetachAsync(launch, arguments.GetValue(json), output, cancellationToken);
            }
            var format = EventLogDefault.From(
                isForeground: !arguments.GetValue(service) && !arguments.GetValue(background), arguments.GetValue(log));
            return ServiceManagerLink.RunAsync(arguments.GetValue(service), manager => new ServeRun
            {
                Configure = () => Configuration(
                    arguments.GetValue(file), wsgi, arguments.GetValue(name), arguments.GetValue(listen) ?? [], format),
                LogFile = arguments.GetValue(log),
                Strict = arguments.GetValue(strict),
                Within = within,
                IsBackground = arguments.GetValue(background),
                Replaces = arguments.GetValue(replace),
                Manager = manager,
                Json = arguments.GetValue(json),
                Output = output,
            }.RunAsync());
        });
        return command;
    }

    private static TimeSpan Limit(string? file, TimeSpan? within)
    {
        // The front end itself reports the mistakes of its configuration.
        try { return InstanceLauncher.LimitOf(file is null ? ProxyConfiguration.Sample : ConfigurationFile.Load(file), within); }
        catch (ConfigurationException) { return InstanceLauncher.LimitOf(ProxyConfiguration.Sample, within); }
    }

    private static async Task<int> DetachAsync(LaunchOptions launch, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        var status = await InstanceLauncher.StartAsync(launch, cancellationToken);
        foreach (var warning in status.Warnings) await Console.Error.WriteLineAsync($"warning: {warning}");
        await output.WriteLineAsync(json
            ? JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus)
            : $"'{status.Name}' serves {string.Join(", ", status.Uris)} as process {status.ProcessId}; daemonproxy stop {status.Name} "
            + "stops "
            + "it");
        return DaemonProxyCommand.Ok;
    }

    private static ProxyConfiguration Configuration(
        string? file, LaunchedApplication? application, string? name, string[] listen, EventLogDefault format)
    {
        if (application is not null && !ApplicationTarget.IsModule(application.Target) && !File.Exists(application.Target))
            throw new ServerStartException($"there is no WSGI script {application.Target}; give --application a file, or module:callable");
        var configuration = file is not null ? format.Load(file)
            : format.AppliedTo(
                application is { } wsgi
                ? ProxyConfiguration.OfApplication(wsgi.Target, Environment.CurrentDirectory, wsgi.Processes, wsgi.Threads, wsgi.PythonHome)
                : ProxyConfiguration.Sample);
        if (name is not null) configuration = configuration with { Name = name };
        if (listen.Length == 0) return configuration;
        return configuration with
        {
            Listen = [.. listen.Select(
                text => ListenAddress.TryParse(text, out var address, out var error)
                ? address : throw new ServerStartException($"--listen: {error}"))],
        };
    }
}

using DaemonProxy.Platform;

namespace DaemonProxy.Services;

/// <summary>Manages services through launchd: agents of the user, or daemons of the system.</summary>
/// <param name="scope">Whose services.</param>
/// <param name="folder">Full path of the folder of its property lists.</param>
public sealed class LaunchdManager(ServiceScope scope, string folder) : FileServiceManager(scope, folder)
{
    /// <inheritdoc/>
    public override string Kind => "launchd";

    private protected override string Prefix => "daemonproxy.";

    private protected override string Suffix => ".plist";

    private protected override string Mark => LaunchdAgent.Mark;

    private string Domain => Scope == ServiceScope.User ? $"gui/{FileOwner.CurrentUser}" : "system";

    /// <inheritdoc/>
    public override async Task<ServiceState> RegisterAsync(
        ServiceDefinition service, bool enable, bool start, CancellationToken cancellationToken = default)
    {
        var changed = Write(service.Name, LaunchdAgent.Text(service, enable));
        var file = PathOf(service.Name);
        var loaded = await IsLoadedAsync(service.Name, cancellationToken).ConfigureAwait(false);
        // launchd reads a file only when it loads it.
        if (loaded && changed)
        {
            await DoAsync(cancellationToken, "bootout", Target(service.Name)).ConfigureAwait(false);
            loaded = false;
        }

        if (start && !loaded)
            await DoAsync(cancellationToken, "bootstrap", Domain, file).ConfigureAwait(false);
        else if (start)
            await DoAsync(cancellationToken, "kickstart", Target(service.Name)).ConfigureAwait(false);
        return State(service.Name, changed, enable, start || loaded,
            Scope == ServiceScope.User && enable
            ? [$"'{service.Name}' runs while you are logged in; a service of the system (-Scope System) starts with the machine"] : []);
    }

    /// <inheritdoc/>
    public override async Task<ServiceState> UnregisterAsync(string name, CancellationToken cancellationToken = default)
    {
        CheckOurs(name);
        if (await IsLoadedAsync(name, cancellationToken).ConfigureAwait(false))
            await DoAsync(cancellationToken, "bootout", Target(name)).ConfigureAwait(false);
        Remove(name);
        return State(name, changed: true, enabled: false, running: false, []);
    }

    private string Target(string name) => $"{Domain}/{LaunchdAgent.Label(name)}";

    private ServiceState State(string name, bool changed, bool enabled, bool running, IReadOnlyList<string> remarks) =>
        new(name, LaunchdAgent.Label(name), Kind, Scope.ToString(), PathOf(name), changed, enabled, running, remarks);

    private async Task<bool> IsLoadedAsync(string name, CancellationToken cancellationToken) =>
        (await ProgramAnswer.RunAsync("launchctl", ["print", Target(name)], cancellationToken).ConfigureAwait(false)).Done;

    private static async Task DoAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var call = await ProgramAnswer.RunAsync("launchctl", arguments, cancellationToken).ConfigureAwait(false);
        if (call.Done)
            return;
        var failed = $"'launchctl {string.Join(' ', arguments)}' failed: {call.Error.ReplaceLineEndings(" ")}";
        throw call.ExitCode < 0
            ? new ServiceException(
            "the file is written, and there is no launchctl here to load it; where there is one, run: launchctl "
            + $"{string.Join(' ', arguments)}", ServiceFailure.NoManager)
            : new ServiceException(failed, ServiceFailure.Refused);
    }
}

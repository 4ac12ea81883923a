namespace DaemonProxy.Services;

/// <summary>Manages services through systemd: the system's instance or the user's.</summary>
/// <param name="scope">Whose services.</param>
/// <param name="folder">Full path of the folder with its units.</param>
/// <param name="systemctl">The program that controls it.</param>
public sealed class SystemdManager(ServiceScope scope, string folder, string systemctl = "systemctl") : FileServiceManager(scope, folder)
{
    // A "degraded" manager works, but some other unit has failed.
    private static readonly string[] Answering = ["running", "degraded", "starting", "initializing", "maintenance"];

    private readonly string _folder = folder;

    /// <inheritdoc/>
    public override string Kind => "systemd";

    private protected override string Prefix => "daemonproxy-";

    private protected override string Suffix => ".service";

    private protected override string Mark => SystemdUnit.Mark;

    private string Call => Scope == ServiceScope.User ? "systemctl --user" : "systemctl";

    private string Target => Scope == ServiceScope.User ? "default.target" : "multi-user.target";

    /// <inheritdoc/>
    public override async Task<ServiceState> RegisterAsync(
        ServiceDefinition service, bool enable, bool start, CancellationToken cancellationToken = default)
    {
        var changed = Write(service.Name, SystemdUnit.Text(service));
        var unit = SystemdUnit.FileName(service.Name);
        var answers = await IsAnsweringAsync(cancellationToken).ConfigureAwait(false);
        if (!answers && enable)
        {
            throw new ServiceException(
                $"{PathOf(service.Name)} is written, and there is no systemd{(Scope == ServiceScope.User ? " of this user" : "")} running "
                    + "here to enable it; where there is one, run: "
                    + $"{Call} daemon-reload; {Call} enable {(start ? "--now " : "")}{unit}",
                ServiceFailure.NoManager);
        }

        if (!answers)
            return State(service.Name, changed, enabled: false, running: false, []);
        if (changed)
            await DoAsync("daemon-reload", null, cancellationToken).ConfigureAwait(false);
        if (enable)
            await DoAsync("enable", unit, cancellationToken).ConfigureAwait(false);
        if (start)
            await DoAsync(changed ? "restart" : "start", unit, cancellationToken).ConfigureAwait(false);
        var enabled = (await AskAsync(cancellationToken, "is-enabled", unit).ConfigureAwait(false)).Done;
        var running = (await AskAsync(cancellationToken, "is-active", unit).ConfigureAwait(false)).Done;
        return State(service.Name, changed, enabled, running, enabled ? Remarks(service.Name) : []);
    }

    /// <inheritdoc/>
    public override async Task<ServiceState> UnregisterAsync(string name, CancellationToken cancellationToken = default)
    {
        CheckOurs(name);
        var unit = SystemdUnit.FileName(name);
        var answers = await IsAnsweringAsync(cancellationToken).ConfigureAwait(false);
        if (answers)
            await DoAsync("disable", unit, cancellationToken, "--now").ConfigureAwait(false);
        // Removes the link that "enable" creates, in case no manager is running to remove it.
        var wanted = new FileInfo(Path.Combine(_folder, Target + ".wants", unit));
        if (wanted.LinkTarget is not null)
            wanted.Delete();
        Remove(name);
        if (answers)
        {
            await DoAsync("daemon-reload", null, cancellationToken).ConfigureAwait(false);
            // Otherwise a failed unit stays on the list of failed units. For one that has not failed, this is an error that does not
            // matter.
            await AskAsync(cancellationToken, "reset-failed", unit).ConfigureAwait(false);
        }

        return State(name, changed: true, enabled: false, running: false, []);
    }

    private ServiceState State(string name, bool changed, bool enabled, bool running, IReadOnlyList<string> remarks) =>
        new(name, SystemdUnit.FileName(name), Kind, Scope.ToString(), PathOf(name), changed, enabled, running, remarks);

    private IReadOnlyList<string> Remarks(string name) =>
        Scope == ServiceScope.System || File.Exists($"/var/lib/systemd/linger/{Environment.UserName}")
        ? []
        : [$"'{name}' runs while {Environment.UserName} is logged in; to start it with the machine, run: loginctl enable-linger "
        + $"{Environment.UserName}"];

    private async Task<bool> IsAnsweringAsync(CancellationToken cancellationToken) =>
        await AskAsync(cancellationToken, "is-system-running").ConfigureAwait(false) is { Output: var state } && Answering.Contains(state);

    private async Task DoAsync(string verb, string? unit, CancellationToken cancellationToken, params string[] options)
    {
        string[] arguments = unit is null ? [verb] : [verb, .. options, unit];
        var call = await AskAsync(cancellationToken, arguments).ConfigureAwait(false);
        if (call.Done)
            return;
        var journal = Scope == ServiceScope.User ? "journalctl --user" : "journalctl";
        throw new ServiceException(
            $"'{Call} {string.Join(' ', arguments)}' failed: "
                + $"{call.Error.ReplaceLineEndings(" ")}{(unit is null ? "" : $" ({journal} -u {unit} says what the front end said)")}",
            ServiceFailure.Refused);
    }

    private Task<ProgramAnswer> AskAsync(CancellationToken cancellationToken, params string[] arguments) =>
        ProgramAnswer.RunAsync(systemctl, Scope == ServiceScope.User ? ["--user", .. arguments] : arguments, cancellationToken);
}

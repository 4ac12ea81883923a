using System.Runtime.Versioning;
using DaemonProxy.Configuration;
using Microsoft.Win32;

namespace DaemonProxy.Services;

/// <summary>The service manager of Windows, accessed through <c>sc.exe</c> and its part of the registry.</summary>
[SupportedOSPlatform("windows")]
public sealed class WindowsServiceManager : ServiceManager
{
    private const string Services = @"SYSTEM\CurrentControlSet\Services";
    private const string Prefix = "daemonproxy-";

    // sc.exe: the service is not running, or has already been deleted.
    private const int NotActive = 1062;

    // sc.exe: the service is already running.
    private const int AlreadyRunning = 1056;

    private const int AccessDenied = 5;

    /// <inheritdoc/>
    public override string Kind => "Windows";

    /// <inheritdoc/>
    public override string PathOf(string name) => $@"HKLM\{Services}\{ServiceDefinition.NameOf(name)}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names()
    {
        using var services = Registry.LocalMachine.OpenSubKey(Services);
        return services is null ? [] :
        [
            .. services.GetSubKeyNames()
                .Where(key => key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                .Select(key => key[Prefix.Length..])
                .Where(name => NameRule.Allows(name) && IsOurs(name))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public override async Task<ServiceState> RegisterAsync(
        ServiceDefinition service, bool enable, bool start, CancellationToken cancellationToken = default)
    {
        var name = service.ServiceName;
        var exists = Exists(service.Name);
        if (exists && !IsOurs(service.Name))
            throw new ServiceException(
                $"the service {name} is not one of ours; choose another name with -Name, or remove it", ServiceFailure.NotOurs);
        var changed = !exists || Differs(service);
        if (changed)
        {
            foreach (var call in WindowsService.Calls(service, exists, enable))
                await DoAsync(call, cancellationToken).ConfigureAwait(false);
            WriteEnvironment(service);
            if (exists && start)
                await DoAsync(["stop", name], cancellationToken, NotActive).ConfigureAwait(false);
        }
        else
        {
            await DoAsync(["config", name, "start=", enable ? "delayed-auto" : "demand"], cancellationToken).ConfigureAwait(false);
        }

        if (start)
            await DoAsync(["start", name], cancellationToken, AlreadyRunning).ConfigureAwait(false);
        return new ServiceState(service.Name, name, Kind, nameof(ServiceScope.System), PathOf(service.Name), changed, enable, start,
            service.Environment.TryGetValue(Control.RuntimeDirectory.EnvironmentVariable, out var folder)
                ? [$"consoles of administrators find it with $env:{Control.RuntimeDirectory.EnvironmentVariable} = '{folder}'"]
                : []);
    }

    /// <inheritdoc/>
    public override async Task<ServiceState> UnregisterAsync(string name, CancellationToken cancellationToken = default)
    {
        if (!Exists(name))
            throw NotFound(name);
        var service = ServiceDefinition.NameOf(name);
        if (!IsOurs(name))
            throw new ServiceException(
                $"the service {service} was not made by Register-DaemonProxyService, and is left alone", ServiceFailure.NotOurs);
        await DoAsync(["stop", service], cancellationToken, NotActive).ConfigureAwait(false);
        await DoAsync(["delete", service], cancellationToken).ConfigureAwait(false);
        return new ServiceState(
            name, service, Kind, nameof(ServiceScope.System), PathOf(name), Changed: true, Enabled: false, Running: false, []);
    }

    private static bool Exists(string name)
    {
        using var key = Key(name, writable: false);
        return key is not null;
    }

    private static bool IsOurs(string name)
    {
        using var key = Key(name, writable: false);
        return key?.GetValue("Description") is string text && text.EndsWith(WindowsService.Mark, StringComparison.Ordinal);
    }

    private static bool Differs(ServiceDefinition service)
    {
        using var key = Key(service.Name, writable: false);
        return key?.GetValue("ImagePath") as string != WindowsService.CommandLine(service)
            || key.GetValue("Description") as string != WindowsService.Description(service)
            || !(key.GetValue("Environment") as string[] ?? []).SequenceEqual(Variables(service));
    }

    private static void WriteEnvironment(ServiceDefinition service)
    {
        using var key = Key(service.Name, writable: true);
        key?.SetValue("Environment", Variables(service), RegistryValueKind.MultiString);
    }

    private static string[] Variables(ServiceDefinition service) =>
        [.. service.Environment.Select(variable => $"{variable.Key}={variable.Value}")];

    private static RegistryKey? Key(string name, bool writable) =>
        Registry.LocalMachine.OpenSubKey($@"{Services}\{ServiceDefinition.NameOf(name)}", writable);

    private static async Task DoAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, int alsoFine = 0)
    {
        var call = await ProgramAnswer.RunAsync("sc.exe", arguments, cancellationToken).ConfigureAwait(false);
        if (call.Done || call.ExitCode == alsoFine)
            return;
        throw new ServiceException(
            call.ExitCode == AccessDenied
                ? "services are registered by administrators; run it in an elevated console"
                : $"'sc.exe {string.Join(' ', arguments.Take(2))}' failed: {call.Output.ReplaceLineEndings(" ")}",
            ServiceFailure.Refused);
    }
}

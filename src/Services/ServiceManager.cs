using DaemonProxy.Platform;

namespace DaemonProxy.Services;

/// <summary>
/// Starts front ends with the system, and restarts them when they fail: systemd, launchd, or the service manager of Windows.
/// </summary>
public abstract class ServiceManager
{
    /// <summary><c>systemd</c>, <c>launchd</c> or <c>Windows</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>The manager of this system.</summary>
    /// <exception cref="ServiceException">There is none for this scope, or it requires an administrator.</exception>
    public static ServiceManager OfThisSystem(ServiceScope scope)
    {
        if (OperatingSystem.IsWindows())
        {
            return scope == ServiceScope.System ? new WindowsServiceManager() : throw new ServiceException(
                "Windows has services of the machine only; register it with -Scope System, as an administrator", ServiceFailure.Invalid);
        }

        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            throw new ServiceException(
                "services are registered with systemd, launchd or Windows, and this system has none of them", ServiceFailure.NoManager);
        if (scope == ServiceScope.System && FileOwner.CurrentUser != 0)
            throw new ServiceException(
                "a service of the system is registered by root; run it under sudo, or leave -Scope System out", ServiceFailure.Invalid);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsMacOS())
            return new LaunchdManager(
                scope, scope == ServiceScope.System ? "/Library/LaunchDaemons" : Path.Combine(home, "Library", "LaunchAgents"));
        return new SystemdManager(scope, scope == ServiceScope.System ? "/etc/systemd/system" : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { } chosen && Path.IsPathFullyQualified(chosen)
                ? chosen : Path.Combine(home, ".config"), "systemd", "user"));
    }

    /// <summary>The full path of the file that describes the service of a front end; the registry key on Windows.</summary>
    public abstract string PathOf(string name);

    /// <summary>The names of the front ends that <see cref="RegisterAsync"/> has registered here, sorted.</summary>
    public abstract IReadOnlyList<string> Names();

    /// <summary>Writes the service, enables it and starts it; does nothing if the same service exists, is enabled and is running.</summary>
    /// <param name="service">The service.</param>
    /// <param name="enable">Whether it starts automatically from now on.</param>
    /// <param name="start">Whether to start it now.</param>
    /// <param name="cancellationToken">Ends the wait; anything already written stays.</param>
    /// <exception cref="ServiceException">It cannot be written, enabled or started.</exception>
    public abstract Task<ServiceState> RegisterAsync(
        ServiceDefinition service, bool enable, bool start, CancellationToken cancellationToken = default);

    /// <summary>Stops the service and removes everything that <see cref="RegisterAsync"/> has written.</summary>
    /// <exception cref="ServiceException">There is no such service, it is not one of ours, or it cannot be removed.</exception>
    public abstract Task<ServiceState> UnregisterAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>The error for a name without a registered service.</summary>
    private protected ServiceException NotFound(string name)
    {
        var names = Names();
        return new ServiceException(
            $"no service is registered for '{name}' ({PathOf(name)} is not there)"
                + $"{(names.Count == 0 ? ", nor for any other" : $"; registered: {string.Join(", ", names)}")}", ServiceFailure.NotFound);
    }
}

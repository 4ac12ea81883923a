using System.Text;

namespace DaemonProxy.Services;

/// <summary>Describes a front end as a Windows service: its command line, and the <c>sc.exe</c> calls that create the service.</summary>
public static class WindowsService
{
    /// <summary>The end of the description, which distinguishes a service created here from somebody else's.</summary>
    public const string Mark = "(Register-DaemonProxyService)";

    /// <summary>The service's command line, quoted in the way that Windows programs parse it (CommandLineToArgvW).</summary>
    /// <exception cref="ServiceException">The definition contains something that a command line cannot express.</exception>
    public static string CommandLine(ServiceDefinition service) =>
        string.Join(' ', service.Checked(readsFiles: false).Command.Select(Quoted));

    /// <summary>The description that <c>services.msc</c> shows.</summary>
    public static string Description(ServiceDefinition service) => $"{service.Description}, from {service.ConfigurationFile} {Mark}";

    /// <summary>The calls that create the service, or update an existing one.</summary>
    /// <param name="service">The service.</param>
    /// <param name="exists">Whether the service exists already.</param>
    /// <param name="enable">Whether it starts with the machine.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Calls(ServiceDefinition service, bool exists, bool enable) =>
    [
        [
            exists ? "config"
                : "create", service.ServiceName, "binPath=", CommandLine(service), "start=", enable ? "delayed-auto" : "demand",
            "obj=", service.Account ?? @"NT AUTHORITY\LocalService", "DisplayName=", service.Description,
        ],
        ["description", service.ServiceName, Description(service)],
        // Restarted after a second, three times in an hour; a requested stop is not a failure.
        ["failure", service.ServiceName, "reset=", "3600", "actions=", "restart/1000/restart/1000/restart/5000"],
        ["failureflag", service.ServiceName, "1"],
    ];

    private static string Quoted(string argument)
    {
        if (argument.Length > 0 && !argument.Any(c => c is ' ' or '\t' or '"'))
            return argument;
        var text = new StringBuilder("\"");
        var backslashes = 0;
        foreach (var c in argument)
        {
            if (c == '\\')
            {
                backslashes++;
                continue;
            }

            // Backslashes are literal unless a quote follows; then each pair stands for one.
            text.Append('\\', c == '"' ? (backslashes * 2) + 1 : backslashes).Append(c);
            backslashes = 0;
        }

        return text.Append('\\', backslashes * 2).Append('"').ToString();
    }
}

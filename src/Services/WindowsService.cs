using System.Text;

namespace DaemonProxy.Services;

/// <summary>A front end as a Windows service: the command line and the calls of <c>sc.exe</c> that make it.</summary>
public static class WindowsService
{
    /// <summary>What tells a service made here from somebody else's: the end of its description.</summary>
    public const string Mark = "(Register-DaemonProxyService)";

    /// <summary>The service's command line: quoted as Windows programs take it apart (CommandLineToArgvW).</summary>
    /// <exception cref="ServiceException">The definition has something in it that a command line cannot say.</exception>
    public static string CommandLine(ServiceDefinition service) => string.Join(' ', service.Checked().Command.Select(Quoted));

    /// <summary>The description that <c>services.msc</c> shows.</summary>
    public static string Description(ServiceDefinition service) => $"{service.Description}, from {service.ConfigurationFile} {Mark}";

    /// <summary>The calls that make the service, or bring one that is there up to date.</summary>
    /// <param name="service">The service.</param>
    /// <param name="exists">Whether it is there.</param>
    /// <param name="enable">Whether it starts with the machine.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Calls(ServiceDefinition service, bool exists, bool enable) =>
    [
        [
            exists ? "config"
                : "create", service.ServiceName, "binPath=", CommandLine(service), "start=", enable ? "delayed-auto" : "demand",
            "obj=", service.Account ?? @"NT AUTHORITY\LocalService", "DisplayName=", service.Description,
        ],
        ["description", service.ServiceName, Description(service)],
        // Started again after a second, three times in an hour; an end that was asked for is none.
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

            // Backslashes count as themselves, unless a quote follows: then each pair is one.
            text.Append('\\', c == '"' ? (backslashes * 2) + 1 : backslashes).Append(c);
            backslashes = 0;
        }

        return text.Append('\\', backslashes * 2).Append('"').ToString();
    }
}

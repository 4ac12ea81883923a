using System.Xml.Linq;

namespace DaemonProxy.Services;

/// <summary>Describes a front end as a launchd agent or daemon: a property list (launchd.plist(5)).</summary>
public static class LaunchdAgent
{
    /// <summary>The text that distinguishes a file written here from somebody else's.</summary>
    public const string Mark = "Written by Register-DaemonProxyService; Unregister-DaemonProxyService removes it.";

    /// <summary>The label that identifies it to launchd.</summary>
    public static string Label(string name) => $"daemonproxy.{name}";

    /// <summary>The file's name.</summary>
    public static string FileName(string name) => Label(name) + ".plist";

    /// <summary>The text of the property list; the same definition always gives the same text.</summary>
    /// <param name="service">The service.</param>
    /// <param name="enable">Whether launchd starts it automatically.</param>
    /// <exception cref="ServiceException">The definition contains something that a property list cannot express.</exception>
    public static string Text(ServiceDefinition service, bool enable)
    {
        service.Checked(readsFiles: false);
        var entries = new List<XElement>();
        Add("Label", new XElement("string", Label(service.Name)));
        Add("ProgramArguments", new XElement("array", service.Command.Select(argument => new XElement("string", argument))));
        Add("WorkingDirectory", new XElement("string", service.WorkingDirectory));
        if (service.Environment.Count > 0)
        {
            Add("EnvironmentVariables", new XElement("dict", service.Environment.OrderBy(variable => variable.Key, StringComparer.Ordinal)
                .SelectMany(variable => new[] { new XElement("key", variable.Key), new XElement("string", variable.Value) })));
        }

        if (service is { Scope: ServiceScope.System, Account: { } account })
            Add("UserName", new XElement("string", account));
        // A successful exit is the result of Stop-DaemonProxy, and must not cause a restart.
        Add("KeepAlive", new XElement("dict", new XElement("key", "SuccessfulExit"), new XElement("false")));
        Add("RunAtLoad", new XElement("true"));
        // Longer than the time allowed for what is in flight, and for the daemons.
        Add("ExitTimeOut", new XElement("integer", 30));
        Add("Umask", new XElement("integer", 0b000_010_111));
        // The default throttles background processes.
        Add("ProcessType", new XElement("string", "Interactive"));
        if (!enable)
            Add("Disabled", new XElement("true"));

        var document = new XElement("plist", new XAttribute("version", "1.0"), new XElement("dict", entries));
        return $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <!-- {Mark} -->

            """.ReplaceLineEndings("\n") + document.ToString().ReplaceLineEndings("\n") + "\n";

        void Add(string key, XElement value)
        {
            entries.Add(new XElement("key", key));
            entries.Add(value);
        }
    }
}

using System.Text;

namespace DaemonProxy.Services;

/// <summary>Describes a front end as a systemd unit (systemd.service(5), systemd.exec(5), systemd.syntax(7)).</summary>
public static class SystemdUnit
{
    /// <summary>The first line of every unit written here; a unit without it is somebody else's.</summary>
    public const string Mark = "# Written by Register-DaemonProxyService; Unregister-DaemonProxyService removes it.";

    /// <summary>The unit's file name.</summary>
    public static string FileName(string name) => ServiceDefinition.NameOf(name) + ".service";

    /// <summary>The unit's text; the same definition always gives the same text.</summary>
    /// <exception cref="ServiceException">The definition contains something that a unit cannot express.</exception>
    public static string Text(ServiceDefinition service)
    {
        service.Checked(readsFiles: true);
        // systemd accepts no such program, however it is quoted; all other paths and arguments may contain these characters.
        if (service.Host[0].AsSpan().ContainsAny('"', '\'', '\\'))
            throw new ServiceException(
                $"systemd runs no program with a quote or a backslash in its path: {service.Host[0]}; install the module elsewhere",
                ServiceFailure.Invalid);
        var system = service.Scope == ServiceScope.System;
        var text = new StringBuilder();
        Line(Mark);
        Line("[Unit]");
        Line($"Description={Plain(service.Description)}");
        if (system)
        {
            // The front end can listen on one of the machine's own addresses only once that address exists.
            Line("Wants=network-online.target");
            Line("After=network-online.target");
        }
        // If a front end cannot start, the cause does not go away by itself.
        Line("StartLimitIntervalSec=60");
        Line("StartLimitBurst=5");

        Line("");
        Line("[Service]");
        // The unit counts as started when the front end and its daemons serve, not when its process exists.
        Line("Type=notify");
        Line($"ExecStart={CommandLine(service.Command)}");
        Line($"ExecReload={CommandLine(service.ReloadCommand)}");
        Line($"WorkingDirectory={Plain(service.WorkingDirectory)}");
        foreach (var (name, value) in service.Environment.OrderBy(variable => variable.Key, StringComparer.Ordinal))
            Line($"Environment={Quoted($"{name}={value}")}");
        // After the variables, which it overrides. It has to be there: without its secrets the front end would start and not work.
        if (service.EnvironmentFile is { } variables)
            Line($"EnvironmentFile={Plain(variables)}");
        Line("Restart=on-failure");
        Line("RestartSec=1");
        // The front end ends its daemons when they have finished what is in flight; any that outlive it are killed.
        Line("KillMode=mixed");
        Line("TimeoutStartSec=90");
        Line("TimeoutStopSec=30");
        // Two for each client connection; unused ones cost nothing.
        Line("LimitNOFILE=1048576");
        Line("UMask=0027");
        Line("NoNewPrivileges=yes");
        Line("LockPersonality=yes");
        if (system)
        {
            if (service.Account is { } account)
                Line($"User={Plain(account)}");
            // RuntimeDirectory.DefaultPath looks here first, so every console of the account finds it.
            Line($"RuntimeDirectory={Plain(Control.RuntimeDirectory.SystemServiceFolder(service.Account ?? "root"))}");
            Line("RuntimeDirectoryMode=0700");
            Line("RuntimeDirectoryPreserve=yes");
            if (service.PrivilegedPort && service.Account is not (null or "root"))
                Line("AmbientCapabilities=CAP_NET_BIND_SERVICE");
            // Not ProtectHome or PrivateTmp: applications and the sockets of their databases are often in such places.
            Line("ProtectSystem=full");
            Line("ProtectKernelTunables=yes");
            Line("ProtectKernelModules=yes");
            Line("ProtectControlGroups=yes");
            Line("RestrictSUIDSGID=yes");
        }

        Line("");
        Line("[Install]");
        Line($"WantedBy={(system ? "multi-user" : "default")}.target");
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }

    // ':' keeps '$' literal; '$$' would do so only in the arguments, not in the program.
    private static string CommandLine(IReadOnlyList<string> command) => ":" + string.Join(' ', command.Select(Quoted));

    private static string Quoted(string text) =>
        $"\"{Plain(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    // '%' begins a specifier anywhere.
    private static string Plain(string text) => text.Replace("%", "%%", StringComparison.Ordinal);
}

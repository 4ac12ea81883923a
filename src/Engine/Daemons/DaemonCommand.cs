using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>How a process of a managed group is started.</summary>
/// <param name="Program">The program's name for messages.</param>
/// <param name="Line">The whole command line: program and arguments, preceded by those of the shim if there is one.</param>
/// <param name="Socket">Full path of the Unix socket that the process must listen on.</param>
/// <param name="Home">Working directory of the process; null: the front end's.</param>
/// <param name="Variables">Environment variables that differ from the front end's.</param>
public sealed record DaemonCommand(
    string Program, IReadOnlyList<string> Line, string Socket, string? Home, IReadOnlyDictionary<string, string> Variables)
{
    /// <summary>Builds the command of a group.</summary>
    /// <param name="options">The group. <c>{socket}</c> in its command stands for the socket's path.</param>
    /// <param name="socket">Full path of the socket.</param>
    /// <param name="host">Program and first arguments that start this host.</param>
    /// <param name="requireLoad">Whether the process of a WSGI application ends when it cannot load the application.</param>
    /// <param name="secret">The secret that each request to a WSGI worker carries.</param>
    /// <param name="account">The user that the process runs as; null: the front end's own.</param>
    public static DaemonCommand From(
        DaemonGroupOptions options, string socket, IReadOnlyList<string> host, bool requireLoad, string secret, Account? account = null)
    {
        string[] shim = OperatingSystem.IsWindows() ? [] : [.. host, "exec", .. ShimOptions(options.Identity)];
        var variables = new Dictionary<string, string>(account?.Variables ?? []);
        foreach (var (name, value) in options.Identity.FileVariables) variables[name] = value;
        if (options.Identity.Lang is { } lang) variables["LANG"] = lang;
        if (options.Identity.Locale is { } locale) variables["LC_ALL"] = locale;
        foreach (var (name, value) in options.Identity.Env) variables[name] = value;
        if (options.Source is DaemonSource.Application or DaemonSource.Sample)
        {
            string[] what = options.Application is { } application ? ["--application", application] : ["--sample"];
            string[] worker = [.. host, "daemon", .. what, "--socket", socket, "--front-end"];
            // Another user may not enter the folder of the socket, so the shim opens it before it becomes that user.
            if (account is not null) shim = [.. shim, $"--listen={socket}"];
            // This host does the shim's work itself, except for taking on another identity.
            return new(ProgramOf(options), options.Identity.UnixOnly().Any() ? [.. shim, "--", .. worker] : worker,
                socket, options.Home, variables)
            {
                Host = host,
                AnswersPing = true,
                Greeting = new(secret, options, requireLoad),
            };
        }
        string[] command = [.. options.Command.Select(part => part.Replace("{socket}", socket, StringComparison.Ordinal))];
        // Without a shim, nothing precedes the command.
        return new(command[0], shim.Length == 0 ? command : [.. shim, "--", .. command], socket, options.Home, variables)
        {
            LooksFor = command[0],
            Host = shim.Length == 0 ? [] : host,
        };
    }

    /// <summary>The program's name for messages.</summary>
    public static string ProgramOf(DaemonGroupOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Application ?? (options.Source == DaemonSource.Sample ? "the sample application" : options.Command[0]);
    }

    /// <summary>The second name of the socket, which the front end connects to; null: it connects to <see cref="Socket"/>.</summary>
    public SocketClaim? Claim { get; init; }

    /// <summary>Whether the process answers <c>OPTIONS *</c> itself, without involving an application, as this host does.</summary>
    public bool AnswersPing { get; init; }

    /// <summary>
    /// What a WSGI worker is told after its start; its standard output is its event channel. Null: the process is not a WSGI worker, and
    /// everything it writes is output.
    /// </summary>
    public WorkerGreeting? Greeting { get; private init; }

    /// <summary>The program that must exist; null: this host.</summary>
    private string? LooksFor { get; init; }

    /// <summary>
    /// The files of this host that must exist: the version of the module that a front end runs may have been uninstalled since.
    /// </summary>
    private IReadOnlyList<string> Host { get; init; } = [];

    /// <summary>
    /// The options of the shim that becomes the daemon (<c>daemonproxy exec</c>). The shim puts the daemon into a process group of its own.
    /// Ctrl+C at the terminal then reaches only the front end while the daemon finishes what is in flight, and everything that the daemon
    /// starts can be ended together with it.
    /// </summary>
    private static IEnumerable<string> ShimOptions(ProcessIdentity identity)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"--parent={Environment.ProcessId}");
        if (identity.DisplayName is { } name) yield return $"--display-name={name}";
        if (identity.Umask is { } umask) yield return $"--umask={Convert.ToString(umask, 8)}";
        if (identity.CpuPriority is { } priority) yield return string.Create(CultureInfo.InvariantCulture, $"--cpu-priority={priority}");
        if (identity.MemoryLimit > 0) yield return string.Create(CultureInfo.InvariantCulture, $"--memory-limit={identity.MemoryLimit}");
        if (identity.VirtualMemoryLimit > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"--virtual-memory-limit={identity.VirtualMemoryLimit}");
        if (identity.SupplementaryGroups.Count > 0) yield return $"--supplementary-groups={string.Join(',', identity.SupplementaryGroups)}";
        if (identity.Group is { } group) yield return $"--group={group}";
        if (identity.User is { } user) yield return $"--user={user}";
    }

    /// <summary>Builds the start information of the process. Its standard input stays open for as long as this process lives.</summary>
    /// <exception cref="Win32Exception">The program does not exist.</exception>
    public ProcessStartInfo StartInfo()
    {
        if (Host.FirstOrDefault(file => Path.IsPathFullyQualified(file) && !File.Exists(file)) is { } gone)
            throw new Win32Exception(2, $"{gone}, the program of this front end, is not there any more; install that version again, or "
                + "update the front end from an installed one with Update-DaemonProxy, or its own 'daemonproxy update'");
        if (LooksFor is { } program && MissingProgram(program, Home) is { } missing) throw new Win32Exception(2, missing);
        var start = new ProcessStartInfo(Line[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home ?? "",
            UseShellExecute = false,
        };
        foreach (var argument in Line.Skip(1)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        return start;
    }

    /// <summary>
    /// Why a command's program cannot be started; null when it is there. It is looked for before the shim does so, to be reported at once
    /// and clearly.
    /// </summary>
    /// <param name="program">A name to be looked for on the PATH, or a path.</param>
    /// <param name="home">The folder that a relative path starts from; null: the current one.</param>
    internal static string? MissingProgram(string program, string? home)
    {
        if (program.Contains('/'))
        {
            var path = Path.GetFullPath(program, home ?? Environment.CurrentDirectory);
            return File.Exists(path) ? null : $"there is no file {path}";
        }
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        string[] names = OperatingSystem.IsWindows() ? [program, program + ".exe", program + ".cmd"] : [program];
        return folders.Any(folder => names.Any(name => File.Exists(Path.Combine(folder, name))))
            ? null : "no such program on the PATH; install it, or give its full path";
    }
}

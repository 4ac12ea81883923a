using DaemonProxy.Configuration;
using DaemonProxy.Daemons;

namespace DaemonProxy.Embedded;

/// <summary>
/// Checks what a configuration needs of the machine that it is deployed on: scripts, folders, programs, Pythons, keys. Starts nothing but a
/// Python, and loads nothing.
/// </summary>
public static class DeploymentCheck
{
    /// <summary>Reads a configuration file and checks it.</summary>
    /// <param name="path">The file; messages name it as given here.</param>
    /// <exception cref="ConfigurationException">The file cannot be read, or has mistakes; the exception carries all of them, in file
    /// order.</exception>
    public static ProxyConfiguration Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var yaml = ConfigurationFile.ReadText(path, out _);
        var configuration = ConfigurationFile.Load(path, yaml);
        var places = ConfigurationPlaces.Of(yaml, path);
        ConfigurationError[] mistakes =
        [
            .. CheckOwnAccount(configuration, places),
            .. configuration.Daemons.SelectMany((group, index) => CheckGroup(group, index, places)),
            .. EmbeddedScripts(configuration, places),
            .. CheckRestriction(configuration, places),
            .. CheckPythons(configuration, places),
            .. CheckKey(configuration, places),
        ];
        return mistakes.Length == 0 ? configuration
            : throw new ConfigurationException([.. mistakes.OrderBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column)]);
    }

    /// <summary>
    /// The mistakes for which a front end refuses to start: embedded routes without their script. A daemon that lacks something fails to
    /// start by itself; an embedded application is loaded with its first request, so that nobody would notice before.
    /// </summary>
    public static IEnumerable<ConfigurationError> EmbeddedScripts(ProxyConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return EmbeddedScripts(configuration, ConfigurationPlaces.Unknown(configuration));
    }

    private static IEnumerable<ConfigurationError> EmbeddedScripts(ProxyConfiguration configuration, ConfigurationPlaces places) =>
        configuration.Routes.Index().Where(route => route.Item.Application is { } target && IsMissing(target))
            .Select(route => places.Mistake(
                $"route {route.Item.Path}: there is no script {route.Item.Application}; name one that is there in application, or "
                + "module:callable", "routes", route.Index, "application"));

    private static bool IsMissing(string target) => !ApplicationTarget.IsModule(target) && !File.Exists(target);

    private static IEnumerable<ConfigurationError> CheckGroup(DaemonGroupOptions group, int index, ConfigurationPlaces places)
    {
        ConfigurationError Mistake(string key, string message) =>
            places.Mistake($"daemon group '{group.Name}': {message}", "daemons", index, key);
        if (group.Application is { } script && IsMissing(script))
            yield return Mistake("application", $"there is no script {script}; name one that is there in application, or module:callable");
        var hasHome = group.Home is null || Directory.Exists(group.Home);
        if (!hasHome) yield return Mistake("home", $"there is no folder {group.Home}; make it, or name one that is there in home");
        if (!OperatingSystem.IsWindows() && ProcessAccount.Missing(group.Identity) is { } account) yield return Mistake("user", account);
        if (group.Source != DaemonSource.Command) yield break;
        if (!group.Command.Any(part => part.Contains("{socket}", StringComparison.Ordinal)))
        {
            yield return Mistake("command", "its command has no {socket}, the path that it has to listen on; give it to the server as in "
                + "\"unix:{socket}\"");
        }
        // A program may be given from the home that is missing.
        if (hasHome && DaemonCommand.MissingProgram(group.Command[0], group.Home) is { } missing)
            yield return Mistake("command", $"cannot start '{group.Command[0]}': {missing}");
    }

    private static IEnumerable<ConfigurationError> CheckOwnAccount(ProxyConfiguration configuration, ConfigurationPlaces places) =>
        !OperatingSystem.IsWindows()
        && ProcessAccount.Missing(new ProcessIdentity { User = configuration.User, Group = configuration.Group }) is { } missing
            ? [places.Mistake(missing, configuration.User is null ? "group" : "user")] : [];

    private static IEnumerable<ConfigurationError> CheckRestriction(ProxyConfiguration configuration, ConfigurationPlaces places) =>
        configuration.RestrictEmbedded != true ? []
            : configuration.Routes.Index().Where(route => route.Item.Application is not null).Select(route => places.Mistake(
                $"route {route.Item.Path}: its application would run embedded, and restrict-embedded is on, so that each request gets 500; "
                + "run it in a daemon group, or leave restrict-embedded out", "routes", route.Index, "application"));

    /// <summary>
    /// Each Python that is named, and the one that is found where none is. Only the first is run to see whether it can be used, because
    /// running one takes time.
    /// </summary>
    private static IEnumerable<ConfigurationError> CheckPythons(ProxyConfiguration configuration, ConfigurationPlaces places)
    {
        List<(string? Home, object[] Path)> pythons =
        [
            .. configuration.Daemons.Index().Where(group => group.Item.Source == DaemonSource.Application).Select(group =>
                (group.Item.PythonHome,
                    new object[] { "daemons", group.Index, group.Item.PythonHome is null ? "application" : "python-home" })),
        ];
        if (configuration.HasEmbedded)
        {
            var route = configuration.Routes.Index().First(route => route.Item.Application is not null).Index;
            pythons.Add((configuration.PythonHome, configuration.PythonHome is null ? ["routes", route, "application"] : ["python-home"]));
        }
        return pythons.DistinctBy(python => python.Home).Select((python, index) =>
            Failure(python.Home, mayRun: index == 0) is { } failure ? places.Mistake(failure, python.Path) : null)
                .OfType<ConfigurationError>();
    }

    private static string? Failure(string? home, bool mayRun)
    {
        try
        {
            if (mayRun || home is null) PythonFinder.Find(home);
            else PythonFinder.CheckHome(home);
            return null;
        }
        catch (PythonException failure) { return failure.Message; }
    }

    /// <summary>A PEM certificate needs its key, in its own file or beside it.</summary>
    private static IEnumerable<ConfigurationError> CheckKey(ProxyConfiguration configuration, ConfigurationPlaces places)
    {
        if (configuration.Tls is not { } tls || TextOf(tls.Certificate) is not { } certificate
            || !certificate.Contains("-----BEGIN ", StringComparison.Ordinal)) yield break;
        var (file, key) = tls.Key is { } own ? (own, "key") : (tls.Certificate, "certificate");
        if (TextOf(file) is { } text && !text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            yield return places.Mistake(
                $"{key}: {file} holds no private key; name the key's PEM file in 'key:' below tls", "tls", key);
        }
    }

    private static string? TextOf(string file)
    {
        try { return File.ReadAllText(file); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Somebody else may start the front end, and may read it.
            return null;
        }
    }
}

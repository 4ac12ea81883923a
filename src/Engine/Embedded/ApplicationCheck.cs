using DaemonProxy.Configuration;

namespace DaemonProxy.Embedded;

/// <summary>Checks that the scripts and each python-home that a configuration names exist. Loads nothing.</summary>
public static class ApplicationCheck
{
    /// <summary>
    /// The mistakes found. Only the first Python named is run to see whether it can be used, because running one takes time.
    /// </summary>
    public static IEnumerable<ConfigurationError> Check(ProxyConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var groups = configuration.Daemons.Where(group => group.Source == DaemonSource.Application).ToArray();
        var scripts = groups.Select(group => (Owner: $"daemon group '{group.Name}'", Target: group.Application!))
            .Concat(configuration.Routes.Where(route => route.Application is not null)
            .Select(route => (Owner: $"route {route.Path}", Target: route.Application!)));
        foreach (var (owner, target) in scripts)
        {
            if (!ApplicationTarget.IsModule(target) && !File.Exists(target))
                yield return Mistake(
                    configuration, $"{owner}: there is no script {target}; name one that is there in application, or module:callable");
        }
        var homes = groups.Select(group => group.PythonHome).Append(configuration.HasEmbedded ? configuration.PythonHome : null)
            .OfType<string>().Distinct().ToArray();
        for (var i = 0; i < homes.Length; i++)
        {
            if (Failure(homes[i], mayRun: i == 0) is { } failure) yield return Mistake(configuration, failure);
        }
    }

    private static ConfigurationError Mistake(ProxyConfiguration configuration, string message) =>
        new(configuration.File ?? "", 0, 0, message);

    private static string? Failure(string home, bool mayRun)
    {
        try
        {
            if (mayRun) PythonFinder.Find(home);
            else PythonFinder.CheckHome(home);
            return null;
        }
        catch (PythonException failure) { return failure.Message; }
    }
}

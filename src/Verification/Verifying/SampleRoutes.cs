using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// The routes of an instance that lead to the sample application, the only one that can be asked for a measurable response.
/// </summary>
internal sealed class SampleRoutes(InstanceStatus instance)
{
    private readonly HashSet<string> _sampleGroups =
        [.. instance.Daemons.Where(daemon => daemon.Source == nameof(DaemonSource.Sample)).Select(daemon => daemon.Daemon)];

    /// <summary>The requested routes, or all suitable ones.</summary>
    /// <param name="asked">Path prefixes; empty for all suitable routes.</param>
    /// <param name="fits">Whether a route can be measured.</param>
    /// <param name="requirement">The requirement behind <paramref name="fits"/> in words: <c>a rate limit</c>.</param>
    /// <exception cref="VerificationException">A requested route does not exist or is not suitable, or no route is.</exception>
    public IReadOnlyList<RouteStatus> Choose(IReadOnlyList<string> asked, Func<RouteStatus, bool> fits, string requirement)
    {
        if (asked.Count > 0)
            return [.. asked.Select(path => Find(path, fits, requirement))];
        List<RouteStatus> all = [.. instance.Routes.Where(route => fits(route) && LeadsToSample(route))];
        return all.Count > 0 ? all : throw new VerificationException(
            $"'{instance.Name}' has no route with {requirement} and the sample application behind it; "
            + "add one (a daemon with sample: true, and a route to it with strip-prefix: true), or leave the name out to measure an "
            + "instance started for it.");
    }

    /// <summary>What is wrong with a response of the sample application, in one sentence; null if nothing is.</summary>
    /// <param name="route">The route that was asked.</param>
    /// <param name="target">What it was asked for.</param>
    /// <param name="status">The status received; 0 for none.</param>
    /// <param name="problem">What went wrong on the way; null if nothing did.</param>
    public static string? ProblemOf(RouteStatus route, Uri target, int status, string? problem) => (problem, status) switch
    {
        ({ } reason, _) => reason,
        (_, 404) => $"'{target.PathAndQuery}' is not found; route '{route.Route}' needs strip-prefix: true for the sample application to "
            + "see its own paths.",
        (_, not 200) => $"'{target.PathAndQuery}' answered {status}, not 200.",
        _ => null,
    };

    private bool LeadsToSample(RouteStatus route) => route.Daemon is { } daemon && _sampleGroups.Contains(daemon);

    private RouteStatus Find(string path, Func<RouteStatus, bool> fits, string requirement)
    {
        var route = instance.Routes.FirstOrDefault(route => route.Route == path) ?? throw new VerificationException(
            $"'{instance.Name}' has no route '{path}'; it has {string.Join(", ", instance.Routes.Select(route => route.Route))}.");
        if (!LeadsToSample(route))
            throw new VerificationException(
                $"Route '{path}' of '{instance.Name}' leads to no sample application, and what else is there cannot be asked for a "
                    + "response to measure; "
                + "point a route with the same settings at a daemon with sample: true.");
        if (!fits(route))
            throw new VerificationException(
                $"Route '{path}' of '{instance.Name}' cannot be measured: it has to be one with {requirement}.");
        return route;
    }
}

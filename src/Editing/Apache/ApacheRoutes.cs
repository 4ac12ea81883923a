using System.Globalization;
using DaemonProxy.Pacing;

namespace DaemonProxy.Editing.Apache;

/// <summary>
/// Creates routes from WSGIScriptAlias, and from each Location below an alias that has its own process group or rate limit. The settings
/// for a path are those that Apache merges for it: from the server, the virtual host, the script's folders, and the locations.
/// </summary>
internal sealed class ApacheRoutes(
    ApacheNotes notes, ApacheDaemons daemons, IReadOnlyList<(string Key, string Text)> defaults, PacerKind pacer, string folder)
{
    private const string RateLimitFilter = "RATE_LIMIT";

    private readonly List<(SectionValue Route, ApacheDirective Alias)> _routes = [];
    private readonly HashSet<string> _ambiguous = [];

    /// <summary>A script alias, parsed.</summary>
    private sealed record Alias(ApacheDirective Line, string Path, string Script);

    public IEnumerable<SectionValue> Convert(ApacheScope server, IReadOnlyList<ApacheScope> hosts)
    {
        foreach (var host in hosts.Prepend(server))
            ConvertHost(host, server);
        foreach (var scope in hosts.Prepend(server))
            ReportUnused(scope);
        return _routes.Where(route => !_ambiguous.Contains(PathOf(route.Route))).Select(route => route.Route);
    }

    private void ConvertHost(ApacheScope host, ApacheScope server)
    {
        var aliases = new List<Alias>();
        foreach (var line in host.Aliases)
        {
            if (Read(line) is not { } alias)
                continue;
            if (aliases.Find(before => ApacheScope.Covers(before.Path, alias.Path)) is { } first)
                notes.Differ(line,
                    $"in Apache {first.Line.File}:{first.Line.Line} is asked first and takes its requests; here the longest path wins");
            aliases.Add(alias);
        }

        ApacheScope[] scopes = host == server ? [server] : [server, host];
        var locations = scopes.SelectMany(scope => scope.Inner).Where(inner => inner.Kind == ApacheScopeKind.Location).ToList();
        foreach (var alias in aliases)
        {
            var folders = scopes.SelectMany(scope => scope.Inner)
                .Where(inner => inner.Kind == ApacheScopeKind.Directory && ApacheScope.Covers(inner.Target, alias.Script))
                .OrderBy(folder => folder.Target.Length).ToList();
            var below = locations.Where(inner => inner.Target != alias.Path && ApacheScope.Covers(alias.Path, inner.Target)
                && !aliases.Exists(other => other.Path.Length > alias.Path.Length && ApacheScope.Covers(other.Path, inner.Target))
                && inner.Settings.Keys.Any(IsOfRoutes)).Select(inner => inner.Target).Distinct();
            foreach (var path in below.Prepend(alias.Path).ToList())
                AddRoute(alias, path, [.. scopes, .. folders, .. locations.Where(inner => ApacheScope.Covers(inner.Target, path))]);
        }
    }

    private Alias? Read(ApacheDirective line)
    {
        var (path, script) = (line.Argument(0), line.Argument(1));
        if (script.Length > 0 && !Path.IsPathRooted(script))
            script = Path.Combine(folder, script);
        if (script.Length == 0)
            notes.Lose(line, "it names no path or no script; write WSGIScriptAlias /path /folder/script.wsgi");
        else if (script.EndsWith('/') || Directory.Exists(script))
            notes.Lose(line, $"'{script}' is a folder of scripts; write a WSGIScriptAlias for each script in it");
        else if ((OptionTable.Route.Mistake("path", path) ?? OptionTable.Route.Mistake("application", script)) is { } mistake)
            notes.Lose(line, mistake);
        else
            return new Alias(line, path.TrimEnd('/') is { Length: > 0 } plain ? plain : "/", script);
        return null;
    }

    private void AddRoute(Alias alias, string path, IReadOnlyList<ApacheScope> scopes)
    {
        var route = new SectionValue();
        Put(route, "path", path);
        if (!PutTarget(route, alias, scopes, path == alias.Path))
            return;
        // The application stays mounted at its alias, even for those of its paths that have a route of their own.
        if (path != alias.Path)
            Put(route, "script-name", alias.Path);
        PutRateLimit(route, scopes);
        foreach (var (other, line) in _routes)
        {
            if (PathOf(other) != path || other.Means(route))
                continue;
            _ambiguous.Add(path);
            foreach (var one in new[] { (Line: line, Other: alias.Line), (Line: alias.Line, Other: line) })
                notes.Lose(one.Line,
                    $"the path '{path}' means something else in {one.Other.File}:{one.Other.Line}, and there are no virtual hosts here; "
                    + "convert one of the hosts with -ServerName");
            return;
        }

        if (!_routes.Exists(other => other.Route.Means(route)))
            _routes.Add((route, alias.Line));
    }

    /// <summary>Sets the group or the embedded application that answers. False if neither can.</summary>
    private bool PutTarget(SectionValue route, Alias alias, IReadOnlyList<ApacheScope> scopes, bool isAlias)
    {
        var given = alias.Line.Arguments.Skip(2).Select(ApacheLineReader.Option).ToList();
        foreach (var (key, _) in given.Where(
            option => isAlias && option.Key.ToLowerInvariant() is not ("process-group" or "application-group" or "callable-object")))
            notes.Lose(alias.Line with { Text = key }, $"a script alias has no option '{key}' here");
        string? Given(string name) => given.Find(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        // An option of the alias takes precedence over the settings around it.
        string? Chosen(string option, string setting) =>
            Use(scopes, setting) is var line && Given(option) is { } value ? value : line?.Argument(0);
        var group = Chosen("process-group", "WSGIProcessGroup");
        var application = Chosen("application-group", "WSGIApplicationGroup");
        var callable = Chosen("callable-object", "WSGICallableObject");
        var reloading = Use(scopes, "WSGIScriptReloading");
        if (callable == "application") callable = null;
        if (callable is not null && OptionTable.Daemon.Mistake("callable", callable) is { } wrong)
            return Lose(alias, wrong);
        if (reloading is not null
            && OptionTable.Daemon.Mistake("script-reloading", reloading.Argument(0).ToLowerInvariant()) is { } mistake)
        {
            notes.Lose(reloading, mistake);
            reloading = null;
        }

        if (application is not (null or "" or "%{GLOBAL}") && isAlias)
            notes.Differ(alias.Line,
                $"its application group '{application}' is an interpreter of its own in Apache; here each process has one, which is its "
                + "'%{GLOBAL}'");

        if (group is null or "" or "%{GLOBAL}")
        {
            if (callable is not null)
                return Lose(alias,
                    $"it runs in the front end (embedded mode), where the callable is called 'application', not '{callable}'; give it a "
                    + "process group");
            if (reloading is not null)
                notes.Lose(reloading,
                    "a script in the front end (embedded mode) is not loaded again when it changes; give it a process group");
            Put(route, "application", alias.Script);
            return true;
        }

        if (group.Contains("%{", StringComparison.Ordinal))
            return Lose(alias, $"its process group '{group}' is chosen for each request in Apache; a route here has one daemon group");
        if (daemons.Line(group) is null)
            return Lose(alias, $"there is no WSGIDaemonProcess '{group}' in these files");
        Put(route, "daemon", daemons.Name(group, alias.Script, callable, reloading?.Argument(0), alias.Line, defaults));
        return true;
    }

    private void PutRateLimit(SectionValue route, IReadOnlyList<ApacheScope> scopes)
    {
        var filter = Find(scopes, "SetOutputFilter");
        var names = filter?.Argument(0).Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (filter is null || !names.Contains(RateLimitFilter, StringComparer.OrdinalIgnoreCase))
            return;
        Use(scopes, "SetOutputFilter");
        if (names.Length > 1)
            notes.Differ(filter, $"of these filters {RateLimitFilter} alone is there; leave the others to the application");
        // Apache counts both in KiB, and does not limit anything without a rate.
        if (Kibibytes(Use(scopes, "rate-limit"), "rate-limit", "KiB/s") is not { } rate)
        {
            notes.Lose(filter, "no rate-limit is set for it, and Apache does not limit anything then");
            return;
        }

        Put(route, "rate-limit", rate);
        if (Kibibytes(Use(scopes, "rate-initial-burst"), "rate-initial-burst", "KiB") is { } burst)
        {
            Put(route, "rate-initial-burst", burst);
            notes.Differ(Find(scopes, "rate-initial-burst")!,
                "here the burst is bytes that are sent; a daemon's response gets none of it in Apache");
        }

        if (pacer == PacerTable.Default.Kind)
            notes.Differ(filter,
                $"the rate is kept by the {PacerTable.Default.Name} pacer, which gets the rate that is configured; -Pacer Interval gets "
                + "what Apache gets, with its intervals of 200 ms");
        else
            Put(route, "pacer", PacerTable.Get(pacer).Name);
    }

    private string? Kibibytes(ApacheDirective? line, string key, string unit)
    {
        if (line is null)
            return null;
        if (!long.TryParse(line.Argument(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is 0 or > long.MaxValue / 1024)
        {
            notes.Lose(line, $"'{line.Argument(1)}' is no number of {unit}");
            return null;
        }

        return OptionTable.Route.Write(key, number * 1024);
    }

    private static ApacheDirective? Find(IReadOnlyList<ApacheScope> scopes, string setting) =>
        scopes.Reverse().Select(scope => scope.Settings.GetValueOrDefault(setting)).FirstOrDefault(line => line is not null);

    private ApacheDirective? Use(IReadOnlyList<ApacheScope> scopes, string setting)
    {
        // A setting that an inner scope overrides is in force elsewhere, or nowhere: it is not lost here.
        foreach (var scope in scopes.Where(scope => scope.Settings.ContainsKey(setting)))
            notes.Carry(scope.Settings[setting]);
        return Find(scopes, setting);
    }

    private bool Lose(Alias alias, string reason)
    {
        notes.Lose(alias.Line, reason);
        return false;
    }

    private void ReportUnused(ApacheScope scope)
    {
        foreach (var (setting, line) in scope.Settings.Where(setting => IsOfRoutes(setting.Key) && !notes.IsDone(setting.Value)))
        {
            notes.Lose(line,
                setting.StartsWith("rate-", StringComparison.OrdinalIgnoreCase)
                ? "it has no effect: no SetOutputFilter RATE_LIMIT holds where a WSGIScriptAlias is served"
                : setting.Equals("SetOutputFilter", StringComparison.OrdinalIgnoreCase)
                && !line.Argument(0).Contains(RateLimitFilter, StringComparison.OrdinalIgnoreCase)
                    ? "the only output filter here is RATE_LIMIT; leave others to the application"
                    : "no WSGIScriptAlias that was carried over is served here");
        }

        foreach (var inner in scope.Inner.Where(inner => inner.Settings.TryGetValue("LimitRequestBody", out _)))
            notes.Lose(inner.Settings["LimitRequestBody"], "there is one limit-request-body for all paths");
        foreach (var inner in scope.Inner.Where(inner => inner.Kind is ApacheScopeKind.Location or ApacheScopeKind.Directory))
            ReportUnused(inner);
    }

    private static bool IsOfRoutes(string setting) => setting.StartsWith("rate-", StringComparison.OrdinalIgnoreCase)
        || setting.ToLowerInvariant() is "wsgiprocessgroup" or "wsgiapplicationgroup" or "wsgiscriptreloading" or "wsgicallableobject"
        or "setoutputfilter";

    private static string PathOf(SectionValue route) => ((ScalarValue)route["path"]!).Text;

    private static void Put(SectionValue route, string key, string text) => route.Set(key, new ScalarValue(text), OptionTable.Route.Names);
}

namespace DaemonProxy.Editing.Apache;

/// <summary>Sorts lines into scopes, and immediately notes lines that have no meaning here.</summary>
internal sealed class ApacheScopeReader(ApacheNotes notes, string? serverName)
{
    /// <summary>The directives that a conversion looks up scope by scope.</summary>
    private static readonly HashSet<string> Settings = new(StringComparer.OrdinalIgnoreCase)
    {
        "WSGIProcessGroup", "WSGIApplicationGroup", "WSGIScriptReloading", "WSGICallableObject", "SetOutputFilter", "LimitRequestBody",
    };

    /// <summary>The directives that apply to everything, wherever they occur.</summary>
    private static readonly HashSet<string> ServerSettings = new(StringComparer.OrdinalIgnoreCase)
    {
        "WSGIRestrictEmbedded", "WSGIPythonHome", "WSGIPythonPath", "Timeout", "WSGIPassAuthorization", "WSGIChunkedRequest",
        "SSLEngine", "SSLCertificateFile", "SSLCertificateKeyFile",
    };

    /// <summary>Lines that are not settings, wherever they occur.</summary>
    public List<ApacheDirective> Listen { get; } = [];

    /// <summary>WSGITrustedProxies and WSGITrustedProxyHeaders, wherever they occur: each line adds to those before it.</summary>
    public List<ApacheDirective> Trust { get; } = [];

    /// <summary>WSGIDaemonProcess, wherever it occurs: its name is unique in the whole configuration.</summary>
    public List<ApacheDirective> Daemons { get; } = [];

    public List<ApacheScope> Hosts { get; } = [];

    /// <summary>Sorts the lines of a scope.</summary>
    public void Read(ApacheScope scope, IEnumerable<ApacheDirective> lines)
    {
        foreach (var line in lines)
        {
            if (line.Children is not null)
                ReadSection(scope, line);
            else if (ApacheReader.IsUndefined(line))
                notes.Lose(line, ApacheReader.Undefined(line));
            else
                ReadLine(scope, line);
        }
    }

    private void ReadSection(ApacheScope scope, ApacheDirective section)
    {
        if (section.Is("VirtualHost") && scope.Kind == ApacheScopeKind.Server)
        {
            if (serverName is not null && !section.Children!.Any(IsAsked))
                return;
            Hosts.Add(Inside(scope, ApacheScopeKind.Host, section));
            return;
        }

        var kind = section.Is("Location") ? ApacheScopeKind.Location : ApacheScopeKind.Directory;
        if (section.Is("Location") || section.Is("Directory"))
        {
            var target = section.Argument(0);
            if (scope.Kind is ApacheScopeKind.Directory or ApacheScopeKind.Location)
                notes.LoseAll(section, $"<{section.Name}> inside <{scope.Opening!.Name}> is not followed");
            else if (section.Arguments.Count != 1 || target.AsSpan().IndexOfAny('*', '?', '[') >= 0)
                notes.LoseAll(section, "a pattern is not followed: routes have path prefixes alone; write a <Location> for each prefix");
            else if (kind == ApacheScopeKind.Location && OptionTable.Route.Mistake("path", target) is { } mistake)
                notes.LoseAll(section, mistake);
            else
                Inside(scope, kind, section);
            return;
        }

        notes.LoseAll(section, $"<{section.Name}> has no counterpart here");
    }

    private ApacheScope Inside(ApacheScope scope, ApacheScopeKind kind, ApacheDirective section)
    {
        var inner = new ApacheScope(kind, section, scope);
        scope.Inner.Add(inner);
        Read(inner, section.Children!);
        return inner;
    }

    private bool IsAsked(ApacheDirective line) => (line.Is("ServerName") || line.Is("ServerAlias")) && line.Arguments.Any(name =>
        name.Split(':')[0].Equals(serverName, StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("*.", StringComparison.Ordinal) && serverName!.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase)));

    private void ReadLine(ApacheScope scope, ApacheDirective line)
    {
        if (line.Is("Listen"))
            Listen.Add(line);
        else if (line.Is(ApacheTrust.Proxies) || line.Is(ApacheTrust.Headers))
            Trust.Add(line);
        else if (line.Is("WSGIDaemonProcess"))
            Daemons.Add(line);
        else if (line.Is("WSGIScriptAlias"))
            scope.Aliases.Add(line);
        else if (line.Is("SetEnv") && line.Argument(0).ToLowerInvariant() is "rate-limit" or "rate-initial-burst")
            Set(scope, line, line.Argument(0));
        else if (Settings.Contains(line.Name))
            Set(scope, line, line.Name);
        else if (ServerSettings.Contains(line.Name))
            Set(scope, line, line.Name);
        else
            notes.Lose(line, ApacheReasons.For(line));
    }

    private void Set(ApacheScope scope, ApacheDirective line, string setting)
    {
        if (scope.Settings.TryGetValue(setting, out var before))
            notes.Lose(before, $"{line.File}:{line.Line} sets it again, which is what holds in Apache, too");
        scope.Settings[setting] = line;
    }
}

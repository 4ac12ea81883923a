namespace DaemonProxy.Editing.Apache;

/// <summary>Why lines without a counterpart here are not carried over, and what to do instead.</summary>
internal static class ApacheReasons
{
    private const string Hosts = "there are no virtual hosts here: every host's name gets the same routes";
    private const string Files = "no files are served here; leave them to a server for files, or to a daemon with a route of its own";
    private const string Access = "there is no access control here; leave it to the application, or to a server before this one";
    private const string Logs =
        "logs are kept otherwise: 'access-log:' has a file written for the requests, and the event log's file is a parameter of "
        + "Start-DaemonProxy";
    private const string Environment =
        "a variable of the requests is none here; 'env:' of a daemon group sets variables of its processes, and a script can set its own";
    private const string Server = "the front end runs as the user who starts it, in one process for all connections";
    private const string Changes = "requests and responses are passed on as they are; leave it to the application";
    private const string Proxy = "for a server that somebody else runs add a daemon group with 'address:' and a route to it";

    private static readonly Dictionary<string, string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ServerName"] = Hosts,
        ["ServerAlias"] = Hosts,
        ["NameVirtualHost"] = Hosts,
        ["UseCanonicalName"] = Hosts,
        ["DocumentRoot"] = Files,
        ["Alias"] = Files,
        ["AliasMatch"] = Files,
        ["ScriptAlias"] = Files,
        ["DirectoryIndex"] = Files,
        ["Options"] = Files,
        ["AllowOverride"] = Files,
        ["Require"] = Access,
        ["Order"] = Access,
        ["Allow"] = Access,
        ["Deny"] = Access,
        ["Satisfy"] = Access,
        ["ErrorLog"] = Logs,
        ["CustomLog"] = Logs,
        ["TransferLog"] = Logs,
        ["LogFormat"] = Logs,
        ["LogLevel"] = Logs,
        ["ErrorLogFormat"] = Logs,
        ["SetEnv"] = Environment,
        ["UnsetEnv"] = Environment,
        ["PassEnv"] = Environment,
        ["SetEnvIf"] = Environment,
        ["SetEnvIfNoCase"] = Environment,
        ["User"] = Server,
        ["Group"] = Server,
        ["PidFile"] = Server,
        ["StartServers"] = Server,
        ["MaxRequestWorkers"] = Server,
        ["ThreadsPerChild"] = Server,
        ["ServerLimit"] = Server,
        ["KeepAlive"] = Server,
        ["MaxKeepAliveRequests"] = Server,
        ["KeepAliveTimeout"] = Server,
        ["Header"] = Changes,
        ["RequestHeader"] = Changes,
        ["RewriteEngine"] = Changes,
        ["RewriteRule"] = Changes,
        ["RewriteCond"] = Changes,
        ["Redirect"] = Changes,
        ["RedirectMatch"] = Changes,
        ["AddOutputFilter"] = Changes,
        ["AddOutputFilterByType"] = Changes,
        ["ErrorDocument"] = Changes,
        ["ProxyPass"] = Proxy,
        ["ProxyPassMatch"] = Proxy,
        ["ProxyPassReverse"] = Proxy,
        ["WSGIScriptAliasMatch"] = "routes have path prefixes, not patterns; write a WSGIScriptAlias for each prefix",
        ["WSGISocketPrefix"] = "the sockets lie in the front end's own runtime directory",
        ["WSGIImportScript"] = "a daemon loads its application when it starts, before its first request",
        ["WSGILazyInitialization"] = "Python is loaded in the front end only when embedded mode needs it",
        ["AddHandler"] = "scripts are found by their routes, not by the ends of their names; write a WSGIScriptAlias for each",
        ["SetHandler"] = "scripts are found by their routes; write a WSGIScriptAlias for each",
    };

    /// <summary>The reason why a line is not carried over.</summary>
    public static string For(ApacheDirective line) =>
        Known.TryGetValue(line.Name, out var reason) ? reason
        : line.Name.StartsWith("Auth", StringComparison.OrdinalIgnoreCase) ? Access
        : line.Name.StartsWith("SSL", StringComparison.OrdinalIgnoreCase)
        ? "TLS has the system's own protocols and ciphers; only the certificate is taken from the configuration"
        : line.Name.StartsWith("WSGI", StringComparison.OrdinalIgnoreCase) ? $"{line.Name} has no counterpart here"
        : $"'{line.Name}' is no matter of a front end before daemons, and has no counterpart here";
}

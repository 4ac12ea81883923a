using DaemonProxy.Configuration;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The settings that a reload cannot change because the process has had them since its start: name, addresses, interpreter. An update,
/// which starts another process, changes all of them but the name and the user.
/// </summary>
internal static class FixedAtStart
{
    /// <summary>Describes what would have to change; null when nothing would.</summary>
    public static string? Change(ProxyConfiguration served, ProxyConfiguration wanted)
    {
        (string Key, bool Same)[] keys =
        [
            ("name", served.Name == wanted.Name),
            ("user", served.User == wanted.User),
            ("group", served.Group == wanted.Group),
            ("listen", served.Listen.SequenceEqual(wanted.Listen)),
            ("tls", served.Tls is null == wanted.Tls is null),
            ("io-threads", served.IoThreads == wanted.IoThreads),
            ("connection-limit", served.ConnectionLimit == wanted.ConnectionLimit),
            ("connection-limit-action", served.ConnectionLimitAction == wanted.ConnectionLimitAction),
            ("limit-request-body", served.LimitRequestBody == wanted.LimitRequestBody),
            ("limit-request-line", served.ClientLimits.LimitRequestLine == wanted.ClientLimits.LimitRequestLine),
            ("limit-request-fields", served.ClientLimits.LimitRequestFields == wanted.ClientLimits.LimitRequestFields),
            ("limit-request-head", served.ClientLimits.LimitRequestHead == wanted.ClientLimits.LimitRequestHead),
            ("client-header-timeout", served.ClientLimits.ClientHeaderTimeout == wanted.ClientLimits.ClientHeaderTimeout),
            ("keepalive-timeout", served.ClientLimits.KeepaliveTimeout == wanted.ClientLimits.KeepaliveTimeout),
            ("http2-max-concurrent-streams",
                served.ClientLimits.Http2MaxConcurrentStreams == wanted.ClientLimits.Http2MaxConcurrentStreams),
            ("http2-stream-window", served.ClientLimits.Http2StreamWindow == wanted.ClientLimits.Http2StreamWindow),
            ("access-log", served.AccessLog.Target == wanted.AccessLog.Target),
            ("access-log-format", served.AccessLogFormat == wanted.AccessLogFormat),
            ("access-log-size", served.AccessLog.Size == wanted.AccessLog.Size),
            ("access-log-keep", served.AccessLog.Keep == wanted.AccessLog.Keep),
            ("event-log", served.EventLog.Target == wanted.EventLog.Target),
            ("event-log-format", served.EventLogFormat == wanted.EventLogFormat),
            ("event-log-size", served.EventLog.Size == wanted.EventLog.Size),
            ("event-log-keep", served.EventLog.Keep == wanted.EventLog.Keep),
            ("opentelemetry", served.Telemetry == wanted.Telemetry),
            ("fleet", served.Fleet == wanted.Fleet),
            ("metrics-listen", served.MetricsListen == wanted.MetricsListen),
            ("python-home", served.PythonHome == wanted.PythonHome),
            ("python-path", served.PythonPath.SequenceEqual(wanted.PythonPath)),
            ("lang", served.Lang == wanted.Lang),
            ("locale", served.Locale == wanted.Locale),
        ];
        var changed = keys.Where(key => !key.Same).Select(key => key.Key).ToArray();
        var set = changed.Length == 1 ? "it" : "them";
        return changed.Length == 0 ? null
            : changed.Intersect(["name", "user", "group"]).Any()
            ? $"{string.Join(", ", changed)} cannot be changed while '{served.Name}' runs; set {set} back, or stop the front end and start "
            + "it again"
            : $"{string.Join(", ", changed)} cannot be changed by a restart of '{served.Name}'; set {set} back, or apply {set} without an "
            + "interruption with Update-DaemonProxy (daemonproxy update)";
    }
}

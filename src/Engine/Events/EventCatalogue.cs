using System.Reflection;
using static DaemonProxy.Events.EventSeverity;

namespace DaemonProxy.Events;

/// <summary>All events, each defined here and nowhere else (behaviour.md, sections 3, 4 and 6).</summary>
public static partial class EventCatalogue
{
    /// <summary>WSGI0001.</summary>
    public static EventDefinition PythonInitialisationFailed { get; } = new("WSGI0001", Error, 0, "Python initialisation failed",
        "There is no usable CPython, or it could not be initialised; the event says what was looked for and where.",
        "The process serves all the same; embedded requests get 500 (WSGI0210).",
        "Install Python 3.9 or later with its shared library, or name one in python-home.");

    /// <summary>WSGI0084.</summary>
    public static EventDefinition QueueTimeout { get; } = new("WSGI0084", Error, 504, "queue timeout",
        "No worker of the daemon group was free within queue-timeout.",
        "The request was dropped before it ran; the client got 504.",
        "Add processes or threads to the group, or raise queue-timeout.");

    /// <summary>WSGI0116.</summary>
    public static EventDefinition ConnectTimeout { get; } = new("WSGI0116", Error, 503, "daemon not reachable",
        "The daemon's socket was missing or its backlog full until connect-timeout had passed.",
        "The client got 503.",
        "See that the daemon runs and listens at the group's address; for a managed group its own output says why it does not.");

    /// <summary>WSGI0117.</summary>
    public static EventDefinition ConnectFailed { get; } = new("WSGI0117", Error, 503, "connecting to the daemon failed",
        "The system refused the connection for another reason than a missing socket or a full backlog, such as missing permission.",
        "The client got 503.",
        "Put right what the system's message names, most often the permissions of the socket.");

    /// <summary>WSGI0118.</summary>
    public static EventDefinition BodyReadTimeout { get; } = new("WSGI0118", Error, 504, "timeout reading the response body",
        "The daemon sent nothing for socket-timeout in the middle of a response.",
        "The response was broken off, and the client's connection with it, so that the client can tell.",
        "Look for what the application waits for, or raise socket-timeout.");

    /// <summary>WSGI0119.</summary>
    public static EventDefinition BodyReadError { get; } = new("WSGI0119", Error, 502, "error reading the response body",
        "The daemon's connection ended or failed before its response was complete.",
        "The response was broken off, and the client's connection with it, so that the client can tell.",
        "Look for a crash of the daemon at that time.");

    /// <summary>WSGI0120.</summary>
    public static EventDefinition ClientWriteTimeout { get; } = new("WSGI0120", Warning, 0, "timeout writing to the client",
        "The client took nothing for response-socket-timeout.",
        "The client's connection was closed.",
        "None, if clients of that kind may be dropped; else raise response-socket-timeout.");

    /// <summary>WSGI0126.</summary>
    public static EventDefinition RequestBodyReadError { get; } = new("WSGI0126", Warning, 400, "error reading the request body",
        "The client broke its request off, sent it malformed, or sent it too slowly.",
        "The request to the daemon was broken off too.",
        "None.");

    /// <summary>WSGI0127.</summary>
    public static EventDefinition RequestBodyEndError { get; } = new("WSGI0127", Error, 500, "error passing the end of the request body on",
        "In the original: the last chunk of a request could not be sent.", "Not raised here: it is WSGI0129, as for the rest of the body.",
        "See WSGI0129.");

    /// <summary>WSGI0128.</summary>
    public static EventDefinition RequestBucketReadError { get; } = new("WSGI0128", Error, 500, "error reading a block of the request body",
        "In the original: a block of the request could not be read.", "Not raised here: it is WSGI0126, as for the rest of the body.",
        "See WSGI0126.");

    /// <summary>WSGI0129.</summary>
    public static EventDefinition RequestBodyWriteError { get; } = new("WSGI0129", Error, 500, "error passing the request body on",
        "The daemon stopped reading the request and closed its connection without an answer, or took nothing for socket-timeout.",
        "The client got 500.",
        "Look for a crash of the daemon, or for a limit it sets on request bodies.");

    /// <summary>WSGI0138.</summary>
    public static EventDefinition TransferEncodingRefused { get; } = new("WSGI0138", Warning, 501, "transfer coding not supported",
        "A client sent its request's body in another transfer coding than chunked.",
        "The client got 501; where the body has no end that can be known, 400, and its connection was closed.",
        "None; look at the client if it is yours.");

    /// <summary>WSGI0139.</summary>
    public static EventDefinition ChunkedNotEnabled { get; } = new("WSGI0139", Error, 411, "chunked request not allowed",
        "In the original: WSGIChunkedRequest is off, and a request came in chunks.",
        "Not raised here: requests in chunks are always served.", "None.");

    /// <summary>WSGI0140.</summary>
    public static EventDefinition ContentLengthWithChunked { get; } = new("WSGI0140", Warning, 400, "request with two lengths",
        "A client sent a Content-Length beside Transfer-Encoding: chunked (RFC 9112, section 6.1), which is how requests are smuggled past "
        + "a proxy.",
        "The client got 400.",
        "None; look at the client if it is yours.");

    /// <summary>WSGI0141.</summary>
    public static EventDefinition ContentLengthRefused { get; } = new("WSGI0141", Warning, 400, "invalid Content-Length",
        "A client sent a Content-Length that is no number of bytes, or several that differ.",
        "The client got 400, and its connection was closed.",
        "None; look at the client if it is yours.");

    /// <summary>WSGI0143.</summary>
    public static EventDefinition EmbeddedRestricted { get; } = new(
        "WSGI0143", Error, 500, "embedded mode disabled by runtime configuration",
        "restrict-embedded is on, and the request was routed to an embedded application.",
        "The client got 500.",
        "Route the path to a daemon, or switch the restriction off: Set-EmbeddedRestriction -Off.");

    /// <summary>WSGI0144.</summary>
    public static EventDefinition HeaderTooLong { get; } = new("WSGI0144", Error, 500, "response header too long",
        "A line of the daemon's response head is longer than header-buffer-size, or its whole head is longer than 256 KiB.",
        "The client got 500; the daemon's connection was closed.",
        "Shorten the header, or raise header-buffer-size.");

    /// <summary>WSGI0145.</summary>
    public static EventDefinition HeadReadTimeout { get; } = new("WSGI0145", Error, 504, "timeout reading the response head",
        "The daemon sent nothing for socket-timeout while its response head was awaited, or had not completed the head "
        + "response-header-timeout after its first byte.",
        "The client got 504.",
        "Look for what the application waits for, or raise socket-timeout.");

    /// <summary>WSGI0146.</summary>
    public static EventDefinition ClosedInHead { get; } = new("WSGI0146", Error, 502, "daemon closed before a complete response head",
        "The daemon closed the connection before its response head was complete: most often it crashed.",
        "The client got 502.",
        "Look for a crash of the daemon at that time.");

    /// <summary>WSGI0147.</summary>
    public static EventDefinition HeadReadError { get; } = new("WSGI0147", Error, 502, "error reading the response head",
        "The daemon's connection failed before its response head was complete.",
        "The client got 502.",
        "Look for a crash of the daemon at that time.");

    /// <summary>WSGI0148.</summary>
    public static EventDefinition MalformedHead { get; } = new("WSGI0148", Error, 500, "malformed response head",
        "The daemon's status line or a header line is not HTTP/1.1 (RFC 9112, sections 4 and 5).",
        "The client got 500; the daemon's connection was closed.",
        "Correct the application; the event names the line. An address at which something else than HTTP is spoken shows the same.");

    /// <summary>WSGI0149.</summary>
    public static EventDefinition GroupNotAllowed { get; } = new("WSGI0149", Error, 500, "daemon group not allowed for this application",
        "In the original: WSGIRestrictProcess leaves out the group that a request is routed to.",
        "Not raised here: a route names its one group in the configuration, and nothing in a request can choose another.", "None.");

    /// <summary>WSGI0150.</summary>
    public static EventDefinition NoDaemonGroups { get; } = new("WSGI0150", Error, 500, "no daemon group is configured",
        "In the original: a request is routed to a group, and there is none at all.",
        "Not raised here: such a configuration is refused when it is read, with the line of the route.",
        "Correct the route, or add the group.");

    /// <summary>WSGI0151.</summary>
    public static EventDefinition NoSuchDaemonGroup { get; } = new("WSGI0151", Error, 500, "no such daemon group",
        "In the original: a request is routed to a group that is not configured.",
        "Not raised here: such a configuration is refused when it is read, with the line of the route and the nearest name.",
        "Correct the route, or add the group.");

    /// <summary>WSGI0210.</summary>
    public static EventDefinition PythonNotInitialised { get; } = new("WSGI0210", Error, 500, "Python was not initialised in this process",
        "A request was routed to an embedded application, embedded mode is allowed, and there is no interpreter in the front end: its "
        + "initialisation failed (WSGI0001 says why).",
        "The client got 500; the process goes on serving.",
        "Install Python with its shared library, or name one in python-home; or route the path to a daemon.");

    /// <summary>All events, ordered by code: the original's come first.</summary>
    public static IReadOnlyList<EventDefinition> All { get; }

    // Not an initialiser: which of two files of a class is initialised first is not defined.
    static EventCatalogue() => All =
        [.. typeof(EventCatalogue).GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Where(property => property.PropertyType == typeof(EventDefinition))
        .Select(property => (EventDefinition)property.GetValue(null)!)
        .OrderByDescending(definition => definition.Code[0]).ThenBy(definition => definition.Code, StringComparer.Ordinal)];

    /// <summary>The event with a code; null when there is none.</summary>
    public static EventDefinition? Find(string code) =>
        All.FirstOrDefault(definition => definition.Code.Equals(code, StringComparison.OrdinalIgnoreCase));
}

using static DaemonProxy.Events.EventSeverity;

namespace DaemonProxy.Events;

/// <content>The events that the original does not have.</content>
public static partial class EventCatalogue
{
    /// <summary>DPXY0001.</summary>
    public static EventDefinition UnframedResponse { get; } = new("DPXY0001", Error, 502, "response without a clear end",
        "The daemon's head gives contradicting lengths, a length beside a transfer coding, or a coding other than chunked (RFC 9112, "
        + "section 6.3).",
        "The client got 502; the daemon's connection was closed.",
        "Correct the daemon: what it sends could be read in two ways, which attackers use.");

    /// <summary>DPXY0002.</summary>
    public static EventDefinition MalformedChunk { get; } = new("DPXY0002", Error, 502, "malformed chunk in the response body",
        "A chunk of the daemon's body has no proper size or no line end after it (RFC 9112, section 7.1).",
        "The response was broken off, and the client's connection with it.",
        "Correct the daemon.");

    /// <summary>DPXY0003.</summary>
    public static EventDefinition DaemonStarted { get; } = new("DPXY0003", Information, 0, "daemon started",
        "The front end started a managed daemon.", "It will get requests once it answers on its socket.", "None.");

    /// <summary>DPXY0004.</summary>
    public static EventDefinition DaemonEnded { get; } = new("DPXY0004", Error, 0, "daemon ended",
        "A managed daemon ended though nobody asked it to.",
        "Another is started: at once after one that had listened for a second; one that never listened is tried again after 1 s, then "
        + "after pauses that double "
            + "up to 30 s, or every second while the group has no worker at all.",
        "See its own output and exit code, which the event quotes.");

    /// <summary>DPXY0005.</summary>
    public static EventDefinition DaemonNotStarted { get; } = new("DPXY0005", Error, 0, "daemon could not be started",
        "The command of a managed daemon group is not there or may not be run.",
        "The front end does not start; one that runs already tries again after a pause.",
        "Correct the group's command.");

    /// <summary>DPXY0006.</summary>
    public static EventDefinition DaemonStopped { get; } = new("DPXY0006", Information, 0, "daemon stopped",
        "The front end stopped a managed daemon.", "It was killed if it had not ended by shutdown-timeout; the event says so.", "None.");

    /// <summary>DPXY0007.</summary>
    public static EventDefinition FrontEndStarted { get; } = new("DPXY0007", Information, 0, "front end started",
        "The front end listens.", "It serves.", "None.");

    /// <summary>DPXY0008.</summary>
    public static EventDefinition FrontEndStopped { get; } = new("DPXY0008", Information, 0, "front end stopped",
        "The front end was asked to stop.", "What was in flight was finished, or broken off after the drain timeout; the event says which.",
        "None.");

    /// <summary>DPXY0009.</summary>
    public static EventDefinition SettingChanged { get; } = new("DPXY0009", Information, 0, "setting changed",
        "A flush policy, a rate limit or the embedded restriction was changed on the control socket.",
        "It holds until the front end stops or it is changed again; the configuration file is as it was.",
        "None.");

    /// <summary>DPXY0010.</summary>
    public static EventDefinition DaemonOutput { get; } = new("DPXY0010", Information, 0, "output of a daemon",
        "A managed daemon wrote a line to its standard output or error.", "It is kept here.", "None.");

    /// <summary>DPXY0011.</summary>
    public static EventDefinition InternalError { get; } = new("DPXY0011", Error, 500, "internal error",
        "A defect in DaemonProxy.", "The request failed; the process goes on serving.", "Please report it with the text of the event.");

    /// <summary>DPXY0012.</summary>
    public static EventDefinition ServerNotice { get; } = new("DPXY0012", Warning, 0, "notice of the HTTP server",
        "The HTTP server under the front end reports something.", "As the event says.", "As the event says.");

    /// <summary>DPXY0013.</summary>
    public static EventDefinition DaemonNotReady { get; } = new("DPXY0013", Error, 0, "daemon not ready in time",
        "A managed daemon did not answer on its socket within startup-timeout.",
        "It is stopped and started again after a pause.",
        "See its own output; raise startup-timeout if it just needs longer.");

    /// <summary>DPXY0014.</summary>
    public static EventDefinition DaemonReplaced { get; } = new("DPXY0014", Information, 0, "worker replaced",
        "A worker process met one of the rules for recycling, or an operator asked for it; the event says which.",
        "Its successor listened before it got its last request; it finishes what it has.",
        "None.");

    /// <summary>DPXY0015.</summary>
    public static EventDefinition ApplicationOutput { get; } = new("DPXY0015", Information, 0, "output of an application",
        "An embedded application printed or logged a line, or wrote it to wsgi.errors.", "It is kept here, with the request it belongs to.",
        "None.");

    /// <summary>DPXY0016.</summary>
    public static EventDefinition ApplicationError { get; } = new("DPXY0016", Error, 500, "application failed",
        "A WSGI application raised an exception, broke the rules of PEP 3333, could not be loaded, or sent fewer bytes than it declared; "
        + "the event has the traceback.",
        "The client got 500; a response that had begun was broken off, so that the client can tell.",
        "Correct the application.");

    /// <summary>DPXY0017.</summary>
    public static EventDefinition RequestTimeout { get; } = new("DPXY0017", Error, 504, "request interrupted",
        "A request had run for longer than request-timeout allows, and was interrupted by an exception in its thread (interrupt-timeout).",
        "The client got 504; a response that had begun was broken off. The process serves on.",
        "Look in the event's traceback for what the request waited for; raise request-timeout if it just needs longer.");

    /// <summary>DPXY0018.</summary>
    public static EventDefinition RequestStuck { get; } = new("DPXY0018", Error, 0, "request stuck",
        "A request had run for longer than request-timeout allows, and could not be interrupted within interrupt-timeout, or "
        + "interrupt-timeout is 0.",
        "The process gets no more requests and is replaced; after graceful-timeout and shutdown-timeout it is killed, and the request with "
        + "it.",
        "Look in the event's traceback for what the request waited for; raise request-timeout if it just needs longer.");

    /// <summary>DPXY0019.</summary>
    public static EventDefinition InterpreterDeadlock { get; } = new("DPXY0019", Error, 0, "interpreter deadlock",
        "The interpreter lock of a worker could not be taken for deadlock-timeout: most often an extension module holds it while it waits.",
        "The process is replaced, and killed after shutdown-timeout.",
        "Find the extension module; the original's answer, running the application in the main interpreter, is how it runs here.");

    /// <summary>DPXY0020.</summary>
    public static EventDefinition ScriptChanged { get; } = new("DPXY0020", Information, 0, "script changed",
        "The file of a group's WSGI script is another than the one its workers have loaded.",
        "The workers get no more requests; new ones load the script, and requests wait for them.",
        "None; script-reloading: off keeps workers as they are.");

    /// <summary>DPXY0021.</summary>
    public static EventDefinition ConfigurationReloaded { get; } = new("DPXY0021", Information, 0, "configuration reloaded",
        "An operator asked for a restart.",
        "New daemons listened before the new configuration took over; the old ones finish what they have, for eviction-timeout at most.",
        "None.");

    /// <summary>DPXY0022.</summary>
    public static EventDefinition AccessLogFailed { get; } = new("DPXY0022", Error, 0, "access log not written",
        "The file of the access log could not be written; most often its disk is full.",
        "Requests are served as before; their lines are lost until the file can be written again.",
        "Make room, or give access-log another file.");

    /// <summary>DPXY0023.</summary>
    public static EventDefinition RequestMalformed { get; } = new("DPXY0023", Warning, 400, "malformed request",
        "A client sent what is no HTTP request, or one with a head larger or slower than the server allows.",
        "The client got 400 or what the event says, and its connection was closed; no daemon saw the request.",
        "None; look at the client if it is yours.");

    /// <summary>DPXY0024.</summary>
    public static EventDefinition OptionNotHonoured { get; } = new("DPXY0024", Warning, 0, "option not honoured",
        "A daemon group has an option that cannot be honoured: user on Windows, threads of a server that somebody else runs.",
        "The group runs without it.",
        "Leave the option out, or run the front end on a system that has it.");

    /// <summary>DPXY0025.</summary>
    public static EventDefinition RunsAsRoot { get; } = new("DPXY0025", Warning, 0, "no user given",
        "The front end runs as root, and a daemon group that it starts names no other user.",
        "The application can do all that root can.",
        "Give the group a user, for example user: www-data; or give the whole front end one, by user at the top level.");

    /// <summary>DPXY0026.</summary>
    public static EventDefinition ForgedRequest { get; } = new("DPXY0026", Error, 403, "request that is not the front end's",
        "A WSGI worker got a request on its socket without the secret that its front end puts into each.",
        "It was refused with 403, and the application did not see it.",
        "Find out who connects to the worker's socket: it is for its front end alone.");

    /// <summary>DPXY0027.</summary>
    public static EventDefinition PythonPassedOver { get; } = new("DPXY0027", Warning, 0, "Python passed over",
        "The first python3 on the PATH cannot be used; the event says why.",
        "Another one on the PATH is used.",
        "Name the one that is wanted in python-home, or install what the first one lacks.");

    /// <summary>DPXY0034.</summary>
    public static EventDefinition GroupNotStarted { get; } = new("DPXY0034", Error, 0, "daemon group not started",
        "A daemon group could not be started with the front end, which serves the others; the event says why.",
        "An application that cannot be loaded answers every request with 500, with the reason in the log, until its script is changed or "
        + "can be loaded; a command is started "
            + "again every second, and requests get 503 after connect-timeout.",
        "Correct the application, its Python or the command. serve --strict, and Start-DaemonProxy without -AllowFailedDaemon, refuse to "
        + "start instead.");

    /// <summary>DPXY0035.</summary>
    public static EventDefinition SlowRequest { get; } = new("DPXY0035", Warning, 0, "slow request",
        "A request of a WSGI application ran for longer than slow-request-timeout; the event has the stack of its Python thread at that "
        + "moment.",
        "None: the request goes on.",
        "See where the stack says that the time goes; raise slow-request-timeout for what may take its time.");

    /// <summary>DPXY0040.</summary>
    public static EventDefinition RequestBodyTimeout { get; } = new("DPXY0040", Warning, 408, "timeout reading the request body",
        "The client sent nothing for client-body-timeout in the middle of its request's body.",
        "The client got 408; the request to the daemon was broken off.",
        "None, if clients of that kind may be dropped; else raise client-body-timeout.");

    /// <summary>DPXY0041.</summary>
    public static EventDefinition InterimFlood { get; } = new("DPXY0041", Error, 502, "too many interim responses",
        "The daemon sent more than 100 interim responses (1xx), or more than 256 KiB of them, before its response.",
        "The client got 502; the daemon's connection was closed.",
        "Correct the daemon.");

    /// <summary>DPXY0042.</summary>
    public static EventDefinition SpoolFailed { get; } = new("DPXY0042", Error, 502, "spool file failed",
        "The system did not take what response-spool or request-spool had to write, such as on a full disk, or did not give it back.",
        "What could not be written waits as without a spool; a response that could not be read again was broken off.",
        "Make room, or name another folder in spool-directory.");

    /// <summary>DPXY0045.</summary>
    public static EventDefinition MethodNotServed { get; } = new("DPXY0045", Warning, 501, "method not served",
        "A client sent CONNECT, which is for forward proxies, or a standard method in other letters than capitals, which no daemon knows.",
        "The client got 501; no daemon saw the request.",
        "None; look at the client if it is yours.");

    /// <summary>DPXY0046.</summary>
    public static EventDefinition EncodedSlashRefused { get; } = new("DPXY0046", Warning, 404, "encoded slash in a path",
        "A request's path holds %2F, which one program takes for a slash and another does not; with encoded-slashes: keep, one that would "
        + "change the route.",
        "The client got 404, as from Apache; no daemon saw the request.",
        "Set encoded-slashes to decode or keep where an application has such paths.");

    /// <summary>DPXY0047.</summary>
    public static EventDefinition UnaskedUpgrade { get; } = new("DPXY0047", Error, 502, "switch of protocols that nobody asked for",
        "A daemon answered 101 to a request that asked for no upgrade, or for another one.",
        "The client got 502; the daemon's connection was closed.",
        "Look at the daemon; a protocol that it may switch to belongs into the route's upgrades.");

    /// <summary>DPXY0048.</summary>
    public static EventDefinition UpgradeIdle { get; } = new("DPXY0048", Information, 0, "upgraded connection closed for want of traffic",
        "Nothing came from either side for upgrade-timeout.",
        "Both connections were closed.",
        "Have the application send pings more often, or raise the route's upgrade-timeout.");

    /// <summary>DPXY0050.</summary>
    public static EventDefinition ConnectionLimitReached { get; } = new("DPXY0050", Warning, 0, "connection limit reached",
        "As many clients are connected as connection-limit, or the system's limit on open files, allows.",
        "New connections wait until one ends, or are closed at once (connection-limit-action); those that are open are served.",
        "Raise the limit on open files (ulimit -n, LimitNOFILE in a systemd unit) or connection-limit; lower keepalive-timeout if most of "
        + "them are idle.");

    /// <summary>DPXY0051.</summary>
    public static EventDefinition AcceptFailed { get; } = new("DPXY0051", Warning, 0, "connection not accepted",
        "The system gave the front end no connection that a client had opened: it has no descriptor or no memory left.",
        "The connection waits; accepting is tried again every 100 ms.",
        "See what uses up the system's descriptors or memory.");

    /// <summary>DPXY0052.</summary>
    public static EventDefinition CertificateRenewed { get; } = new("DPXY0052", Information, 0, "certificate renewed",
        "The files below tls hold another certificate than before.",
        "New connections get it; those that are open keep the one they began with.",
        "Nothing.");

    /// <summary>DPXY0053.</summary>
    public static EventDefinition CertificateNotRenewed { get; } = new("DPXY0053", Error, 0, "new certificate cannot be used",
        "The files below tls have changed, and what they hold now is damaged, or the key is another certificate's.",
        "The old certificate stays in use.",
        "Write a certificate and its key that belong together; they are used within 20 s, without a restart.");

    /// <summary>DPXY0054.</summary>
    public static EventDefinition CertificateExpires { get; } = new("DPXY0054", Warning, 0, "certificate expires",
        "The certificate below tls has 30, 7 or 1 days left, or none.",
        "It stays in use; clients refuse it once it has expired.",
        "Renew it; the new one is taken as soon as its files are there.");

    /// <summary>DPXY0055.</summary>
    public static EventDefinition ReloadRefused { get; } = new("DPXY0055", Error, 0, "configuration not reloaded",
        "SIGHUP asked for a reload, and the configuration has mistakes, changes what only a new start can change, or has a daemon that "
        + "does not start.",
        "What was served is served still.",
        "Correct what the message names, and reload again.");

    /// <summary>DPXY0056.</summary>
    public static EventDefinition FrontEndReplaced { get; } = new("DPXY0056", Information, 0, "front end replaced",
        "An update was asked for (Update-DaemonProxy, daemonproxy update, SIGUSR2), and the new process serves.",
        "The new process has the listening sockets and the name. The old one answers what it has in flight, for update-drain-timeout at "
        + "most, and ends.",
        "None.");

    /// <summary>DPXY0057.</summary>
    public static EventDefinition UpdateRefused { get; } = new("DPXY0057", Error, 0, "front end not updated",
        "SIGUSR2 asked for an update, and the new process could not be started, did not get ready, or cannot take over here.",
        "The process that served serves still.",
        "Correct what the message names, and update again.");

    /// <summary>DPXY0060.</summary>
    public static EventDefinition FleetServerLost { get; } = new("DPXY0060", Warning, 0, "fleet's Redis lost",
        "The Redis server of 'fleet:' has not answered for fleet-timeout: it is stopped, overloaded, full or cannot be reached.",
        "Limits with 'shared-by: fleet' are kept as on-loss says; by default the front end takes the rate divided by the members that "
        + "were there last. No response waits for the server.",
        "See that the server runs and can be written to; the front end comes back by itself.");

    /// <summary>DPXY0061.</summary>
    public static EventDefinition FleetServerBack { get; } = new("DPXY0061", Information, 0, "fleet's Redis back",
        "The Redis server of 'fleet:' answers again.", "Limits with 'shared-by: fleet' are shared again.", "None.");

    /// <summary>DPXY0062.</summary>
    public static EventDefinition FleetServerUnusable { get; } = new("DPXY0062", Error, 0, "fleet's Redis cannot be used",
        "The Redis server of 'fleet:' refuses the front end: a wrong password or user, a certificate that is not trusted, a replica "
        + "that may not be written to, or a server without scripts.",
        "The front end serves, and limits with 'shared-by: fleet' are kept as on-loss says.",
        "Correct what the message names; 'daemonproxy check --connect' tries it.");

    /// <summary>DPXY0063.</summary>
    public static EventDefinition FleetLimitRefused { get; } = new("DPXY0063", Warning, 503, "refused while the fleet's Redis is lost",
        "A response obeys a limit with 'shared-by: fleet', the fleet's Redis does not answer, and on-loss is refuse.",
        "The client gets a 503.",
        "See DPXY0060, or choose another on-loss.");

    /// <summary>DPXY0068.</summary>
    public static EventDefinition RuntimeDirectoryRestored { get; } = new("DPXY0068", Warning, 0, "runtime directory made again",
        "The folder with the sockets of the front end and its workers was removed, as logging out removes XDG_RUNTIME_DIR.",
        "The folder and the control socket are there again, or in the folder for temporary files when nothing can be made in the old "
        + "place; "
        + "the managed workers are replaced, because nobody can connect to a socket whose file is gone. What was in flight goes on.",
        "Let nothing clean that folder; for a front end that outlives the session, use a service, loginctl enable-linger, or "
        + "DAEMONPROXY_RUNTIME_DIR.");

    /// <summary>DPXY0069.</summary>
    public static EventDefinition RuntimeDirectoryLost { get; } = new("DPXY0069", Error, 0, "runtime directory cannot be made again",
        "The folder with the sockets of the front end and its workers was removed, and the message says why it cannot be made.",
        "Connections to workers that are open go on; consoles cannot find the front end, and it tries again every 2 s.",
        "Make the folder usable for this user again, or end the process with a signal and start it anew.");

    /// <summary>DPXY0070.</summary>
    public static EventDefinition WorkerUnhealthy { get; } = new("DPXY0070", Error, 0, "worker unhealthy",
        "A worker failed its group's health check as many times in a row as unhealthy-after says: it answered with another status than "
        + "expected, or not in time.",
        "It gets no more requests. One that the front end started is replaced; one that somebody else runs is checked on.",
        "Look at what the application does at the path of health-check; the event has its last answer.");

    /// <summary>DPXY0071.</summary>
    public static EventDefinition WorkerHealthy { get; } = new("DPXY0071", Information, 0, "server healthy",
        "A server that somebody else runs has passed its group's health check as many times in a row as healthy-after says.",
        "It gets requests.",
        "None.");

    /// <summary>DPXY0072.</summary>
    public static EventDefinition SecretsReadable { get; } = new("DPXY0072", Warning, 0, "environment file readable by others",
        "The permissions of a file under env-file let its group, or everybody, read it.",
        "The file is used all the same.",
        "Make it its owner's alone: chmod 600.");

    /// <summary>DPXY0080.</summary>
    public static EventDefinition EventLogFailed { get; } = new("DPXY0080", Error, 0, "events were lost",
        "The event log could not be written for a time, such as on a full disk or after its folder was removed.",
        "The front end served all the same; this event is written as soon as the log can be, and Get-DaemonProxy's Warnings have it "
        + "before.",
        "Make room, or put the folder back; event-log names another place.");

    /// <summary>DPXY0081.</summary>
    public static EventDefinition TelemetryNotSent { get; } = new("DPXY0081", Warning, 0, "telemetry not sent",
        "The collector below opentelemetry does not take spans or metrics; the event says why.",
        "What it did not take is lost; requests are served all the same. This is said once until it takes some again.",
        "See that the collector runs, and that endpoint, protocol and headers-file are what it asks for.");

    /// <summary>DPXY0090.</summary>
    public static EventDefinition AddressLeftOut { get; } = new("DPXY0090", Warning, 0, "address left out",
        "One of several servers of a daemon group cannot be connected to.",
        "The request moves to another one, and further requests go to the others. The address is tried again after 1 s, then after pauses "
        + "that double up to 30 s.",
        "See why the server does not listen there, or take its address out of addresses.");

    /// <summary>DPXY0091.</summary>
    public static EventDefinition AddressBack { get; } = new("DPXY0091", Information, 0, "address is back",
        "A server that was left out has been connected to again.",
        "It gets requests again.",
        "Nothing.");
}

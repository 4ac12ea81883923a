namespace DaemonProxy.Host.CommandLine;

/// <summary>An example command line for <c>--help</c> and the manual page.</summary>
/// <param name="Line">The complete line, as typed in a POSIX shell.</param>
/// <param name="Purpose">What it is for, in a few words.</param>
internal sealed record CommandExample(string Line, string Purpose)
{
    private static readonly CommandExample[] All =
    [
        new("daemonproxy serve", "Serve the built-in sample application on a free port, until Ctrl+C."),
        new("daemonproxy serve site.yaml --detach", "Serve what the file says, without this terminal."),
        new("daemonproxy serve --application hello.wsgi --processes 2 --listen http://127.0.0.1:8080",
            "Serve a WSGI script in two daemon processes."),
        new("daemonproxy check site.yaml", "Say what the file would serve, or every mistake in it."),
        new("daemonproxy check site.yaml --json", "The same for a program, such as a deployment's pre-flight check."),
        new("daemonproxy status", "List the front ends of this user."),
        new("daemonproxy status site", "Show its daemons, routes and limits; ends with 1 when it does not run: a health check."),
        new("daemonproxy restart site", "Read its configuration again, without losing a request."),
        new("daemonproxy restart site --daemon app", "Replace the processes of one daemon group."),
        new("daemonproxy update site", "Have a new process of this program take over, without refusing or breaking a connection."),
        new("daemonproxy stop site", "Stop it when what is in flight has finished, after 10 s at most."),
        new("daemonproxy stop site --timeout 2m", "Give downloads two minutes to finish."),
        new("daemonproxy advise site", "Say which flush delay suits each daemon group, and what each would do for it."),
        new("daemonproxy advise site --daemon app --during 30s --json", "The same for a program, by the next 30 seconds of one group."),
        new("daemonproxy explain WSGI0210", "Say what the event means and what to do about it."),
        new("daemonproxy explain > error-reference.md", "Write all events as Markdown."),
        new("daemonproxy verify rate-limit", "Measure both pacers, in a front end of its own."),
        new("daemonproxy verify rate-limit --name site --route /download", "Measure a route of a running front end."),
        new("daemonproxy verify rate-limit --uri http://localhost/big.iso --rate 400KB --report result.html",
            "Measure any server, and write a page with charts."),
        new("daemonproxy verify flush", "Measure how long written data waits, in a front end of its own."),
        new("daemonproxy verify flush --uri http://localhost/events --limit 50ms", "Measure a stream of any server."),
        new("daemonproxy verify flush --sweep --name site --path /export.csv",
            "Try each flush delay on a response of a running front end, and compare with the advice."),
        new("daemonproxy verify embedded", "Try every state of restrict-embedded."),
        new("daemonproxy daemon --application hello.wsgi --socket /tmp/hello.sock",
            "Serve a WSGI script on a Unix socket, for any front end that speaks HTTP."),
        new("daemonproxy daemon --sample --socket /tmp/sample.sock", "Serve the sample application on a Unix socket."),
    ];

    /// <summary>
    /// The examples of a verb, given by its words (<c>verify flush</c>); without words, the first example of each verb, for the program as
    /// a whole.
    /// </summary>
    public static IEnumerable<CommandExample> ForVerb(string verb) => verb.Length == 0
        ? All.DistinctBy(example => example.Line.Split(' ')[1])
        : All.Where(example => $"{example.Line} ".StartsWith($"daemonproxy {verb} ", StringComparison.Ordinal));
}

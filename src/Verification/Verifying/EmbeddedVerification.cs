using DaemonProxy.Control;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// Sends embedded requests to a front end in each state of the restriction, and checks what they get, what is logged, and that the front
/// end survives (behaviour.md, section 3: it once crashed).
/// </summary>
public static class EmbeddedVerification
{
    private const string EmbeddedRoute = "/inproc";
    private const string Script = "inproc.wsgi";

    private const string Source = """
        def application(environ, start_response):
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [b'served\n']
        """;

    /// <summary>Long compared with the microseconds between a response and its event.</summary>
    private static readonly TimeSpan EventLimit = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait for an event that is not supposed to occur.</summary>
    private static readonly TimeSpan NoEventLimit = TimeSpan.FromMilliseconds(100);

    /// <summary>Bounds the response: somebody else's application may never stop answering.</summary>
    private static readonly TimeSpan ResponseLimit = TimeSpan.FromMinutes(1);

    /// <summary>How each instance is started, and how its restriction is then changed while it serves.</summary>
    private static readonly (string? AtStart, bool[] Then, bool HasPython)[] Instances =
    [
        (null, [], true),
        ("on", [false], true),
        ("off", [true], true),
        (null, [], false),
    ];

    /// <summary>Runs every scenario; returns one result for each.</summary>
    /// <param name="options">How to start the instances, or which one to try.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Ends the verification; the results so far are returned, and the setting of a running instance is
    /// restored.</param>
    /// <exception cref="OperationCanceledException">It was ended before the first result.</exception>
    /// <exception cref="ControlException">An instance could not be started, or is not running.</exception>
    /// <exception cref="VerificationException">The instance has no embedded route.</exception>
    public static Task<IReadOnlyList<EmbeddedResult>> RunAsync(
        EmbeddedVerificationOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) =>
        options.Name is { } name ? TryNamedAsync(name, cancellationToken) : TryOwnAsync(options, progress, cancellationToken);

    private static async Task<IReadOnlyList<EmbeddedResult>> TryOwnAsync(
        EmbeddedVerificationOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var noPython = NoPython();
        var scenarios = Instances.Sum(instance => 1 + instance.Then.Length);
        return await ResultsSoFar.CollectAsync<EmbeddedResult>(async results =>
        {
            foreach (var (atStart, then, hasPython) in Instances)
            {
                var scenario = hasPython ? atStart is null ? "never set" : Word(atStart == "on") : "allowed, no interpreter";
                progress?.Report(new VerificationProgress($"restrict-embedded {scenario}", (double)results.Count / scenarios));
                var files = new Dictionary<string, string> { [Script] = Source };
                var own = await OwnInstance.StartAsync(options.HostPath, Configuration(atStart, hasPython), files, cancellationToken)
                    .ConfigureAwait(false);
                await using (own.ConfigureAwait(false))
                {
                    var instance = new Tried(own.Client, own.Status, EmbeddedRoute, ProvesServing: true);
                    var skip = hasPython ? noPython : null;
                    results.Add(await TryAsync(instance, scenario, Expected(atStart == "on", hasPython), skip, cancellationToken)
                        .ConfigureAwait(false));
                    foreach (var on in then)
                    {
                        scenario += $", then {Word(on)}";
                        progress?.Report(new VerificationProgress($"restrict-embedded {scenario}", (double)results.Count / scenarios));
                        await own.Client.SetRestrictionAsync(on, cancellationToken).ConfigureAwait(false);
                        results.Add(await TryAsync(instance, scenario, Expected(on, hasPython), skip, cancellationToken).ConfigureAwait(false));
                    }
                }
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Tries On, then Off, on a running instance, and restores its setting. Whatever its application answers when allowed to is the
    /// application's own business, and not an error of ours.
    /// </summary>
    private static async Task<IReadOnlyList<EmbeddedResult>> TryNamedAsync(string name, CancellationToken cancellationToken)
    {
        using var client = new ControlClient(name);
        var status = await client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var route = status.Routes.FirstOrDefault(route => route.Application is not null)?.Route
            ?? throw new VerificationException(
            $"'{name}' has no embedded route; add one with 'application:', or leave -Name out to try an instance made for it");
        var tried = new Tried(client, status, route, ProvesServing: false);
        return await ResultsSoFar.CollectAsync<EmbeddedResult>(async results =>
        {
            try
            {
                foreach (var (on, scenario) in new[] { (true, "On"), (false, "On, then Off") })
                {
                    await client.SetRestrictionAsync(on, cancellationToken).ConfigureAwait(false);
                    results.Add(await TryAsync(tried, scenario, Expected(on, hasPython: true), on ? null : NoPython(), cancellationToken)
                        .ConfigureAwait(false));
                }
            }
            finally
            {
                await client.SetRestrictionAsync(status.RestrictEmbedded, CancellationToken.None).ConfigureAwait(false);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>An instance being tried.</summary>
    private sealed record Tried(ControlClient Client, InstanceStatus Status, string Route, bool ProvesServing);

    /// <summary>The event that an embedded request should cause; null if the request should be served.</summary>
    private static EventDefinition? Expected(bool isRestricted, bool hasPython) =>
        isRestricted ? EventCatalogue.EmbeddedRestricted : hasPython ? null : EventCatalogue.PythonNotInitialised;

    /// <summary>Why this machine has no Python to serve with; null if it has one.</summary>
    private static string? NoPython()
    {
        try
        {
            PythonFinder.Find(null);
            return null;
        }
        catch (PythonException failure)
        {
            return failure.Message;
        }
    }

    private static string Configuration(string? restriction, bool hasPython) =>
        $"""
         {(restriction is null ? "" : $"restrict-embedded: {restriction}")}
         {(hasPython ? "" : "python-home: no-python-here")}
         daemons:
           - name: sample
             sample: true
         routes:
           - path: /
             daemon: sample
           - path: {EmbeddedRoute}
             application: {Script}
         """;

    private static string Word(bool on) => on ? "On" : "Off";

    private static async Task<EmbeddedResult> TryAsync(
        Tried instance, string scenario, EventDefinition? expected, string? noPython, CancellationToken cancellationToken)
    {
        var result = new EmbeddedResult { Scenario = scenario, ExpectedStatus = expected?.Status ?? 200, ExpectedEvent = expected?.Code };
        if (expected is null && noPython is not null) return result with { Skipped = noPython };
        var address = new FrontEndAddress(instance.Status);
        using var log = instance.Status.LogFile is { } file ? EventLogTail.FromEndOf(file) : null;
        var embedded = await StampedConnection.ReadAsync(address.Get(instance.Route, "/") with { Limit = ResponseLimit }, cancellationToken)
            .ConfigureAwait(false);
        var code = log is null
            ? null : await log.FirstErrorAsync(expected is null ? NoEventLimit : EventLimit, cancellationToken).ConfigureAwait(false);
        var survived = await ServesOnAsync(instance, address, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var status = embedded.Response.Status;
        // Somebody else's application may answer anything except our own 500.
        var asExpected = status == result.ExpectedStatus || (expected is null && !instance.ProvesServing && status is > 0 and < 500);
        return result with
        {
            ActualStatus = status,
            ActualEvent = code,
            Survived = survived,
            Passed = embedded.Problem is null && asExpected && code == expected?.Code && survived,
            Problem = embedded.Problem
                ?? (log is null ? $"'{instance.Status.Name}' keeps no event log to read the event's code from." : null),
        };
    }

    private static async Task<bool> ServesOnAsync(Tried instance, FrontEndAddress address, CancellationToken cancellationToken)
    {
        if (instance.ProvesServing)
        {
            var after = await StampedConnection.ReadAsync(address.Get("/", "/status/200") with { Limit = ResponseLimit }, cancellationToken)
                .ConfigureAwait(false);
            if (after.Response is not { IsComplete: true, Status: 200 })
                return false;
        }
        try
        {
            var status = await instance.Client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            return status.ProcessId == instance.Status.ProcessId;
        }
        catch (ControlException)
        {
            return false;
        }
    }
}

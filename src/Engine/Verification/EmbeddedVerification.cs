using DaemonProxy.Control;
using DaemonProxy.Events;

namespace DaemonProxy.Verification;

/// <summary>
/// Sends embedded requests to a front end under each state of the restriction, and sees what they get, what is logged, and that the
/// front end lives on (behaviour.md, section 3: it was a crash once).
/// </summary>
public static class EmbeddedVerification
{
    private const string EmbeddedRoute = "/inproc";

    /// <summary>Long beside the microseconds in which an event follows its response.</summary>
    private static readonly TimeSpan EventLimit = TimeSpan.FromSeconds(2);

    /// <summary>How each instance is started, and what its restriction is set to afterwards while it serves.</summary>
    private static readonly (string? AtStart, bool[] Then)[] Instances =
    [
        (null, []),
        ("on", [false]),
        ("off", [true]),
    ];

    /// <summary>Runs every scenario; one result each.</summary>
    /// <param name="options">With what to start the instances.</param>
    /// <param name="progress">Told how far it has come; may be null.</param>
    /// <param name="cancellationToken">Gives up; the instances are stopped all the same.</param>
    /// <exception cref="ControlException">An instance could not be started.</exception>
    public static async Task<IReadOnlyList<EmbeddedResult>> RunAsync(
        EmbeddedVerificationOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var results = new List<EmbeddedResult>();
        var scenarios = Instances.Sum(instance => 1 + instance.Then.Length);
        foreach (var (atStart, then) in Instances)
        {
            var scenario = atStart is null ? "never set" : Word(atStart == "on");
            progress?.Report(new VerificationProgress($"restrict-embedded {scenario}", (double)results.Count / scenarios));
            var own = await OwnInstance.StartAsync(options.HostPath, Configuration(atStart), cancellationToken).ConfigureAwait(false);
            await using (own.ConfigureAwait(false))
            {
                results.Add(await TryAsync(own, scenario, atStart == "on", cancellationToken).ConfigureAwait(false));
                foreach (var on in then)
                {
                    scenario += $", then {Word(on)}";
                    progress?.Report(new VerificationProgress($"restrict-embedded {scenario}", (double)results.Count / scenarios));
                    await own.Client.SetRestrictionAsync(on, cancellationToken).ConfigureAwait(false);
                    results.Add(await TryAsync(own, scenario, on, cancellationToken).ConfigureAwait(false));
                }
            }
        }

        return results;
    }

    /// <summary>The application's file is not there, and need not be: without an interpreter nobody opens it.</summary>
    private static string Configuration(string? restriction) =>
        $"""
         {(restriction is null ? "" : $"restrict-embedded: {restriction}")}
         daemons:
           - name: sample
             sample: true
         routes:
           - path: /
             daemon: sample
           - path: {EmbeddedRoute}
             application: inproc.wsgi
         """;

    private static string Word(bool on) => on ? "On" : "Off";

    private static async Task<EmbeddedResult> TryAsync(OwnInstance own, string scenario, bool isRestricted, CancellationToken cancellationToken)
    {
        var expected = isRestricted ? EventCatalogue.EmbeddedRestricted : EventCatalogue.PythonNotInitialised;
        var address = FrontEndAddress.Of(own.Status);
        var log = own.Status.LogFile is { } file ? EventLogTail.Of(file) : null;
        var embedded = await ResponseProbe.RunAsync(address.Get(EmbeddedRoute, "/"), cancellationToken).ConfigureAwait(false);
        var code = log is null ? null : await log.FirstErrorAsync(EventLimit, cancellationToken).ConfigureAwait(false);
        var after = await ResponseProbe.RunAsync(address.Get("/", "/status/200"), cancellationToken).ConfigureAwait(false);
        var survived = after is { End: ProbeEnd.Complete, Status: 200 } && await IsSameProcessAsync(own, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return new EmbeddedResult
        {
            Scenario = scenario,
            ExpectedStatus = expected.Status,
            ActualStatus = embedded.Status,
            ExpectedEvent = expected.Code,
            ActualEvent = code,
            Survived = survived,
            Passed = embedded.Problem is null && embedded.Status == expected.Status && code == expected.Code && survived,
            Problem = embedded.Problem ?? (log is null ? $"'{own.Status.Name}' keeps no event log to read the event's code from." : null),
        };
    }

    private static async Task<bool> IsSameProcessAsync(OwnInstance own, CancellationToken cancellationToken)
    {
        try
        {
            var status = await own.Client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            return status.ProcessId == own.Status.ProcessId;
        }
        catch (ControlException)
        {
            return false;
        }
    }
}

using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Which front end is measured: a running one, or one that is started for the measurement and removed afterwards.</summary>
public abstract record FrontEndOptions
{
    /// <summary>Full path of the host, <c>daemonproxy</c>, for starting an instance; may be null if <see cref="Name"/> is given.</summary>
    public string? HostPath { get; init; }

    /// <summary>A running instance; null to start one, and to compare the current flush policy with that of the original.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// With <see cref="Name"/>, only these routes. If empty, every measurable route that leads to the sample application.
    /// </summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    internal virtual void Check()
    {
        if (Name is null && HostPath is null)
            throw new VerificationException("There is neither a running instance's name nor a host to start one with; give one of them.");
        if (Name is null && Routes.Count > 0)
            throw new VerificationException("Routes can be chosen only of a running instance; give its name too.");
    }

    /// <summary>Finds or starts the front end and measures it.</summary>
    /// <param name="yaml">The configuration for an instance that is started.</param>
    /// <param name="measure">Measures a front end.</param>
    /// <param name="progress">Receives a report when an instance is started; may be null.</param>
    /// <param name="cancellationToken">Abandons the measurement; an instance that was started is still stopped.</param>
    /// <exception cref="ControlException">The instance could not be started, or is not running.</exception>
    internal async Task<TResult> UseAsync<TResult>(
        string yaml, Func<InstanceStatus, Task<TResult>> measure, IProgress<VerificationProgress>? progress,
            CancellationToken cancellationToken)
    {
        Check();
        if (Name is not null)
        {
            using var client = new ControlClient(Name);
            return await measure(await client.GetStatusAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        progress?.Report(new VerificationProgress("Starting a front end and two daemons", 0));
        var own = await OwnInstance.StartAsync(HostPath!, yaml, cancellationToken).ConfigureAwait(false);
        await using (own.ConfigureAwait(false))
            return await measure(own.Status).ConfigureAwait(false);
    }
}

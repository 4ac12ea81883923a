using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that measures whether the front end keeps its promises, or how any other server behaves.</summary>
public abstract class VerificationCommand : InstanceCommand
{
    private bool _isInterrupted;

    /// <summary>
    /// The front ends to measure: those that <c>-Name</c> selects, with an error if it selects none. Without the parameter a single null,
    /// which stands for a front end of the cmdlet's own.
    /// </summary>
    private protected IReadOnlyList<string?> TargetsOf(string[]? patterns)
    {
        if (patterns is null)
            return [null];
        var names = NamesOf(patterns);
        if (names.Count == 0)
            NameOfOne(patterns[0]);
        return names;
    }

    /// <summary>Measures with progress and writes the results; if there are none, errors say why.</summary>
    /// <remarks>Ctrl+C ends the measurement as in <see cref="VerifyServer"/>.</remarks>
    private protected IReadOnlyList<TResult> Verify<TResult>(
        string activity, string? target, Func<IProgress<VerificationProgress>, CancellationToken, Task<IReadOnlyList<TResult>>> run)
        where TResult : class
    {
        if (_isInterrupted)
            return [];
        WriteVerbose($"{activity}: {(target is null ? "on a front end of its own" : $"'{target}'")}");
        using var interrupt = new ConsoleInterrupt(Host.Name, StopToken);
        try
        {
            var results = Wait(activity, (progress, _) => run(progress, interrupt.Token), interrupt.LookAtKeys);
            WriteObject(results, enumerateCollection: true);
            WarnOfNotMeasurable(results);
            if (interrupt.Token.IsCancellationRequested)
                WriteWarning("Interrupted; these are the results so far.");
            return results;
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            WriteError(new ErrorRecord(
                new VerificationException("Interrupted before anything was measured."), "Interrupted", ErrorCategory.OperationStopped, target));
        }
        catch (ControlException error)
        {
            WriteControlError(error, target);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "CannotVerify", ErrorCategory.InvalidArgument, target));
        }
        finally
        {
            _isInterrupted = interrupt.Token.IsCancellationRequested;
        }

        return [];
    }

    /// <summary>Measures a server with progress, and writes the result or the reason why there is none.</summary>
    /// <remarks>
    /// Ctrl+C in a console ends the measurement: the result so far is written, and no further address is measured. A pipeline stopped by
    /// other means accepts no more output; <paramref name="keep"/> still gets the result.
    /// </remarks>
    /// <param name="uri">The address.</param>
    /// <param name="run">Measures until it is cancelled; returns a result even then.</param>
    /// <param name="failure">Why a result holds no measurement, as a <see cref="MeasurementFailure"/> and as a sentence; null if it holds
    /// one.</param>
    /// <param name="keep">Gets the result before it is written.</param>
    private protected void VerifyServer<TResult>(
        Uri uri, Func<IProgress<VerificationProgress>, CancellationToken, Task<TResult>> run,
        Func<TResult, (string Failure, string Problem)?> failure, Action<TResult> keep)
        where TResult : class
    {
        if (_isInterrupted)
            return;
        using var interrupt = new ConsoleInterrupt(Host.Name, StopToken);
        TResult? measured = null;
        try
        {
            Wait($"Measuring {uri}", async (progress, _) => measured = await run(progress, interrupt.Token).ConfigureAwait(false),
                interrupt.LookAtKeys);
            _isInterrupted = interrupt.Token.IsCancellationRequested;
            if (failure(measured!) is { } reason)
            {
                var (id, category) = Describe(reason.Failure);
                WriteError(new ErrorRecord(new VerificationException(reason.Problem), id, category, uri));
                return;
            }

            WriteObject(measured, enumerateCollection: true);
            WarnOfNotMeasurable(measured as IEnumerable<object> ?? [measured!]);
            keep(measured!);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "CannotVerify", ErrorCategory.InvalidArgument, uri));
        }
        catch (PipelineStoppedException) when (measured is not null && failure(measured) is null)
        {
            keep(measured);
            OnStopped();
            throw;
        }
    }

    /// <summary>Warns of results without a verdict, which are easy to miss in a table.</summary>
    private void WarnOfNotMeasurable(IEnumerable<object> results)
    {
        foreach (var result in results)
        {
            if (((result as RateResult)?.NotMeasurable ?? (result as LatencyResult)?.NotMeasurable
                ?? (result as FlushSweepResult)?.NotMeasurable) is { } why)
            {
                var what = (result as RateLimitResult)?.Route ?? (result as FlushResult)?.Workload
                    ?? (result as FlushSweepResult)?.ShownDelay ?? "The address";
                WriteWarning($"{what}: {why}; measure again when it is quiet.");
            }
        }
    }

    /// <summary>Called when the pipeline is stopped after something has been measured.</summary>
    private protected virtual void OnStopped()
    {
    }

    private static (string Id, ErrorCategory Category) Describe(string failure) => failure switch
    {
        nameof(MeasurementFailure.NameNotResolved) => ("NameNotResolved", ErrorCategory.ObjectNotFound),
        nameof(MeasurementFailure.NotConnected) => ("NotConnected", ErrorCategory.ConnectionError),
        nameof(MeasurementFailure.TlsFailed) => ("TlsFailed", ErrorCategory.SecurityError),
        nameof(MeasurementFailure.UnexpectedAnswer) => ("UnexpectedAnswer", ErrorCategory.InvalidResult),
        nameof(MeasurementFailure.TimedOut) => ("ServerTimedOut", ErrorCategory.OperationTimeout),
        nameof(MeasurementFailure.BrokenOff) => ("BrokenOff", ErrorCategory.ConnectionError),
        nameof(MeasurementFailure.None) => ("Interrupted", ErrorCategory.OperationStopped),
        _ => ("TooShort", ErrorCategory.InvalidData),
    };
}

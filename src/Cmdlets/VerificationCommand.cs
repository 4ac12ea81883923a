using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Verification;
using DaemonProxy.Verification.Servers;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that measures what the front end promises, or what any server does.</summary>
public abstract class VerificationCommand : InstanceCommand
{
    private bool _isInterrupted;

    /// <summary>Measures, with progress, and writes the results; errors say why there are none.</summary>
    private protected IReadOnlyList<TResult> Verify<TResult>(
        string activity, string? target, Func<IProgress<VerificationProgress>, CancellationToken, Task<IReadOnlyList<TResult>>> run)
    {
        try
        {
            var results = Wait(activity, run);
            WriteObject(results, enumerateCollection: true);
            return results;
        }
        catch (ControlException error)
        {
            WriteControlError(error, target);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "CannotVerify", ErrorCategory.InvalidArgument, target));
        }

        return [];
    }

    /// <summary>Measures a server, with progress; Ctrl+C in a console ends it with what was measured so far, and what comes behind is not begun.</summary>
    /// <param name="uri">The address.</param>
    /// <param name="run">Measures until it is cancelled, and gives a result then too.</param>
    /// <param name="failure">Why there is nothing to give in a result, and the same in a sentence; null when there is something.</param>
    /// <returns>The result; null when there is none, or an error was written instead.</returns>
    private protected TResult? VerifyServer<TResult>(
        Uri uri, Func<IProgress<VerificationProgress>, CancellationToken, Task<TResult>> run, Func<TResult, (ServerFailure Failure, string Problem)?> failure)
        where TResult : class
    {
        if (_isInterrupted)
            return null;
        using var interrupt = new ConsoleInterrupt(Host.Name, StopToken);
        try
        {
            var result = Wait($"Measuring {uri}", (progress, _) => run(progress, interrupt.Token), interrupt.LookAtKeys);
            _isInterrupted = interrupt.Token.IsCancellationRequested;
            if (failure(result) is not { } reason)
                return result;
            var (id, category) = Describe(reason.Failure);
            if (!StopToken.IsCancellationRequested)
                WriteError(new ErrorRecord(new VerificationException(reason.Problem), id, category, uri));
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "CannotVerify", ErrorCategory.InvalidArgument, uri));
        }

        return null;
    }

    private static (string Id, ErrorCategory Category) Describe(ServerFailure failure) => failure switch
    {
        ServerFailure.NameNotResolved => ("NameNotResolved", ErrorCategory.ObjectNotFound),
        ServerFailure.NotConnected => ("NotConnected", ErrorCategory.ConnectionError),
        ServerFailure.TlsFailed => ("TlsFailed", ErrorCategory.SecurityError),
        ServerFailure.UnexpectedAnswer => ("UnexpectedAnswer", ErrorCategory.InvalidResult),
        ServerFailure.TimedOut => ("ServerTimedOut", ErrorCategory.OperationTimeout),
        ServerFailure.BrokenOff => ("BrokenOff", ErrorCategory.ConnectionError),
        ServerFailure.None => ("Interrupted", ErrorCategory.OperationStopped),
        _ => ("TooShort", ErrorCategory.InvalidData),
    };
}

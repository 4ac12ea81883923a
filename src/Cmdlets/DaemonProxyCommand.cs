using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// What all cmdlets of the module have in common: they wait so that Ctrl+C works, and report errors so that scripts can tell them apart.
/// </summary>
public abstract class DaemonProxyCommand : AskingCommand, IDisposable
{
    // Shorter waits are not worth the flicker of a progress bar.
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan ClearingLimit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Full path of the folder where the build puts the host.</summary>
    internal static string HostFolder => Path.Combine(Path.GetDirectoryName(typeof(DaemonProxyCommand).Assembly.Location)!, "host");

    /// <summary>Cancelled by Ctrl+C and by anything else that stops the pipeline.</summary>
    protected CancellationToken StopToken => _stopping.Token;

    /// <summary>Releases the cmdlet's resources; PowerShell calls it when the pipeline has ended.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the cmdlet's resources.</summary>
    /// <param name="disposing">Whether it is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _stopping.Dispose();
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        try
        {
            _stopping.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The pipeline ended at the same moment.
        }
    }

    /// <summary>Waits for work on other threads; shows progress if it takes more than a second.</summary>
    /// <param name="activity">What is being done, for the person waiting.</param>
    /// <param name="work">Called with <see cref="StopToken"/>.</param>
    /// <exception cref="PipelineStoppedException">Ctrl+C.</exception>
    private protected T Wait<T>(string activity, Func<CancellationToken, Task<T>> work) => Wait<T>(activity, (_, stop) => work(stop));

    /// <summary>Waits for work on other threads; if it takes more than a second, shows the progress that the work reports.</summary>
    /// <param name="activity">What is being done, for the person waiting.</param>
    /// <param name="work">Called with an object that takes its progress reports, and <see cref="StopToken"/>.</param>
    /// <param name="whileWaiting">Called several times a second on the pipeline's thread; may be null.</param>
    /// <exception cref="PipelineStoppedException">Ctrl+C.</exception>
    private protected T Wait<T>(
        string activity, Func<IProgress<VerificationProgress>, CancellationToken, Task<T>> work, Action? whileWaiting = null)
    {
        var reports = new Reports();
        var task = Task.Run(() => work(reports, StopToken));
        try
        {
            if (Task.WhenAny(task, Task.Delay(Unnoticed, TimeProvider.System)).GetAwaiter().GetResult() != task)
            {
                // PowerShell accepts progress only on the pipeline's own thread, so this loop writes it.
                while (!task.IsCompleted)
                {
                    WriteProgress(reports.Last is { } last
                        ? new ProgressRecord(0, activity, last.Activity) { PercentComplete = (int)(Math.Clamp(last.Fraction, 0, 1) * 100) }
                        : new ProgressRecord(0, activity, "waiting"));
                    whileWaiting?.Invoke();
                    Task.WhenAny(task, Task.Delay(Redraw, TimeProvider.System)).GetAwaiter().GetResult();
                }
                WriteProgress(new ProgressRecord(0, activity, "done") { RecordType = ProgressRecordType.Completed });
            }

            return task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (PipelineStoppedException)
        {
            // Progress can no longer be written, and the work may still be cleaning up what it has started: a console that closed now would
            // leave it behind.
            StopProcessing();
            Task.WhenAny(task, Task.Delay(ClearingLimit, TimeProvider.System)).GetAwaiter().GetResult();
            throw;
        }
    }

    private sealed class Reports : IProgress<VerificationProgress>
    {
        private volatile VerificationProgress? _last;

        public VerificationProgress? Last => _last;

        public void Report(VerificationProgress value) => _last = value;
    }

    private protected void WriteControlError(ControlException error, object? target)
    {
        var (id, category) = error.Failure switch
        {
            ControlFailure.NotRunning => ("InstanceNotFound", ErrorCategory.ObjectNotFound),
            ControlFailure.AlreadyRunning => ("InstanceAlreadyRunning", ErrorCategory.ResourceExists),
            ControlFailure.NotFound => ("NotFoundInInstance", ErrorCategory.ObjectNotFound),
            ControlFailure.Invalid => ("InvalidName", ErrorCategory.InvalidArgument),
            ControlFailure.StartFailed => ("StartFailed", ErrorCategory.OpenError),
            ControlFailure.TimedOut => ("TimedOut", ErrorCategory.OperationTimeout),
            ControlFailure.RuntimeDirectory => ("RuntimeDirectoryUnusable", ErrorCategory.PermissionDenied),
            ControlFailure.Unreachable => ("InstanceUnreachable", ErrorCategory.ConnectionError),
            _ => ("RequestRefused", ErrorCategory.InvalidOperation),
        };
        var message = ParameterNames.Replace(error.Message);
        WriteError(new ErrorRecord(
            message == error.Message ? error : new ControlException(message, error.Failure, error), id, category, target));
    }

    /// <summary>
    /// Warns where the front end serves something other than the configuration seems to say, except for what
    /// <c>Test-DaemonProxyConfiguration</c> has said of this configuration before, in the same session.
    /// </summary>
    private protected void WriteWarnings(InstanceStatus status)
    {
        var told = ToldWarnings.From(this);
        foreach (var warning in status.Warnings)
        {
            if (!told.Remove(status.ConfigurationFile ?? "", warning)) WriteWarning(warning);
        }
    }

    /// <summary>A path as the user means it: relative to PowerShell's location, not the process's working directory.</summary>
    private protected string FullPath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    private protected void WriteError(string message, string id, ErrorCategory category, object? target) =>
        WriteError(new ErrorRecord(new PSArgumentException(message), id, category, target));

    /// <summary>Writes an error for each mistake, so that a console shows them all and a script gets the place of each.</summary>
    private protected void WriteConfigurationErrors(ConfigurationException exception)
    {
        foreach (var error in exception.Errors)
            WriteError(new ErrorRecord(new ConfigurationException([error]), "InvalidConfiguration", ErrorCategory.ParserError, error));
    }
}

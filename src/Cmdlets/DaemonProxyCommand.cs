using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// What every cmdlet of the module does the same way: wait so that Ctrl+C works, and report errors so that scripts can tell them apart.
/// </summary>
public abstract class DaemonProxyCommand : PSCmdlet, IDisposable
{
    // Waits shorter than this are not worth a progress bar's flicker.
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan ClearingLimit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Full path of the folder in which the build leaves the host.</summary>
    internal static string HostFolder => Path.Combine(Path.GetDirectoryName(typeof(DaemonProxyCommand).Assembly.Location)!, "host");

    /// <summary>Cancelled by Ctrl+C and by whatever else stops the pipeline.</summary>
    protected CancellationToken StopToken => _stopping.Token;

    /// <summary>Releases what a cmdlet holds; PowerShell calls it when the pipeline has ended.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what a cmdlet holds.</summary>
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
            // The pipeline has ended at the same moment.
        }
    }

    /// <summary>Waits for what runs on other threads; shows progress when it takes more than a second.</summary>
    /// <param name="activity">What is being done, for the person who waits.</param>
    /// <param name="work">Called with <see cref="StopToken"/>.</param>
    /// <exception cref="PipelineStoppedException">Ctrl+C.</exception>
    private protected T Wait<T>(string activity, Func<CancellationToken, Task<T>> work) => Wait<T>(activity, (_, stop) => work(stop));

    /// <summary>Waits for what runs on other threads, and shows how far it says it has come when it takes more than a second.</summary>
    /// <param name="activity">What is being done, for the person who waits.</param>
    /// <param name="work">Called with where to report to, and <see cref="StopToken"/>.</param>
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
                // PowerShell takes progress on the pipeline's own thread only, so that is where it is written.
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
            // Progress cannot be written any more, and the work may still be clearing away what it has started: a console that closes now
            // would leave it behind.
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
        WriteError(new ErrorRecord(error, id, category, target));
    }

    /// <summary>What is served otherwise than the configuration may seem to say.</summary>
    private protected void WriteWarnings(InstanceStatus status)
    {
        foreach (var warning in status.Warnings)
            WriteWarning(warning);
    }

    /// <summary>A path as the person means it: relative to PowerShell's location, whatever the process's own is.</summary>
    private protected string FullPath(string path) => SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    private protected void WriteError(string message, string id, ErrorCategory category, object? target) =>
        WriteError(new ErrorRecord(new PSArgumentException(message), id, category, target));

    /// <summary>One error for each mistake, so that a console shows them all and a script sees each one's place.</summary>
    private protected void WriteConfigurationErrors(ConfigurationException exception)
    {
        foreach (var error in exception.Errors)
            WriteError(new ErrorRecord(new ConfigurationException([error]), "InvalidConfiguration", ErrorCategory.ParserError, error));
    }
}

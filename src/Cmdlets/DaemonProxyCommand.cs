using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>What every cmdlet of the module does the same way: wait so that Ctrl+C works, and report errors so that scripts can tell them apart.</summary>
public abstract class DaemonProxyCommand : PSCmdlet, IDisposable
{
    // Waits shorter than this are not worth a progress bar's flicker.
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Full path of the folder in which the build leaves the host.</summary>
    internal static string HostFolder => Path.Combine(Path.GetDirectoryName(typeof(DaemonProxyCommand).Assembly.Location)!, "host");

    /// <summary>Cancelled by Ctrl+C and by whatever else stops the pipeline.</summary>
    protected CancellationToken Stopping => _stopping.Token;

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
    /// <param name="work">Called with <see cref="Stopping"/>.</param>
    /// <exception cref="PipelineStoppedException">Ctrl+C.</exception>
    private protected T Wait<T>(string activity, Func<CancellationToken, Task<T>> work)
    {
        try
        {
            var task = Task.Run(() => work(Stopping));
            if (Task.WhenAny(task, Task.Delay(Unnoticed)).GetAwaiter().GetResult() != task)
            {
                var progress = new ProgressRecord(0, activity, "waiting");
                WriteProgress(progress);
                ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
                progress.RecordType = ProgressRecordType.Completed;
                WriteProgress(progress);
            }

            return task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
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

    private protected void WriteError(string message, string id, ErrorCategory category, object? target) =>
        WriteError(new ErrorRecord(new PSArgumentException(message), id, category, target));

    /// <summary>One error for each mistake, so that a console shows them all and a script sees each one's place.</summary>
    private protected void WriteConfigurationErrors(ConfigurationException exception)
    {
        foreach (var error in exception.Errors)
            WriteError(new ErrorRecord(new ConfigurationException([error]), "InvalidConfiguration", ErrorCategory.ParserError, error));
    }
}

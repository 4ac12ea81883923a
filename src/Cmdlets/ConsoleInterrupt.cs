using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Takes Ctrl+C as a wish to see what there is so far, for as long as a cmdlet measures.</summary>
/// <remarks>
/// PowerShell answers Ctrl+C by stopping the pipeline, and a stopped pipeline takes no more output: what was measured would be lost. In a
/// console Ctrl+C can be had as a key instead; then the cmdlet ends by itself, and its output goes where all output goes. A second Ctrl+C
/// stops the pipeline. Where there is no console, in a job or a script without terminal, nothing is changed.
/// </remarks>
internal sealed class ConsoleInterrupt : IDisposable
{
    private readonly CancellationTokenSource _interrupt;
    private readonly bool _isActive;

    /// <summary>Begins to take Ctrl+C.</summary>
    /// <param name="hostName">PowerShell's host: only its own console leaves the keys to a cmdlet.</param>
    /// <param name="stopToken">Cancelled when the pipeline is stopped by other means.</param>
    public ConsoleInterrupt(string hostName, CancellationToken stopToken)
    {
        _interrupt = CancellationTokenSource.CreateLinkedTokenSource(stopToken);
        if (hostName != "ConsoleHost" || Console.IsInputRedirected)
            return;
        try
        {
            Console.TreatControlCAsInput = true;
            _isActive = true;
        }
        catch (IOException)
        {
            // No terminal after all.
        }
    }

    /// <summary>Cancelled by Ctrl+C, and when the pipeline is stopped.</summary>
    public CancellationToken Token => _interrupt.Token;

    /// <summary>Looks at the keys pressed. Any other key pressed meanwhile is dropped.</summary>
    /// <exception cref="PipelineStoppedException">It was the second Ctrl+C.</exception>
    public void LookAtKeys()
    {
        while (_isActive && Console.KeyAvailable)
        {
            if (Console.ReadKey(intercept: true) is not { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                continue;
            if (_interrupt.IsCancellationRequested)
                throw new PipelineStoppedException();
            _interrupt.Cancel();
        }
    }

    public void Dispose()
    {
        if (_isActive)
            Console.TreatControlCAsInput = false;
        _interrupt.Dispose();
    }
}

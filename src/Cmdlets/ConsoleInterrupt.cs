using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>While a cmdlet measures, treats Ctrl+C as a request for the results so far.</summary>
/// <remarks>
/// PowerShell answers Ctrl+C by stopping the pipeline, and a stopped pipeline accepts no more output: everything measured would be lost. A
/// console can deliver Ctrl+C as a key instead; the cmdlet then ends by itself, and its output goes where all output goes. A second Ctrl+C
/// stops the pipeline. Without a console, in a job or a script without a terminal, nothing changes.
/// </remarks>
internal sealed class ConsoleInterrupt : IDisposable
{
    private readonly CancellationTokenSource _interrupt;
    private readonly bool _isActive;

    /// <summary>Starts to intercept Ctrl+C.</summary>
    /// <param name="hostName">The name of PowerShell's host: only its own console leaves the keys to a cmdlet.</param>
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
            // There is no terminal after all.
        }
    }

    /// <summary>Cancelled by Ctrl+C, and when the pipeline is stopped.</summary>
    public CancellationToken Token => _interrupt.Token;

    /// <summary>Checks for pressed keys, and drops all others than Ctrl+C.</summary>
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

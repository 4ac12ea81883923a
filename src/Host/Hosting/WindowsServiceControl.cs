using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A process that the service manager of Windows has started: it has to call its dispatcher, run where that calls back, and report each state
/// ("Service Programs" in the Windows documentation).
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed partial class WindowsServiceControl
{
    private const int OwnProcess = 0x10;
    private const int Stopped = 1, StartPending = 2, StopPending = 3, Running = 4;
    private const int AcceptStop = 1, AcceptShutdown = 4;
    private const uint ControlStop = 1, ControlInterrogate = 4, ControlShutdown = 5;
    private const int NotImplemented = 120;
    private const int ServiceSpecificError = 1066;
    private const int StartLimit = 90_000, StopLimit = 30_000;

    private readonly Func<WindowsServiceControl, Task<int>> _serve;
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServiceMain _main;
    private readonly ServiceControl _control;
    private nint _handle;
    private int _exitCode;

    private WindowsServiceControl(Func<WindowsServiceControl, Task<int>> serve)
    {
        _serve = serve;
        // Kept, because the manager calls them as long as the process lives.
        _main = Main;
        _control = Control;
    }

    private delegate void ServiceMain(uint count, nint arguments);

    private delegate uint ServiceControl(uint control, uint type, nint data, nint context);

    /// <summary>Completes when the manager wants it to end.</summary>
    public Task StopRequested => _stop.Task;

    /// <summary>Serves under the service manager.</summary>
    /// <param name="serve">Runs until the task <see cref="StopRequested"/> completes, or by itself; returns the exit code.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ServerStartException">The service manager has not started this process.</exception>
    public static int Run(Func<WindowsServiceControl, Task<int>> serve)
    {
        var control = new WindowsServiceControl(serve);
        var name = Marshal.StringToHGlobalUni("");
        try
        {
            // A process that holds one service needs no name; the last entry is empty.
            Span<nint> table = [name, Marshal.GetFunctionPointerForDelegate(control._main), 0, 0];
            if (!StartServiceCtrlDispatcher(table))
            {
                throw new ServerStartException(
                    $"--service on Windows is for the service manager ({new Win32Exception(Marshal.GetLastPInvokeError()).Message}); register it with Register-DaemonProxyService, or leave --service out");
            }

            return control._exitCode;
        }
        finally
        {
            Marshal.FreeHGlobal(name);
        }
    }

    /// <summary>It serves.</summary>
    public void Ready() => Report(Running, 0);

    /// <summary>It finishes what is in flight, and ends.</summary>
    public void Stopping() => Report(StopPending, StopLimit);

    private void Main(uint count, nint arguments)
    {
        _handle = RegisterServiceCtrlHandler("", Marshal.GetFunctionPointerForDelegate(_control), 0);
        Report(StartPending, StartLimit);
        _exitCode = _serve(this).GetAwaiter().GetResult();
        Report(Stopped, 0);
    }

    private uint Control(uint control, uint type, nint data, nint context)
    {
        if (control is ControlStop or ControlShutdown)
            _stop.TrySetResult();
        return control is ControlStop or ControlShutdown or ControlInterrogate ? 0 : (uint)NotImplemented;
    }

    private void Report(int state, int waitHint)
    {
        var failed = state == Stopped && _exitCode != 0;
        var status = new ServiceStatus
        {
            Type = OwnProcess,
            State = state,
            Accepts = state == Running ? AcceptStop | AcceptShutdown : 0,
            ExitCode = failed ? ServiceSpecificError : 0,
            SpecificExitCode = failed ? _exitCode : 0,
            CheckPoint = state is StartPending or StopPending ? 1 : 0,
            WaitHint = waitHint,
        };
        _ = SetServiceStatus(_handle, in status);
    }

    [LibraryImport("advapi32", EntryPoint = "StartServiceCtrlDispatcherW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool StartServiceCtrlDispatcher(Span<nint> table);

    [LibraryImport("advapi32", EntryPoint = "RegisterServiceCtrlHandlerExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial nint RegisterServiceCtrlHandler(string name, nint handler, nint context);

    [LibraryImport("advapi32", EntryPoint = "SetServiceStatus", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetServiceStatus(nint handle, in ServiceStatus status);

    private struct ServiceStatus
    {
        public int Type, State, Accepts, ExitCode, SpecificExitCode, CheckPoint, WaitHint;
    }
}

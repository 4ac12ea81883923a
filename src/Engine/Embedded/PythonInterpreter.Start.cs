using System.Runtime.InteropServices;
using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Embedded;

/// <content>
/// The initialisation, through PyConfig: it reports a failure as a status, whereas Py_Initialize would end the process. Both structures
/// grow from version to version. The fields set here have the same offsets from 3.8 to 3.14 (Include/cpython/initconfig.h); the rest is
/// left to CPython's own functions.
/// </content>
public sealed unsafe partial class PythonInterpreter
{
    // PyConfig takes some 500 bytes, PyPreConfig 40.
    private const int ConfigurationSize = 16_384;
    private const int PreCoerceLocale = 5;
    private const int InstallSignalHandlers = 4;

    /// <summary>
    /// Initialises CPython the way the program python3 does, which applications are written for: the user's locale, and UTF-8 mode when
    /// that is C, POSIX or missing (PEP 540). The environment stays unchanged (no PEP 538), signals remain this process's own, and the
    /// executable leads to the standard library or the virtual environment.
    /// </summary>
    private void InitialiseCPython()
    {
        if (!OperatingSystem.IsWindows())
        {
            foreach (var (name, value) in _settings.Variables) _ = SystemCalls.SetVariable(name, value, 1);
        }
        var configuration = (int*)NativeMemory.AllocZeroed(ConfigurationSize);
        try
        {
            _api.PreConfigure(configuration);
            configuration[PreCoerceLocale] = 0;
            Check(_api.PreInitialize(configuration));
            NativeMemory.Clear(configuration, ConfigurationSize);
            _api.Configure(configuration);
            configuration[InstallSignalHandlers] = 0;
            Check(SetProgram(configuration));
            Check(_api.Initialize(configuration));
            _api.ClearConfiguration(configuration);
        }
        finally { NativeMemory.Free(configuration); }
    }

    private PythonApi.Status SetProgram(int* configuration)
    {
        if (OperatingSystem.IsWindows())
        {
            fixed (char* program = Location.Executable) return _api.SetArguments(configuration, 1, &program);
        }
        fixed (byte* program = Encoding.UTF8.GetBytes(Location.Executable + "\0")) return _api.SetBytesArguments(
            configuration, 1, &program);
    }

    private void Check(PythonApi.Status status)
    {
        if (status.Failure is { } failure)
            throw new PythonException(
                $"{Location} cannot be initialised: {failure}; check that {Location.Executable} runs, and PYTHONHOME and PYTHONPATH if "
                + "they are set");
    }

    /// <summary>The descriptors that this process has open; empty when the system cannot tell.</summary>
    private static int[] OpenDescriptors()
    {
        var folder = Directory.Exists("/proc/self/fd") ? "/proc/self/fd" : "/dev/fd";
        if (OperatingSystem.IsWindows() || !Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateFileSystemEntries(folder)
            .Select(path => int.TryParse(Path.GetFileName(path), out var number) ? number : 0).Where(number => number > 2)];
    }

    /// <summary>Opens the output that forked children of applications write to; each line is logged.</summary>
    private int OpenChildOutput()
    {
        if (_settings.ChildOutput is not { } log || OperatingSystem.IsWindows()) return 2;
        var ends = stackalloc int[2];
        if (!SystemCalls.TryCreatePipe(ends)) return 2;
        var reader = new StreamReader(
            new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(ends[0], ownsHandle: true), FileAccess.Read, bufferSize: 0));
        new Thread(() =>
        {
            while (reader.ReadLine() is { } line) log(line);
        })
        { IsBackground = true, Name = "output of forked children" }.Start();
        return ends[1];
    }
}

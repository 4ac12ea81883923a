using System.Runtime.InteropServices;
using DaemonProxy.Platform;

namespace DaemonProxy.Embedded;

/// <summary>
/// The functions of CPython's C API that are used here, bound at run time to the library that was found. An object is a pointer; the caller
/// must release the references it owns.
/// </summary>
internal sealed unsafe class PythonApi
{
    // Symbols must be global: extension modules (Debian's are not linked to the library) expect the interpreter's symbols in the process.
    private const int Now = 2;
    private static readonly int Global = OperatingSystem.IsMacOS() ? 8 : 0x100;

    public readonly delegate* unmanaged<int*, void> PreConfigure;
    public readonly delegate* unmanaged<int*, Status> PreInitialize;
    public readonly delegate* unmanaged<int*, void> Configure;
    public readonly delegate* unmanaged<int*, nint, byte**, Status> SetBytesArguments;
    public readonly delegate* unmanaged<int*, nint, char**, Status> SetArguments;
    public readonly delegate* unmanaged<int*, Status> Initialize;
    public readonly delegate* unmanaged<int*, void> ClearConfiguration;
    public readonly delegate* unmanaged<int> FinalizeEx;
    public readonly delegate* unmanaged<nint> SaveThread;
    public readonly delegate* unmanaged<nint, void> RestoreThread;
    public readonly delegate* unmanaged<int> EnsureLock;
    public readonly delegate* unmanaged<int, void> ReleaseLock;
    public readonly delegate* unmanaged<nint, void> Release;
    public readonly delegate* unmanaged<nint, void> Retain;
    public readonly delegate* unmanaged<nint> NewDictionary;
    public readonly delegate* unmanaged<nint, nint, nint, int> SetItem;
    public readonly delegate* unmanaged<nint, byte*, nint, int> SetItemString;
    public readonly delegate* unmanaged<nint, byte*, nint> GetItemString;
    public readonly delegate* unmanaged<nint> GetBuiltins;
    public readonly delegate* unmanaged<byte*, byte*, int, nint> CompileString;
    public readonly delegate* unmanaged<nint, nint, nint, nint> EvalCode;
    public readonly delegate* unmanaged<MethodDefinition*, nint, nint, nint> NewFunction;
    public readonly delegate* unmanaged<nint, nint, nint> CallObject;
    public readonly delegate* unmanaged<nint, byte*, nint> GetAttribute;
    public readonly delegate* unmanaged<nint, nint> NewTuple;
    public readonly delegate* unmanaged<nint, nint, nint, int> SetTupleItem;
    public readonly delegate* unmanaged<nint, nint, nint> TupleItem;
    public readonly delegate* unmanaged<nint, nint> TupleSize;
    public readonly delegate* unmanaged<int, void*, nint, nint> NewText;
    public readonly delegate* unmanaged<byte*, nint, nint> NewUtf8Text;
    public readonly delegate* unmanaged<nint, nint*, byte*> TextAsUtf8;
    public readonly delegate* unmanaged<byte*, nint, nint> NewBytes;
    public readonly delegate* unmanaged<nint*, nint, int> ResizeBytes;
    public readonly delegate* unmanaged<nint, byte**, nint*, int> AsBytes;
    public readonly delegate* unmanaged<long, nint> NewInteger;
    public readonly delegate* unmanaged<nint, long> AsInteger;
    public readonly delegate* unmanaged<double, nint> NewFloat;
    public readonly delegate* unmanaged<long, nint> NewBoolean;
    public readonly delegate* unmanaged<nint, byte*, void> SetError;
    public readonly delegate* unmanaged<nint> ErrorOccurred;
    public readonly delegate* unmanaged<void> PrintError;
    public readonly delegate* unmanaged<void> ClearError;
    public readonly delegate* unmanaged<byte*, nint, nint, nint> NewException;

    public readonly delegate* unmanaged<nuint, nint, int> SetAsyncException;

    private readonly nint _library;

    /// <summary>Loads the library and binds every function.</summary>
    /// <exception cref="PythonException">It cannot be loaded, or is not Python.</exception>
    public PythonApi(string library)
    {
        _library = Load(library);
        try
        {
            PreConfigure = (delegate* unmanaged<int*, void>)Find("PyPreConfig_InitPythonConfig");
            PreInitialize = (delegate* unmanaged<int*, Status>)Find("Py_PreInitialize");
            Configure = (delegate* unmanaged<int*, void>)Find("PyConfig_InitPythonConfig");
            SetBytesArguments = (delegate* unmanaged<int*, nint, byte**, Status>)Find("PyConfig_SetBytesArgv");
            SetArguments = (delegate* unmanaged<int*, nint, char**, Status>)Find("PyConfig_SetArgv");
            Initialize = (delegate* unmanaged<int*, Status>)Find("Py_InitializeFromConfig");
            ClearConfiguration = (delegate* unmanaged<int*, void>)Find("PyConfig_Clear");
            FinalizeEx = (delegate* unmanaged<int>)Find("Py_FinalizeEx");
            SaveThread = (delegate* unmanaged<nint>)Find("PyEval_SaveThread");
            RestoreThread = (delegate* unmanaged<nint, void>)Find("PyEval_RestoreThread");
            EnsureLock = (delegate* unmanaged<int>)Find("PyGILState_Ensure");
            ReleaseLock = (delegate* unmanaged<int, void>)Find("PyGILState_Release");
            Release = (delegate* unmanaged<nint, void>)Find("Py_DecRef");
            Retain = (delegate* unmanaged<nint, void>)Find("Py_IncRef");
            NewDictionary = (delegate* unmanaged<nint>)Find("PyDict_New");
            SetItem = (delegate* unmanaged<nint, nint, nint, int>)Find("PyDict_SetItem");
            SetItemString = (delegate* unmanaged<nint, byte*, nint, int>)Find("PyDict_SetItemString");
            GetItemString = (delegate* unmanaged<nint, byte*, nint>)Find("PyDict_GetItemString");
            GetBuiltins = (delegate* unmanaged<nint>)Find("PyEval_GetBuiltins");
            CompileString = (delegate* unmanaged<byte*, byte*, int, nint>)Find("Py_CompileString");
            EvalCode = (delegate* unmanaged<nint, nint, nint, nint>)Find("PyEval_EvalCode");
            NewFunction = (delegate* unmanaged<MethodDefinition*, nint, nint, nint>)Find("PyCFunction_NewEx");
            CallObject = (delegate* unmanaged<nint, nint, nint>)Find("PyObject_CallObject");
            GetAttribute = (delegate* unmanaged<nint, byte*, nint>)Find("PyObject_GetAttrString");
            NewTuple = (delegate* unmanaged<nint, nint>)Find("PyTuple_New");
            SetTupleItem = (delegate* unmanaged<nint, nint, nint, int>)Find("PyTuple_SetItem");
            TupleItem = (delegate* unmanaged<nint, nint, nint>)Find("PyTuple_GetItem");
            TupleSize = (delegate* unmanaged<nint, nint>)Find("PyTuple_Size");
            NewText = (delegate* unmanaged<int, void*, nint, nint>)Find("PyUnicode_FromKindAndData");
            NewUtf8Text = (delegate* unmanaged<byte*, nint, nint>)Find("PyUnicode_FromStringAndSize");
            TextAsUtf8 = (delegate* unmanaged<nint, nint*, byte*>)Find("PyUnicode_AsUTF8AndSize");
            NewBytes = (delegate* unmanaged<byte*, nint, nint>)Find("PyBytes_FromStringAndSize");
            ResizeBytes = (delegate* unmanaged<nint*, nint, int>)Find("_PyBytes_Resize");
            AsBytes = (delegate* unmanaged<nint, byte**, nint*, int>)Find("PyBytes_AsStringAndSize");
            NewInteger = (delegate* unmanaged<long, nint>)Find("PyLong_FromLongLong");
            AsInteger = (delegate* unmanaged<nint, long>)Find("PyLong_AsLongLong");
            NewFloat = (delegate* unmanaged<double, nint>)Find("PyFloat_FromDouble");
            NewBoolean = (delegate* unmanaged<long, nint>)Find("PyBool_FromLong");
            SetError = (delegate* unmanaged<nint, byte*, void>)Find("PyErr_SetString");
            ErrorOccurred = (delegate* unmanaged<nint>)Find("PyErr_Occurred");
            PrintError = (delegate* unmanaged<void>)Find("PyErr_Print");
            ClearError = (delegate* unmanaged<void>)Find("PyErr_Clear");
            NewException = (delegate* unmanaged<byte*, nint, nint, nint>)Find("PyErr_NewException");
            SetAsyncException = (delegate* unmanaged<nuint, nint, int>)Find("PyThreadState_SetAsyncExc");
            None = Find("_Py_NoneStruct");
        }
        catch (EntryPointNotFoundException missing)
        {
            throw new PythonException($"{library} is no usable Python: {missing.Message}");
        }
    }

    /// <summary>None; a borrowed reference.</summary>
    public nint None { get; }

    /// <summary>ConnectionError; a borrowed reference.</summary>
    public nint ConnectionError { get; private set; }

    /// <summary>SystemError; a borrowed reference.</summary>
    public nint SystemError { get; private set; }

    /// <summary>Reads the exception classes, which before 3.12 exist only after the initialisation.</summary>
    public void ReadExceptions()
    {
        ConnectionError = *(nint*)Find("PyExc_ConnectionError");
        SystemError = *(nint*)Find("PyExc_SystemError");
    }

    /// <summary>None; an owned reference.</summary>
    public nint TakeNone()
    {
        Retain(None);
        return None;
    }

    private nint Find(string name) => NativeLibrary.GetExport(_library, name);

    private static nint Load(string library)
    {
        if (OperatingSystem.IsWindows())
        {
            return NativeLibrary.TryLoad(library, out var loaded)
                ? loaded : throw new PythonException(
                $"{library} cannot be loaded; it has to be a {RuntimeInformation.ProcessArchitecture} library");
        }
        var handle = SystemCalls.OpenLibrary(library, Now | Global);
        return handle != 0
            ? handle : throw new PythonException($"{library} cannot be loaded: {Marshal.PtrToStringUTF8(SystemCalls.LastLibraryError())}");
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Status
    {
        public int Type;
        public byte* Function;
        public byte* Message;
        public int ExitCode;

        /// <summary>The failure; null when there is none.</summary>
        public readonly string? Failure => Type == 0 ? null
            : Message is not null ? Marshal.PtrToStringUTF8((nint)Message)
            : $"it wants to exit with code {ExitCode}";
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MethodDefinition
    {
        public byte* Name;
        public delegate* unmanaged<nint, nint, nint> Function;
        public int Flags;
        public byte* Documentation;
    }
}

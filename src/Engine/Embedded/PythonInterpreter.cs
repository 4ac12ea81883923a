using System.Runtime.InteropServices;
using System.Text;

namespace DaemonProxy.Embedded;

/// <summary>
/// The CPython of this process: at most one, loaded on creation and taken down on disposal. One thread is Python's main thread throughout;
/// applications have their own request threads. The requirements of PEP 3333 are met in wsgi_adapter.py and the other Python files next to
/// it; this class does what they cannot do themselves.
/// </summary>
public sealed unsafe partial class PythonInterpreter : IDisposable
{
    private const int FileInput = 257; // Py_file_input
    private const int VarArgs = 1;     // METH_VARARGS

    // Executed in one namespace, in this order.
    private static readonly string[] Sources =
        ["wsgi_process.py", "wsgi_adapter.py", "wsgi_response.py", "wsgi_script.py", "wsgi_module.py", "wsgi_metrics.py"];

    private readonly PythonApi _api;
    private readonly Thread _main;
    private readonly ManualResetEventSlim _stop = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<WsgiApplication> _applications = [];
    private readonly Dictionary<string, nint> _names = [];
    private readonly WsgiSettings _settings;
    private nint _globals;
    private nint _gone;
    private bool _idle = true;

    /// <summary>Loads and initialises the interpreter.</summary>
    /// <exception cref="PythonException">It cannot be loaded, or its initialisation failed.</exception>
    public PythonInterpreter(PythonLocation location, WsgiSettings settings)
    {
        Location = location;
        _settings = settings;
        _api = new PythonApi(location.Library);
        s_current = this;
        _main = new Thread(Run, 16 << 20) { IsBackground = true, Name = "python main" };
        _main.Start();
        _started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Which Python it is.</summary>
    public PythonLocation Location { get; }

    /// <summary>Prepares an application for serving.</summary>
    /// <param name="target">The script's full path, or module:callable.</param>
    /// <param name="callable">The name of the callable in a script.</param>
    /// <param name="threads">Requests that it serves at a time.</param>
    /// <param name="load">Whether to load it now and fail when loading fails; otherwise it is loaded with the first request.</param>
    /// <param name="reloads">Whether to load a script again when its file has changed.</param>
    /// <exception cref="PythonException">It could not be loaded; the message is a sentence, followed by the traceback as Python prints
    /// it.</exception>
    public WsgiApplication Serve(string target, string callable, int threads, bool load, bool reloads = false)
    {
        var state = _api.EnsureLock();
        nint application;
        try
        {
            var make = Attribute(_globals, "Application");
            application = Call(make, Text(target), Text(callable), _api.NewBoolean(reloads ? 1 : 0));
            if (load && Call(Attribute(application, "try_load", isObject: true)) is var traceback && traceback != _api.None)
                throw new PythonException(TextOf(_api, traceback).TrimEnd()) { IsOfApplication = true };
        }
        finally { _api.ReleaseLock(state); }
        var served = new WsgiApplication(target, threads, self => RunRequests(self, application));
        lock (_applications) _applications.Add(served);
        return served;
    }

    /// <summary>Runs a request thread, which stays in Python from its first request to its last.</summary>
    private void RunRequests(RequestThread thread, nint adapter)
    {
        t_thread = thread;
        var state = _api.EnsureLock();
        try { _api.Release(Call(Attribute(adapter, "run", isObject: true))); }
        catch (PythonException failure) { _settings.Log(failure.Message, true); }
        finally
        {
            _api.ReleaseLock(state);
            // A request that took the thread with it has ended all the same.
            thread.Ended?.Finish();
        }
    }

    /// <summary>Raises RequestTimeout in a request's thread, unless the request has ended in the meantime.</summary>
    internal void Interrupt(RequestThread thread, WsgiRequest request)
    {
        var state = _api.EnsureLock();
        try
        {
            if (thread.Request != request) return;
            thread.Interrupted = _settings.Time.GetTimestamp();
            request.IsInterrupted = true;
            _ = _api.SetAsyncException(thread.Identity, Attribute(_globals, "RequestTimeout"));
        }
        finally { _api.ReleaseLock(state); }
    }

    /// <summary>The Python stack of a request thread: what it is doing.</summary>
    internal string StackOf(RequestThread thread)
    {
        var state = _api.EnsureLock();
        try
        {
            var stack = Call(Attribute(_globals, "stack_of"), _api.NewInteger((long)thread.Identity));
            var text = TextOf(_api, stack);
            _api.Release(stack);
            return text;
        }
        finally { _api.ReleaseLock(state); }
    }

    /// <summary>Takes the interpreter lock and releases it.</summary>
    internal void TouchLock() => _api.ReleaseLock(_api.EnsureLock());

    private void Run()
    {
        try
        {
            var host = OpenDescriptors();
            InitialiseCPython();
            _api.ReadExceptions();
            DefineAdapter(host);
            _started.SetResult();
        }
        catch (Exception failure)
        {
            _started.SetException(failure as PythonException ?? new PythonException(failure.Message));
            return;
        }
        var state = _api.SaveThread();
        _stop.Wait();
        _api.RestoreThread(state);
        _api.Release(Call(Attribute(_globals, "stopping")));
        // A thread still inside an application would be ended in the middle of managed code; in that case only the exit handlers run.
        if (_idle) _ = _api.FinalizeEx();
        else
        {
            _api.Release(Call(Attribute(_globals, "exit_now")));
            _ = _api.SaveThread();
        }
    }

    private void DefineAdapter(int[] hostDescriptors)
    {
        _globals = _api.NewDictionary();
        Set("__builtins__", _api.GetBuiltins());
        fixed (byte* name = "_daemonproxy.ClientGone\0"u8) _gone = _api.NewException(name, _api.ConnectionError, 0);
        Set("native_gone", _gone);
        Define("native_next", &Next);
        Define("native_read", &Read);
        Define("native_start", &Start);
        Define("native_answer", &Answer);
        Define("native_write", &Write);
        Define("native_end", &End);
        Define("native_abort", &Abort);
        Define("native_log", &Log);
        Define("native_done", &Done);
        Set("__name__", Text("_daemonproxy"));
        Define("native_addresses", &Addresses);
        var open = _api.NewTuple(hostDescriptors.Length);
        for (var i = 0; i < hostDescriptors.Length; i++) _ = _api.SetTupleItem(open, i, _api.NewInteger(hostDescriptors[i]));
        Set("HOST_OPEN", open);
        Set("CHILD_OUTPUT", _api.NewInteger(OpenChildOutput()));
        foreach (var source in Sources) RunSource(source);
        _api.Release(Call(Attribute(_globals, "guard")));
        var define = Attribute(_globals, "define_module");
        _api.Release(Call(define, Text(_settings.ProcessGroup), _api.NewInteger(_settings.Processes), _api.NewInteger(_settings.Threads)));
        var path = PathList();
        for (var i = _settings.PythonPath.Count - 1; i >= 0; i--) _api.Release(
            Call(Attribute(path, "insert", isObject: true), _api.NewInteger(0), Text(_settings.PythonPath[i])));
    }

    private void RunSource(string name)
    {
        using var resource = typeof(PythonInterpreter).Assembly.GetManifestResourceStream(name)!;
        var source = new byte[resource.Length + 1];
        resource.ReadExactly(source, 0, source.Length - 1);
        nint code;
        fixed (byte* text = source, file = Encoding.UTF8.GetBytes(name + "\0")) code = _api.CompileString(text, file, FileInput);
        if (code == 0) throw Error();
        if (_api.EvalCode(code, _globals, _globals) == 0) throw Error();
    }

    private nint PathList() => Attribute(Attribute(_globals, "sys"), "path", isObject: true);

    private void Define(string name, delegate* unmanaged<nint, nint, nint> function)
    {
        // Never freed: the function refers to its definition.
        var definition = (PythonApi.MethodDefinition*)NativeMemory.AllocZeroed((nuint)sizeof(PythonApi.MethodDefinition));
        definition->Name = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        definition->Function = function;
        definition->Flags = VarArgs;
        Set(name, _api.NewFunction(definition, 0, 0));
    }

    private void Set(string name, nint value) => SetIn(_globals, name, value);

    private void SetIn(nint dictionary, string name, nint value)
    {
        fixed (byte* key = Encoding.UTF8.GetBytes(name + "\0"))
        {
            if (value == 0 || _api.SetItemString(dictionary, key, value) != 0) throw Error();
        }
    }

    /// <summary>An entry of a dictionary (borrowed) or an attribute of an object (owned).</summary>
    private nint Attribute(nint of, string name, bool isObject = false)
    {
        fixed (byte* key = Encoding.UTF8.GetBytes(name + "\0"))
        {
            var found = isObject ? _api.GetAttribute(of, key) : _api.GetItemString(of, key);
            return found != 0 ? found : throw Error();
        }
    }

    /// <summary>Calls an object; takes over the references to the arguments and returns an owned result.</summary>
    private nint Call(nint callable, params ReadOnlySpan<nint> arguments)
    {
        var tuple = _api.NewTuple(arguments.Length);
        for (var i = 0; i < arguments.Length; i++) _ = _api.SetTupleItem(tuple, i, arguments[i]);
        var result = _api.CallObject(callable, tuple);
        _api.Release(tuple);
        return result != 0 ? result : throw Error();
    }

    private nint Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = utf8) return _api.NewUtf8Text(bytes, utf8.Length);
    }

    private PythonException Error()
    {
        // Goes to standard error, or to the log once the adapter has redirected it.
        _api.PrintError();
        return new PythonException($"{Location} failed; its own message stands in the log");
    }

    /// <summary>Lets the applications finish their requests, runs the exit handlers, and takes the interpreter down.</summary>
    /// <param name="limit">Anything still running after this remains until the process ends.</param>
    public void Stop(TimeSpan limit)
    {
        WsgiApplication[] applications;
        lock (_applications) applications = [.. _applications];
        _idle = applications.All(application => application.Stop(limit));
        _stop.Set();
        _main.Join(limit);
    }

    /// <inheritdoc/>
    public void Dispose() => Stop(TimeSpan.FromSeconds(5));
}

/// <summary>The settings shared by all applications of an interpreter.</summary>
public sealed record WsgiSettings
{
    /// <summary><c>python-path</c>: folders placed first on the module search path.</summary>
    public IReadOnlyList<string> PythonPath { get; init; } = [];

    /// <summary>The daemon group's name, as mod_wsgi.process_group; empty in embedded mode.</summary>
    public string ProcessGroup { get; init; } = "";

    /// <summary>How many processes serve the application, as mod_wsgi.maximum_processes; more than one sets wsgi.multiprocess.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Request threads of an application, as mod_wsgi.threads_per_process.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Environment variables set before Python starts, in addition to those of the process: <c>LANG</c>, <c>LC_ALL</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The host's sockets, which a child forked by an application must not keep. Each is a port, a folder of Unix sockets, or <c>to </c>
    /// followed by the port of a daemon that the host connects to. Called at each fork.
    /// </summary>
    public Func<IEnumerable<string>> Addresses { get; init; } = () => [];

    /// <summary>Receives each line that a forked child writes to its log; null: the lines go to standard error.</summary>
    public Action<string>? ChildOutput { get; init; }

    /// <summary>The clock that times requests.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Receives messages logged outside any request; the flag marks an error.</summary>
    public required Action<string, bool> Log { get; init; }
}

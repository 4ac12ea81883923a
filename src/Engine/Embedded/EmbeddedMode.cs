using System.Collections.Concurrent;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Relay;

namespace DaemonProxy.Embedded;

/// <summary>
/// Embedded mode of a front end: its restriction, its interpreter, its applications. It decides for every embedded request whether the
/// request may be served (behaviour.md, section 3). The restriction is checked first, then the safeguard, so that a request that reaches a
/// process without an interpreter gets a logged 500 instead of a crash. Python is initialised when something needs it: an embedded route
/// that is not restricted, at the start or as soon as the restriction is lifted.
/// </summary>
public sealed class EmbeddedMode : IAsyncDisposable
{
    /// <summary>Request threads of each embedded application, the same as a daemon's default.</summary>
    public const int Threads = 15;

    /// <summary>The longest time a client may read nothing of an embedded response: the server timeout of the original, 60 s.</summary>
    public static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(60);

    private readonly string? _pythonHome;
    private readonly WsgiSettings _settings;
    private readonly EventLog _log;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, WsgiApplication> _applications = [];
    private Task<PythonInterpreter?>? _python;
    private volatile object? _setting;
    private volatile bool _isNeeded;

    /// <summary>Creates the mode; nothing is loaded yet.</summary>
    /// <param name="setting"><c>restrict-embedded</c> as configured; null when never set.</param>
    /// <param name="pythonHome"><c>python-home</c>; null: search for one.</param>
    /// <param name="pythonPath"><c>python-path</c>.</param>
    /// <param name="variables">Environment variables for Python: <c>lang</c>, <c>locale</c>.</param>
    /// <param name="addresses">The front end's sockets, in the form of <see cref="WsgiSettings.Addresses"/>.</param>
    /// <param name="log">The log that receives its events.</param>
    /// <param name="time">The relay's clock.</param>
    public EmbeddedMode(bool? setting, string? pythonHome, IReadOnlyList<string> pythonPath, IReadOnlyDictionary<string, string> variables,
        Func<IEnumerable<string>> addresses, EventLog log, TimeProvider time)
    {
        _setting = setting;
        _pythonHome = pythonHome;
        _log = log;
        Relay = new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default), time);
        _settings = new WsgiSettings
        {
            PythonPath = pythonPath,
            Threads = Threads,
            Variables = variables,
            Addresses = addresses,
            ChildOutput = line => log.Write(EventCatalogue.ApplicationOutput, line),
            Log = (text, isError) => log.Write(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text),
        };
    }

    /// <summary>The relay of embedded responses, with the default flush policy.</summary>
    public ResponseRelay Relay { get; }

    /// <summary>
    /// The setting in force; null when never set. Allowing embedded mode marks Python as required, and it is initialised from then on.
    /// </summary>
    public bool? Setting
    {
        get => (bool?)_setting;
        set
        {
            _setting = value;
            if (value != true) _ = PythonAsync();
        }
    }

    /// <summary>The interpreter's description, for people; null while there is none.</summary>
    public string? Python => _python is { IsCompletedSuccessfully: true, Result: { } python } ? python.Location.ToString() : null;

    /// <summary>
    /// Initialises the interpreter if something needs it by now. A failure is logged (WSGI0001), and the process carries on.
    /// </summary>
    /// <param name="hasRoutes">Whether there is an embedded route.</param>
    public async Task NeedAsync(bool hasRoutes)
    {
        _isNeeded = hasRoutes;
        if (Setting != true) await PythonAsync().ConfigureAwait(false);
    }

    private Task<PythonInterpreter?> PythonAsync()
    {
        if (!_isNeeded) return Task.FromResult<PythonInterpreter?>(null);
        lock (_gate) return _python ??= Task.Run(Initialise);
    }

    private PythonInterpreter? Initialise()
    {
        try
        {
            var location = PythonFinder.Find(_pythonHome);
            if (location.PassedOver is { } passedOver) _log.Write(EventCatalogue.PythonPassedOver, passedOver);
            return new PythonInterpreter(location, _settings);
        }
        catch (PythonException failure)
        {
            _log.Write(EventCatalogue.PythonInitialisationFailed, failure.Message);
            return null;
        }
    }

    /// <summary>Returns the application to serve an embedded request.</summary>
    /// <param name="target">The route's script or module:callable.</param>
    /// <exception cref="BrokenResponseException">The request may not be served: WSGI0143 or WSGI0210.</exception>
    public async ValueTask<WsgiApplication> ApplicationAsync(string target)
    {
        if (Setting == true) throw new BrokenResponseException(EventCatalogue.EmbeddedRestricted, "");
        if (await PythonAsync().ConfigureAwait(false) is not { } python)
            throw new BrokenResponseException(EventCatalogue.PythonNotInitialised, "");
        if (_applications.TryGetValue(target, out var known)) return known;
        // Creating one waits for the interpreter lock, which the threads that serve sockets must not do.
        return await Task.Run(() =>
        {
            lock (_gate) return _applications.GetOrAdd(
                target, name => python.Serve(name, "application", Threads, load: false, reloads: true));
        }).ConfigureAwait(false);
    }

    /// <summary>Takes the interpreter down; its exit handlers run.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<PythonInterpreter?>? started;
        lock (_gate) started = _python;
        if (started is not null && await started.ConfigureAwait(false) is { } python) await Task.Run(python.Dispose).ConfigureAwait(false);
    }
}

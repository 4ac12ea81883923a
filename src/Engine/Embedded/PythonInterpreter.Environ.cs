namespace DaemonProxy.Embedded;

/// <content>What an application is told of its request.</content>
public sealed unsafe partial class PythonInterpreter
{
    private const int MostNames = 512;

    /// <summary>The environ dictionary of a request; an owned reference.</summary>
    private nint Environ(WsgiRequest request)
    {
        var environ = _api.NewDictionary();
        foreach (var (name, value) in request.Environ)
        {
            var text = Latin1(value);
            var key = Name(name, out var isOurs);
            _ = _api.SetItem(environ, key, text);
            _api.Release(text);
            if (!isOurs) _api.Release(key);
        }
        var start = _api.NewFloat(request.RequestStart);
        _ = _api.SetItem(environ, Name("mod_wsgi.request_start", out _), start);
        _ = _api.SetItem(environ, Name("mod_wsgi.queue_start", out _), start);
        _api.Release(start);
        var taken = _api.NewFloat((_settings.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
        _ = _api.SetItem(environ, Name("mod_wsgi.daemon_start", out _), taken);
        _api.Release(taken);
        return environ;
    }

    /// <summary>A key. Recurring keys are created once; names invented by clients must not fill the memory.</summary>
    private nint Name(string name, out bool isOurs)
    {
        if (isOurs = _names.TryGetValue(name, out var known)) return known;
        var made = Latin1(name);
        if (_names.Count < MostNames)
        {
            _names.Add(name, made);
            isOurs = true;
        }
        return made;
    }

    private nint Latin1(string text)
    {
        fixed (char* characters = text) return _api.NewText(2, characters, text.Length);
    }
}

using System.Runtime.InteropServices;

namespace DaemonProxy.Embedded;

/// <summary>A request thread of an application: the request it serves, and since when. Changes only under the interpreter lock.</summary>
internal sealed class RequestThread(WsgiApplication application)
{
    private GCHandle _handle;

    /// <summary>The application that the thread belongs to.</summary>
    public WsgiApplication Application { get; } = application;

    /// <summary>The request it serves; null while it waits.</summary>
    public WsgiRequest? Request { get; private set; }

    /// <summary>When the current request began, as a timestamp of the interpreter's clock.</summary>
    public long Start { get; private set; }

    /// <summary>Its identity in Python.</summary>
    public nuint Identity { get; set; }

    /// <summary>When its request was interrupted, as a timestamp; 0: not interrupted.</summary>
    public long Interrupted { get; set; }

    /// <summary>Whether its request has been reported as stuck.</summary>
    public bool IsReported { get; set; }

    /// <summary>Whether its request has been reported as slow.</summary>
    public bool IsSlowReported { get; set; }

    /// <summary>Begins a request; returns the number by which Python knows it.</summary>
    public nint Begin(WsgiRequest request, long now)
    {
        (Request, Start, Interrupted, IsReported, IsSlowReported) = (request, now, 0, false, false);
        _handle = GCHandle.Alloc(request);
        return GCHandle.ToIntPtr(_handle);
    }

    /// <summary>The request that the application is done with, until <see cref="WsgiRequest.Finish"/> is called for it.</summary>
    public WsgiRequest? Ended { get; set; }

    /// <summary>Releases the request; the caller must call <see cref="WsgiRequest.Finish"/>.</summary>
    public WsgiRequest? End()
    {
        var request = Request;
        Request = null;
        if (_handle.IsAllocated) _handle.Free();
        return request;
    }
}

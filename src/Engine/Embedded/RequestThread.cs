using System.Runtime.InteropServices;

namespace DaemonProxy.Embedded;

/// <summary>A request thread of an application: what it serves, since when. It changes under the interpreter lock alone.</summary>
internal sealed class RequestThread(WsgiApplication application)
{
    private GCHandle _handle;

    /// <summary>Whose thread it is.</summary>
    public WsgiApplication Application { get; } = application;

    /// <summary>What it serves; null while it waits.</summary>
    public WsgiRequest? Request { get; private set; }

    /// <summary>When it began to, as a timestamp of the interpreter's clock.</summary>
    public long Start { get; private set; }

    /// <summary>Its identity in Python.</summary>
    public nuint Identity { get; set; }

    /// <summary>When its request was interrupted, as a timestamp; 0: it was not.</summary>
    public long Interrupted { get; set; }

    /// <summary>Whether its request was reported to be stuck.</summary>
    public bool IsReported { get; set; }

    /// <summary>Whether its request was reported to be slow.</summary>
    public bool IsSlowReported { get; set; }

    /// <summary>Begins with a request; gives the number by which Python knows it.</summary>
    public nint Begin(WsgiRequest request, long now)
    {
        (Request, Start, Interrupted, IsReported, IsSlowReported) = (request, now, 0, false, false);
        _handle = GCHandle.Alloc(request);
        return GCHandle.ToIntPtr(_handle);
    }

    /// <summary>Lets go of the request; <see cref="WsgiRequest.Finish"/> is the caller's to call.</summary>
    public WsgiRequest? End()
    {
        var request = Request;
        Request = null;
        if (_handle.IsAllocated) _handle.Free();
        return request;
    }
}

using System.Runtime.InteropServices;
using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Embedded;

/// <content>
/// The functions that wsgi_adapter.py calls. No managed exception may pass through Python's frames; calls that block release the
/// interpreter lock.
/// </content>
public sealed unsafe partial class PythonInterpreter
{
    // A body of unknown length, and one of a length that the client has announced but not sent yet.
    private const long FirstRoom = 65_536;
    private const long FirstRoomOfAnnounced = 1 << 20;

    // The most bytes in one memory of .NET, whose lengths are integers of 32 bits.
    private const int LargestPart = 1 << 30;

    // There is one CPython per process, and its callbacks have no other way to find this object.
    private static PythonInterpreter? s_current;

    [ThreadStatic]
    private static RequestThread? t_thread;

    // In the order of GONE, FAILED and TIMED_OUT in wsgi_adapter.py.
    private static readonly EventDefinition?[] Causes = [null, EventCatalogue.ApplicationError, EventCatalogue.RequestTimeout];

    [UnmanagedCallersOnly]
    private static nint Next(nint self, nint arguments) => Guard((python, api) =>
    {
        var thread = t_thread!;
        thread.Identity = (nuint)api.AsInteger(api.TupleItem(arguments, 0));
        // An interruption that came too late for its request must not hit the next one.
        _ = api.SetAsyncException(thread.Identity, 0);
        var ended = thread.Ended;
        thread.Ended = null;
        var left = thread.End();
        var state = api.SaveThread();
        ended?.Finish();
        if (left is not null)
        {
            left.Abort(EventCatalogue.RequestTimeout, "interrupted at its very end");
            left.Finish();
        }
        var request = thread.Application.Take();
        api.RestoreThread(state);
        if (request is null) return api.TakeNone();
        var pair = api.NewTuple(2);
        api.SetTupleItem(pair, 0, api.NewInteger(thread.Begin(request, python._settings.Time.GetTimestamp())));
        api.SetTupleItem(pair, 1, python.Environ(request));
        return pair;
    });

    [UnmanagedCallersOnly]
    private static nint Read(nint self, nint arguments) => Guard((python, api) =>
    {
        var size = (nint)api.AsInteger(api.TupleItem(arguments, 1));
        var fill = api.AsInteger(api.TupleItem(arguments, 2)) != 0;
        return python.ReadBytes(api, RequestOf(api, arguments), size, fill);
    });

    /// <summary>
    /// Reads into a bytes object, which grows while it is full: a client may announce more than it sends, and an application may ask for
    /// more than there is.
    /// </summary>
    private nint ReadBytes(PythonApi api, WsgiRequest request, nint size, bool fill)
    {
        var room = (nint)Math.Min(size, Math.Clamp(request.BodyLeft ?? FirstRoom, 1, FirstRoomOfAnnounced));
        // The object is filled before anything else sees it, so its memory may be written without the lock.
        var bytes = api.NewBytes(null, room);
        nint filled = 0;
        try
        {
            while (true)
            {
                if (bytes == 0) return 0;
                var asked = (int)Math.Min(room - filled, LargestPart);
                var count = ReadPart(api, request, bytes, filled, asked, fill);
                filled += count;
                if (request.BodyLeft is { } left) request.BodyLeft = left - count;
                var isCutShort = request.IsInterrupted && count > 0;
                if (request.IsInterrupted && !Checkpoint(request))
                {
                    api.Release(bytes);
                    return 0;
                }
                if ((count < asked && !isCutShort) || filled == size || !fill || request.BodyLeft == 0) break;
                if (filled < room) continue;
                room = size / 2 > room ? room * 2 : size;
                _ = api.ResizeBytes(&bytes, room);
            }
        }
        catch
        {
            api.Release(bytes);
            throw;
        }
        if (filled < room) _ = api.ResizeBytes(&bytes, filled);
        return bytes;
    }

    /// <summary>Has Python raise what has been set for this thread; false: it has.</summary>
    private bool Checkpoint(WsgiRequest request)
    {
        request.IsInterrupted = false;
        var none = _api.CallObject(Attribute(_globals, "checkpoint"), 0);
        if (none != 0) _api.Release(none);
        return none != 0;
    }

    private static int ReadPart(PythonApi api, WsgiRequest request, nint bytes, nint offset, int count, bool fill)
    {
        byte* memory;
        nint length;
        _ = api.AsBytes(bytes, &memory, &length);
        var part = request.Input.Lend(memory + offset, count);
        var state = api.SaveThread();
        try { return request.Read(part, fill); }
        finally
        {
            request.Input.TakeBack();
            api.RestoreThread(state);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Start(nint self, nint arguments) => Guard((python, api) =>
    {
        var (status, reason, headers) = HeadOf(api, arguments);
        var length = api.AsInteger(api.TupleItem(arguments, 4));
        RequestOf(api, arguments).Start(status, reason, headers, length < 0 ? null : length);
        return api.TakeNone();
    });

    private static (int Status, string Reason, KeyValuePair<string, string>[] Headers) HeadOf(PythonApi api, nint arguments)
    {
        var status = (int)api.AsInteger(api.TupleItem(arguments, 1));
        var reason = Encoding.Latin1.GetString(Bytes(api, api.TupleItem(arguments, 2)));
        var flat = api.TupleItem(arguments, 3);
        var headers = new KeyValuePair<string, string>[api.TupleSize(flat) / 2];
        for (var i = 0; i < headers.Length; i++)
            headers[i] = new(
                Encoding.Latin1.GetString(Bytes(api, api.TupleItem(flat, 2 * i))),
                Encoding.Latin1.GetString(Bytes(api, api.TupleItem(flat, 2 * i + 1))));
        return (status, reason, headers);
    }

    [UnmanagedCallersOnly]
    private static nint Answer(nint self, nint arguments) => Guard((python, api) =>
    {
        var (status, reason, headers) = HeadOf(api, arguments);
        var request = RequestOf(api, arguments);
        // The caller's frame keeps the bytes alive for the duration of this call.
        byte* memory;
        nint length;
        _ = api.AsBytes(api.TupleItem(arguments, 4), &memory, &length);
        var state = api.SaveThread();
        try
        {
            if (length <= LargestPart)
            {
                var block = request.Output.Lend(memory, (int)length);
                try { request.Answer(status, reason, headers, block); }
                finally { request.Output.TakeBack(); }
            }
            else
            {
                request.Start(status, reason, headers, length);
                WriteParts(request, memory, length);
                request.End();
            }
        }
        finally { api.RestoreThread(state); }
        return api.TakeNone();
    });

    [UnmanagedCallersOnly]
    private static nint Write(nint self, nint arguments) => Guard((python, api) =>
    {
        var request = RequestOf(api, arguments);
        // The caller's frame keeps the bytes alive for the duration of this call.
        byte* memory;
        nint length;
        _ = api.AsBytes(api.TupleItem(arguments, 1), &memory, &length);
        var state = api.SaveThread();
        try { WriteParts(request, memory, length); }
        finally { api.RestoreThread(state); }
        return api.TakeNone();
    });

    private static void WriteParts(WsgiRequest request, byte* memory, nint length)
    {
        while (length > 0)
        {
            var part = (int)Math.Min(length, LargestPart);
            var block = request.Output.Lend(memory, part);
            try { request.Write(block); }
            finally { request.Output.TakeBack(); }
            memory += part;
            length -= part;
        }
    }

    [UnmanagedCallersOnly]
    private static nint End(nint self, nint arguments) => Guard((python, api) =>
    {
        var request = RequestOf(api, arguments);
        var state = api.SaveThread();
        try { request.End(); }
        finally { api.RestoreThread(state); }
        return api.TakeNone();
    });

    [UnmanagedCallersOnly]
    private static nint Abort(nint self, nint arguments) => Guard((python, api) =>
    {
        var request = RequestOf(api, arguments);
        var cause = Causes[api.AsInteger(api.TupleItem(arguments, 1))];
        var detail = TextOf(api, api.TupleItem(arguments, 2));
        var state = api.SaveThread();
        try { request.Abort(cause, detail); }
        finally { api.RestoreThread(state); }
        return api.TakeNone();
    });

    [UnmanagedCallersOnly]
    private static nint Log(nint self, nint arguments) => Guard((python, api) =>
    {
        var isError = api.AsInteger(api.TupleItem(arguments, 1)) != 0;
        var text = TextOf(api, api.TupleItem(arguments, 2));
        var request = api.AsInteger(api.TupleItem(arguments, 0)) == 0 ? null : RequestOf(api, arguments);
        var state = api.SaveThread();
        try
        {
            if (request is null) python._settings.Log(text, isError);
            else request.Log(text, isError);
        }
        finally { api.RestoreThread(state); }
        return api.TakeNone();
    });

    [UnmanagedCallersOnly]
    private static nint Done(nint self, nint arguments) => Guard((python, api) =>
    {
        // Once the request has ended, its thread may no longer be interrupted. It is finished without the interpreter lock, by Next.
        if (t_thread!.End() is { } ended) t_thread.Ended = ended;
        return api.TakeNone();
    });

    [UnmanagedCallersOnly]
    private static nint Addresses(nint self, nint arguments) =>
        Guard((python, api) => python.Text(string.Join('\n', python._settings.Addresses())));

    private static nint Guard(Func<PythonInterpreter, PythonApi, nint> body)
    {
        var python = s_current!;
        try
        {
            return body(python, python._api);
        }
        catch (Exception failure)
        {
            var kind = failure is IOException or OperationCanceledException ? python._gone : python._api.SystemError;
            fixed (byte* text = Encoding.UTF8.GetBytes(failure.Message + "\0")) python._api.SetError(kind, text);
            return 0;
        }
    }

    private static WsgiRequest RequestOf(PythonApi api, nint arguments) =>
        (WsgiRequest)GCHandle.FromIntPtr((nint)api.AsInteger(api.TupleItem(arguments, 0))).Target!;

    private static ReadOnlySpan<byte> Bytes(PythonApi api, nint bytes)
    {
        byte* memory;
        nint length;
        return api.AsBytes(bytes, &memory, &length) == 0
            ? new(memory, (int)length) : throw new InvalidOperationException("bytes were expected");
    }

    private static string TextOf(PythonApi api, nint text)
    {
        nint length;
        var utf8 = api.TextAsUtf8(text, &length);
        if (utf8 is not null) return Encoding.UTF8.GetString(utf8, (int)length);
        api.ClearError();
        return "(text that is no Unicode)";
    }
}

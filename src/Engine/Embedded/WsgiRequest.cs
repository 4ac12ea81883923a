using System.Globalization;
using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Embedded;

/// <summary>
/// One request to a WSGI application, implemented by the owner of the connection: the front end in embedded mode, a daemon process in
/// daemon mode. The members are called on a request thread without the interpreter lock, one at a time, and may block.
/// </summary>
public abstract class WsgiRequest
{
    private readonly TaskCompletionSource _done;
    private volatile bool _isInterrupted;
    private bool _knowsBodyLeft;
    private long? _bodyLeft;

    /// <summary>Creates the request.</summary>
    /// <param name="finishesOnThread">
    /// Whether what awaits <see cref="Done"/> may go on on the request thread, which spares a change of threads: it must not block, and must
    /// not serve anybody else's requests.
    /// </param>
    protected WsgiRequest(bool finishesOnThread = false) =>
        _done = new(finishesOnThread ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The CGI variables of PEP 3333; text is Latin-1, one character per byte.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Environ { get; init; }

    /// <summary>The method, for the log.</summary>
    public string? Method => Variable("REQUEST_METHOD");

    /// <summary>The path in readable form, for the log.</summary>
    public string Path => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Variable("SCRIPT_NAME") + Variable("PATH_INFO")));

    private string? Variable(string name) => Environ.FirstOrDefault(variable => variable.Key == name).Value;

    /// <summary>When the front end received the request, in seconds since 1970: mod_wsgi.request_start.</summary>
    public required double RequestStart { get; init; }

    /// <summary>Completes when the application is done with the request, whatever the outcome.</summary>
    public Task Done => _done.Task;

    /// <summary>Bytes of the request's body that have not been read, as its head says; null: unknown.</summary>
    internal long? BodyLeft
    {
        get
        {
            if (_knowsBodyLeft) return _bodyLeft;
            _knowsBodyLeft = true;
            return _bodyLeft = long.TryParse(Variable("CONTENT_LENGTH"), CultureInfo.InvariantCulture, out var length) ? length : null;
        }
        set => _bodyLeft = value;
    }

    /// <summary>Lends Python's memory to <see cref="Read"/>; the request's own, so that no other sees it.</summary>
    internal NativeBlock Input { get; } = new();

    /// <summary>
    /// Lends Python's memory to <see cref="Write"/> and <see cref="Answer"/>. It is not that of <see cref="Read"/>: an application may read
    /// in one thread while another writes, and what a client sends must not land in what is sent to it.
    /// </summary>
    internal NativeBlock Output { get; } = new();

    /// <summary>
    /// Whether RequestTimeout may be waiting for its thread to be back in Python. A read that is to be filled then ends with what comes
    /// next: a client that sends a little at a time would keep the thread from it.
    /// </summary>
    internal bool IsInterrupted
    {
        get => _isInterrupted;
        set => _isInterrupted = value;
    }

    /// <summary>Reads the next bytes of the request's body.</summary>
    /// <param name="buffer">Where they go. It must not be used after the call.</param>
    /// <param name="fill">Whether to wait until the buffer is full or the body has ended, and not only until something has come.</param>
    /// <returns>The number of bytes; 0 at the end of the body.</returns>
    /// <exception cref="IOException">The client did not send the body.</exception>
    public abstract int Read(Memory<byte> buffer, bool fill);

    /// <summary>Accepts the head of the response.</summary>
    /// <param name="status">The status, 200 to 599.</param>
    /// <param name="reason">The reason phrase.</param>
    /// <param name="headers">The headers without Content-Length.</param>
    /// <param name="length">Content-Length; null: unknown.</param>
    public abstract void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length);

    /// <summary>Accepts a block of the response's body, waiting while there is no room for it.</summary>
    /// <param name="block">The bytes. They must not be used after the call.</param>
    /// <exception cref="IOException">The client has left.</exception>
    public abstract void Write(ReadOnlyMemory<byte> block);

    /// <summary>Marks the response as complete.</summary>
    public abstract void End();

    /// <summary>Accepts a whole response: its head, then its body, which is one block.</summary>
    /// <param name="status">As in <see cref="Start"/>.</param>
    /// <param name="reason">As in <see cref="Start"/>.</param>
    /// <param name="headers">As in <see cref="Start"/>.</param>
    /// <param name="block">As in <see cref="Write"/>; its length is the response's.</param>
    /// <exception cref="IOException">The client has left.</exception>
    public virtual void Answer(
        int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> block)
    {
        Start(status, reason, headers, block.Length);
        if (!block.IsEmpty) Write(block);
        End();
    }

    /// <summary>
    /// Abandons a response that will never be complete. The client gets the cause's status if nothing has been sent yet; otherwise the
    /// response is cut off.
    /// </summary>
    /// <param name="cause">The event to log; null: nothing, because the client is to blame: it sent no proper request, or has left.</param>
    /// <param name="detail">A traceback, or a sentence.</param>
    public abstract void Abort(EventDefinition? cause, string detail);

    /// <summary>Logs a line written by the application, or (<paramref name="isError"/>) an error in it.</summary>
    public abstract void Log(string text, bool isError);

    internal void Finish() => _done.TrySetResult();
}

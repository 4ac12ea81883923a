using System.Text;
using DaemonProxy.Events;

namespace DaemonProxy.Embedded;

/// <summary>
/// One request at a WSGI application, as whoever has the connection makes it: the front end in embedded mode, a daemon process in daemon
/// mode. The members are called on a request thread without the interpreter lock, one at a time, and may block.
/// </summary>
public abstract class WsgiRequest
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The CGI variables of PEP 3333; text is Latin-1, a character for each byte.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Environ { get; init; }

    /// <summary>The method, for the log.</summary>
    public string? Method => Variable("REQUEST_METHOD");

    /// <summary>The path, for the log: as people read it.</summary>
    public string Path => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Variable("SCRIPT_NAME") + Variable("PATH_INFO")));

    private string? Variable(string name) => Environ.FirstOrDefault(variable => variable.Key == name).Value;

    /// <summary>When the front end got the request, seconds since 1970: mod_wsgi.request_start.</summary>
    public required double RequestStart { get; init; }

    /// <summary>Completes when the application is done with the request, whatever became of it.</summary>
    public Task Done => _done.Task;

    /// <summary>Reads the next bytes of the request's body.</summary>
    /// <returns>0 at its end.</returns>
    /// <exception cref="IOException">The client did not send it.</exception>
    public abstract int Read(Span<byte> buffer);

    /// <summary>Takes the head of the response.</summary>
    /// <param name="status">The status, 200 to 599.</param>
    /// <param name="reason">The reason phrase.</param>
    /// <param name="headers">The headers without Content-Length.</param>
    /// <param name="length">Content-Length; null: unknown.</param>
    public abstract void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length);

    /// <summary>Takes a block of the response's body, and waits while there is no room for it.</summary>
    /// <exception cref="IOException">The client has left.</exception>
    public abstract void Write(ReadOnlySpan<byte> block);

    /// <summary>The response is complete.</summary>
    public abstract void End();

    /// <summary>The response is not, and will not be: the cause's status while nothing has been sent, else broken off.</summary>
    /// <param name="cause">What to log; null: nothing, for the client is to blame: it has sent no proper request, or has left.</param>
    /// <param name="detail">A traceback, or a sentence.</param>
    public abstract void Abort(EventDefinition? cause, string detail);

    /// <summary>Logs a line that the application wrote, or (<paramref name="isError"/>) an error of it.</summary>
    public abstract void Log(string text, bool isError);

    internal void Finish() => _done.TrySetResult();
}

using System.Text;
using DaemonProxy.Embedded;
using DaemonProxy.Events;

namespace DaemonProxy.Tests.Embedded;

/// <summary>A request at a WSGI application, and what the application made of it.</summary>
internal sealed class RecordedRequest(byte[]? body = null) : WsgiRequest
{
    private readonly MemoryStream _input = new(body ?? []);
    private readonly MemoryStream _output = new();

    public int Status { get; private set; }

    public string Reason { get; private set; } = "";

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; private set; } = [];

    public long? Length { get; private set; }

    public string Body => Encoding.Latin1.GetString(_output.ToArray());

    public bool IsComplete { get; private set; }

    public string? Failure { get; private set; }

    public List<string> Lines { get; } = [];

    /// <summary>Bytes after which the client has left.</summary>
    public long LeavesAfter { get; init; } = long.MaxValue;

    public static RecordedRequest To(string path, byte[]? body = null, string method = "GET", long leavesAfter = long.MaxValue) => new(body)
    {
        RequestStart = 1,
        LeavesAfter = leavesAfter,
        Environ =
        [
            new("REQUEST_METHOD", method), new("SCRIPT_NAME", ""), new("PATH_INFO", path), new("QUERY_STRING", ""),
                new("SERVER_NAME", "localhost"),
            new("SERVER_PORT", "80"), new("SERVER_PROTOCOL", "HTTP/1.1"), new("wsgi.url_scheme", "http"), .. body is null
                ? [] : new[] { KeyValuePair.Create("CONTENT_LENGTH", $"{body.Length}") },
        ],
    };

    public override int Read(Memory<byte> buffer, bool fill) => _input.Read(buffer.Span);

    public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length) =>
        (Status, Reason, Headers, Length) = (status, reason, headers, length);

    public override void Write(ReadOnlyMemory<byte> block)
    {
        if (_output.Length + block.Length > LeavesAfter) throw new IOException("the client has left");
        _output.Write(block.Span);
    }

    public override void End() => IsComplete = true;

    public override void Abort(EventDefinition? cause, string detail)
    {
        (Cause, Failure) = (cause, detail);
        if (AbortFails) throw new IOException("the front end has gone");
    }

    /// <summary>Whether nobody can be told that it was aborted.</summary>
    public bool AbortFails { get; init; }

    /// <summary>Why it was aborted; null: it was not, or the client was to blame.</summary>
    public EventDefinition? Cause { get; private set; }

    public override void Log(string text, bool isError)
    {
        lock (Lines) Lines.Add(text);
    }
}

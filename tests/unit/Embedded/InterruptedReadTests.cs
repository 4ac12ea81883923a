using System.IO.Pipelines;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Embedded;

/// <summary>A request that is interrupted while it reads from a client that keeps sending, but a little at a time.</summary>
[Collection("Python")]
public sealed class InterruptedReadTests(PythonFixture python)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("read()", null)]
    [InlineData("read(1000)", null)]
    [InlineData("read()", "1000")]
    public async Task Read_ends_with_what_comes_next(string read, string? length)
    {
        var request = Request(length);
        var application = python.Serve(
            $"def application(environ, start_response):\n    environ['wsgi.input'].{read}\n    start_response('200 OK', [])\n    return []");
        application.Submit(request);
        await request.Reading.WaitAsync(Limit);
        python.Python!.Interrupt(application.Threads.Single(thread => thread.Request == request), request);
        await request.SendAsync("x");
        try { await request.Done.WaitAsync(Limit); }
        finally { request.EndBody(); }
        Assert.Equal(EventCatalogue.RequestTimeout, request.Cause);
    }

    [Fact]
    public async Task Body_is_whole_when_the_application_goes_on_after_its_interruption()
    {
        var request = Request(null);
        var application = python.Serve("""
            import mod_wsgi, time
            def application(environ, start_response):
                start_response('200 OK', [])
                body = environ['wsgi.input']
                first = body.read(1)
                try:
                    while True:
                        time.sleep(0.001)
                except mod_wsgi.RequestTimeout:
                    return [first + body.read()]
            """);
        application.Submit(request);
        await request.SendAsync("x");
        await request.Reading.WaitAsync(Limit);
        await RunningAsync(request);
        python.Python!.Interrupt(application.Threads.Single(thread => thread.Request == request), request);
        await request.SendAsync("one");
        await request.SendAsync("two");
        request.EndBody();
        await request.Done.WaitAsync(Limit);
        Assert.Equal("xonetwo", request.Body);
    }

    // Once its only byte has been read, the application waits for its interruption.
    private static async Task RunningAsync(SlowRequest request)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!request.HasRead) await Task.Delay(1, limit.Token);
    }

    private static SlowRequest Request(string? length) => new()
    {
        RequestStart = 1,
        Environ = [new("REQUEST_METHOD", "POST"), new("PATH_INFO", "/"), .. length is null
            ? [] : new[] { KeyValuePair.Create("CONTENT_LENGTH", length) }],
    };

    private sealed class SlowRequest : WsgiRequest
    {
        private readonly Pipe _body = new();
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _hasRead;

        public Task Reading => _reading.Task;

        public bool HasRead => _hasRead;

        public string Body { get; private set; } = "";

        public EventDefinition? Cause { get; private set; }

        public async Task SendAsync(string text) => await _body.Writer.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text));

        public void EndBody() => _body.Writer.Complete();

        public override int Read(Memory<byte> buffer, bool fill)
        {
            _reading.TrySetResult();
            var count = BlockingPipe.Read(_body.Reader, buffer, fill, this);
            _hasRead = true;
            return count;
        }

        public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length)
        {
        }

        public override void Write(ReadOnlyMemory<byte> block) => Body += System.Text.Encoding.ASCII.GetString(block.Span);

        public override void End()
        {
        }

        public override void Abort(EventDefinition? cause, string detail) => Cause = cause;

        public override void Log(string text, bool isError)
        {
        }
    }
}

using System.Text;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Embedded;

/// <summary>An application that uses one request in two threads, as bridges to ASGI do.</summary>
[Collection("Python")]
public sealed class TwoThreadsTests(PythonFixture python)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public Task What_a_client_sends_goes_to_the_thread_that_reads_and_not_into_what_another_writes() =>
        PassesThroughAsync("yield b'during'");

    [Fact]
    public Task Second_thread_that_reads_gets_an_exception_and_the_first_its_bytes() => PassesThroughAsync("""
        try:
            environ['wsgi.input'].read(6)
        except SystemError as failure:
            yield b'during'
        """);

    // What the application does in its own thread while another one of it reads.
    private async Task PassesThroughAsync(string meanwhile)
    {
        var request = new TwoWayRequest
        {
            RequestStart = 1,
            Environ = [new("REQUEST_METHOD", "POST"), new("PATH_INFO", "/")],
        };
        python.Serve($"""
            import threading
            def application(environ, start_response):
                start_response('200 OK', [])
                read = []
                reader = threading.Thread(target=lambda: read.append(environ['wsgi.input'].read(6)))
                reader.start()
                yield b'before'
                {meanwhile.ReplaceLineEndings("\n    ")}
                reader.join()
                yield read[0]
            """).Submit(request);
        await request.Done.WaitAsync(Limit);
        Assert.Equal((null, "before,during,client"), (request.Failure, string.Join(',', request.Blocks)));
    }

    /// <summary>The client sends its six bytes while the second block is on its way.</summary>
    private sealed class TwoWayRequest : WsgiRequest
    {
        private readonly ManualResetEventSlim _reading = new();
        private readonly ManualResetEventSlim _writing = new();
        private readonly ManualResetEventSlim _read = new();

        public List<string> Blocks { get; } = [];

        public string? Failure { get; private set; }

        public override int Read(Memory<byte> buffer, bool fill)
        {
            _reading.Set();
            if (!_writing.Wait(Limit)) throw new IOException("nothing was written");
            try
            {
                "client"u8.CopyTo(buffer.Span);
                return 6;
            }
            finally { _read.Set(); }
        }

        public override void Write(ReadOnlyMemory<byte> block)
        {
            if (!_reading.Wait(Limit)) throw new IOException("nothing was read");
            if (Blocks.Count > 0)
            {
                _writing.Set();
                if (!_read.Wait(Limit)) throw new IOException("the read has not ended");
            }
            Blocks.Add(Encoding.Latin1.GetString(block.Span));
        }

        public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length)
        {
        }

        public override void End()
        {
        }

        public override void Abort(EventDefinition? cause, string detail) => Failure = detail;

        public override void Log(string text, bool isError)
        {
        }
    }
}

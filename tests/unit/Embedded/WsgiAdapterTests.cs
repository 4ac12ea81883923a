using System.Text;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.Embedded;

/// <summary>PEP 3333, clause by clause, on the machine's own CPython.</summary>
[Collection("Python")]
public sealed class WsgiAdapterTests(PythonFixture python)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private async Task<RecordedRequest> RunAsync(string source, RecordedRequest? request = null)
    {
        request ??= RecordedRequest.To("/");
        python.Serve(source).Submit(request);
        await request.Done.WaitAsync(Limit);
        return request;
    }

    private static string App(string body, string before = "") =>
        $"{before}\ndef application(environ, start_response):\n" + string.Join('\n', body.Split('\n').Select(line => "    " + line));

    [Fact]
    public async Task Hello_world_gets_its_length_filled_in()
    {
        var request = await RunAsync(App("start_response('200 Fine', [('Content-Type', 'text/plain')])\nreturn [b'hello']"));
        Assert.Equal((200, "Fine", 5L, "hello", true), (request.Status, request.Reason, request.Length, request.Body, request.IsComplete));
        Assert.Equal([new("Content-Type", "text/plain")], request.Headers);
        Assert.Null(request.Failure);
    }

    [Fact]
    public async Task Request_that_cannot_be_aborted_ends_all_the_same()
    {
        var request = new RecordedRequest { RequestStart = 1, AbortFails = true, Environ = [new("REQUEST_METHOD", "GET")] };
        await RunAsync(App("raise ValueError('no')"), request);
        Assert.Contains("ValueError: no", request.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generator_has_no_length()
    {
        var request = await RunAsync(App("start_response('200 OK', [])\nyield b'a'\nyield b''\nyield b'b'"));
        Assert.Equal((null, "ab", true), (request.Length, request.Body, request.IsComplete));
    }

    [Fact]
    public async Task Application_that_sends_nothing_has_length_0()
    {
        var request = await RunAsync(App("start_response('200 OK', [])\nreturn []"));
        Assert.Equal((0L, true), (request.Length, request.IsComplete));
    }

    [Fact]
    public async Task More_bytes_than_declared_are_cut_and_an_endless_generator_ends()
    {
        var request = await RunAsync(App("start_response('200 OK', [('Content-Length', '5')])\nwhile True:\n    yield b'abc'"));
        Assert.Equal((5L, "abcab", true), (request.Length, request.Body, request.IsComplete));
    }

    [Fact]
    public async Task Fewer_bytes_than_declared_break_the_response_off()
    {
        var request = await RunAsync(App("start_response('200 OK', [('Content-Length', '5')])\nreturn [b'abc']"));
        Assert.False(request.IsComplete);
        Assert.Equal("the application declared 5 bytes and sent 3", request.Failure);
    }

    [Theory]
    [InlineData("HEAD", "200 OK")]
    [InlineData("GET", "204 No Content")]
    [InlineData("GET", "304 Not Modified")]
    public async Task Answers_without_a_body_have_none(string method, string status)
    {
        var request = await RunAsync(App($"start_response('{status}', [])\nreturn [b'hello']"), RecordedRequest.To("/", method: method));
        Assert.Equal(("", true), (request.Body, request.IsComplete));
    }

    [Fact]
    public async Task Write_callable_sends_at_once_and_before_what_is_returned()
    {
        var request = await RunAsync(App("write = start_response('200 OK', [])\nwrite(b'1')\nwrite(b'2')\nreturn [b'3']"));
        Assert.Equal("123", request.Body);
    }

    [Theory]
    [InlineData("start_response(200, [])", "must be str, not int")]
    [InlineData("start_response('OK', [])", "status code must be a 3 digit integer: b'OK'")]
    [InlineData("start_response('200OK', [])", "no space following status code: b'200OK'")]
    [InlineData("start_response('099 x', [])", "status code must be from 200 to 599")]
    [InlineData("start_response('200 a\\nb', [])", "control character in status reason phrase")]
    [InlineData("start_response('200 OK', ())", "start_response() argument 2 must be list, not tuple")]
    [InlineData("start_response('200 OK', [['a', 'b']])", "each header must be a 2-tuple, not list")]
    [InlineData("start_response('200 OK', [('a', 'b', 'c')])", "each header must be a 2-tuple, got length 3")]
    [InlineData("start_response('200 OK', [('a', 1)])", "must be str, not int")]
    [InlineData("start_response('200 OK', [('a', '日本')])", "'latin-1' codec can't encode")]
    [InlineData("start_response('200 OK', [('', 'b')])", "header name is empty")]
    [InlineData("start_response('200 OK', [('a b', 'c')])", "space character in header name: b'a b'")]
    [InlineData("start_response('200 OK', [('a:b', 'c')])", "character that none may hold in header name: b'a:b'")]
    [InlineData("start_response('200 OK', [('a', '\\x01')])", "control character in header value")]
    [InlineData("start_response('200 OK', [('a', 'b\\r\\nc: d')])", "carriage return/line feed character in header value")]
    [InlineData("start_response('200 OK', [('Content-Length', 'x')])", "Content-Length must be a number: b'x'")]
    [InlineData("start_response('200 OK', [('Content-Length', '1'), ('Content-Length', '2')])", "Content-Length is given twice")]
    [InlineData("start_response('200 OK', [], 'text')", "argument 'exc_info' must be a 3-tuple or None")]
    [InlineData("start_response('200 OK', [], (1, 2))", "argument 'exc_info' must be a 3-tuple or None")]
    [InlineData("start_response('200 OK', [])\nreturn ['text']", "the body must be bytes, not str")]
    [InlineData("return [b'x']", "before it called start_response")]
    [InlineData("raise ValueError('oh no')", "ValueError: oh no")]
    [InlineData("import sys; sys.exit(3)", "SystemExit: 3")]
    [InlineData("return 5", "TypeError")]
    public async Task Mistake_before_the_headers_is_told_with_its_traceback(string body, string expected)
    {
        var request = await RunAsync(App(body + "\nreturn []"));
        Assert.Contains(expected, request.Failure);
        Assert.Contains("Traceback", request.Failure);
        Assert.Equal((0, false), (request.Status, request.IsComplete));
    }

    [Fact]
    public async Task Exception_behind_the_headers_breaks_the_response_off()
    {
        var request = await RunAsync(App("start_response('200 OK', [])\nyield b'a'\nraise ValueError('oh no')"));
        Assert.Equal((200, "a", false), (request.Status, request.Body, request.IsComplete));
        Assert.Contains("oh no", request.Failure);
    }

    [Fact]
    public async Task Start_response_with_exc_info_replaces_what_has_not_been_sent()
    {
        var request = await RunAsync(
            App("start_response('200 OK', [])\ntry:\n    1 / 0\nexcept Exception:\n    import sys\n    start_response('500 Oops', [], "
            + "sys.exc_info())\nreturn [b'sorry']"));
        Assert.Equal((500, "Oops", "sorry"), (request.Status, request.Reason, request.Body));
    }

    [Fact]
    public async Task Start_response_with_exc_info_raises_it_again_behind_the_headers()
    {
        var request = await RunAsync(
            App("start_response('200 OK', [])\nyield b'a'\ntry:\n    1 / 0\nexcept Exception:\n    import sys\n    start_response('500 "
            + "Oops', [], sys.exc_info())\nyield b'b'"));
        Assert.Equal((200, "a", false), (request.Status, request.Body, request.IsComplete));
        Assert.Contains("ZeroDivisionError", request.Failure);
    }

    [Theory]
    [InlineData("'OK', []")]
    [InlineData("'200 OK', [('a', 'b\\n')]")]
    [InlineData("'200 OK', [('Content-Length', '1'), ('Content-Length', '2')]")]
    [InlineData("'200 OK', None")]
    [InlineData("'200 OK', [], 'text'")]
    public async Task Start_response_that_raised_was_not_called(string arguments)
    {
        var request = await RunAsync(App($"try:\n    start_response({arguments})\nexcept Exception:\n    pass\nreturn [b'x']"));
        Assert.Contains("before it called start_response", request.Failure);
        request = await RunAsync(
            App($"try:\n    start_response({arguments})\nexcept Exception:\n    start_response('418 Oops', [('a', 'b')])\nreturn "
            + "[b'sorry']"));
        Assert.Equal((418, "sorry", 5L, null), (request.Status, request.Body, request.Length, request.Failure));
    }

    [Fact]
    public async Task Second_start_response_replaces_the_first_until_something_was_sent()
    {
        var request = await RunAsync(
            App("start_response('200 OK', [('a', '1'), ('Content-Length', '9')])\nstart_response('201 Created', [('b', '2')])\nreturn "
            + "[b'x']"));
        Assert.Equal((201, 1L, "x"), (request.Status, request.Length, request.Body));
        Assert.Equal([new("b", "2")], request.Headers);
        request = await RunAsync(App("start_response('200 OK', [])\nyield b'a'\nstart_response('201 Created', [])\nyield b'b'"));
        Assert.Equal((200, "a", false), (request.Status, request.Body, request.IsComplete));
        Assert.Contains("start_response() called more than once without exc_info", request.Failure);
    }

    [Fact]
    public async Task Headers_of_the_connection_are_dropped_and_each_is_said_to_be_once()
    {
        var source = App(
            "start_response('200 OK', [('Connection', 'close'), ('Transfer-Encoding', 'chunked'), ('keep-alive', 'x'), ('Upgrade', 'x'), "
            + "('a', 'b')])\nreturn [b'x']");
        var first = await RunAsync(source);
        var second = await RunAsync(source);
        Assert.Equal([new("a", "b")], first.Headers);
        Assert.Equal((200, "x", null), (second.Status, second.Body, second.Failure));
        Assert.Equal(4, first.Lines.Count);
        Assert.StartsWith("the application set the header Transfer-Encoding, which belongs to the connection", first.Lines[1]);
        Assert.Empty(second.Lines);
    }

    [Theory]
    [InlineData("kept['start']('200 OK', [])", "start_response() called after request completed")]
    [InlineData("kept['write'](b'x')", "write() called after request completed")]
    [InlineData("kept['input'].read()", "wsgi.input was read after the end of its request")]
    public async Task What_an_application_keeps_of_a_request_is_of_no_use_after_it(string late, string expected)
    {
        var application = python.Serve(
            App($"if kept:\n    {late}\nkept['start'], kept['input'] = start_response, environ['wsgi.input']\nkept['write'] = "
            + "start_response('200 OK', [])\nreturn [b'mine']", "kept = {}"));
        RecordedRequest[] requests = [RecordedRequest.To("/"), RecordedRequest.To("/")];
        foreach (var request in requests)
        {
            application.Submit(request);
            await request.Done.WaitAsync(Limit);
        }
        Assert.Equal(("mine", null), (requests[0].Body, requests[0].Failure));
        Assert.Contains(expected, requests[1].Failure);
        Assert.Equal("mine", requests[0].Body);
    }

    [Theory]
    [InlineData("pass", long.MaxValue)]
    [InlineData("raise ValueError()", long.MaxValue)]
    [InlineData("pass", 0L)]
    public async Task Close_is_always_called(string inBody, long leavesAfter)
    {
        var source = App("start_response('200 OK', [])\nreturn Body(environ)", $"""
            class Body:
                def __init__(self, environ): self.environ = environ
                def __iter__(self):
                    yield b'a'
                    {inBody}
                def close(self): print('closed', file=self.environ['wsgi.errors'])
            """);
        var request = await RunAsync(source, RecordedRequest.To("/", leavesAfter: leavesAfter));
        Assert.Equal(["closed"], request.Lines);
        if (leavesAfter == 0) Assert.Equal("", request.Failure);
    }

    [Theory]
    [InlineData("i.read()", "one\\ntwo\\n\\nthree")]
    [InlineData("i.read(5) + b'|' + i.read(0) + i.read(100)", "one\\nt|wo\\n\\nthree")]
    [InlineData("b'|'.join(iter(i.readline, b''))", "one\\n|two\\n|\\n|three")]
    [InlineData("b'|'.join([i.readline(2), i.readline(), i.read(1), i.readline(), i.read()])", "on|e\\n|t|wo\\n|\\nthree")]
    [InlineData("b'|'.join(i)", "one\\n|two\\n|\\n|three")]
    [InlineData("b'|'.join(i.readlines(5))", "one\\n|two\\n")]
    [InlineData("i.read() + i.read() + i.readline()", "one\\ntwo\\n\\nthree")]
    public async Task Input_is_read_by(string expression, string expected)
    {
        var request = await RunAsync(
            App($"i = environ['wsgi.input']\nstart_response('200 OK', [])\nreturn [{expression}]"),
            RecordedRequest.To("/", Encoding.ASCII.GetBytes("one\ntwo\n\nthree"), "POST"));
        Assert.Null(request.Failure);
        Assert.Equal(expected.Replace("\\n", "\n"), request.Body);
    }

    [Fact]
    public async Task Long_body_arrives_whole_both_ways()
    {
        var body = new byte[10 << 20];
        new Random(1).NextBytes(body);
        var request = await RunAsync(
            App("start_response('200 OK', [])\nwhile block := environ['wsgi.input'].read(100000):\n    yield block"),
            RecordedRequest.To("/", body, "POST"));
        Assert.Equal(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(body)),
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.Latin1.GetBytes(request.Body))));
    }

    [Fact]
    public async Task File_wrapper_sends_a_file_and_closes_it()
    {
        var request = await RunAsync(
            App("import io\nstart_response('200 OK', [])\nfile = io.BytesIO(b'x' * 100000)\nfile.close = lambda: print('closed')\nreturn "
            + "environ['wsgi.file_wrapper'](file)"));
        Assert.Equal(100_000, request.Body.Length);
        Assert.Equal(["closed"], request.Lines);
    }

    [Fact]
    public async Task Print_logging_and_errors_belong_to_the_request()
    {
        var request = await RunAsync(
            App("import logging, sys\nprint('printed')\nlogging.warning('logged')\nprint('two\\nlines', "
            + "file=environ['wsgi.errors'])\nstart_response('200 OK', [])\nreturn []"));
        Assert.Equal(["printed", "WARNING:root:logged", "two", "lines"], request.Lines);
    }

    [Fact]
    public async Task Environ_has_what_the_specification_asks_for()
    {
        var request = await RunAsync(
            App("start_response('200 OK', [])\nkeys = ['wsgi.version', 'wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once', "
            + "'wsgi.url_scheme', 'PATH_INFO', 'mod_wsgi.process_group', 'mod_wsgi.request_start']\nreturn [ascii([environ[k] for k in "
            + "keys]).encode()]"),
            RecordedRequest.To("/caf\u00c3\u00a9"));
        Assert.Equal("[(1, 0), True, False, False, 'http', '/caf\\xc3\\xa9', '', 1.0]", request.Body);
    }

    [Fact]
    public async Task Validator_of_the_standard_library_has_no_complaint()
    {
        var source = App("start_response('200 OK', [('Content-Type', 'text/plain')])\nreturn [environ['wsgi.input'].read(3)]")
            + "\nfrom wsgiref.validate import validator\napplication = validator(application)\n";
        var request = await RunAsync(source, RecordedRequest.To("/", "abc"u8.ToArray(), "POST"));
        Assert.Null(request.Failure);
        Assert.Empty(request.Lines);
        Assert.Equal("abc", request.Body);
    }

    [Fact]
    public async Task Requests_run_side_by_side_on_the_threads_there_are()
    {
        var application = python.Serve(
            App("barrier.wait()\nstart_response('200 OK', [])\nreturn [b'x']",
            "import threading\nbarrier = threading.Barrier(3, timeout=10)"), threads: 3);
        var requests = Enumerable.Range(0, 3).Select(_ => RecordedRequest.To("/")).ToArray();
        foreach (var request in requests) application.Submit(request);
        await Task.WhenAll(requests.Select(request => request.Done)).WaitAsync(Limit);
        Assert.All(requests, request => Assert.Equal("x", request.Body));
    }

    [Fact]
    public async Task Script_is_found_by_its_name_while_it_is_loaded_and_replaced_when_it_is_loaded_again()
    {
        const string Source = """
            import sys
            me = sys.modules[__name__]
            assert vars(me) is globals() and __name__.startswith('_mod_wsgi_') and len(__name__) == 42
            number = VERSION
            def application(environ, start_response):
                start_response('200 OK', [])
                return [b'%d %d' % (number, sys.modules[__name__].number)]
            """;
        var application = python.Serve(Source.Replace("VERSION", "1", StringComparison.Ordinal), load: false, reloads: true);
        Assert.Equal("1 1", await BodyAsync());
        await File.WriteAllTextAsync(application.Target, Source.Replace("VERSION", "22", StringComparison.Ordinal));
        Assert.Equal("22 22", await BodyAsync());
        await File.WriteAllTextAsync(application.Target, Source.Replace("VERSION", "1 / 0", StringComparison.Ordinal));
        Assert.Contains("ZeroDivisionError", await BodyAsync());
        await File.WriteAllTextAsync(application.Target, $"""
            import sys
            def application(environ, start_response):
                start_response('200 OK', [])
                return [b'%d' % [getattr(module, '__file__', None) for name, module in sys.modules.items() if name.startswith('_mod_wsgi_')].count(__file__)]
            """);
        Assert.Equal("1", await BodyAsync());

        async Task<string> BodyAsync()
        {
            var request = RecordedRequest.To("/");
            application.Submit(request);
            await request.Done.WaitAsync(Limit);
            return request.Failure ?? request.Body;
        }
    }

    [Fact]
    public async Task Script_that_fails_leaves_no_module_behind()
    {
        Assert.Throws<PythonException>(() => python.Serve("left_behind = True\n1 / 0"));
        var request = await RunAsync(
            App("start_response('200 OK', [])\nimport sys\nreturn [b'%d' % sum(hasattr(module, 'left_behind') for module in "
            + "list(sys.modules.values()))]"));
        Assert.Equal("0", request.Body);
    }

    [Theory]
    [InlineData("return bool(asked.append(path)) or len(asked) == 2", "1 2 2")]
    [InlineData("return False", "1 1 1")]
    [InlineData("raise ValueError('raised when it was asked')", "1 1 1")]
    public async Task Script_may_ask_to_be_loaded_again(string answer, string expected)
    {
        var application = python.Serve($"""
            import sys
            asked = []
            loaded = sys.loaded_{answer.Length} = getattr(sys, 'loaded_{answer.Length}', 0) + 1
            def reload_required(path):
                assert path == __file__
                {answer}
            def application(environ, start_response):
                start_response('200 OK', [])
                return [b'%d' % loaded]
            """, reloads: true);
        var bodies = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var request = RecordedRequest.To("/");
            application.Submit(request);
            await request.Done.WaitAsync(Limit);
            bodies.Add(request.Failure ?? request.Body);
        }
        Assert.Equal(expected, string.Join(' ', bodies));
    }

    [Fact]
    public void Script_that_cannot_be_loaded_says_why()
    {
        var failure = Assert.Throws<PythonException>(() => python.Serve("import no_such_module"));
        Assert.Contains("No module named 'no_such_module'", failure.Message);
        Assert.Contains("has no callable named 'application'", Assert.Throws<PythonException>(() => python.Serve("x = 1")).Message);
    }

    [Fact]
    public async Task Script_that_cannot_be_loaded_fails_its_requests_and_no_others()
    {
        var request = RecordedRequest.To("/");
        python.Serve("syntax error", load: false).Submit(request);
        await request.Done.WaitAsync(Limit);
        Assert.Contains("SyntaxError", request.Failure);
    }
}

using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Which line of a server's output says why it ended.</summary>
public sealed class LastWordsTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("one\ntwo\n\n", "two")]
    [InlineData("[1] [INFO] Booting\n[1] [ERROR] Exception in worker process\nTraceback (most recent call last):\n  File \"a.py\", line 1\n"
        + "ModuleNotFoundError: No module named 'x'\n[1] [INFO] Worker exiting\n[1] [INFO] Reason: Worker failed to boot.",
        "ModuleNotFoundError: No module named 'x'")]
    // An exception may have any name.
    [InlineData("Traceback (most recent call last):\n  raise\ndjango.core.exceptions.ImproperlyConfigured: no SECRET_KEY\nbye",
        "django.core.exceptions.ImproperlyConfigured: no SECRET_KEY")]
    // The last of a chain is the one that ended it.
    [InlineData("Traceback (most recent call last):\n  a\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        + "Traceback (most recent call last):\n  b\nRuntimeError: b", "RuntimeError: b")]
    [InlineData("node:internal/modules/cjs/loader:1080\n  throw err;\n  ^\n\nError: Cannot find module '/x.js'\n    at node:internal\n{\n"
        + "  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js v18.19.0", "Error: Cannot find module '/x.js'")]
    [InlineData("TypeError [ERR_INVALID]: b\nend", "TypeError [ERR_INVALID]: b")]
    [InlineData("java.lang.IllegalStateException: c\n\tat a.b\nend", "java.lang.IllegalStateException: c")]
    public void Line_is_the_last_error_or_else_the_last_line(string output, string? line)
    {
        var whole = new LastWords();
        whole.Add(output);
        Assert.Equal(line, whole.Line);

        var single = new LastWords();
        foreach (var each in output.Split('\n')) single.Add(each);
        Assert.Equal(line, single.Line);
    }

    [Fact]
    public void Long_line_is_cut()
    {
        var words = new LastWords();
        words.Add("ValueError: " + new string('x', 10_000));
        Assert.InRange(words.Line!.Length, 100, 610);
    }

    [Fact]
    public void Error_of_a_worker_is_its_sentence()
    {
        var words = new LastWords();
        words.AddError("app.wsgi cannot be loaded: KeyError: 'x'; correct it\nTraceback (most recent call last):\n  a\nKeyError: 'x'");
        words.Add("bye");
        Assert.Equal("app.wsgi cannot be loaded: KeyError: 'x'; correct it", words.Line);
    }
}

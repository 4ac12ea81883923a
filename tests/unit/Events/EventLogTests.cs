using System.Text;
using System.Text.Json;
using DaemonProxy.Events;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Events;

public sealed class EventLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 10, 41, 39, 120, TimeSpan.Zero));
    private readonly FailingOutput _output = new();

    [Fact]
    public void Events_that_could_not_be_written_are_counted_by_the_first_that_could()
    {
        using var log = new EventLog(_output, EventLogFormat.Json, _time);
        log.Write(EventCatalogue.FrontEndStarted, "first");
        Assert.Null(log.Failure);

        _output.Failure = "No space left on device.";
        for (var lost = 0; lost < 3; lost++)
        {
            log.Write(EventCatalogue.FrontEndStarted, "lost");
            _time.Advance(TimeSpan.FromMinutes(1));
        }
        Assert.Equal("the event log has lost 3 events since 2026-11-26T10:41:39Z: No space left on device", log.Failure);

        _output.Failure = null;
        log.Write(EventCatalogue.FrontEndStarted, "second");
        log.Write(EventCatalogue.FrontEndStarted, "third");
        Assert.Null(log.Failure);
        var messages = _output.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("message").GetString());
        Assert.Equal(
            ["front end started: first", "front end started: second",
                "events were lost: 3 events since 2026-11-26T10:41:39Z: No space left on device", "front end started: third"], messages);
    }

    [Theory]
    [InlineData(false, "2026-11-26T10:41:39.120Z error WSGI0146 daemon closed before a complete response head: a b (path=/x, pid=7)\n")]
    [InlineData(true, "error WSGI0146 daemon closed before a complete response head: a b (path=/x, pid=7)\n")]
    public void Text_is_for_people_and_has_its_time_where_nobody_else_notes_it(bool stamped, string line)
    {
        _output.IsStamped = stamped;
        using var log = new EventLog(_output, EventLogFormat.Text, _time);
        log.Write(EventCatalogue.ClosedInHead, "a b", ("path", "/x"), ("route", null), ("pid", 7));
        Assert.Equal(line, Assert.Single(_output.Lines));
    }

    [Theory]
    [InlineData("\n", "\\n")]
    [InlineData("\r", "\\u000d")]
    [InlineData("\u001b[31m", "\\u001b[31m")]
    [InlineData("\u007f", "\\u007f")]
    [InlineData("\u009b31m", "\\u009b31m")]
    [InlineData("\u2028", "\\u2028")]
    [InlineData("é", "é")]
    public void Text_from_outside_can_neither_end_a_line_nor_command_a_terminal(string outside, string written)
    {
        using var log = new EventLog(_output, EventLogFormat.Text, _time);
        log.Write(EventCatalogue.ClosedInHead, outside, ("path", outside));
        Assert.EndsWith($": {written} (path={written})\n", Assert.Single(_output.Lines));
    }

    [Fact]
    public void Lines_for_the_journal_begin_with_their_priority()
    {
        using var stream = new MemoryStream();
        using (var log = new EventLog(new LogStream(stream, toJournal: true), EventLogFormat.Text, _time))
        {
            log.Write(EventCatalogue.FrontEndStarted, "");
            log.Write(EventCatalogue.RunsAsRoot, "");
            log.Write(EventCatalogue.ClosedInHead, "");
        }
        Assert.Equal(["<6>information DPXY0007 front end started", "<4>warning DPXY0025 no user given",
            "<3>error WSGI0146 daemon closed before a complete response head", ""], Encoding.UTF8.GetString(stream.ToArray()).Split('\n'));
    }

    [Fact]
    public void Each_line_of_a_batch_has_a_priority()
    {
        using var stream = new MemoryStream();
        using (var log = new LogStream(stream, toJournal: true)) log.Write("one\ntwo\n"u8, EventSeverity.Information);
        Assert.Equal("<6>one\n<6>two\n", Encoding.UTF8.GetString(stream.ToArray()));
    }

    private sealed class FailingOutput : ILogOutput
    {
        public List<string> Lines { get; } = [];

        public string? Failure { get; set; }

        public bool IsStamped { get; set; }

        public void Write(ReadOnlySpan<byte> lines, EventSeverity severity)
        {
            if (Failure is not null) throw new IOException(Failure);
            Lines.Add(Encoding.UTF8.GetString(lines));
        }

        public void Reopen()
        {
        }

        public void Dispose()
        {
        }
    }
}

using DaemonProxy.Events;
using DaemonProxy.Tests.Control;
using Xunit;

namespace DaemonProxy.Tests.Events;

public sealed class EventLogReaderTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void All_files_are_read_oldest_first_and_then_what_comes_through_a_rotation()
    {
        var path = _scratch.File("events.log");
        static byte[] Line(int number) => [.. System.Text.Encoding.UTF8.GetBytes($$"""{"time":"2026-11-24T12:00:00+00:00","severity":"Error","code":"WSGI0143","message":"é {{number:000}}","pid":{{number}}}"""), (byte)'\n'];
        using var log = new RotatingFile(path, limit: 3 * Line(0).Length);
        using var reader = new EventLogReader(path);
        for (var number = 0; number < 5; number++) log.Write(Line(number));
        Assert.Equal(Enumerable.Range(0, 5), Read());

        // The file that was read in part becomes .1, and two more lines come to its place.
        for (var number = 5; number < 8; number++) log.Write(Line(number));
        Assert.Equal([5, 6, 7], Read());
        Assert.Empty(Read());

        IEnumerable<int> Read() => [.. reader.Read().Select(logged => (int)(long)logged.Properties["pid"])];
    }

    [Fact]
    public void What_is_no_event_is_left_out()
    {
        var path = _scratch.File("events.log");
        File.WriteAllText(path, """
            not json
            {"time":"2026-11-24T12:00:00+00:00","severity":"Odd","code":"WSGI0143","message":""}
            ["a list"]
            {"time":"2026-11-24T12:00:00+00:00","severity":"Warning","code":"WSGI0120","message":"slow","route":"/a"}
            {"time":"2026-11-24T12:00:00
            """);
        using var reader = new EventLogReader(path);
        var logged = Assert.Single(reader.Read());
        Assert.Equal((nameof(EventSeverity.Warning), "WSGI0120", "slow", "/a"),
            (logged.Severity, logged.Code, logged.Message, (string)logged.Properties["route"]));
    }
}

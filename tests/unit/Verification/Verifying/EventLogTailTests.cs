using DaemonProxy.Events;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Verifying;

public sealed class EventLogTailTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public async Task The_first_error_since_is_found_and_what_was_before_is_not()
    {
        using var log = EventLog.Open(_file, TimeProvider.System);
        log.Write(EventCatalogue.EmbeddedRestricted, "before");
        using var tail = EventLogTail.FromEndOf(_file);
        Assert.Null(await tail.FirstErrorAsync(TimeSpan.Zero, CancellationToken.None));

        log.Write(EventCatalogue.SettingChanged, "no error");
        log.Write(EventCatalogue.PythonNotInitialised, "since");
        log.Write(EventCatalogue.InternalError, "later");

        Assert.Equal("WSGI0210", await tail.FirstErrorAsync(TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public async Task A_line_half_written_is_no_error_yet()
    {
        await File.WriteAllTextAsync(_file, """{"time":"2026-11-24T12:00:00+00:00","severity":"Error","message":"","code":"WSGI02""");
        using var nothing = EventLogTail.FromEndOf("/nowhere/at/all");
        Assert.Null(await nothing.FirstErrorAsync(TimeSpan.Zero, CancellationToken.None));

        File.Delete(_file);
        using var tail = EventLogTail.FromEndOf(_file);
        await File.WriteAllTextAsync(_file, """{"time":"2026-11-24T12:00:00+00:00","severity":"Error","message":"","code":"WSGI02""");
        Assert.Null(await tail.FirstErrorAsync(TimeSpan.Zero, CancellationToken.None));
        await File.AppendAllTextAsync(_file, "10\"}\n");
        Assert.Equal("WSGI0210", await tail.FirstErrorAsync(TimeSpan.Zero, CancellationToken.None));
    }

    public void Dispose() => File.Delete(_file);
}

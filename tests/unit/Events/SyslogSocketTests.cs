using System.Net.Sockets;
using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Tests.Control;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Events;

/// <summary>The system's log, played by a datagram socket of the test.</summary>
public sealed class SyslogSocketTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 6, 10, 41, 39, TimeSpan.Zero));
    private readonly string _path;
    private Socket _system;

    public SyslogSocketTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no syslog");
        _path = _scratch.File("log");
        _system = Listen();
    }

    public void Dispose()
    {
        _system?.Dispose();
        _scratch.Dispose();
    }

    private Socket Listen()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(_path));
        return socket;
    }

    private string Received()
    {
        var buffer = new byte[65_536];
        return Encoding.UTF8.GetString(buffer, 0, _system.Receive(buffer));
    }

    [Theory]
    [InlineData(EventSeverity.Information, 30)]
    [InlineData(EventSeverity.Warning, 28)]
    [InlineData(EventSeverity.Error, 27)]
    public void Line_has_priority_time_name_and_process(EventSeverity severity, int priority)
    {
        using var log = new SyslogSocket(_path, "daemonproxy", _time);
        log.Write("one é\ntwo\n"u8, severity);
        Assert.Equal($"<{priority}>Nov  6 10:41:39 daemonproxy[{Environment.ProcessId}]: one é", Received());
        Assert.Equal($"<{priority}>Nov  6 10:41:39 daemonproxy[{Environment.ProcessId}]: two", Received());
        Assert.Equal(0, _system.Available);
    }

    [Fact]
    public void Log_that_was_restarted_is_found_again()
    {
        using var log = new SyslogSocket(_path, "daemonproxy", _time);
        _system.Dispose();
        File.Delete(_path);
        Assert.Contains($"there is no socket {_path}",
            Assert.Throws<IOException>(() => log.Write("lost\n"u8, EventSeverity.Error)).Message);
        _system = Listen();
        log.Write("found\n"u8, EventSeverity.Error);
        Assert.EndsWith(": found", Received());
    }

    [Fact]
    public void Log_that_reads_nothing_loses_lines_and_holds_nobody_up()
    {
        using var log = new SyslogSocket(_path, "daemonproxy", _time);
        var written = 0;
        Assert.Throws<IOException>(() =>
        {
            for (; written < 100_000; written++) log.Write(new byte[4096], EventSeverity.Information);
        });
        for (var line = 0; line < written; line++) Received();
        log.Write("again\n"u8, EventSeverity.Information);
        Assert.EndsWith(": again", Received());
    }

    [Fact]
    public void Line_that_is_too_long_is_cut_between_two_characters()
    {
        using var log = new SyslogSocket(_path, "daemonproxy", _time);
        log.Write(Encoding.UTF8.GetBytes("x" + new string('é', 5000) + "\n"), EventSeverity.Error);
        Assert.Equal("x" + new string('é', 4095), Received().Split("]: ")[1]);
    }

    [Fact]
    public void Missing_log_is_said_at_once() =>
        Assert.Contains($"there is no socket {_path}2",
            Assert.Throws<IOException>(() => new SyslogSocket(_path + "2", "daemonproxy", _time)).Message);
}

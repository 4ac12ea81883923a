using DaemonProxy.Host.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>When the memory of resting connections is collected: once for many, and while nothing is being served.</summary>
public sealed class RestedMemoryTests
{
    private readonly FakeTimeProvider _time = new();
    private long _allocated;
    private int _collections;

    private RestedMemory Create() => new(_time, () => _allocated, () => _collections++);

    [Fact]
    public void Many_that_rest_are_collected_once()
    {
        using var memory = Create();
        for (var i = 0; i < 3 * RestedMemory.Enough; i++) memory.Add();
        Pass(seconds: 10);
        Assert.Equal(1, _collections);
        // Not more than once a minute.
        for (var i = 0; i < RestedMemory.Enough; i++) memory.Add();
        Pass(seconds: 40);
        Assert.Equal(1, _collections);
        Pass(seconds: 30);
        Assert.Equal(2, _collections);
    }

    [Fact]
    public void Few_that_rest_are_not_worth_it()
    {
        using var memory = Create();
        for (var i = 1; i < RestedMemory.Enough; i++) memory.Add();
        Pass(seconds: 10);
        Assert.Equal(0, _collections);
    }

    [Fact]
    public void Nothing_is_collected_while_requests_are_served()
    {
        using var memory = Create();
        for (var i = 0; i < RestedMemory.Enough; i++) memory.Add();
        for (var i = 0; i < 20; i++)
        {
            _allocated += 1 << 20;
            Pass(seconds: 1);
        }
        Assert.Equal(0, _collections);
        Pass(seconds: 1);
        Assert.Equal(1, _collections);
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++) _time.Advance(TimeSpan.FromSeconds(1));
    }
}

using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Statistics;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

public sealed class RecycleRulesTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly DaemonGroupOptions Off = new() { Name = "app", Source = DaemonSource.Sample };

    private static RestartReason? Meets(
        DaemonGroupOptions options, long requests = 0, int active = 0, TimeSpan age = default, TimeSpan rest = default,
        TimeSpan processor = default) =>
        RecycleRules.Meets(options, requests, active, age, rest, () => processor);

    [Fact]
    public void Without_a_rule_a_worker_lives_on() =>
        Assert.Null(Meets(Off, long.MaxValue, 0, TimeSpan.MaxValue, TimeSpan.MaxValue, TimeSpan.MaxValue));

    [Theory]
    [InlineData(99, false)]
    [InlineData(100, true)]
    public void Maximum_requests(long requests, bool expected) =>
        Assert.Equal(expected ? RestartReason.MaximumRequests : null, Meets(Off with { MaximumRequests = 100 }, requests));

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    public void Restart_interval(int seconds, bool expected) =>
        Assert.Equal(expected ? RestartReason.RestartInterval : null,
            Meets(Off with { RestartInterval = Minute }, age: TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    public void Cpu_time_limit(int seconds, bool expected) =>
        Assert.Equal(expected ? RestartReason.CpuTimeLimit : null,
            Meets(Off with { CpuTimeLimit = Minute }, processor: TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(5, 0, 60, true)]
    [InlineData(5, 0, 59, false)]
    [InlineData(5, 1, 60, false)]
    [InlineData(0, 0, 60, false)]
    public void Inactivity_timeout_is_for_workers_that_have_worked_and_rest(long requests, int active, int seconds, bool expected) =>
        Assert.Equal(expected ? RestartReason.InactivityTimeout : null,
            Meets(Off with { InactivityTimeout = Minute }, requests, active, rest: TimeSpan.FromSeconds(seconds)));
}

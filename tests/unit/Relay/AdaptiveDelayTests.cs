using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Relay;

/// <summary>
/// What <c>response-flush-delay: auto</c> makes of the writing of real applications, recorded by bench/traces. The clock goes in steps of
/// 0.1 ms, and a histogram is up to 19% above the truth.
/// </summary>
public sealed class AdaptiveDelayTests
{
    private const double AtOnce = 0.2;
    private static readonly FlushPolicy Auto = FlushPolicy.Default with { FlushDelay = FlushPolicy.Auto };
    private static readonly FlushPolicy NoDelay = FlushPolicy.Default with { FlushDelay = TimeSpan.Zero };
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    [Theory]
    [InlineData("drip")]
    [InlineData("chat-tokens")]
    [InlineData("server-sent-events")]
    [InlineData("log-tail")]
    public async Task Idle_stream_leaves_at_once_whatever_is_below(string name)
    {
        foreach (var cost in new[] { TimeSpan.Zero, Interval })
        {
            var auto = await new TracePlayer(name).PlayAsync(Auto, cost);
            Assert.True(auto.Held(0.9) < AtOnce, $"{auto.Held(0.9)} ms with a flush cost of {cost.TotalMilliseconds} ms");
        }
        Assert.True((await new TracePlayer(name).PlayAsync(FlushPolicy.Default, TimeSpan.Zero)).Held(0.5) >= 5);
    }

    [Theory]
    [InlineData("grpc-frames")]
    [InlineData("jittery-upstream")]
    [InlineData("image-generation")]
    [InlineData("compressed-archive")]
    public async Task Long_stalls_are_not_waited_for_where_a_flush_costs_nothing(string name)
    {
        var auto = await new TracePlayer(name).PlayAsync(Auto, TimeSpan.Zero);
        Assert.True(auto.Held(0.5) < AtOnce, $"{auto.Held(0.5)} ms");
        Assert.True(auto.Held(0.99) < 1.3, $"{auto.Held(0.99)} ms");
    }

    [Theory]
    [InlineData("django-template")]
    [InlineData("json-lines")]
    [InlineData("database-cursor")]
    public async Task Short_stalls_are_bridged_even_where_a_flush_costs_nothing(string name)
    {
        var auto = await new TracePlayer(name).PlayAsync(Auto, TimeSpan.Zero);
        var atOnce = await new TracePlayer(name).PlayAsync(NoDelay, TimeSpan.Zero);
        Assert.True(auto.Sends < atOnce.Sends / 2, $"{auto.Sends} writes to the client, {atOnce.Sends} without a delay");
    }

    [Theory]
    [InlineData("file-download", 0.95)]
    [InlineData("django-template", 0.95)]
    [InlineData("json-lines", 0.95)]
    [InlineData("database-cursor", 0.95)]
    [InlineData("compressed-archive", 0.95)]
    [InlineData("jittery-upstream", 0.95)]
    [InlineData("grpc-frames", 0.9)]
    [InlineData("image-generation", 0.85)] // one spell in twelve is the drawing of the next picture
    public async Task Stalls_are_bridged_where_a_flush_costs_an_interval(string name, double part)
    {
        var auto = await new TracePlayer(name).PlayAsync(Auto, Interval);
        Assert.True(auto.Bridged >= part, $"{auto.Bridged:0.000} of the dry spells bridged");
        Assert.True(auto.Held(1) <= 402 * 1.19, $"{auto.Held(1)} ms held");
    }
}

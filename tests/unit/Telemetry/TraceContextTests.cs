using System.Diagnostics;
using DaemonProxy.Host.Telemetry;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace DaemonProxy.Tests.Telemetry;

/// <summary>W3C Trace Context, sections 3.2 and 3.3: what is a trace, and what is taken for none.</summary>
public sealed class TraceContextTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";
    private const string Valid = $"00-{Trace}-{Span}-01";

    [Theory]
    [InlineData(Valid, true)]
    [InlineData($"00-{Trace}-{Span}-00", false)]
    // Of the flags only the last bit is known.
    [InlineData($"00-{Trace}-{Span}-03", true)]
    [InlineData($"00-{Trace}-{Span}-0a", false)]
    [InlineData($"00-{Trace}-{Span}-ff", true)]
    // A later version is read as this one, and may go on after a dash.
    [InlineData($"01-{Trace}-{Span}-01", true)]
    [InlineData($"cc-{Trace}-{Span}-01-what-comes", true)]
    public void Valid_parent_is_read(string parent, bool sampled)
    {
        var context = TraceContext.Read(parent, default);
        Assert.NotNull(context);
        Assert.Equal(Trace, context.Value.TraceId.ToHexString());
        Assert.Equal(Span, context.Value.SpanId.ToHexString());
        Assert.Equal(sampled, context.Value.TraceFlags.HasFlag(ActivityTraceFlags.Recorded));
        Assert.True(context.Value.IsRemote);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData($"00-{Trace}-{Span}")]
    [InlineData($"00-{Trace}-{Span}-1")]
    [InlineData($"00-{Trace}-{Span}-01-more")]
    [InlineData($"00-{Trace}-{Span}-01 ")]
    [InlineData($"cc-{Trace}-{Span}-01.more")]
    [InlineData($"ff-{Trace}-{Span}-01")]
    [InlineData($"FF-{Trace}-{Span}-01")]
    [InlineData($"0-{Trace}-{Span}-001")]
    [InlineData($"00-00000000000000000000000000000000-{Span}-01")]
    [InlineData($"00-{Trace}-0000000000000000-01")]
    [InlineData($"00-0AF7651916CD43DD8448EB211C80319C-{Span}-01")]
    [InlineData($"00-0af7651916cd43dd8448eb211c80319g-{Span}-01")]
    [InlineData($"00-{Trace}-B7AD6B7169203331-01")]
    [InlineData($"00-{Trace}-{Span}-0G")]
    [InlineData($"00_{Trace}-{Span}-01")]
    [InlineData($"00-{Trace}_{Span}-01")]
    [InlineData($"00-{Trace}-{Span}_01")]
    [InlineData($"{Valid}, {Valid}")]
    public void Malformed_parent_is_none(string parent) => Assert.Null(TraceContext.Read(parent, "a=b"));

    [Fact]
    public void Two_parents_are_none() => Assert.Null(TraceContext.Read(new StringValues([Valid, Valid]), default));

    [Theory]
    [InlineData("a=b")]
    [InlineData("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")]
    [InlineData("fw529a3039@dt=FfffFfff , \t b=1")]
    [InlineData("1tenant@vendor=x y!~")]
    [InlineData("a=b,,c=d")]
    [InlineData("k-*/_9=v")]
    public void Valid_state_is_kept(string state) => Assert.Equal(state, TraceContext.Read(Valid, state)!.Value.TraceState);

    [Fact]
    public void Lines_of_a_state_are_one_list() =>
        Assert.Equal("a=b,c=d", TraceContext.Read(Valid, new StringValues(["a=b", "c=d"]))!.Value.TraceState);

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a")]
    [InlineData("=b")]
    [InlineData("a=")]
    [InlineData("A=b")]
    [InlineData("1=b")]
    [InlineData("a b=c")]
    [InlineData("a=b=c")]
    [InlineData("a=\u00e9")]
    [InlineData("a=b\tc")]
    [InlineData("@v=c")]
    [InlineData("t@=c")]
    [InlineData("t@1v=c")]
    [InlineData("t@abcdefghijklmno=c")]
    public void Malformed_state_is_left_out_alone(string state)
    {
        var context = TraceContext.Read(Valid, state);
        Assert.NotNull(context);
        Assert.Null(context.Value.TraceState);
    }

    [Fact]
    public void State_has_thirty_two_members_at_most()
    {
        string State(int members) => string.Join(',', Enumerable.Range(0, members).Select(number => $"k{number}=v"));
        Assert.Equal(State(32), TraceContext.Read(Valid, State(32))!.Value.TraceState);
        Assert.Null(TraceContext.Read(Valid, State(33))!.Value.TraceState);
    }
}

using DaemonProxy.Verification.Measuring;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Verification.Measuring;

public class ControlStreamTests
{
    [Fact]
    public void A_machine_that_stood_still_is_seen_and_not_forgotten()
    {
        // The clock does not move by itself, so that nothing is late until it jumps.
        var time = new FakeTimeProvider();
        using var stream = new ControlStream(time);
        Assert.True(stream.Worst <= TimeSpan.Zero);

        time.Advance(TimeSpan.FromSeconds(10));

        Assert.True(stream.Worst > ControlStream.Allowance);
        stream.Dispose();
        Assert.True(stream.Worst > ControlStream.Allowance);
    }
}

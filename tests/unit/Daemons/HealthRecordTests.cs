using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>How many checks in a row it takes to change a verdict.</summary>
public sealed class HealthRecordTests
{
    /// <param name="checks">The checks: passed, failed, or not made (?).</param>
    /// <param name="verdicts">The verdict after each: healthy, or not.</param>
    /// <param name="unhealthyAfter">Failed checks.</param>
    /// <param name="healthyAfter">Passed checks.</param>
    [Theory]
    [InlineData("ppp", "HHH", 3, 1)]
    [InlineData("fpfp", "-HHH", 2, 1)]
    [InlineData("pffpff", "HHHHHH", 3, 1)]
    [InlineData("pfff", "HHH-", 3, 1)]
    [InlineData("pf", "H-", 1, 1)]
    [InlineData("pfffp", "HHH-H", 3, 1)]
    [InlineData("ppfpp", "-HHHH", 2, 2)]
    [InlineData("pfppffpfpp", "---HH----H", 2, 2)]
    [InlineData("pf?f?f", "HHHHH-", 3, 1)]
    [InlineData("p?p", "--H", 3, 2)]
    public void Verdict_changes_after_so_many_in_a_row(string checks, string verdicts, int unhealthyAfter, int healthyAfter)
    {
        var record = new HealthRecord(new HealthCheckOptions { Path = "/", UnhealthyAfter = unhealthyAfter, HealthyAfter = healthyAfter });
        var now = "";
        var before = false;
        foreach (var check in checks)
        {
            var changed = record.Count(new HealthAnswer(check == '?' ? null : check == 'p', $"check {now.Length}"));
            Assert.Equal(before != record.IsHealthy, changed);
            before = record.IsHealthy;
            now += before ? 'H' : '-';
            if (check != '?') Assert.Equal(check == 'p' ? null : $"check {now.Length - 1}", record.LastFailure);
        }
        Assert.Equal(verdicts, now);
    }
}

using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Reporting;
using Xunit;

namespace DaemonProxy.Tests.Verification.Reporting;

public sealed class FlushAdviceReportTests
{
    [Theory]
    [InlineData(5, 5, "recommended, in force")]
    [InlineData(5, 1, "recommended")]
    [InlineData(1, 5, "in force")]
    [InlineData(1, 1, "")]
    public void Row_says_whether_its_delay_is_recommended_and_whether_it_is_in_force(int recommended, int inForce, string note)
    {
        var advice = new FlushAdvice
        {
            Name = "site",
            Daemon = "app",
            FlushPolicy = new FlushPolicyStatus
            {
                Name = "site",
                Daemon = "app",
                FlushDelay = TimeSpan.FromMilliseconds(inForce),
                BufferSize = FlushPolicy.Default.BufferSize,
                FlushDeadline = FlushPolicy.Default.FlushDeadline,
            },
            Writing = new WritingCounter().Status(),
            Reason = "",
            Rows =
            [
                new FlushAdviceRow
                {
                    Delay = TimeSpan.FromMilliseconds(5),
                    FlushesPerSecond = 0,
                    WritesPerMebibyte = 1,
                    IsRecommended = recommended == 5,
                    IsInForce = inForce == 5,
                },
            ],
        };

        var page = FlushAdviceReport.Html([advice]);

        var tone = note.Length == 0 ? " class=\"none\"" : recommended == 5 ? " class=\"good\"" : "";
        Assert.Contains($"<td class=\"name\">5ms</td><td data-label=\"\"{tone}>{note}</td>", page);
        Assert.Contains("<td data-label=\"Held p99\"", page);
    }
}

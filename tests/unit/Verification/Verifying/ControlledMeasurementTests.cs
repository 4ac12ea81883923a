using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.Verification.Verifying;

public class ControlledMeasurementTests
{
    private readonly List<IReadOnlyList<int>> _measured = [];

    [Theory]
    [InlineData(false, new[] { 1.0 }, "missed", 1)] // a quiet machine: the row's own fault
    [InlineData(true, new[] { 41.0 }, "ok", 1)] // as expected though the machine was disturbed
    [InlineData(false, new[] { 41.0, 1 }, "missed", 2)] // still missed when it was quiet again
    [InlineData(false, new[] { 12.0, 7, 40.2 }, "not measurable now: this machine woke timers up to 41 ms late", 3)]
    public async Task A_row_is_judged_by_what_the_machine_could_do(bool isOk, double[] late, string verdict, int tries)
    {
        var results = await RunAsync(1, (_, _) => isOk, late);

        Assert.Equal([verdict], results);
        Assert.Equal(tries, _measured.Count);
    }

    [Fact]
    public async Task Only_rows_that_missed_are_measured_again_and_keep_their_places()
    {
        var results = await RunAsync(3, (row, i) => row == 0 || (row == 2 && i == 1), [41, 41, 41]);

        Assert.Equal([[0, 1, 2], [1, 2], [1]], _measured);
        Assert.Equal(["ok", "not measurable now: this machine woke timers up to 41 ms late", "ok"], results);
    }

    private Task<IReadOnlyList<string>> RunAsync(int count, Func<int, int, bool> isOk, double[] late) =>
        ControlledMeasurement.RunAsync<string>(
            count,
            rows =>
            {
                var i = _measured.Count;
                _measured.Add(rows);
                return Task.FromResult<IReadOnlyList<string>>([.. rows.Select(row => isOk(row, i) ? "ok" : "missed")]);
            },
            result => result == "missed",
            (_, why) => why,
            () => (new MemoryStream(), () => TimeSpan.FromMilliseconds(late[_measured.Count - 1])));
}

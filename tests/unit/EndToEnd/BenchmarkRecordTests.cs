using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What all programs in <c>bench</c> have in common is tested in its own language, by <c>tests/bench</c>.</summary>
public sealed class BenchmarkRecordTests
{
    [Fact]
    public async Task Benchmarks_keep_every_round_show_what_failed_and_compare_with_an_earlier_run()
    {
        Programs.Need("python3");
        var (exit, output) = await Programs.RunAsync("python3", Path.Combine(RepositoryRoot.Path, "tests", "bench", "test_record.py"));
        Assert.True(exit == 0, output);
    }
}

using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What all programs in <c>bench</c> have in common is tested in its own language, by <c>tests/bench</c>.</summary>
public sealed class BenchmarkRecordTests
{
    /// <summary>Rounds are kept, failures shown, runs compared; what is made of rounds with threads is what the heading says.</summary>
    [Theory]
    [InlineData("test_record.py")]
    [InlineData("test_growing.py")]
    public async Task Benchmarks_own_code_passes_its_tests(string file)
    {
        Programs.Need("python3");
        var (exit, output) = await Programs.RunAsync("python3", Path.Combine(RepositoryRoot.Path, "tests", "bench", file));
        Assert.True(exit == 0, output);
    }
}

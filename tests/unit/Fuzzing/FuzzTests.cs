using DaemonProxy.Tests.Differential;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>Mutated inputs for everything that reads what others wrote; tests/fuzz/README.md says how to run them for hours.</summary>
public sealed class FuzzTests
{
    [Fact]
    public Task Response_heads() => new FuzzRun("response-head", FuzzSeeds.Of("response-head"), ResponseHeadTarget.Check).RunAsync();

    [Fact]
    public Task Chunked_bodies() => new FuzzRun("chunked", FuzzSeeds.Of("chunked"), ChunkedTarget.Check).RunAsync();

    [Fact]
    public Task Paths() => new FuzzRun("path", FuzzSeeds.Of("path"), PathTarget.Check).RunAsync();

    [Fact]
    public Task Request_heads() => new FuzzRun("request", FuzzSeeds.Of("request"), RequestHeadTarget.Check).RunAsync();

    [Fact]
    public Task Configurations() =>
        new FuzzRun("configuration", FuzzSeeds.Of("configuration", Example), ConfigurationTarget.Check).RunAsync();

    [Fact]
    public async Task Edits_of_configurations()
    {
        await new FuzzRun("editor", FuzzSeeds.Of("editor", Example), EditorTarget.Check).RunAsync();
        Assert.True(EditorTarget.Edited > 0, "no input was a configuration");
    }

    [Fact]
    public Task Apache_configurations() => new FuzzRun("apache", FuzzSeeds.Of("apache"), ApacheTarget.Check).RunAsync();

    [Fact]
    public async Task Requests_to_a_running_front_end()
    {
        await using var daemon = new RecordingDaemon();
        await using var frontEnd = await LiveFrontEnd.StartAsync(daemon.Port);
        var seeds = FuzzSeeds.Of("live-request",
            [.. RequestCorpus.All.Select(request => request.Bytes("")),
                .. RequestCorpus.Smuggling.Select(request => request.Bytes("/app"))]);
        await new FuzzRun("live-request", seeds, new LiveRequestTarget(frontEnd, daemon).Check).RunAsync();
        await frontEnd.CheckAliveAsync();
    }

    [Fact]
    public async Task Answers_to_a_running_front_end()
    {
        using var target = new LiveAnswerTarget();
        await using var frontEnd = target.FrontEnd = await LiveFrontEnd.StartAsync(target.Port);
        await new FuzzRun("live-answer", FuzzSeeds.Of("live-answer", [.. FuzzSeeds.Of("response-head").Seeds]), target.Check).RunAsync();
        await frontEnd.CheckAliveAsync();
    }

    private static byte[] Example => File.ReadAllBytes(Path.Combine(RepositoryRoot.Path, "docs", "example.yaml"));
}

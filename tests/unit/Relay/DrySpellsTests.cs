using DaemonProxy.Configuration;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Relay;

public sealed class DrySpellsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Spell_is_known_when_the_next_one_begins()
    {
        var spells = new DrySpells(_time);
        Assert.False(spells.RunDry(out _)); // nothing came before
        spells.Came(1000);
        Assert.False(spells.RunDry(out _));
        Advance(3);
        Assert.False(spells.RunDry(out _)); // still the same spell
        Advance(4);
        spells.Came(500);
        Advance(50); // the client is slow: the relay does not look
        spells.Came(200);
        Assert.True(spells.RunDry(out var first));
        Assert.Equal(new DrySpell(TimeSpan.FromMilliseconds(7), 1000, 700), first);
        Advance(1);
        spells.Came(0); // an empty block is no data
        Advance(1);
        spells.Came(10);
        Assert.True(spells.End(out var last));
        Assert.Equal(new DrySpell(TimeSpan.FromMilliseconds(2), 700, 10), last);
    }

    [Fact]
    public void End_after_a_spell_counts_as_more_of_what_came_before()
    {
        var spells = new DrySpells(_time);
        spells.Came(1000);
        spells.RunDry(out _);
        Advance(2);
        Assert.True(spells.End(out var last));
        Assert.Equal(new DrySpell(TimeSpan.FromMilliseconds(2), 1000, 1000), last);
        Assert.False(spells.IsUndivided);
    }

    [Fact]
    public void Response_in_one_go_has_no_spell()
    {
        var spells = new DrySpells(_time);
        spells.RunDry(out _);
        Advance(100);
        spells.Came(1000);
        spells.Came(1000);
        Assert.False(spells.End(out _));
        Assert.True(spells.IsUndivided);
        Assert.False(new DrySpells(_time).IsUndivided); // nor has one without a body
    }

    [Theory]
    [InlineData(5, 328, 10_000, DrySpellKind.Stall)]
    [InlineData(5, 327, 10_000, DrySpellKind.Pause)]
    [InlineData(5, 10_000, 327, DrySpellKind.Pause)]
    [InlineData(50, 100, 100, DrySpellKind.Pause)]
    [InlineData(100, 8192, 8192, DrySpellKind.Stall)]
    public void Poorer_side_decides_between_stall_and_pause(int milliseconds, long before, long after, DrySpellKind kind) =>
        Assert.Equal(kind, new DrySpell(TimeSpan.FromMilliseconds(milliseconds), before, after).Kind);

    [Fact]
    public void First_bytes_gather_from_when_they_came_and_not_from_when_the_machine_was_started()
    {
        Advance(1000);
        var spells = new DrySpells(_time);
        Advance(70); // the application computes
        spells.Came(1000);
        spells.Waited(); // a pacer sleeps
        Advance(200);
        spells.Came(500);
        spells.RunDry(out _);
        Advance(3);
        spells.Came(10);
        Assert.True(spells.End(out var only));
        Assert.Equal(TimeSpan.FromMilliseconds(200), only.Gathering);
    }

    [Fact]
    public async Task Empty_block_is_no_wait_for_the_output()
    {
        var counter = new TrafficCounter();
        var body = new ScriptedBody(["", "200", "", "dry", "200", ""]);
        await new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default), _time).RunAsync(
            body, new RecordingChain(_time, 4095), new TrafficScope(counter), false, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal(1, Assert.Single(counter.Status().Writing.BytesBeforeStalls).Count);
        Assert.Empty(counter.Status().Writing.BytesGathered);
    }

    /// <summary>Blocks of so many bytes, and moments without any, which pass at once; then the end.</summary>
    private sealed class ScriptedBody(string[] steps) : IResponseBody
    {
        private int _next;

        public bool TryRead(out BodyBlock block)
        {
            var step = _next < steps.Length ? steps[_next++] : null;
            block = new(new byte[step is null or "" or "dry" ? 0 : int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)],
                step is null);
            return step != "dry";
        }

        public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => new(true);
    }

    [Fact]
    public async Task Relay_counts_spells_holds_and_undivided_responses_for_group_and_route()
    {
        var (group, route) = (new TrafficCounter(), new TrafficCounter());
        foreach (var pauses in new[] { 3, 0 })
        {
            var pipe = new System.IO.Pipelines.Pipe(new(pauseWriterThreshold: 0,
                readerScheduler: System.IO.Pipelines.PipeScheduler.Inline, writerScheduler: System.IO.Pipelines.PipeScheduler.Inline,
                useSynchronizationContext: false));
            using var body = new PipeBody(pipe.Reader, _time);
            await pipe.Writer.WriteAsync(new byte[100]);
            var run = new ResponseRelay(new LiveFlushPolicy(FlushPolicy.Default), _time).RunAsync(
                body, new RecordingChain(_time, 4095), new TrafficScope(group, route), false, TimeSpan.FromMinutes(1),
                CancellationToken.None);
            for (var i = 0; i < pauses; i++)
            {
                Advance(50);
                await pipe.Writer.WriteAsync(new byte[100]);
            }
            await pipe.Writer.CompleteAsync();
            await run;
        }

        foreach (var writing in new[] { group.Status().Writing, route.Status().Writing })
        {
            Assert.Equal(3, Assert.Single(writing.Pauses).Count);
            Assert.InRange(writing.Pauses[0].UpTo.TotalMilliseconds, 50, 60);
            Assert.Equal(new SizeBucket(128, 3), Assert.Single(writing.BytesBeforePauses));
            Assert.Equal(3, Assert.Single(writing.Holds).Count);
            Assert.InRange(writing.Holds[0].UpTo.TotalMilliseconds, 5, 6);
        }
    }

    private void Advance(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++) _time.Advance(TimeSpan.FromMilliseconds(1));
    }
}

using System.IO.Pipelines;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>
/// How a response is broken off: what was sent before reaches a client that reads it, however slowly, and is counted no further than that.
/// </summary>
public sealed class BrokenOffTests
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);
    private readonly FakeTimeProvider _time = new();
    private readonly SlowClient _client = new();

    private async Task<CoreOutput> SentAsync(int count)
    {
        var output = new CoreOutput(_client, WriteTimeout, _time);
        await output.WriteAsync(new byte[count], Marker.Flush, default);
        return output;
    }

    private void Pass(double seconds)
    {
        for (var i = 0; i < seconds * 100; i++) _time.Advance(TimeSpan.FromMilliseconds(10));
    }

    [Fact]
    public async Task Slow_client_gets_what_was_sent_before_it_is_broken_off()
    {
        using var output = await SentAsync(5000);
        var broken = output.BreakOffAsync(default).AsTask();
        for (; _client.Undelivered > 0; _client.Undelivered -= 1000)
        {
            // Each of the five takes nearly the timeout.
            Pass(9);
            Assert.False(_client.IsAborted);
        }
        Pass(0.02);
        Assert.True(_client.IsAborted);
        await broken;
        Assert.Equal(5000, output.Taken);
    }

    [Fact]
    public async Task Client_that_takes_nothing_is_broken_off_after_the_write_timeout()
    {
        using var output = await SentAsync(5000);
        var broken = output.BreakOffAsync(default).AsTask();
        _client.Undelivered -= 2000;
        Pass(9.9);
        Assert.False(_client.IsAborted);
        Pass(0.2);
        Assert.True(_client.IsAborted);
        await broken;
        Assert.Equal(2000, output.Taken);
    }

    [Fact]
    public async Task Client_that_has_taken_everything_is_broken_off_at_once()
    {
        using var output = await SentAsync(5000);
        _client.Undelivered = 0;
        Assert.True(output.BreakOffAsync(default).IsCompletedSuccessfully);
        Assert.True(_client.IsAborted);
        Assert.Equal(5000, output.Taken);
    }

    [Fact]
    public async Task Client_that_took_nothing_for_the_write_timeout_gets_no_second_one()
    {
        using var output = await SentAsync(5000);
        _client.Sending = new();
        var write = output.WriteAsync(new byte[5000], Marker.Flush, default).AsTask();
        Pass(10);
        Assert.Same(EventCatalogue.ClientWriteTimeout, (await Assert.ThrowsAsync<BrokenResponseException>(() => write)).Reason);
        Assert.True(output.BreakOffAsync(default).IsCompletedSuccessfully);
        Assert.True(_client.IsAborted);
        Assert.Equal(0, output.Taken);
    }

    [Fact]
    public async Task Client_that_leaves_is_waited_for_no_longer()
    {
        using var output = await SentAsync(5000);
        using var gone = new CancellationTokenSource();
        var broken = output.BreakOffAsync(gone.Token).AsTask();
        Pass(1);
        Assert.False(_client.IsAborted);
        await gone.CancelAsync();
        await broken.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(_client.IsAborted);
    }

    [Fact]
    public async Task Response_that_has_ended_is_counted_in_full()
    {
        using var output = await SentAsync(5000);
        Assert.Equal(0, output.Taken);
        await output.EndAsync(new byte[100], [], default);
        // The system sees to it that it gets there.
        Assert.Equal(5100, output.Taken);
        Assert.False(_client.IsAborted);
    }

    /// <summary>Takes nothing before it is told to.</summary>
    private sealed class SlowClient : IResponseClient
    {
        public TaskCompletionSource<FlushResult>? Sending { get; set; }

        public bool IsAborted { get; private set; }

        public bool IsFramed => false;

        public bool SendsInPlace => false;

        public long Undelivered { get; set; }

        public void Write(ReadOnlySpan<byte> bytes) => Undelivered += bytes.Length;

        public ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> block)
        {
            Undelivered += block.Length;
            return Sending is null ? new(default(FlushResult)) : new(Sending.Task);
        }

        public ValueTask<FlushResult> EndAsync(ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers) =>
            SendAsync(last);

        public void Abort() => IsAborted = true;
    }
}

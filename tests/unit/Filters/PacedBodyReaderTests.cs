using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>Uploads under rate limits, on a clock that the test turns: how much is passed on, when, and what stays where it is.</summary>
public sealed class PacedBodyReaderTests
{
    private readonly FakeTimeProvider _time = new();

    private LiveRateLimit Limit(long rate, RateScope scope = RateScope.Response, long burst = 0) =>
        new(new RateLimit(rate, burst, PacerKind.TokenBucket), _time, scope);

    private void Pass(double seconds, double stepMs = 1)
    {
        for (var i = 0; i < seconds * 1000 / stepMs; i++) _time.Advance(TimeSpan.FromMilliseconds(stepMs));
    }

    [Theory]
    [InlineData(25_600, RateScope.Response)]
    [InlineData(102_400, RateScope.Response)]
    [InlineData(4 << 20, RateScope.Client)]
    [InlineData(64 << 20, RateScope.Route)]
    public void Upload_has_the_rate_of_its_limit(long rate, RateScope scope)
    {
        using var limit = Limit(rate, scope);
        var upload = new Upload([limit], Fill);
        upload.Start();
        Pass(1);
        var before = upload.Bytes;
        Pass(5);
        Assert.InRange((upload.Bytes - before) / (rate * 5d), 0.995, 1.005);
    }

    [Fact]
    public void Eight_uploads_share_a_limit_equally_however_they_arrive()
    {
        using var limit = Limit(800_000, RateScope.Total);
        var uploads = new[] { 100, 512, 1000, 8192, 65_536, 200_000, 333, 20_000 }.Select(size => new Upload([limit], () => size)).ToArray();
        foreach (var upload in uploads) upload.Start();
        Pass(2);
        var before = uploads.Select(upload => upload.Bytes).ToArray();
        Pass(10);
        var got = uploads.Select((upload, i) => upload.Bytes - before[i]).ToArray();
        Assert.All(got, bytes => Assert.InRange(bytes / 1_000_000d, 0.95, 1.05));
        Assert.InRange(got.Sum() / 8_000_000d, 0.995, 1.005);
    }

    [Fact]
    public void Narrowest_of_several_limits_decides_and_leaves_the_rest_to_others()
    {
        using var total = Limit(400_000, RateScope.Total);
        using var own = Limit(20_000);
        var slow = new Upload([own, total], Fill);
        var other = new Upload([total], Fill);
        slow.Start();
        other.Start();
        Pass(10);
        Assert.InRange(slow.Bytes / 200_000d, 0.98, 1.02);
        Assert.InRange(other.Bytes / 3_800_000d, 0.98, 1.02);
    }

    [Fact]
    public void Pause_of_a_client_takes_no_turn_and_saves_up_nothing()
    {
        using var limit = Limit(100_000, RateScope.Total);
        var silent = new Upload([limit], () => 0);
        var sending = new Upload([limit], Fill);
        silent.Start();
        sending.Start();
        Pass(5);
        Assert.InRange(sending.Bytes / 500_000d, 0.99, 1.02);
        silent.Next = Fill;
        silent.Refill();
        Pass(2);
        Assert.InRange(silent.Bytes / 100_000d, 0.9, 1.1);
    }

    [Fact]
    public void Burst_passes_at_once_and_the_rest_at_the_rate()
    {
        using var limit = Limit(10_000, burst: 150_000);
        var upload = new Upload([limit], Fill);
        upload.Start();
        Assert.InRange(upload.Bytes, 150_000, 150_600);
        Pass(10);
        Assert.InRange(upload.Bytes - 150_000, 99_000, 101_000);
    }

    [Fact]
    public void Changed_limit_reaches_the_upload_that_waits_and_zero_lifts_it()
    {
        using var limit = Limit(1);
        var upload = new Upload([limit], Fill);
        upload.Start();
        Pass(1);
        var first = upload.Bytes;
        Assert.InRange(first, 1, 600);
        limit.Limit = new RateLimit(100_000, 0, PacerKind.TokenBucket);
        // It goes on on another thread, and would not notice that the clock is turned before it waits again.
        Until(() => upload.IsWaiting && upload.Bytes > first);
        var before = upload.Bytes;
        Pass(2);
        Assert.InRange((upload.Bytes - before) / 200_000d, 0.98, 1.02);
        Assert.Equal(1, limit.Responses);
        upload.Most = upload.Bytes + 5_000_000;
        limit.Limit = new RateLimit(0, 0, PacerKind.TokenBucket);
        Until(() => upload.IsDone);
        Assert.Equal(0, limit.Responses);
    }

    [Fact]
    public void Limit_that_is_set_during_an_upload_slows_it()
    {
        using var limit = Limit(0);
        var upload = new Upload([limit], () => 0);
        upload.Start();
        limit.Limit = new RateLimit(1_000, 0, PacerKind.TokenBucket);
        upload.Next = Fill;
        // The read that waited when the limit was set returns what it waited for.
        upload.Refill();
        var first = upload.Bytes;
        Pass(10);
        Assert.InRange(upload.Bytes - first, 9_000, 11_000);
    }

    [Fact]
    public async Task Waiting_bytes_stay_in_the_server_s_buffer()
    {
        using var limit = Limit(1_000);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 100_000, resumeWriterThreshold: 50_000));
        using var reader = new PacedBodyReader(limit, default, pipe.Reader, default);
        var full = pipe.Writer.WriteAsync(new byte[100_000], TestContext.Current.CancellationToken).AsTask();
        Assert.False(full.IsCompleted, "the buffer is full");
        var read = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(512, read.Buffer.Length);
        Assert.False(read.IsCompleted);
        reader.AdvanceTo(read.Buffer.End);
        var next = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(next.IsCompleted, "the next turn is in half a second");
        Assert.False(full.IsCompleted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(512)]
    [InlineData(100_000)]
    public async Task Every_byte_is_passed_on_once_whatever_the_reader_takes(int takes)
    {
        var sent = new byte[20_001];
        new Random(1).NextBytes(sent);
        using var limit = Limit(1 << 20);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(sent, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        using var reader = new PacedBodyReader(limit, default, pipe.Reader, default);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var examines = false;
        while (true)
        {
            var reading = reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
            while (!reading.IsCompleted) _time.Advance(TimeSpan.FromMilliseconds(1));
            var read = await reading;
            // Every second time it only looks, and wants to see more.
            examines = !examines && !read.IsCompleted;
            var taken = read.Buffer.Slice(0, examines ? 0 : Math.Min(takes, read.Buffer.Length));
            foreach (var part in taken) hash.AppendData(part.Span);
            var isEnd = read.IsCompleted && taken.Length == read.Buffer.Length;
            if (examines) reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            else reader.AdvanceTo(taken.End);
            if (isEnd) break;
        }
        Assert.Equal(SHA256.HashData(sent), hash.GetHashAndReset());
        Assert.Equal(0, limit.Responses);
    }

    [Fact]
    public async Task Client_that_leaves_ends_the_wait_and_the_body_can_still_be_read()
    {
        using var limit = Limit(1);
        using var gone = new CancellationTokenSource();
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[2_000], TestContext.Current.CancellationToken);
        using var reader = new PacedBodyReader(limit, default, pipe.Reader, gone.Token);
        var first = await reader.ReadAsync(CancellationToken.None);
        reader.AdvanceTo(first.Buffer.End);
        var embedded = reader.ReadAsync(CancellationToken.None).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAsync<IOException>(() => embedded);
        using var stop = new CancellationTokenSource();
        var pumped = reader.ReadAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pumped);
        Assert.True(pipe.Reader.TryRead(out var left), "the server reads on");
        Assert.Equal(2_000 - first.Buffer.Length, left.Buffer.Length);
    }

    [Fact]
    public void Upload_without_a_limit_is_passed_on_as_it_comes()
    {
        using var limit = Limit(0);
        var pipe = new Pipe();
        using var reader = PacedBodyReader.Create(new LimitIndex(limit), null, new BodyFacts("PUT", "/", null, 5), default, pipe.Reader, default)!;
        pipe.Writer.Write(new byte[5_000]);
        _ = pipe.Writer.FlushAsync();
        Assert.True(reader.TryRead(out var read));
        Assert.Equal(5_000, read.Buffer.Length);
        reader.AdvanceTo(read.Buffer.GetPosition(1_000), read.Buffer.End);
        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void Limits_whose_conditions_an_upload_does_not_meet_do_not_apply()
    {
        var conditions = new RateConditions { Methods = ["PUT"], ContentTypes = ["video/*"], MinimumSize = 1000 };
        using var limit = new LiveRateLimit(new RateLimit(1, 0, PacerKind.TokenBucket), _time, RateScope.Response, conditions);
        PacedBodyReader? Of(string method, string? type, long? length) =>
            PacedBodyReader.Create(new LimitIndex(limit), null, new BodyFacts(method, "/", type, length), default, new Pipe().Reader, default);
        Assert.NotNull(Of("PUT", "video/mp4", 1000));
        Assert.NotNull(Of("put", "video/mp4", null));
        Assert.Null(Of("POST", "video/mp4", 1000));
        Assert.Null(Of("PUT", "text/plain", 1000));
        Assert.Null(Of("PUT", "video/mp4", 999));
    }

    private static int Fill() => 65_536;

    private static void Until(Func<bool> holds) => Assert.True(SpinWait.SpinUntil(holds, TimeSpan.FromSeconds(30)));

    /// <summary>An upload whose client sends as much as it may, and whose daemon takes all at once.</summary>
    private sealed class Upload
    {
        private readonly Pipe _pipe = new(new PipeOptions(
            pauseWriterThreshold: 0, useSynchronizationContext: false, readerScheduler: PipeScheduler.Inline));
        private readonly PacedBodyReader _reader;
        private long _bytes;
        private bool _isWaiting;
        private bool _isDone;

        public Upload(LiveRateLimit[] limits, Func<int> next)
        {
            Next = next;
            _reader = PacedBodyReader.Create(new LimitIndex(limits), null, default, default, _pipe.Reader, default)!;
        }

        public Func<int> Next { get; set; }

        public long Bytes => Volatile.Read(ref _bytes);

        public long Most { get; set; } = long.MaxValue;

        public bool IsDone => Volatile.Read(ref _isDone);

        /// <summary>Whether it waits for its turn or for its client.</summary>
        public bool IsWaiting => Volatile.Read(ref _isWaiting);

        public void Start()
        {
            Refill();
            _ = RunAsync();
        }

        public void Refill()
        {
            if (Next() is not (> 0 and var size)) return;
            _pipe.Writer.Write(new byte[size]);
            _ = _pipe.Writer.FlushAsync();
        }

        private async Task RunAsync()
        {
            while (Bytes < Most)
            {
                var reading = _reader.ReadAsync();
                Volatile.Write(ref _isWaiting, !reading.IsCompleted);
                var read = await reading;
                Volatile.Write(ref _isWaiting, false);
                Volatile.Write(ref _bytes, _bytes + read.Buffer.Length);
                _reader.AdvanceTo(read.Buffer.End);
                // The buffer of the server is refilled when it is empty; before that the reader has to leave its bytes there.
                if (!_pipe.Reader.TryRead(out var left)) Refill();
                else _pipe.Reader.AdvanceTo(left.Buffer.Start);
            }
            _reader.Dispose();
            Volatile.Write(ref _isDone, true);
        }
    }
}

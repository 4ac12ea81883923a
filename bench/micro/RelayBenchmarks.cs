using BenchmarkDotNet.Attributes;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Host;

namespace DaemonProxy.Micro;

/// <summary>
/// A block's way from a body that has it ready to a client that takes it at once. Per block; what the response itself costs is spread over
/// its blocks.
/// </summary>
[MemoryDiagnoser]
public class RelayBenchmarks
{
    private const int Blocks = 10_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly ResponseRelay _relay = new(new LiveFlushPolicy(FlushPolicy.Default), TimeProvider.System);
    private readonly TrafficScope _traffic = new(new TrafficCounter());
    private readonly DiscardingWriter _client = new();
    private ReadyBody _body = null!;

    /// <summary>Bytes: an application's line, a daemon's write, a full buffer.</summary>
    [Params(100, 8_192, 65_536)]
    public int Size { get; set; }

    [GlobalSetup]
    public void SetUp() => _body = new ReadyBody(new byte[Size]);

    [Benchmark(OperationsPerInvoke = Blocks, Baseline = true)]
    public void Relay() => Run(new CoreOutput(WriterFeatures.ClientOf(_client), Timeout, TimeProvider.System));

    [Benchmark(OperationsPerInvoke = Blocks)]
    public void Relay_chunked() => Run(new CoreOutput(WriterFeatures.ClientOf(_client, chunked: true), Timeout, TimeProvider.System));

    private void Run(CoreOutput output)
    {
        using (output)
        {
            _body.Reset(Blocks);
            var relayed = _relay.RunAsync(_body, output, _traffic, prompt: false, Timeout, CancellationToken.None);
            // After each MiB the relay lets others have the thread.
            if (relayed.IsCompleted) relayed.GetAwaiter().GetResult();
            else relayed.AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>The same block again and again.</summary>
    private sealed class ReadyBody(byte[] block) : IResponseBody
    {
        private int _left;

        public void Reset(int blocks) => _left = blocks;

        public bool TryRead(out BodyBlock read)
        {
            read = new(block, --_left == 0);
            return true;
        }

        public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => new(true);
    }
}

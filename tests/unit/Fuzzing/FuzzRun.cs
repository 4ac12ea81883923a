using System.Diagnostics;
using System.Globalization;
using CsCheck;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Runs a check over mutated inputs for <c>DAEMONPROXY_FUZZ_SECONDS</c> (3): no input may make it throw, take longer than
/// <see cref="LongestCase"/>, or leave memory behind. What fails is made smaller and printed in base64;
/// <c>DAEMONPROXY_FUZZ_INPUT=TARGET:BASE64</c> runs that one input again.
/// </summary>
internal sealed class FuzzRun(string target, FuzzSeeds seeds, Action<byte[]> check)
{
    private const int Batch = 200;
    private static readonly TimeSpan LongestCase = TimeSpan.FromSeconds(30);

    private long _caseStart;
    private byte[] _case = [];
    private byte[]? _failing;
    private Exception? _failure;
    private long _cases;

    /// <summary>How long a target is fuzzed, s.</summary>
    public static int Seconds =>
        Environment.GetEnvironmentVariable("DAEMONPROXY_FUZZ_SECONDS") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture) : 3;

    // A short run tries the same inputs each time, so that a build fails for what has changed in it; a long one is for finding what nobody
    // has seen.
    private static ulong Seed => Seconds >= 60 ? (ulong)Random.Shared.NextInt64() : 1;

    // Other tests run beside a short run, in the same heap; a long one is run alone.
    private static long AllowedGrowth => Seconds >= 60 ? 4L << 20 : 64L << 20;

    public async Task RunAsync()
    {
        if (Environment.GetEnvironmentVariable("DAEMONPROXY_FUZZ_INPUT") is { Length: > 0 } again)
        {
            Assert.SkipUnless(again.StartsWith(target + ":", StringComparison.Ordinal),
                $"DAEMONPROXY_FUZZ_INPUT is for another target than {target}");
            check(Convert.FromBase64String(again[(target.Length + 1)..]));
            return;
        }

        // The seeds as they are, in every run: they are the regression cases.
        foreach (var seed in seeds.Seeds) check(seed);
        var run = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (await Task.WhenAny(run, Task.Delay(500)) != run)
        {
            var start = Interlocked.Read(ref _caseStart);
            if (start != 0 && Stopwatch.GetElapsedTime(start) > LongestCase) Assert.Fail(Report("does not end", _case));
        }
        var growth = await run;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target}: {_cases:N0} inputs in {Seconds} s from {seeds.Seeds.Count} seeds; "
            + $"the heap grew by {growth / 1024.0:N0} KiB after the first quarter"));
        Assert.True(growth < AllowedGrowth, $"{target}: the heap grew by {growth:N0} bytes over {_cases:N0} inputs");
        Assert.True(_cases > 0, "no input was tried");
    }

    /// <summary>Runs batches until the time is over; gives by how many bytes the heap has grown after the first quarter.</summary>
    private long Run()
    {
        var inputs = MutatedInput.From(seeds);
        var random = new PCG(1, Seed);
        var clock = Stopwatch.StartNew();
        var (total, first) = (TimeSpan.FromSeconds(Seconds), 0L);
        while (clock.Elapsed < total)
        {
            if (first == 0 && clock.Elapsed > total / 4) first = GC.GetTotalMemory(forceFullCollection: true);
            try
            {
                for (var i = 0; i < Batch; i++) Check(inputs.Generate(random, null, out _));
            }
            catch (Exception failed)
            {
                var smaller = Smaller(_failing!);
                throw new InvalidOperationException(Report($"fails with {_failure}\n{failed.Message.Split('\n')[0]}", smaller), _failure);
            }
        }
        return GC.GetTotalMemory(forceFullCollection: true) - first;
    }

    private void Check(byte[] input)
    {
        (_case, _cases) = (input, _cases + 1);
        Interlocked.Exchange(ref _caseStart, Stopwatch.GetTimestamp());
        try
        {
            check(input);
        }
        catch (Exception failure)
        {
            if (_failing is null || input.Length < _failing.Length) (_failing, _failure) = (input, failure);
            throw;
        }
        finally
        {
            Interlocked.Exchange(ref _caseStart, 0);
        }
    }

    /// <summary>Leaves out what the failure does not need: ever smaller pieces, for at most 5 s.</summary>
    private byte[] Smaller(byte[] input)
    {
        var clock = Stopwatch.StartNew();
        for (var piece = Math.Max(1, input.Length / 2); piece > 0 && clock.ElapsedMilliseconds < 5000; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length && clock.ElapsedMilliseconds < 5000;)
            {
                byte[] without = [.. input[..at], .. input[(at + piece)..]];
                if (Fails(without)) input = without;
                else at += piece;
            }
        }
        return input;
    }

    private bool Fails(byte[] input)
    {
        try
        {
            check(input);
            return false;
        }
        catch (Exception failure) when (failure.GetType() == _failure!.GetType())
        {
            _failure = failure;
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private string Report(string what, byte[] input) =>
        $"{target}: this input {what}\n"
        + $"  as text: {System.Text.Encoding.Latin1.GetString(input).Replace("\r", "\\r").Replace("\n", "\\n")}\n"
        + $"  again: DAEMONPROXY_FUZZ_INPUT={target}:{Convert.ToBase64String(input)}";
}

using System.CommandLine;
using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Reporting;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy verify rate-limit|flush|embedded</c>: measures whether the front end keeps its promises.</summary>
internal static class VerifyCommand
{
    public static Command Create() =>
        new("verify",
        "Measure what the front end promises; ends with 1 when it is not kept, with 3 when the machine is too busy to tell.") { RateLimit(),
        Flush(), Embedded() };

    private static Command RateLimit()
    {
        var name = Name();
        var routes = Routes();
        var rate = new Option<string?>("--rate")
        {
            Description = "The rate to configure or, with --uri, the one that each response should have. Default: 1MiB/s.",
            HelpName = "RATE",
        };
        var duration = new Option<string?>("--duration") { Description = "How long to measure. Default: 5s.", HelpName = "TIME" };
        var tolerance = new Option<string?>("--tolerance")
        {
            Description = "The error allowed. Default: 1% for token-bucket, 2% for interval.",
            HelpName = "PERCENT",
        };
        var direction = new Option<string?>("--direction")
        {
            Description = "What to measure: download (the default) or upload.",
            HelpName = "download|upload",
        };
        direction.CompletionSources.Add("download", "upload");
        var json = JsonOption.Create();
        var server = new VerifyServerOptions();
        var report = new Option<string?>("--report") { Description = "Write a page with charts too.", HelpName = "FILE.html" };
        var command = new Command(
            "rate-limit",
            "Both pacers under the flush policy of today and the one before 6.0.2, side by side; or the routes of a running front end; or "
            + "any server.")
            { name, routes, direction, rate, duration, tolerance, report, json };
        server.AddTo(command, name, routes, server.Connections, server.Shared, server.Skip);
        command.AddRule(parsed =>
        {
            if (parsed.GetValue(direction) is { } way and not ("download" or "upload"))
                parsed.AddError($"--direction: '{way}' is no direction; write download or upload.");
            if (parsed.GetValue(rate) is { } wanted && !TryParseRate(wanted, out _))
                parsed.AddError($"--rate: '{wanted}' is no rate; write for example 400KiB/s.");
            if (parsed.GetValue(server.Uris) is { Length: > 0 } && parsed.GetValue(rate) is null)
                parsed.AddError("--uri needs the rate that its responses should have; give --rate too.");
            if (parsed.GetValue(server.Skip) is { } skip && !Units.TryParseSize(skip, out _))
                parsed.AddError($"--skip: '{skip}' is no size; write for example 1MiB.");
            if (parsed.GetValue(duration) is { } time && !Units.TryParseDuration(time, TimeSpan.FromSeconds(1), out _))
                parsed.AddError($"--duration: '{time}' is no time; write for example 5s.");
            if (parsed.GetValue(tolerance) is { } text && Percent(text) is null)
                parsed.AddError($"--tolerance: '{text}' is no percentage; write for example 1%.");
        });
        command.SetAction((arguments, cancellationToken) =>
        {
            TryParseRate(arguments.GetValue(rate) ?? "1MiB/s", out var bytesPerSecond);
            Units.TryParseDuration(arguments.GetValue(duration) ?? "5s", TimeSpan.FromSeconds(1), out var time);
            var allowed = arguments.GetValue(tolerance) is { } text ? Percent(text) : null;
            var what = arguments.GetValue(direction) == "upload" ? RateDirection.Upload : RateDirection.Download;
            if (server.UrisOf(arguments) is { Count: > 0 } uris)
            {
                return RunAsync(arguments, json,
                    (progress, cancel) =>
                        EachAsync(uris,
                        uri => ServerRateLimitVerification.RunAsync(
                        server.RateLimit(arguments, uri, bytesPerSecond, time, allowed) with { Direction = what },
                        progress, cancel), cancel),
                    VerificationReport.Text, result => result.Passed, cancellationToken, results => Write(RateLimitReport.Html(results)));
            }

            var options = new RateLimitVerificationOptions
            {
                HostPath = HostPath,
                Name = arguments.GetValue(name),
                Routes = arguments.GetValue(routes) ?? [],
                Direction = what,
                Rate = bytesPerSecond,
                Duration = time,
                Tolerance = allowed,
            };
            return RunAsync(arguments, json, (progress, cancel) => RateLimitVerification.RunAsync(options, progress, cancel),
                VerificationReport.Text, result => result.Passed, cancellationToken, results => Write(RateLimitReport.Html(results)));

            void Write(string html)
            {
                if (arguments.GetValue(report) is { } path)
                    RateLimitReport.Write(Path.GetFullPath(path), html);
            }
        });
        return command;
    }

    private static Command Flush()
    {
        var name = Name();
        var routes = Routes();
        var json = JsonOption.Create();
        var server = new VerifyServerOptions();
        var sample = new Option<bool>("--sample")
        {
            Description = "With --uri: the sample application answers below the address; ask it for drips and silences.",
        };
        var duration = new Option<string?>("--duration")
        {
            Description = "How long to listen to --uri (default: 10s), or to try each delay of --sweep (5s).",
            HelpName = "TIME",
        };
        var every = new Option<string?>("--every")
        {
            Description = "With --uri: the time between two writes, where the data has no timestamps. Default: the mean.",
            HelpName = "TIME",
        };
        var sweep = new Option<bool>("--sweep")
        {
            Description = "Try each flush delay on the front end --name, and compare with what the advice predicts.",
        };
        var daemon = new Option<string?>("--daemon")
        {
            Description = "With --sweep: the daemon group that serves the path.",
            HelpName = "NAME",
        };
        var path = new Option<string?>("--path") { Description = "With --sweep: what to request, such as /export.csv.", HelpName = "PATH" };
        var limit = new Option<string?>("--limit") { Description = "With --uri: the 99th percentile allowed.", HelpName = "TIME" };
        var command = new Command(
            "flush", "How long what an application has written waits, by timestamps in the data or else by gaps; in the front end or any "
            + "server.") { name, routes, sweep, daemon, path, duration, json };
        server.AddTo(command, name, routes, sample, every, limit);
        command.AddRule(parsed =>
        {
            var isSweep = parsed.GetValue(sweep);
            if (isSweep && (parsed.GetValue(name) is null || parsed.GetValue(path) is null))
                parsed.AddError("--sweep tries a response of a running front end; give --name and --path too.");
            if (!isSweep && new Option[] { daemon, path }.FirstOrDefault(option => parsed.GetResult(option) is not null) is { } lonely)
                parsed.AddError($"{lonely.Name} is for --sweep; give that too.");
            if (!isSweep && parsed.GetResult(duration) is not null && parsed.GetValue(server.Uris) is not { Length: > 0 })
                parsed.AddError("--duration is for --uri and --sweep; give one of them too.");
            foreach (var (option, unit) in new[] { (duration, 1000), (every, 1), (limit, 1) })
            {
                if (parsed.GetValue(option) is { } text && !Units.TryParseDuration(text, TimeSpan.FromMilliseconds(unit), out _))
                    parsed.AddError($"{option.Name}: '{text}' is no time; write for example 50ms.");
            }
        });
        command.SetAction((arguments, cancellationToken) =>
        {
            if (server.UrisOf(arguments) is { Count: > 0 } uris)
            {
                return RunAsync(arguments, json,
                    async Task<IReadOnlyList<ServerFlushResult>> (progress, cancel) =>
                        (await EachAsync(uris, uri => ServerFlushVerification.RunAsync(Options(arguments, uri), progress, cancel), cancel))
                            .SelectMany(results => results).ToList(),
                    VerificationReport.Text, result => result.Passed, cancellationToken);
            }

            if (arguments.GetValue(sweep))
            {
                var tried = new FlushSweepOptions
                {
                    Name = arguments.GetValue(name)!,
                    Daemon = arguments.GetValue(daemon),
                    Path = arguments.GetValue(path)!,
                    Duration = Time(arguments.GetValue(duration), 1000) ?? TimeSpan.FromSeconds(5),
                };
                return RunAsync(arguments, json, (progress, cancel) => FlushSweep.RunAsync(tried, progress, cancel),
                    VerificationReport.Text, result => result.Passed, cancellationToken);
            }

            var options = new FlushVerificationOptions
            {
                HostPath = HostPath,
                Name = arguments.GetValue(name),
                Routes = arguments.GetValue(routes) ?? [],
            };
            return RunAsync(arguments, json, (progress, cancel) => FlushVerification.RunAsync(options, progress, cancel),
                VerificationReport.Text, result => result.Passed, cancellationToken);
        });
        return command;

        ServerFlushOptions Options(ParseResult arguments, Uri uri) => new()
        {
            Uri = uri,
            Sample = arguments.GetValue(sample),
            Duration = Time(arguments.GetValue(duration), 1000) ?? TimeSpan.FromSeconds(10),
            Every = Time(arguments.GetValue(every), 1),
            Limit = Time(arguments.GetValue(limit), 1),
            Headers = server.HeadersOf(arguments),
            SkipCertificateCheck = arguments.GetValue(server.SkipCertificateCheck),
        };
    }

    /// <summary>Reads a time that has been checked already; null: none was given.</summary>
    /// <param name="text">The time.</param>
    /// <param name="plainMilliseconds">The unit of a plain number, in milliseconds.</param>
    internal static TimeSpan? Time(string? text, int plainMilliseconds) =>
        Units.TryParseDuration(text, TimeSpan.FromMilliseconds(plainMilliseconds), out var time) ? time : null;

    private static Command Embedded()
    {
        var name = Name();
        var json = JsonOption.Create();
        var command = new Command(
            "embedded", "What an embedded request gets under each state of restrict-embedded, and that the front end survives it.")
        {
            name, json,
        };
        command.SetAction((arguments, cancellationToken) => RunAsync(
            arguments, json, (progress, cancel) =>
                EmbeddedVerification.RunAsync(new() { HostPath = HostPath, Name = arguments.GetValue(name) }, progress, cancel),
            VerificationReport.Text, result => result.Passed || result.Skipped is not null, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync<TResult>(
        ParseResult arguments, Option<bool> json, Func<IProgress<VerificationProgress>?, CancellationToken,
            Task<IReadOnlyList<TResult>>> run,
        Func<IReadOnlyList<TResult>, int, string> text, Func<TResult, bool?> passed, CancellationToken cancellationToken,
        Action<IReadOnlyList<TResult>>? write = null)
    {
        var streams = arguments.InvocationConfiguration;
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // The first Ctrl+C ends the measurement, and the results so far are printed; the second gets the system's default action.
        ConsoleCancelEventHandler onInterrupt = (_, key) =>
        {
            key.Cancel = !interrupted.IsCancellationRequested;
            interrupted.Cancel();
        };
        Console.CancelKeyPress += onInterrupt;
        try
        {
            var results = await MeasureAsync();
            write?.Invoke(results);
            await streams.Output.WriteLineAsync(
                (arguments.GetValue(json) ? VerificationJson.Text(results) : text(results, TerminalWidth.Of(streams.Output))).TrimEnd());
            return ExitCodeOf([.. results.Select(passed)]);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            DaemonProxyCommand.Complain(streams.Error, "interrupted before anything was measured");
            return DaemonProxyCommand.Failed;
        }
        finally
        {
            Console.CancelKeyPress -= onInterrupt;
        }

        async Task<IReadOnlyList<TResult>> MeasureAsync()
        {
            var progress = TerminalProgress.For(streams.Error);
            // Results, or the reason why there are none, must not continue its line.
            try { return await run(progress, interrupted.Token); }
            finally { progress?.Clear(); }
        }
    }

    /// <summary>A failed check outweighs one without a verdict.</summary>
    internal static int ExitCodeOf(IReadOnlyList<bool?> passed) => passed.Count == 0 || passed.Contains(false) ? DaemonProxyCommand.Failed
        : passed.Contains(null) ? DaemonProxyCommand.NotMeasurable
        : DaemonProxyCommand.Ok;

    /// <summary>Runs the checks one after another; starts none after Ctrl+C.</summary>
    private static async Task<IReadOnlyList<TResult>> EachAsync<TResult>(
        IReadOnlyList<Uri> uris, Func<Uri, Task<TResult>> measure, CancellationToken cancellationToken)
    {
        var results = new List<TResult>();
        for (var i = 0; i < uris.Count && !cancellationToken.IsCancellationRequested; i++)
            results.Add(await measure(uris[i]));
        return results;
    }

    /// <summary>400KiB/s, or as people say it on the command line: 400KB.</summary>
    private static bool TryParseRate(string text, out long rate) =>
        (Units.TryParseRate(text, out rate) || (!char.IsAsciiDigit(text[^1]) && Units.TryParseSize(text, out rate))) && rate > 0;

    private static string HostPath =>
        Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "daemonproxy.exe" : "daemonproxy");

    private static Option<string?> Name()
    {
        var name = new Option<string?>("--name") { Description = "A front end that runs, instead of one of its own.", HelpName = "NAME" };
        name.CompletionSources.Add(FrontEndNames.Complete);
        return name;
    }

    private static Option<string[]> Routes() =>
        new("--route") { Description = "With --name: only this route; may be given again.", HelpName = "PATH" };

    private static double? Percent(string text) =>
        double.TryParse(text.TrimEnd('%', ' '), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            && percent is > 0 and < 100 ? percent / 100 : null;
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace DaemonProxy.Configuration;

/// <summary>The kinds of values that keys have.</summary>
internal static class ValueReaders
{
    /// <summary>Beyond any use, and within the range of every timer: a week.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);

    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>A name by <see cref="NameRule"/>.</summary>
    public static ValueReader<string> Name { get; } = Single<string>("site", (scalar, key, _) =>
        NameRule.Allows(scalar.Text) ? scalar.Text : new Wrong($"{key}: {scalar.Shown} cannot be a name; {NameRule.Sentence}"));

    /// <summary>on or off, true or false, yes or no.</summary>
    public static ValueReader<bool> Switch { get; } = Single<bool>("on", (scalar, key, _) => scalar.Text.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => new Wrong($"{key}: {scalar.Shown} is neither on nor off; write on, off, true or false"),
    });

    /// <summary>A path, made full from the file's folder.</summary>
    public static ValueReader<string> FullPath { get; } = Single<string>("apps/app.wsgi", (scalar, key, reading) =>
        scalar.Text.Length > 0
            ? Path.GetFullPath(scalar.Text, reading.BaseDirectory)
            : new Wrong($"{key}: the path is empty; name a file or folder"));

    /// <summary>A WSGI application: its script's path, made full from the file's folder, or module:callable as it stands.</summary>
    public static ValueReader<string> Application { get; } = Single<string>("apps/app.wsgi", (scalar, key, reading) =>
        scalar.Text.Length == 0 ? new Wrong($"{key}: it is empty; name a script, or module:callable")
            : ApplicationTarget.Full(scalar.Text, reading.BaseDirectory));

    /// <summary>The path of a file that is there.</summary>
    public static ValueReader<string> ExistingFile { get; } = Single<string>("site.pem", (scalar, key, reading) =>
        Path.GetFullPath(scalar.Text.Length > 0 ? scalar.Text : ".", reading.BaseDirectory) is var path && File.Exists(path)
            ? path
            : new Wrong($"{key}: there is no file {scalar.Shown} (looked for {path}); name one that is there, in full or from this file's folder"));

    /// <summary>A route's path, without a <c>/</c> at its end: it matches whole segments, so that <c>/a/</c> is <c>/a</c>.</summary>
    public static ValueReader<string> RoutePath { get; } = Single<string>("/download", (scalar, key, _) => scalar.Text switch
    {
        ['/', ..] path when path.AsSpan().IndexOfAny('?', '#') >= 0 =>
            new Wrong($"{key}: {scalar.Shown} holds a '?' or '#', and only the path of a request is matched; end it before"),
        ['/', ..] path when path.Contains("//", StringComparison.Ordinal) || path.Split('/').Any(segment => segment is "." or "..") =>
            new Wrong($"{key}: {scalar.Shown} can match no request, for '//', '.' and '..' are in none; write for example /download"),
        ['/', ..] path => path.Length > 1 ? path.TrimEnd('/') : path,
        _ => new Wrong($"{key}: {scalar.Shown} must begin with a '/'; write '/{scalar.Text}'"),
    });

    /// <summary>A daemon's address.</summary>
    public static ValueReader<DaemonAddress> DaemonAddress { get; } = Single<DaemonAddress>("unix:/run/app.sock", (scalar, key, reading) =>
        Configuration.DaemonAddress.TryParse(scalar.Text, reading.BaseDirectory, out var address, out var error)
            ? address
            : new Wrong($"{key}: {error}"));

    /// <summary>An address to listen on.</summary>
    public static ValueReader<ListenAddress> ListenAddress { get; } = Single<ListenAddress>("http://127.0.0.1:8080", (scalar, key, _) =>
        Configuration.ListenAddress.TryParse(scalar.Text, out var address, out var error) ? address : new Wrong($"{key}: {error}"));

    /// <summary>An address on loopback, in clear text: what is served there asks for no password.</summary>
    public static ValueReader<ListenAddress> MetricsAddress { get; } = Single<ListenAddress>("http://127.0.0.1:9100", (scalar, key, _) =>
        !Configuration.ListenAddress.TryParse(scalar.Text, out var address, out var error) ? new Wrong($"{key}: {error}")
            : address is { Scheme: "http", IsLoopback: true } ? address
            : new Wrong($"{key}: {scalar.Shown} must be http on a loopback address, for it is served without a password; write for example http://127.0.0.1:{address.Port}"));

    /// <summary>The addresses of a network, or one address. Bits behind the prefix are taken as 0.</summary>
    public static ValueReader<IPNetwork> Network { get; } = Single<IPNetwork>("10.0.0.0/8", (scalar, key, _) =>
        NetworkRange.TryParse(scalar.Text, out var network)
            ? network
            : new Wrong($"{key}: {scalar.Shown} is no IP address and no range of them; write for example 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32"));

    /// <summary>A rate, bytes a second; 0 for none.</summary>
    public static ValueReader<long> Rate { get; } = Single<long>("400KiB/s", (scalar, key, _) =>
        Units.TryParseRate(scalar.Text, out var rate) ? rate : new Wrong($"{key}: {RateComplaint(scalar)}"));

    /// <summary>What a key refers to by its name; whether it is there is checked when everything is read.</summary>
    public static ValueReader<string> Reference { get; } = Single<string>("app", (scalar, _, _) => scalar.Text);

    /// <summary>Permission bits, in octal as everywhere: 022.</summary>
    public static ValueReader<int> Umask { get; } = Single<int>("022", (scalar, key, _) =>
        scalar.Text.Length is > 0 and <= 4 && scalar.Text.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(scalar.Text, 8) is var bits and <= 0x1FF
            ? bits
            : new Wrong($"{key}: {scalar.Shown} is no umask; write it in octal, for example 022"));

    /// <summary>A word that is passed on as it stands.</summary>
    /// <param name="example">For messages.</param>
    public static ValueReader<string> Word(string example) => Single<string>(example, (scalar, key, _) =>
        scalar.Text.Length is > 0 and <= 256 && !scalar.Text.Any(char.IsControl)
            ? scalar.Text
            : new Wrong($"{key}: {scalar.Shown} cannot be used; write for example {example}"));

    /// <summary>A text with a rule of its own.</summary>
    /// <param name="example">For messages.</param>
    /// <param name="read">Gives the value, or the mistake, of a text, from it, from it as messages show it, and from the key.</param>
    public static ValueReader<string> Text(string example, Func<string, string, string, (string? Value, string? Mistake)> read) => Single<string>(example, (scalar, key, _) =>
        read(scalar.Text, scalar.Shown, key) is var (value, mistake) && mistake is null ? value! : new Wrong(mistake!));

    /// <summary>A whole number.</summary>
    /// <param name="least">The least that is taken.</param>
    /// <param name="most">The most that is taken.</param>
    public static ValueReader<long> Count(long least, long most) => Single<long>("15", (scalar, key, _) =>
        !long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
            ? new Wrong($"{key}: {scalar.Shown} is no whole number; write for example {Math.Clamp(15, least, most)}")
            : count < least ? new Wrong($"{key}: {scalar.Shown} is too small; the least is {least}")
            : count > most ? new Wrong($"{key}: {scalar.Shown} is too large; the most is {most}")
            : count);

    /// <summary>A size in bytes.</summary>
    /// <param name="least">The least that is taken.</param>
    /// <param name="most">The most that is taken.</param>
    public static ValueReader<long> Size(long least = 0, long most = long.MaxValue) => Single<long>("8MiB", (scalar, key, _) =>
    {
        if (!Units.TryParseSize(Unsigned(scalar.Text), out var size))
            return new Wrong($"{key}: {scalar.Shown} is no size; write for example 8MiB, 64KiB, or a number of bytes");
        if (IsNegative(scalar.Text) || size < least)
        {
            var bytes = least > 0 ? $" ({least} bytes)" : "";
            return new Wrong($"{key}: {scalar.Shown} is too small; the least is {Units.FormatSize(least)}{bytes}");
        }

        return size <= most ? size : new Wrong($"{key}: {scalar.Shown} is too large; the most is {Units.FormatSize(most)}");
    });

    /// <summary>A delay, where a plain number is milliseconds, as the original has it; 0 is taken.</summary>
    /// <param name="most">The longest that is taken.</param>
    public static ValueReader<TimeSpan> Delay(TimeSpan most) => Duration(Millisecond, "milliseconds", TimeSpan.Zero, most);

    /// <summary>A time limit, where a plain number is seconds, as the original has it.</summary>
    /// <param name="zero">Whether 0 is taken, as "no limit" or "the other one's".</param>
    public static ValueReader<TimeSpan> Timeout(bool zero) =>
        Duration(TimeSpan.FromSeconds(1), "seconds", zero ? TimeSpan.Zero : Millisecond, LongestTimeout);

    /// <summary>One of several words.</summary>
    /// <param name="choices">The words, and what they stand for.</param>
    public static ValueReader<T> Choice<T>(params (string Word, T Value)[] choices) => Single<T>(choices[0].Word, (scalar, key, _) =>
    {
        foreach (var (word, value) in choices)
        {
            if (word.Equals(scalar.Text, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return new Wrong($"{key}: {scalar.Shown} is not known; write {string.Join(" or ", choices.Select(choice => choice.Word))}");
    });

    private static ValueReader<TimeSpan> Duration(TimeSpan plainUnit, string plainName, TimeSpan least, TimeSpan most) =>
        Single<TimeSpan>("5ms", (scalar, key, _) =>
        {
            if (!Units.TryParseDuration(Unsigned(scalar.Text), plainUnit, out var duration))
                return new Wrong($"{key}: {scalar.Shown} is no time; write for example 5ms, 0.5s, or a number of {plainName}");
            if (IsNegative(scalar.Text) || duration < least)
                return new Wrong($"{key}: {scalar.Shown} is too short; the least is {(least == TimeSpan.Zero ? "0" : Units.FormatDuration(least))}");
            return duration <= most
                ? duration
                : new Wrong($"{key}: {scalar.Shown} is too long; the most is {Units.FormatDuration(most)}");
        });

    private static string RateComplaint(ScalarNode scalar) => scalar.Text switch
    {
        // Apache's "rate-limit 400" is KiB/s, which is what somebody means who brings the number along.
        var text when text.Length > 0 && text.All(char.IsAsciiDigit) => $"{scalar.Shown} has no unit; write {text}KiB/s",
        var text when Units.TryParseSize(text, out _) => $"{scalar.Shown} is a size, not a rate; write {text}/s",
        _ => $"{scalar.Shown} is no rate; write for example 400KiB/s, 1.5MiB/s, or 0 for no limit",
    };

    private static bool IsNegative(string text) => text.StartsWith('-') && text.AsSpan().IndexOfAnyInRange('1', '9') >= 0;

    private static string Unsigned(string text) => text.StartsWith('-') ? text[1..] : text;

    /// <summary>A reader of single values; what is the same for all of them is here.</summary>
    private static ValueReader<T> Single<T>(string example, Func<ScalarNode, string, Reading, Outcome<T>> read) =>
        (node, key, reading, [MaybeNullWhen(false)] out value) =>
        {
            value = default;
            var outcome = node is not ScalarNode scalar
                ? new Wrong($"{key}: one value belongs here, and this is {node.Kind}; write for example {example}")
                // No name, path or argument of any system can hold it, and each would fail in its own way.
                : scalar.Text.Contains('\0') ? new Wrong($"{key}: the value holds a NUL character; leave it out") : read(scalar, key, reading);
            if (outcome.Mistake is { } mistake)
            {
                reading.Mistake(node, mistake);
                return false;
            }

            value = outcome.Value!;
            return true;
        };

    /// <summary>Why a value cannot be taken.</summary>
    private readonly record struct Wrong(string Mistake);

    /// <summary>A value, or why it cannot be taken.</summary>
    private readonly record struct Outcome<T>(T? Value, string? Mistake)
    {
        public static implicit operator Outcome<T>(T value) => new(value, null);

        public static implicit operator Outcome<T>(Wrong wrong) => new(default, wrong.Mistake);
    }
}

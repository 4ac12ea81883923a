using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace DaemonProxy.Configuration;

/// <summary>The kinds of values that keys can have.</summary>
internal static class ValueKinds
{
    /// <summary>A week: beyond any use, and within the range of every timer.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);

    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>A name that obeys <see cref="NameRule"/>.</summary>
    public static ValueKind<string> Name { get; } = Single<string>("site", (scalar, key, _) =>
        NameRule.Allows(scalar.Text)
            ? scalar.Text : new Wrong($"{key}: {scalar.Shown} cannot be a name; {NameRule.Sentence}"), Same, Defined("name"));

    /// <summary>on or off, true or false, yes or no.</summary>
    public static ValueKind<bool> Switch { get; } = Single<bool>("on", (scalar, key, _) => scalar.Text.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => new Wrong($"{key}: {scalar.Shown} is neither on nor off; write on, off, true or false"),
    }, on => on ? "on" : "off", Defined("switch")) with
    { Json = on => on ? "true" : "false" };

    /// <summary>A path, made absolute relative to the file's folder.</summary>
    public static ValueKind<string> FullPath { get; } = Single<string>("apps/app.wsgi", (scalar, key, reading) =>
        scalar.Text.Length > 0
            ? Path.GetFullPath(scalar.Text, reading.BaseDirectory)
            : new Wrong($"{key}: the path is empty; name a file or folder"), Same, Defined("path"));

    /// <summary>Where a log goes; a file's path is made absolute relative to the file's folder.</summary>
    public static ValueKind<LogTarget> LogTarget { get; } = Single<LogTarget>("access.log", (scalar, key, reading) =>
        scalar.Text.Length > 0
            ? Configuration.LogTarget.From(scalar.Text, reading.BaseDirectory)
            : new Wrong($"{key}: the path is empty; name a file, stdout or syslog"), target => target.ToString(), Defined("path"));

    /// <summary>
    /// A WSGI application: its script's path, made absolute relative to the file's folder, or module:callable, unchanged.
    /// </summary>
    public static ValueKind<string> Application { get; } = Single<string>("apps/app.wsgi", (scalar, key, reading) =>
        scalar.Text.Length == 0 ? new Wrong($"{key}: it is empty; name a script, or module:callable")
            : ApplicationTarget.Full(scalar.Text, reading.BaseDirectory), Same, Defined("path"));

    /// <summary>The path of a file that exists.</summary>
    public static ValueKind<string> ExistingFile { get; } = Single<string>("site.pem", (scalar, key, reading) =>
        Path.GetFullPath(scalar.Text.Length > 0 ? scalar.Text : ".", reading.BaseDirectory) is var path && File.Exists(path)
            ? path
            : new Wrong($"{key}: there is no file {scalar.Shown} (looked for {path}); name one that is there, in full or from this file's "
            + "folder"), Same, Defined("path"));

    /// <summary>A route's path, without a trailing <c>/</c>. It matches whole segments, so <c>/a/</c> means <c>/a</c>.</summary>
    public static ValueKind<string> RoutePath { get; } = Single<string>("/download", (scalar, key, _) => scalar.Text switch
    {
        ['/', ..] path when path.AsSpan().IndexOfAny('?', '#') >= 0 =>
            new Wrong($"{key}: {scalar.Shown} holds a '?' or '#', and only the path of a request is matched; end it before"),
        ['/', ..] path when path.Contains("//", StringComparison.Ordinal) || path.Split('/').Any(segment => segment is "." or "..") =>
            new Wrong($"{key}: {scalar.Shown} can match no request, for '//', '.' and '..' are in none; write for example /download"),
        ['/', ..] path => path.Length > 1 ? path.TrimEnd('/') : path,
        _ => new Wrong($"{key}: {scalar.Shown} must begin with a '/'; write '/{scalar.Text}'"),
    }, Same, """
        "type": "string", "pattern": "^/[^?#]*$"
        """);

    public static ValueKind<DaemonAddress> DaemonAddress { get; } = Single<DaemonAddress>("unix:/run/app.sock", (scalar, key, reading) =>
        Configuration.DaemonAddress.TryParse(scalar.Text, reading.BaseDirectory, out var address, out var error)
            ? address
            : new Wrong($"{key}: {error}"), address => address.ToString(), """
        "type": "string", "pattern": "^([Uu][Nn][Ii][Xx]:.+|[Hh][Tt][Tt][Pp]://[^/?#@]+/?)$", "examples": ["unix:/run/app.sock", "http://127.0.0.1:9000"]
        """);

    /// <summary>The address of a fleet's Redis server.</summary>
    public static ValueKind<FleetAddress> FleetAddress { get; } = Single<FleetAddress>("redis://10.0.0.5:6379/0", (scalar, key, reading) =>
        Configuration.FleetAddress.TryParse(scalar.Text, reading.BaseDirectory, out var address, out var error)
            ? address : new Wrong($"{key}: {error}"), address => address.ToString(), """
        "type": "string", "pattern": "^([Uu][Nn][Ii][Xx]:.+|[Rr][Ee][Dd][Ii][Ss][Ss]?://.+)$", "examples": ["redis://10.0.0.5:6379/0"]
        """);

    /// <summary>How long a share holds without an answer: longer than a slow round trip, shorter than anybody would wait.</summary>
    public static ValueKind<TimeSpan> FleetTimeout { get; } =
        Duration(TimeSpan.FromSeconds(1), "seconds", TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));

    /// <summary>An address to listen on.</summary>
    public static ValueKind<ListenAddress> ListenAddress { get; } = Single<ListenAddress>("http://127.0.0.1:8080", (scalar, key, _) =>
        Configuration.ListenAddress.TryParse(scalar.Text, out var address, out var error) ? address : new Wrong($"{key}: {error}"),
        address => address.ToString(), Defined("listenAddress"));

    /// <summary>A loopback address, in clear text: whatever is served there asks for no password.</summary>
    public static ValueKind<ListenAddress> MetricsAddress { get; } = Single<ListenAddress>("http://127.0.0.1:9100", (scalar, key, _) =>
        !Configuration.ListenAddress.TryParse(scalar.Text, out var address, out var error) ? new Wrong($"{key}: {error}")
            : address is { Scheme: "http", IsLoopback: true } ? address
            : new Wrong($"{key}: {scalar.Shown} must be http on a loopback address, for it is served without a password; write for example "
            + $"http://127.0.0.1:{address.Port}"),
        address => address.ToString(), Defined("listenAddress"));

    /// <summary>A network, or a single address. Bits after the prefix are cleared.</summary>
    public static ValueKind<IPNetwork> Network { get; } = Single<IPNetwork>("10.0.0.0/8", (scalar, key, _) =>
        NetworkRange.TryParse(scalar.Text, out var network)
            ? network
            : new Wrong($"{key}: {scalar.Shown} is no IP address and no range of them; write for example 10.0.0.1, 10.0.0.0/8 or "
            + "2001:db8::/32"),
        network => network.ToString(), PlainText("10.0.0.0/8"));

    /// <summary>A rate, bytes a second; 0 for none.</summary>
    public static ValueKind<long> Rate { get; } = Single<long>("400KiB/s", (scalar, key, _) =>
        Units.TryParseRate(scalar.Text, out var rate) ? rate : new Wrong($"{key}: {RateComplaint(scalar)}"),
        Exact(Units.FormatRate, Units.TryParseRate, rate => string.Create(CultureInfo.InvariantCulture, $"{rate}B/s")), Defined("rate"))
            with
    { Json = ZeroOr(Units.FormatRate) };

    /// <summary>A reference to something by its name; whether that exists is checked once everything has been read.</summary>
    public static ValueKind<string> Reference { get; } = Single<string>("app", (scalar, _, _) => scalar.Text, Same, Defined("name"));

    /// <summary>Permission bits, in octal as is customary: 022.</summary>
    public static ValueKind<int> Umask { get; } = Single<int>("022", (scalar, key, _) =>
        scalar.Text.Length is > 0 and <= 4 && scalar.Text.All(digit => digit is >= '0' and <= '7')
            && Convert.ToInt32(scalar.Text, 8) is var bits and <= 0x1FF
            ? bits
            : new Wrong($"{key}: {scalar.Shown} is no umask; write it in octal, for example 022"),
        bits => Convert.ToString(bits, 8).PadLeft(3, '0'), PassedOn("022")) with
    { Range = "000 to 777" };

    /// <summary>A word that is passed on unchanged.</summary>
    /// <param name="example">For messages.</param>
    public static ValueKind<string> Word(string example) => Single<string>(example, (scalar, key, _) =>
        scalar.Text.Length is > 0 and <= 256 && !scalar.Text.Any(char.IsControl)
            ? scalar.Text
            : new Wrong($"{key}: {scalar.Shown} cannot be used; write for example {example}"), Same, PassedOn(example));

    /// <summary>A text with its own rule.</summary>
    /// <param name="example">For messages.</param>
    /// <param name="read">Returns the value or the mistake; its arguments are the text, the text as messages show it, and the key.</param>
    /// <param name="schema">The members of its JSON Schema; null: any text.</param>
    public static ValueKind<string> Text(
        string example, Func<string, string, string, (string? Value, string? Mistake)> read, string? schema = null) =>
        Single<string>(example, (scalar, key, _) =>
            read(scalar.Text, scalar.Shown, key) is var (value, mistake) && mistake is null
                ? value! : new Wrong(mistake!), Same, schema ?? PlainText(example));

    /// <summary>A whole number.</summary>
    /// <param name="least">The smallest value accepted.</param>
    /// <param name="most">The largest value accepted.</param>
    public static ValueKind<long> Count(long least, long most) => Single<long>("15", (scalar, key, _) =>
        !long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
            ? new Wrong($"{key}: {scalar.Shown} is no whole number; write for example {Math.Clamp(15, least, most)}")
            : count < least ? new Wrong($"{key}: {scalar.Shown} is too small; the least is {least}")
            : count > most ? new Wrong($"{key}: {scalar.Shown} is too large; the most is {most}")
            : count,
        WriteNumber, most == long.MaxValue
            ? $"\"type\": \"integer\", \"minimum\": {least}" : $"\"type\": \"integer\", \"minimum\": {least}, \"maximum\": {most}") with
    {
        Range = RangeText(WriteCount, least, most, long.MinValue),
        Json = WriteNumber,
    };

    /// <summary>A size in bytes.</summary>
    /// <param name="least">The smallest value accepted.</param>
    /// <param name="most">The largest value accepted.</param>
    public static ValueKind<long> Size(long least = 0, long most = long.MaxValue) => Single<long>("8MiB", (scalar, key, _) =>
    {
        if (!Units.TryParseSize(Unsigned(scalar.Text), out var size))
            return new Wrong($"{key}: {scalar.Shown} is no size; write for example 8MiB, 64KiB, or a number of bytes");
        if (IsNegative(scalar.Text) || size < least)
        {
            var bytes = least > 0 ? $" ({least} bytes)" : "";
            return new Wrong($"{key}: {scalar.Shown} is too small; the least is {Units.FormatSize(least)}{bytes}");
        }

        return size <= most ? size : new Wrong($"{key}: {scalar.Shown} is too large; the most is {Units.FormatSize(most)}");
    }, Exact(Units.FormatSize, Units.TryParseSize, WriteNumber), Defined("size")) with
    {
        Unit = "bytes",
        Range = RangeText(Units.FormatSize, least, most, 0),
        Json = ZeroOr(Units.FormatSize),
    };

    /// <summary>A delay. A plain number is in milliseconds, as in the original; 0 is accepted.</summary>
    /// <param name="most">The longest delay accepted.</param>
    public static ValueKind<TimeSpan> Delay(TimeSpan most) => Duration(Millisecond, "milliseconds", TimeSpan.Zero, most);

    /// <summary>A delay as in <see cref="Delay"/>, or <c>auto</c>.</summary>
    /// <param name="most">The longest delay accepted.</param>
    /// <param name="auto">The value that stands for <c>auto</c>; not a valid delay.</param>
    public static ValueKind<TimeSpan> DelayOrAuto(TimeSpan most, TimeSpan auto)
    {
        var delay = Delay(most);
        return delay with
        {
            Read = (ConfigurationNode node, string key, Reading reading, out TimeSpan value) =>
            {
                if (node is not ScalarNode { Text: var text } || !text.Equals("auto", StringComparison.OrdinalIgnoreCase))
                    return delay.Read(node, key, reading, out value);
                value = auto;
                return true;
            },
            Format = value => value == auto ? "auto" : delay.Format(value),
            Schema = $"\"anyOf\": [{{ {delay.Schema} }}, {{ \"const\": \"auto\" }}]",
            Range = $"{delay.Range}, or auto",
        };
    }

    /// <summary>A time limit. A plain number is in seconds, as in the original.</summary>
    /// <param name="zero">Whether 0 is accepted, as "no limit" or "the other one's".</param>
    public static ValueKind<TimeSpan> Timeout(bool zero) =>
        Duration(TimeSpan.FromSeconds(1), "seconds", zero ? TimeSpan.Zero : Millisecond, LongestTimeout);

    /// <summary>One of several words.</summary>
    /// <param name="choices">The words and the values they stand for.</param>
    public static ValueKind<T> Choice<T>(params (string Word, T Value)[] choices) => Single<T>(choices[0].Word, (scalar, key, _) =>
    {
        foreach (var (word, value) in choices)
        {
            if (word.Equals(scalar.Text, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return new Wrong($"{key}: {scalar.Shown} is not known; write {string.Join(" or ", choices.Select(choice => choice.Word))}");
    }, value => choices.First(choice => Equals(choice.Value, value)).Word, Words(choices.Select(choice => choice.Word)));

    /// <summary>The schema of a choice of words.</summary>
    public static string Words(IEnumerable<string> words) => $"\"enum\": [{string.Join(", ", words.Select(word => $"\"{word}\""))}]";

    private static ValueKind<TimeSpan> Duration(TimeSpan plainUnit, string plainName, TimeSpan least, TimeSpan most) =>
        Single<TimeSpan>("5ms", (scalar, key, _) =>
        {
            if (!Units.TryParseDuration(Unsigned(scalar.Text), plainUnit, out var duration))
                return new Wrong($"{key}: {scalar.Shown} is no time; write for example 5ms, 0.5s, or a number of {plainName}");
            if (IsNegative(scalar.Text) || duration < least)
                return new Wrong(
                    $"{key}: {scalar.Shown} is too short; the least is {(least == TimeSpan.Zero ? "0" : Units.FormatDuration(least))}");
            return duration <= most
                ? duration
                : new Wrong($"{key}: {scalar.Shown} is too long; the most is {Units.FormatDuration(most)}");
        }, WriteDuration, Defined(plainName)) with
        {
            Unit = plainName,
            Range = $"{(least == TimeSpan.Zero ? "0" : Units.FormatDuration(least))} to {Units.FormatDuration(most)}",
            Json = time => time == TimeSpan.Zero ? "0" : $"\"{WriteDuration(time)}\"",
        };

    /// <summary>The schema of a text whose rule a schema cannot express.</summary>
    private static string PlainText(string example) => $"\"type\": \"string\", \"minLength\": 1, \"examples\": [\"{example}\"]";

    // YAML reads 5, 022 and 3.10 as numbers; here they are texts.
    private static string PassedOn(string example) => $"\"type\": [\"string\", \"number\"], \"examples\": [\"{example}\"]";

    private static string Defined(string name) => $"\"$ref\": \"#/$defs/{name}\"";

    private static string Same(string text) => text;

    private static string WriteNumber(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string WriteCount(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string WriteDuration(TimeSpan time) =>
        Units.FormatDuration(time) is var text && Units.TryParseDuration(text, TimeSpan.Zero, out var again) && again == time ? text
            : string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / (decimal)TimeSpan.TicksPerMicrosecond}us");

    /// <summary>Formats for people when no precision is lost: 8,388,609 bytes are not 8MiB.</summary>
    private static Func<long, string> Exact(Func<long, string> format, TryParse parse, Func<long, string> plain) =>
        value => parse(format(value), out var again) && again == value ? format(value) : plain(value);

    private static Func<long, string> ZeroOr(Func<long, string> format) => value => value == 0 ? "0" : $"\"{format(value)}\"";

    /// <param name="format">Writes a bound.</param>
    /// <param name="least">A <paramref name="least"/> up to this is not worth stating as a bound.</param>
    /// <param name="most">The largest value accepted; the type's largest value means no bound.</param>
    /// <param name="noBound">The smallest value that counts as no bound.</param>
    private static string RangeText(Func<long, string> format, long least, long most, long noBound) =>
        most != long.MaxValue ? $"{(least == 0 ? "0" : format(least))} to {format(most)}"
            : least > noBound ? $"{format(least)} or more"
            : "";

    private delegate bool TryParse(string text, out long value);

    private static string RateComplaint(ScalarNode scalar) => scalar.Text switch
    {
        // Apache's "rate-limit 400" means KiB/s, and so does anybody who copies the number from there.
        var text when text.Length > 0 && text.All(char.IsAsciiDigit) => $"{scalar.Shown} has no unit; write {text}KiB/s",
        var text when Units.TryParseSize(text, out _) => $"{scalar.Shown} is a size, not a rate; write {text}/s",
        _ => $"{scalar.Shown} is no rate; write for example 400KiB/s, 1.5MiB/s, or 0 for no limit",
    };

    private static bool IsNegative(string text) => text.StartsWith('-') && text.AsSpan().IndexOfAnyInRange('1', '9') >= 0;

    private static string Unsigned(string text) => text.StartsWith('-') ? text[1..] : text;

    /// <summary>A kind of single values; holds the steps common to reading all of them.</summary>
    internal static ValueKind<T> Single<T>(
        string example, Func<ScalarNode, string, Reading, Outcome<T>> read, Func<T, string> format, string schema) =>
        new((node, key, reading, [MaybeNullWhen(false)] out value) =>
        {
            value = default;
            var outcome = node is not ScalarNode scalar
                ? new Wrong($"{key}: one value belongs here, and this is {node.Kind}; write for example {example}")
                // No name, path or argument can hold it on any system, and each would fail in its own way.
                : scalar.Text.Contains('\0')
                ? new Wrong($"{key}: the value holds a NUL character; leave it out") : read(scalar, key, reading);
            if (outcome.Mistake is { } mistake)
            {
                // What an environment variable holds may be a secret.
                reading.Mistake(node, node is ScalarNode { Written: { } written, Text: var text }
                    ? mistake.Replace($"'{text}'", $"'{written}'", StringComparison.Ordinal) : mistake);
                return false;
            }

            value = outcome.Value!;
            return true;
        }, format, schema);

    /// <summary>Why a value cannot be taken.</summary>
    internal readonly record struct Wrong(string Mistake);

    /// <summary>A value, or why it cannot be taken.</summary>
    internal readonly record struct Outcome<T>(T? Value, string? Mistake)
    {
        public static implicit operator Outcome<T>(T value) => new(value, null);

        public static implicit operator Outcome<T>(Wrong wrong) => new(default, wrong.Mistake);
    }
}

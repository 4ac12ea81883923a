using System.CommandLine;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// The options of <c>daemonproxy verify rate-limit</c> and <c>verify flush</c> that have to do with any server's address.
/// </summary>
internal sealed class VerifyServerOptions
{
    public Option<string[]> Uris { get; } = new(
        "--uri")
    { Description = "An address on any server, http or https, instead; may be given again.", HelpName = "URL" };

    public Option<string[]> Headers { get; } = new(
        "--header")
    { Description = "With --uri: a header to send; may be given again.", HelpName = "'NAME: VALUE'" };

    public Option<bool> SkipCertificateCheck { get; } = new(
        "--skip-certificate-check")
    { Description = "With --uri: take any certificate." };

    public Option<int> Connections { get; } =
        new("--connections")
        {
            Description = "With --uri: responses at the same time, up to 10000.",
            HelpName = "N",
            DefaultValueFactory = _ => 1
        };

    public Option<bool> Shared { get; } = new("--shared") { Description = "With --uri: the rate is that of all connections together." };

    public Option<string?> Skip { get; } = new(
        "--skip")
    { Description = "With --uri: bytes of each response to leave out, an initial burst.", HelpName = "SIZE" };

    /// <summary>Adds the options that both verbs share, and the check that they are used only with an address.</summary>
    public void AddTo(Command command, Option<string?> name, Option<string[]> routes, params Option[] more)
    {
        Option[] own = [Headers, SkipCertificateCheck, .. more];
        command.Options.Add(Uris);
        foreach (var option in own)
            command.Options.Add(option);
        command.AddRule(parsed =>
        {
            var uris = parsed.GetValue(Uris) ?? [];
            foreach (var uri in uris)
            {
                if (!Uri.TryCreate(uri, UriKind.Absolute, out var absolute) || absolute.Scheme is not ("http" or "https"))
                    parsed.AddError($"--uri: '{uri}' is no address to measure; write for example http://localhost:8080/download.");
            }

            foreach (var header in parsed.GetValue(Headers) ?? [])
            {
                if (header.IndexOf(':') <= 0)
                    parsed.AddError($"--header: '{header}' is no header; write for example 'Authorization: Bearer TOKEN'.");
            }

            if (uris.Length == 0 && own.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } lonely)
                parsed.AddError($"{lonely.Name} is for --uri; give an address too.");
            if (uris.Length > 0 && (parsed.GetResult(name) ?? parsed.GetResult(routes)) is not null)
                parsed.AddError("--uri is any server's address and --name a front end of this machine; give one of them.");
        });
    }

    public IReadOnlyList<Uri> UrisOf(ParseResult arguments) => [.. (arguments.GetValue(Uris) ?? []).Select(uri => new Uri(uri))];

    public IReadOnlyList<KeyValuePair<string, string>> HeadersOf(ParseResult arguments) =>
        [.. (arguments.GetValue(Headers) ?? [])
            .Select(text => new KeyValuePair<string, string>(text[..text.IndexOf(':')].Trim(), text[(text.IndexOf(':') + 1)..].Trim()))];

    /// <summary>The measurement of one address.</summary>
    public ServerRateLimitOptions RateLimit(ParseResult arguments, Uri uri, long rate, TimeSpan duration, double? tolerance)
    {
        Units.TryParseSize(arguments.GetValue(Skip) ?? "0", out var skip);
        return new ServerRateLimitOptions
        {
            Uri = uri,
            Rate = rate,
            Shared = arguments.GetValue(Shared),
            Duration = duration,
            Connections = arguments.GetValue(Connections),
            Tolerance = tolerance ?? 0.01,
            Skip = skip,
            Headers = HeadersOf(arguments),
            SkipCertificateCheck = arguments.GetValue(SkipCertificateCheck),
        };
    }
}

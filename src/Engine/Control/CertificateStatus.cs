using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;

namespace DaemonProxy.Control;

/// <summary>The certificate that a front end serves, or one that has just been made.</summary>
public sealed record CertificateStatus
{
    /// <summary>The front end's name; null: no front end has served it yet.</summary>
    public string? Name { get; init; }

    /// <summary>Whole days until it expires; negative once it has.</summary>
    public required int DaysLeft { get; init; }

    /// <summary>When it expires, in local time.</summary>
    public required DateTime NotAfter { get; init; }

    /// <summary>When it becomes valid, in local time.</summary>
    public required DateTime NotBefore { get; init; }

    /// <summary>The host names and IP addresses that it is valid for.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Whom it is about.</summary>
    public required string Subject { get; init; }

    /// <summary>Who signed it.</summary>
    public required string Issuer { get; init; }

    /// <summary>Whether its subject signed it, so that clients trust it only if they are told to.</summary>
    [JsonIgnore]
    public bool IsSelfSigned => Subject == Issuer;

    /// <summary>Full path of the file with the certificate.</summary>
    public required string File { get; init; }

    /// <summary>Full path of the file with the key; null: it is in <see cref="File"/>.</summary>
    public string? Key { get; init; }

    /// <summary>Since when new connections have been given it, in local time; null: no front end has served it yet.</summary>
    public DateTime? InUseSince { get; init; }

    /// <summary>Describes a certificate.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="file">Full path of its file.</param>
    /// <param name="key">Full path of the key's file; null: the certificate's.</param>
    /// <param name="now">The time from which the days are counted.</param>
    public static CertificateStatus From(X509Certificate2 certificate, string file, string? key, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToArray();
        return new()
        {
            DaysLeft = (int)Math.Floor((certificate.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays),
            NotAfter = certificate.NotAfter,
            NotBefore = certificate.NotBefore,
            Names = [.. alternatives.SelectMany(names => names.EnumerateDnsNames()),
                .. alternatives.SelectMany(names => names.EnumerateIPAddresses()).Select(address => address.ToString())],
            Subject = certificate.Subject,
            Issuer = certificate.Issuer,
            File = file,
            Key = key,
        };
    }
}

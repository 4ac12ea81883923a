using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The certificate of the <c>https</c> addresses while they are served. It checks its files every 10 s and uses a renewed certificate from
/// the next handshake on. An unusable renewal changes nothing and is logged. The files are read instead of watched, because renewal tools
/// replace links to folders.
/// </summary>
internal sealed class LiveCertificate : IDisposable
{
    internal static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);

    // The remaining days at which a certificate that has not been renewed causes an event.
    private static readonly int[] DaysToWarnAt = [30, 7, 1, 0];

    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly Lock _changes = new();
    private readonly ITimer _looks;
    private volatile LoadedCertificate _current;
    private byte[] _refused = [];
    private bool _isRefusalLogged;
    private int _warnedAt = int.MaxValue;

    /// <summary>Reads the certificate, unless it has been read already, and starts to check its files.</summary>
    /// <param name="tls">The files.</param>
    /// <param name="log">Receives renewals, failed renewals and the coming expiry of the certificate.</param>
    /// <param name="time">The clock.</param>
    /// <param name="read">The certificate, if root has read it for this process; null: it has not.</param>
    /// <exception cref="ServerStartException">The certificate cannot be used.</exception>
    public LiveCertificate(TlsOptions tls, EventLog log, TimeProvider time, ServerCertificate? read = null)
    {
        (_log, _time) = (log, time);
        _current = read is null ? Load(tls) : new(tls, Fingerprint(tls), read, time.GetUtcNow());
        WarnOfExpiry();
        _looks = time.CreateTimer(_ => CheckFiles(), null, BetweenLooks, BetweenLooks);
    }

    /// <summary>The certificate in use.</summary>
    public ServerCertificate Current => _current.Certificate;

    /// <summary>The certificate in use, with its files.</summary>
    public LoadedCertificate Loaded => _current;

    /// <summary>The options for the next handshake.</summary>
    public SslServerAuthenticationOptions Handshake => _current.Handshake;

    /// <summary>
    /// One sentence when a renewed certificate could not be read, because root read the current one and this process may not; otherwise
    /// null.
    /// </summary>
    public string? RenewalWarning =>
        Named(_current.Files).FirstOrDefault(file => !IsReadable(file)) is not { } unreadable ? null
        : $"user {Environment.UserName} cannot read {unreadable}, so a renewed certificate is used only after a new start; let that user "
            + $"read it, for example by its group: chgrp, and chmod 640";

    /// <summary>Whether this process may read the files.</summary>
    public static bool CanRead(TlsOptions tls) => Named(tls).All(IsReadable);

    /// <summary>Reads a certificate.</summary>
    /// <param name="tls">The files.</param>
    /// <param name="now">The time at which validity is judged.</param>
    /// <exception cref="ServerStartException">The certificate cannot be used.</exception>
    public static ServerCertificate Read(TlsOptions tls, DateTimeOffset now)
    {
        RequireOpenSsl();
        return ServerCertificate.Load(tls, now);
    }

    private static void RequireOpenSsl()
    {
        if (OpenSsl.Missing is { } missing) throw new ServerStartException(missing);
    }

    /// <summary>Reads and checks a certificate without using it.</summary>
    /// <returns>The certificate; null when the files are those in use and have not changed, even if they cannot be read.</returns>
    /// <exception cref="ServerStartException">The certificate cannot be used.</exception>
    public LoadedCertificate? LoadChanged(TlsOptions tls)
    {
        var current = _current;
        return tls == current.Files && Fingerprint(tls).AsSpan().SequenceEqual(current.Fingerprint) ? null : Load(tls);
    }

    private LoadedCertificate Load(TlsOptions tls)
    {
        // The fingerprint needs it, too.
        RequireOpenSsl();
        var now = _time.GetUtcNow();
        return new(tls, Fingerprint(tls), ServerCertificate.Load(tls, now), now);
    }

    /// <summary>Switches to a certificate from the next handshake on.</summary>
    public void Use(LoadedCertificate next)
    {
        lock (_changes)
        {
            // The same certificate in another file has been in use for longer.
            var isRenewed = !next.Certificate.Leaf.RawDataMemory.Span.SequenceEqual(Current.Leaf.RawDataMemory.Span);
            _current = isRenewed ? next : next with { Since = _current.Since };
            _isRefusalLogged = false;
            if (!isRenewed) return;
            _warnedAt = int.MaxValue;
            _log.Write(EventCatalogue.CertificateRenewed,
                $"{next.Files.Certificate}, valid until {ServerCertificate.Day(next.Certificate.Leaf.NotAfter)}");
            WarnOfExpiry();
        }
    }

    private void CheckFiles()
    {
        lock (_changes)
        {
            var files = _current.Files;
            var found = Fingerprint(files);
            if (!found.AsSpan().SequenceEqual(_current.Fingerprint)) Renew(files, found);
            else WarnOfExpiry();
        }
    }

    private void Renew(TlsOptions files, byte[] found)
    {
        try { Use(Load(files)); }
        catch (ServerStartException failure)
        {
            // Certificate and key are written one after the other, in either order. Only content that two
            // checks in a row find is final.
            if (!found.AsSpan().SequenceEqual(_refused)) (_refused, _isRefusalLogged) = (found, false);
            else if (!_isRefusalLogged)
            {
                _isRefusalLogged = true;
                _log.Write(EventCatalogue.CertificateNotRenewed, failure.Message);
            }
        }
    }

    private void WarnOfExpiry()
    {
        var left = Current.Leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow();
        if (DaysToWarnAt.LastOrDefault(days => left <= TimeSpan.FromDays(days), int.MaxValue) is var reached && reached >= _warnedAt)
            return;
        _warnedAt = reached;
        var day = ServerCertificate.Day(Current.Leaf.NotAfter);
        _log.Write(EventCatalogue.CertificateExpires, left <= TimeSpan.Zero
            ? $"the certificate in {_current.Files.Certificate} expired on {day}; clients will refuse it until it is renewed"
            : string.Create(CultureInfo.InvariantCulture,
                $"the certificate in {_current.Files.Certificate} expires on {day}, in {left.TotalDays:0.#} days"));
    }

    private static IEnumerable<string> Named(TlsOptions tls) => new[] { tls.Certificate, tls.Key, tls.PasswordFile }.OfType<string>();

    private static bool IsReadable(string file)
    {
        try
        {
            using var content = File.OpenRead(file);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { return false; }
    }

    private static byte[] Fingerprint(TlsOptions tls)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Named(tls))
        {
            try { hash.AppendData(File.ReadAllBytes(file)); }
            // An unreadable file counts as content of its own; loading the certificate reports the reason.
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { hash.AppendData("unreadable"u8); }
        }
        return hash.GetHashAndReset();
    }

    public void Dispose() => _looks.Dispose();
}

/// <summary>A certificate as read from its files, ready for handshakes.</summary>
/// <param name="Files">The files that it was read from.</param>
/// <param name="Fingerprint">The fingerprint of the files' content.</param>
/// <param name="Certificate">The certificate.</param>
/// <param name="Since">When it was read, which is when it began to be used, or a moment before.</param>
internal sealed record LoadedCertificate(TlsOptions Files, byte[] Fingerprint, ServerCertificate Certificate, DateTimeOffset Since)
{
    /// <summary>
    /// The options for handshakes. The context fetches the OCSP response to staple by itself, when the certificate names a responder.
    /// </summary>
    public SslServerAuthenticationOptions Handshake { get; } = new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(Certificate.Leaf, Certificate.Chain),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}

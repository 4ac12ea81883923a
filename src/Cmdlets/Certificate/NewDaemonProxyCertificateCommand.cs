using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>Makes a certificate that signs itself, with its key, to try TLS with.</summary>
[Cmdlet(VerbsCommon.New, "DaemonProxyCertificate", SupportsShouldProcess = true)]
[OutputType(typeof(CertificateStatus))]
public sealed class NewDaemonProxyCertificateCommand : DaemonProxyCommand
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "::1"];

    // No top-level domain has one of these names.
    private static readonly string[] PemExtensions = [".pem", ".crt", ".cer", ".cert", ".key"];
    private static readonly string[] BinaryExtensions = [".pfx", ".p12", ".der", ".jks"];

    /// <summary>The PEM file to write the certificate to. The key goes beside it, with the extension <c>.key</c>.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>
    /// The host names and IP addresses of the server; the first becomes the subject. <c>localhost</c>, <c>127.0.0.1</c> and <c>::1</c> are
    /// always included.
    /// </summary>
    [Parameter(Position = 1, ValueFromRemainingArguments = true)]
    [ValidateNotNullOrEmpty]
    public string[] DnsName { get; set; } = [];

    /// <summary>The file to write the key to, instead of the one beside the certificate.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyPath { get; set; }

    /// <summary>How many days it is valid, 1 to 3,650. Default 90.</summary>
    [Parameter]
    [ValidateRange(1, 3650)]
    public int ValidDays { get; set; } = 90;

    /// <summary>Replace existing files.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var file = FullPath(Path!);
        var key = KeyPath is null ? System.IO.Path.ChangeExtension(file, ".key") : FullPath(KeyPath);
        if (key == file)
        {
            WriteError($"{file} is the file of the certificate; name another one for the key with -KeyPath", "SameFile",
                ErrorCategory.InvalidArgument, file);
            return;
        }
        if (Mistake() is { } mistake)
        {
            WriteError(mistake.Message, "InvalidName", ErrorCategory.InvalidArgument, mistake.Argument);
            return;
        }
        if (!Force && new[] { file, key }.FirstOrDefault(File.Exists) is { } there)
        {
            WriteError($"{there} exists; -Force replaces it", "FileExists", ErrorCategory.ResourceExists, there);
            return;
        }
        if (!ShouldProcess($"'{file}' and '{key}'", "Write a self-signed certificate and its key"))
            return;
        try
        {
            var now = TimeProvider.System.GetUtcNow();
            using var certificate = SelfSignedCertificate.Write(file, key, [.. DnsName, .. Loopback], ValidDays, now);
            WriteObject(CertificateStatus.From(certificate, file, key, now));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WriteError($"the certificate cannot be written: {error.Message.TrimEnd('.')}; choose a folder that is there and yours",
                "CertificateNotWritten", ErrorCategory.WriteError, file);
        }
    }

    /// <summary>
    /// A name that is not what its place is for; null if there is none. Other tools take the key's file in the second place, or host names
    /// in the first.
    /// </summary>
    private (string Message, string Argument)? Mistake()
    {
        if (HasExtension(Path!, BinaryExtensions))
            return ($"the extension of '{Path}' is for another format, and this cmdlet writes PEM; write for example "
                + System.IO.Path.ChangeExtension(Path, ".pem"), Path!);
        if (IsHost(Path!) && (Path!.Contains('.') || Path == "localhost") && !IsFile(Path))
            return ($"'{Path}' is a host name or an address, and the file to write comes first; write for example "
                + $"New-DaemonProxyCertificate site.pem {Path}, or ./{Path} for a file of that name", Path);
        foreach (var name in DnsName)
        {
            // Whatever is left of a command line comes here.
            if (name.StartsWith('-'))
                return ($"there is no parameter {name}; Get-Help New-DaemonProxyCertificate lists them", name);
            if (name.Contains("://", StringComparison.Ordinal))
                return ($"'{name}' is a URI, and host names come here; write the host name alone", name);
            if (IsFile(name))
                return ($"'{name}' looks like a file, and host names come here; name the key's file with -KeyPath, and write for example "
                    + "site.example, *.site.example or 192.0.2.1", name);
            if (!IsHost(name))
                return ($"'{name}' is neither a host name nor an IP address; write for example site.example, *.site.example or 192.0.2.1",
                    name);
        }

        return null;
    }

    private static bool IsHost(string name) =>
        Uri.CheckHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) != UriHostNameType.Unknown;

    private static bool IsFile(string name) =>
        name.AsSpan().IndexOfAny('/', '\\') >= 0 || HasExtension(name, [.. PemExtensions, .. BinaryExtensions]);

    private static bool HasExtension(string name, string[] extensions) =>
        extensions.Contains(System.IO.Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);
}

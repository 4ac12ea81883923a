using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Host.Update;

/// <summary>What a descriptor that a front end hands to its successor is.</summary>
internal enum HandedKind
{
    /// <summary>A socket of <c>listen</c>.</summary>
    Listen,

    /// <summary>A socket of <c>metrics-listen</c>.</summary>
    Metrics,

    /// <summary>The control socket.</summary>
    Control,

    /// <summary>The lock of the instance's folder.</summary>
    Lock,

    /// <summary>The connection to a process that has been replaced before and still has requests in flight.</summary>
    Replaced,
}

/// <summary>A descriptor that follows.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The address that it was opened for, as a configuration spells it, or the process id of a replaced process.</param>
internal sealed record HandedDescriptor(HandedKind Kind, string Name);

/// <summary>A certificate that root read and that the user of the front end cannot read again.</summary>
/// <param name="Files">The files that it was read from.</param>
/// <param name="Leaf">The certificate with its key, PKCS#12.</param>
/// <param name="Chain">The intermediate certificates, DER.</param>
internal sealed record HandedCertificate(TlsOptions Files, byte[] Leaf, IReadOnlyList<byte[]> Chain);

/// <summary>What a front end tells the process that is to take its place, before it passes the descriptors.</summary>
/// <param name="Name">The front end's name.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Place">Its folder.</param>
/// <param name="Within">How long the new daemons may take; null: as long as each group's own limit.</param>
/// <param name="Certificate">The certificate, where the new process could not read it; null: it reads it itself.</param>
/// <param name="Failed">The daemon groups that do not serve: only these may fail in the new process as well.</param>
/// <param name="Descriptors">The descriptors, in the order in which they follow.</param>
internal sealed record Handover(
    string Name, int ProcessId, InstancePlace Place, TimeSpan? Within, HandedCertificate? Certificate, IReadOnlyList<string>? Failed,
    IReadOnlyList<HandedDescriptor> Descriptors);

/// <summary>The JSON of the connection between a front end and its successor.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Handover))]
internal sealed partial class HandoverJson : JsonSerializerContext;

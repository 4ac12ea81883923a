using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the certificates that front ends serve, and how many days each of them has left.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxyCertificate")]
[OutputType(typeof(CertificateStatus))]
public sealed class GetDaemonProxyCertificateCommand : InstanceQueryCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            if (status.Certificate is { } certificate)
                WriteObject(certificate);
            else
                WriteVerbose($"'{name}' has no https address, and so no certificate");
        }
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>The socket that a daemon process serves on.</summary>
/// <param name="Path">Full path of the socket.</param>
/// <param name="Descriptor">
/// The descriptor of the socket, bound and listening, where <see cref="ExecShim"/> has opened it; null: the daemon opens it itself.
/// </param>
internal sealed record DaemonSocket(string Path, int? Descriptor)
{
    /// <summary>The option of <c>daemonproxy daemon</c> that names the descriptor.</summary>
    public const string DescriptorOption = "--descriptor";

    /// <summary>Takes over the open socket; null: there is none.</summary>
    /// <exception cref="ServerStartException">The descriptor is no socket.</exception>
    public ListenSocket? TakeOpen()
    {
        if (Descriptor is not { } descriptor) return null;
        // A program that the application executes must not hold it.
        if (!SystemCalls.SetInherited(descriptor, false))
            throw new ServerStartException($"{DescriptorOption} {descriptor}: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            return new ListenSocket(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)), new UnixDomainSocketEndPoint(Path),
                IsHttps: false);
        }
        catch (SocketException failure)
        {
            throw new ServerStartException($"{DescriptorOption} {descriptor} is no socket: {failure.Message}", failure);
        }
    }
}

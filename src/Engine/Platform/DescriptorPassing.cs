using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// Passes open descriptors to another process over a Unix socket (SCM_RIGHTS, unix(7)). Each travels with one byte, so that neither side
/// has to know how many fit into a message.
/// </summary>
internal static unsafe class DescriptorPassing
{
    private const int Rights = 1; // SCM_RIGHTS
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL, Linux
    private const int CloseOnExecFlag = 0x4000_0000; // MSG_CMSG_CLOEXEC, Linux
    private const int Interrupted = 4; // EINTR

    // Room for one descriptor, on every system.
    private const int LargestControl = 32;

    /// <summary>Whether this system passes descriptors.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    private static int SocketLevel => OperatingSystem.IsMacOS() ? 0xffff : 1; // SOL_SOCKET

    // struct cmsghdr: its length, of another type on each system, then level and type.
    private static int LengthSize => OperatingSystem.IsMacOS() ? sizeof(uint) : sizeof(nuint);

    private static int HeaderSize => LengthSize + (2 * sizeof(int));

    /// <summary>Sends one byte and a descriptor, of which the other side gets a copy.</summary>
    /// <exception cref="IOException">The other side has gone, or the system refuses.</exception>
    public static void Send(Socket channel, SafeHandle descriptor) => Send(channel, [0], descriptor);

    /// <summary>Sends a message and a descriptor, of which the other side gets a copy.</summary>
    /// <param name="channel">A connected socket.</param>
    /// <param name="message">The message, at least one byte and so short that it is taken as a whole.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <exception cref="IOException">The other side has gone, or the system refuses.</exception>
    public static void Send(Socket channel, ReadOnlySpan<byte> message, SafeHandle descriptor)
    {
        var control = stackalloc byte[LargestControl];
        new Span<byte>(control, LargestControl).Clear();
        var length = HeaderSize + sizeof(int);
        if (OperatingSystem.IsMacOS()) *(uint*)control = (uint)length;
        else *(nuint*)control = (nuint)length;
        *(int*)(control + LengthSize) = SocketLevel;
        *(int*)(control + LengthSize + sizeof(int)) = Rights;
        *(int*)(control + HeaderSize) = (int)descriptor.DangerousGetHandle();
        // The length of the control data is a multiple of that of its length, as CMSG_SPACE has it.
        var space = (length + LengthSize - 1) / LengthSize * LengthSize;
        fixed (byte* start = message)
        {
            if (Exchange(channel, start, message.Length, control, ref space, sends: true) != message.Length) throw Failure("sent");
        }
    }

    /// <summary>Receives one byte and a descriptor, which no program that this process executes inherits.</summary>
    /// <exception cref="IOException">The other side has gone, or has sent none.</exception>
    public static int Receive(Socket channel)
    {
        var control = stackalloc byte[LargestControl];
        new Span<byte>(control, LargestControl).Clear();
        byte mark;
        var space = LargestControl;
        var received = Exchange(channel, &mark, 1, control, ref space, sends: false);
        if (received < 0) throw Failure("received");
        if (received == 0 || space < HeaderSize + sizeof(int) || *(int*)(control + LengthSize + sizeof(int)) != Rights)
            throw new IOException("the other process has gone before it had passed all of its sockets");
        var descriptor = *(int*)(control + HeaderSize);
        if (!OperatingSystem.IsLinux()) _ = SystemCalls.SetInherited(descriptor, false);
        return descriptor;
    }

    private static nint Exchange(Socket channel, byte* text, int length, byte* control, ref int space, bool sends)
    {
        var vector = new Piece { Start = text, Length = (nuint)length };
        var linux = new LinuxMessage { Pieces = &vector, Count = 1, Control = control, ControlLength = (nuint)space };
        var darwin = new DarwinMessage { Pieces = &vector, Count = 1, Control = control, ControlLength = (uint)space };
        var message = OperatingSystem.IsMacOS() ? (void*)&darwin : &linux;
        var flags = OperatingSystem.IsLinux() ? sends ? NoSignal : CloseOnExecFlag : 0;
        var socket = (int)channel.Handle;
        nint count;
        do count = sends ? SystemCalls.SendMessage(socket, message, flags) : SystemCalls.ReceiveMessage(socket, message, flags);
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        space = OperatingSystem.IsMacOS() ? (int)darwin.ControlLength : (int)linux.ControlLength;
        return count;
    }

    private static IOException Failure(string what) =>
        new($"an open socket cannot be {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    // struct iovec
    [StructLayout(LayoutKind.Sequential)]
    private struct Piece
    {
        public byte* Start;
        public nuint Length;
    }

    // struct msghdr of Linux
    [StructLayout(LayoutKind.Sequential)]
    private struct LinuxMessage
    {
        public byte* Name;
        public uint NameLength;
        public Piece* Pieces;
        public nuint Count;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    // struct msghdr of macOS
    [StructLayout(LayoutKind.Sequential)]
    private struct DarwinMessage
    {
        public byte* Name;
        public uint NameLength;
        public Piece* Pieces;
        public int Count;
        public byte* Control;
        public uint ControlLength;
        public int Flags;
    }
}

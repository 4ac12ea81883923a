using System.Runtime.InteropServices;
using System.Text.Json;
using DaemonProxy.Control;
using DaemonProxy.Host.Update;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A program that is started as a front end's successor and does what a test wants instead of serving.</summary>
/// <param name="folder">A folder of the test's own.</param>
internal sealed class ScriptedSuccessor(string folder)
{
    private const string Script = """
        #!/usr/bin/python3
        import json, os, signal, socket, struct, sys, time
        folder, path = sys.argv[1], sys.argv[2].split('=', 1)[1]
        def told(*_):
            if os.path.exists(folder + '/told.json'): os.rename(folder + '/told.json', folder + '/report.json')
            else: sys.exit('told to end')
        signal.signal(signal.SIGTERM, told)
        def wait(file):
            while not os.path.exists(folder + file):
                if not os.path.exists(folder): sys.exit('the test has ended')
                time.sleep(0.01)
        wait('/connect')
        front = socket.socket(socket.AF_UNIX)
        front.connect(path)
        told = json.loads(front.recv(struct.unpack('<i', front.recv(4, socket.MSG_WAITALL))[0], socket.MSG_WAITALL))
        for one in told['descriptors']: front.recvmsg(1, 64)
        wait('/report.json')
        front.sendall(open(folder + '/report.json', 'rb').read() + b'\n')
        for line in front.makefile():
            with open(folder + '/heard', 'a') as heard: heard.write(line)
            if line.startswith('stop'): break

        """;

    /// <summary>Skips the test where it cannot run.</summary>
    public static void Need() =>
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/python3"), "the program needs Linux's /usr/bin/python3");

    /// <summary>Full path of the program.</summary>
    public string Program
    {
        get
        {
            var program = Path.Combine(folder, "successor");
            File.WriteAllText(program, Script);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return program;
        }
    }

    /// <summary>The socket on which it is waited for.</summary>
    public string Socket => Path.Combine(folder, "update.sock");

    /// <summary>How it is started.</summary>
    /// <param name="announce">Called when it has taken over.</param>
    public UpdateTerms Terms(Func<int, Task>? announce = null) =>
        new(null, [Program], [folder], KeepsStreams: false, new Dictionary<string, string>(), announce ?? (_ => Task.CompletedTask));

    /// <summary>Starts it, with one socket to pass.</summary>
    public Task<Successor> StartAsync(SafeHandle passed) => Successor.StartAsync(
        Program, Terms(), Socket,
        new("site", Environment.ProcessId, new(folder, folder, null, IsRoots: false), null, null, null, [new(HandedKind.Listen, "x")]),
        [passed], CancellationToken.None);

    /// <summary>Lets it connect.</summary>
    public void LetConnect() => File.WriteAllText(Path.Combine(folder, "connect"), "");

    /// <summary>Lets it say that it serves.</summary>
    public void LetReport(InstanceStatus status) => Write("report.json", status);

    /// <summary>Lets it say that it serves once it is told to end by a signal: it has taken over, and has not said so yet.</summary>
    public void LetReportWhenTold(InstanceStatus status) => Write("told.json", status);

    private void Write(string name, InstanceStatus status)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText($"{file}~", JsonSerializer.Serialize(new StartReport(status, null), ControlJson.Default.StartReport));
        File.Move($"{file}~", file);
    }

    /// <summary>What it was told after that.</summary>
    public string Heard => Path.Combine(folder, "heard") is var file && File.Exists(file) ? File.ReadAllText(file) : "";
}

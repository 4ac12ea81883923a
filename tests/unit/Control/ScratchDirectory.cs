using DaemonProxy.Control;

namespace DaemonProxy.Tests.Control;

/// <summary>A folder of a test's own, short enough for sockets, gone with the test.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    public ScratchDirectory()
    {
        Path = Directory.CreateTempSubdirectory("dp-").FullName;
        Runtime = RuntimeDirectory.Open(Path);
    }

    public string Path { get; }

    public RuntimeDirectory Runtime { get; }

    public string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

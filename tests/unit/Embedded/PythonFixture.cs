using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.Embedded;

/// <summary>The Python of this process, which can have one only; null where there is none, and tests are skipped.</summary>
public sealed class PythonFixture : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpw-").FullName;

    public PythonFixture()
    {
        try
        {
            Python = new PythonInterpreter(
                PythonFinder.Find(null), new WsgiSettings { PythonPath = [_folder], Log = (text, _) => { lock (Lines) Lines.Add(text); } });
        }
        catch (PythonException none)
        {
            WhyNot = none.Message;
        }
    }

    internal PythonInterpreter? Python { get; }

    internal List<string> Lines { get; } = [];

    internal string? WhyNot { get; }

    /// <summary>Makes a script an application; skips the test where there is no Python.</summary>
    internal WsgiApplication Serve(string source, int threads = 2, bool load = true, bool reloads = false)
    {
        Assert.SkipWhen(Python is null, $"no Python: {WhyNot}");
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("n") + ".wsgi");
        File.WriteAllText(path, source);
        return Python.Serve(path, "application", threads, load, reloads);
    }

    public void Dispose()
    {
        Python?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

[CollectionDefinition("Python")]
public sealed class PythonCollection : ICollectionFixture<PythonFixture>;

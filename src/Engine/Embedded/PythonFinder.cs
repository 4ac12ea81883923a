using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace DaemonProxy.Embedded;

/// <summary>Finds the user's CPython and its shared library, by asking each python3 for its own.</summary>
public static class PythonFinder
{
    /// <summary>The oldest version that is supported.</summary>
    public static readonly Version Oldest = new(3, 9);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private const string Question = """
        import json, sys, sysconfig as s
        v = s.get_config_var
        print(json.dumps([list(sys.version_info[:2]), sys.executable, sys.base_prefix, v('LIBDIR') or '', v('MULTIARCH') or '', v('INSTSONAME') or '', v('LDLIBRARY') or '', v('PYTHONFRAMEWORKPREFIX') or '', int(v('Py_GIL_DISABLED') or 0)]))
        """;

    /// <summary>Finds a Python: in <paramref name="home"/> alone where it is given; else that of an active virtual environment, each python3 on the PATH, the system's.</summary>
    /// <param name="home"><c>python-home</c>: a Python's or a virtual environment's folder; null: none.</param>
    /// <exception cref="PythonException">There is none; the message says what was looked for and where, and what was wrong with each.</exception>
    public static PythonLocation Find(string? home)
    {
        var failures = new List<string>();
        foreach (var program in Candidates(home))
        {
            try { return Ask(program); }
            catch (PythonException failure) { failures.Add(failure.Message); }
        }
        var where = home is not null ? $"in python-home, {home}" : "on the PATH";
        throw new PythonException(failures.Count == 0
            ? $"there is no python3 {where}; install Python {Oldest} or later with its shared library (Debian: libpython3), or name another python-home"
            : $"no Python {where} can be used: {string.Join("; ", failures)}");
    }

    private static IEnumerable<string> Candidates(string? home)
    {
        string[] names = OperatingSystem.IsWindows() ? ["python.exe"] : ["python3", "python"];
        string Folder(string prefix) => OperatingSystem.IsWindows() && !Directory.Exists(Path.Combine(prefix, "Scripts")) ? prefix
            : Path.Combine(prefix, OperatingSystem.IsWindows() ? "Scripts" : "bin");

        IEnumerable<string> folders;
        if (home is not null) folders = [Folder(home)];
        else
        {
            var environment = Environment.GetEnvironmentVariable("VIRTUAL_ENV");
            var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
            folders = [.. string.IsNullOrEmpty(environment) ? [] : new[] { Folder(environment) }, .. path, "/usr/local/bin", "/usr/bin"];
            names = names[..1];
        }
        return folders.Distinct().SelectMany(folder => names.Select(name => Path.Combine(folder, name))).Where(File.Exists);
    }

    private static PythonLocation Ask(string program)
    {
        var answer = Run(program);
        JsonElement[] values;
        try { values = JsonSerializer.Deserialize<JsonElement[]>(answer)!; }
        catch (JsonException) { throw new PythonException($"{program} is no Python"); }
        var version = new Version(values[0][0].GetInt32(), values[0][1].GetInt32());
        if (version < Oldest) throw new PythonException($"{program} is Python {version}, and {Oldest} is the oldest that is supported");
        if (values[8].GetInt32() != 0) throw new PythonException($"{program} is built without the interpreter lock, which is not supported");
        var library = Libraries(values, version).Where(path => path.Contains(".so", StringComparison.Ordinal) || path.EndsWith(".dylib", StringComparison.Ordinal)
            || path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || !Path.HasExtension(path)).FirstOrDefault(File.Exists)
            ?? throw new PythonException($"{program} (Python {version}) has no shared library where it should be ({values[3].GetString()}); install it (Debian: libpython{version})");
        return new(values[1].GetString() is { Length: > 0 } executable ? executable : program, library, version);
    }

    private static IEnumerable<string> Libraries(JsonElement[] values, Version version)
    {
        var (prefix, folder, architecture, framework) = (values[2].GetString()!, values[3].GetString()!, values[4].GetString()!, values[7].GetString()!);
        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(prefix, $"python{version.Major}{version.Minor}.dll");
            yield break;
        }
        foreach (var name in new[] { values[5].GetString()!, values[6].GetString()! }.Where(name => name.Length > 0))
        {
            yield return Path.Combine(folder, name);
            yield return Path.Combine(folder, architecture, name);
            yield return Path.Combine(prefix, "lib", name);
            if (framework.Length > 0) yield return Path.Combine(framework, name);
        }
    }

    private static string Run(string program)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["-c", Question]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(AnswerLimit))
            {
                process.Kill(entireProcessTree: true);
                throw new PythonException($"{program} did not answer within {AnswerLimit.TotalSeconds:0} s");
            }
            if (process.ExitCode != 0) throw new PythonException($"{program} failed: {LastLine(error.GetAwaiter().GetResult())}");
            return LastLine(output.GetAwaiter().GetResult());
        }
        catch (Win32Exception failure)
        {
            throw new PythonException($"{program} cannot be run: {failure.Message}");
        }
    }

    private static string LastLine(string text) => text.Trim().Split('\n')[^1];
}

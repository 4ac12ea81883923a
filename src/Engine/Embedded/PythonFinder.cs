using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DaemonProxy.Embedded;

/// <summary>Finds the user's CPython and its shared library by asking each python3 about its own.</summary>
public static class PythonFinder
{
    /// <summary>The oldest supported version.</summary>
    public static readonly Version Oldest = new(3, 9);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private const string Question = """
        import json, sys, sysconfig as s
        v = s.get_config_var
        print(json.dumps([list(sys.version_info[:2]), sys.executable, sys.base_prefix, v('LIBDIR') or '', v('MULTIARCH') or '', v('INSTSONAME') or '', v('LDLIBRARY') or '', v('PYTHONFRAMEWORKPREFIX') or '', int(v('Py_GIL_DISABLED') or 0)]))
        """;

    /// <summary>
    /// Finds a Python. If <paramref name="home"/> is given, only that is searched; otherwise, in an active virtual environment, only that;
    /// otherwise the PATH, then the system's folders. A Python that was asked for is never passed over silently: <see
    /// cref="PythonLocation.PassedOver"/>.
    /// </summary>
    /// <param name="home"><c>python-home</c>: the folder of a Python or a virtual environment; null: none.</param>
    /// <exception cref="PythonException">None was found; the message says what was searched for and where, and what was wrong with each
    /// candidate.</exception>
    public static PythonLocation Find(string? home)
    {
        var environment = Environment.GetEnvironmentVariable("VIRTUAL_ENV");
        if (home is not null) return FindIn(home, "python-home");
        if (!string.IsNullOrEmpty(environment)) return FindIn(environment, "VIRTUAL_ENV");
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return First([.. path, "/usr/local/bin", "/usr/bin"], "on the PATH", mayPassOver: true);
    }

    /// <summary>Checks that a <c>python-home</c> holds a Python, without running it.</summary>
    /// <exception cref="PythonException">There is none.</exception>
    internal static void CheckHome(string home)
    {
        var folder = ProgramFolder(home, "python-home");
        if (Candidates([folder], mayPassOver: false).FirstOrDefault() is null) throw None($"in python-home, {home}");
    }

    private static PythonLocation FindIn(string home, string where) =>
        First([ProgramFolder(home, where)], $"in {where}, {home}", mayPassOver: false);

    private static string ProgramFolder(string home, string where)
    {
        if (!Directory.Exists(home))
            throw new PythonException($"{where} is {home}, and there is no such folder; name the one that has bin/python3 in it");
        return !OperatingSystem.IsWindows()
            ? Path.Combine(home, "bin") : Directory.Exists(Path.Combine(home, "Scripts")) ? Path.Combine(home, "Scripts") : home;
    }

    private static IEnumerable<string> Candidates(IEnumerable<string> folders, bool mayPassOver)
    {
        // A plain `python` on the PATH may be a Python 2 that nobody asked for.
        string[] names = OperatingSystem.IsWindows() ? ["python.exe"] : mayPassOver ? ["python3"] : ["python3", "python"];
        var all = folders.Distinct().ToArray();
        return all.Select(folder => Named(folder, names)).Concat(all.Select(Latest)).OfType<string>().Distinct();
    }

    private static PythonException None(string where) =>
        new($"there is no python3 {where}; install Python {Oldest} or later with its shared library (Debian: libpython3), or name another "
            + "python-home");

    private static PythonLocation First(IEnumerable<string> folders, string where, bool mayPassOver)
    {
        var failures = new List<string>();
        foreach (var program in Candidates(folders, mayPassOver))
        {
            try
            {
                return Ask(program)
                with
                { PassedOver = failures.FirstOrDefault() is { } first ? $"{first}; {program} is used instead" : null };
            }
            catch (PythonException failure) when (mayPassOver) { failures.Add(failure.Message); }
        }
        throw failures.Count == 0 ? None(where) : new PythonException($"no Python {where} can be used: {string.Join("; ", failures)}");
    }

    private static string? Named(string folder, string[] names) =>
        names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The latest python3.N in a folder; null when there is none.</summary>
    private static string? Latest(string folder)
    {
        if (OperatingSystem.IsWindows() || !Directory.Exists(folder)) return null;
        try
        {
            return Directory.EnumerateFiles(folder, "python3.*")
                .Select(path => (Path: path, Version: Path.GetFileName(path)["python3.".Length..]))
                .Where(found => found.Version.All(char.IsAsciiDigit))
                .OrderByDescending(found => int.Parse(found.Version, CultureInfo.InvariantCulture)).Select(found => found.Path)
                .FirstOrDefault();
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException) { return null; }
    }

    private static PythonLocation Ask(string program)
    {
        var answer = Run(program);
        JsonElement values;
        try { values = JsonElement.Parse(answer); }
        catch (JsonException) { throw new PythonException($"{program} is no Python"); }
        if (values.ValueKind != JsonValueKind.Array) throw new PythonException($"{program} is no Python");
        var version = new Version(values[0][0].GetInt32(), values[0][1].GetInt32());
        if (version < Oldest)
            throw new PythonException(
                $"{program} is Python {version}, and {Oldest} is the oldest that is supported; install a later one, or name it in "
                + "python-home");
        if (values[8].GetInt32() != 0)
            throw new PythonException(
                $"{program} is a free-threaded build (Py_GIL_DISABLED), which is not supported; name one that has the interpreter lock in "
                + "python-home");
        var library = Libraries(values, version)
            .Where(path => path.Contains(".so", StringComparison.Ordinal) || path.EndsWith(".dylib", StringComparison.Ordinal)
            || path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || !Path.HasExtension(path)).FirstOrDefault(File.Exists)
            ?? throw new PythonException(
            $"{program} (Python {version}) has no shared library where it should be ({values[3].GetString()}); install it (Debian: "
            + $"libpython{version})");
        return new(values[1].GetString() is { Length: > 0 } executable ? executable : program, library, version);
    }

    private static IEnumerable<string> Libraries(JsonElement values, Version version)
    {
        var (prefix, folder, architecture, framework) = (
            values[2].GetString()!, values[3].GetString()!, values[4].GetString()!, values[7].GetString()!);
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
            using var process = Process.Start(
                new ProcessStartInfo(
                program, ["-c", Question])
                { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
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

using System.Globalization;
using DaemonProxy.Platform;

namespace DaemonProxy.Control;

/// <summary>
/// The file name of a worker's socket: its group, its front end's process, and its number. A front end that has been replaced may have
/// workers for as long as it drains, and so beside those of a front end that was started after its successor had died.
/// </summary>
internal static class WorkerSocketName
{
    // Linux's PID_MAX_LIMIT and Darwin's PID_MAX. Windows has no limit, and is far below a million.
    private static int LongestProcessId => OperatingSystem.IsMacOS() ? 99_999 : 4_194_304;

    /// <summary>
    /// The longest name of a group's sockets. Paths are checked with it, so that the first process reports what would otherwise fail after
    /// a day or at the next start.
    /// </summary>
    public static string Longest(string group) => Name(group, LongestProcessId, 99_999);

    /// <summary>The name of a socket of this front end.</summary>
    /// <param name="group">The group.</param>
    /// <param name="number">The worker's number, counted from the front end's start.</param>
    public static string From(string group, long number) => Name(group, Environment.ProcessId, number % 100_000);

    /// <summary>
    /// Whether a file is a socket of another front end that is still running. A process that has been given the number of one that has
    /// ended is not taken for it.
    /// </summary>
    /// <param name="name">The file's name.</param>
    public static bool IsOfOtherRunning(string name) =>
        name.Split('.') is [_, .., var process, _, "sock"]
        && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && id != Environment.ProcessId && ProcessLife.IsRunning(id) && ProcessLife.IsCalled(id, "daemonproxy");

    private static string Name(string group, int process, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{group}.{process}.{number}.sock");
}

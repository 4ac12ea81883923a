using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What tests need that are about other users than root, whom only root can become.</summary>
internal static class UserSite
{
    /// <summary>A user that every Debian has.</summary>
    public const string Name = "www-data";

    /// <summary>The user's account.</summary>
    public static Account Account => Accounts.User(Name)!;

    /// <summary>Whether these tests can run: as root, where the user exists.</summary>
    public static bool IsPossible => !OperatingSystem.IsWindows() && FileOwner.CurrentUser == 0 && Accounts.User(Name) is not null;

    /// <summary>Skips the test where it cannot run.</summary>
    public static void Need()
    {
        Assert.SkipUnless(IsPossible, $"only root can become another user, and {Name} must be there");
        Programs.Need("gunicorn");
    }

    /// <summary>
    /// A folder with the probing application and a copy of the host, which the user can read wherever the repository is, and <c>out</c>,
    /// which is the user's own.
    /// </summary>
    public static string NewFolder()
    {
        var folder = RunningFrontEnd.NewFolder();
        var application = Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/probe.py");
        File.Copy(application, Path.Combine(folder, "probe.py"));
        File.Copy(application, Path.Combine(folder, "probe.wsgi"));
        var own = Directory.CreateDirectory(Path.Combine(folder, "out")).FullName;
        Assert.Equal(0, SystemCalls.ChangeOwner(own, Account.User, Account.Group!.Value));
        CopyHost(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }

    /// <summary>Puts a copy of the host into the folder of a test, where <see cref="RunningFrontEnd"/> takes it from.</summary>
    public static void CopyHost(string folder)
    {
        var host = Directory.CreateDirectory(Path.Combine(folder, "host")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(RepositoryRoot.Host)!))
            File.Copy(file, Path.Combine(host, Path.GetFileName(file)));
    }

    /// <summary>A port that only root may listen on and that is free.</summary>
    public static int FreeLowPort()
    {
        for (var port = 1023; port > 512; port--)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken; the next one may not be.
            }
        }
        throw new InvalidOperationException("no port from 513 to 1023 is free");
    }

    /// <summary>What the application below a path reports of itself and of the actions asked of it.</summary>
    public static async Task<Dictionary<string, string>> ProbeAsync(this HttpClient client, string path, params string[] actions)
    {
        var query = string.Join(
            '&', actions.Select(action => action.Split('=', 2)).Select(part => $"{part[0]}={Uri.EscapeDataString(part[1])}"));
        return JsonSerializer.Deserialize<Dictionary<string, string>>(await client.GetStringAsync($"{path}?{query}"))!;
    }

    /// <summary>A line of /proc/PID/status, as its fields.</summary>
    public static string[] StatusOf(int process, string key) =>
        [.. File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(key + ":", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Skip(1)];

    /// <summary>The user's number, as the application reports it.</summary>
    public static string Number => Account.User.ToString(CultureInfo.InvariantCulture);
}

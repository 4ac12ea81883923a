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

    /// <summary>Skips the test unless it runs as root, where the user exists and can read the host.</summary>
    public static async Task NeedAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || FileOwner.CurrentUser != 0, "only root can become another user");
        Assert.SkipWhen(Accounts.User(Name) is null, $"there is no user {Name}");
        Programs.Need("gunicorn");
        var (code, _) = await Programs.RunAsync(RepositoryRoot.Host, "exec", $"--user={Name}", "--", "test", "-r", RepositoryRoot.Host);
        Assert.SkipWhen(code != 0, $"user {Name} cannot read {RepositoryRoot.Host}");
    }

    /// <summary>A folder with the probing application, which the user can read, and <c>out</c>, which is the user's own.</summary>
    public static string NewFolder()
    {
        var folder = RunningFrontEnd.NewFolder();
        var application = Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/probe.py");
        File.Copy(application, Path.Combine(folder, "probe.py"));
        File.Copy(application, Path.Combine(folder, "probe.wsgi"));
        var own = Directory.CreateDirectory(Path.Combine(folder, "out")).FullName;
        Assert.Equal(0, SystemCalls.ChangeOwner(own, Account.User, Account.Group!.Value));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
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

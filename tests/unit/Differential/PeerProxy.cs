using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using DaemonProxy.Tests.EndToEnd;

namespace DaemonProxy.Tests.Differential;

/// <summary>nginx or HAProxy as Debian has it, in the foreground on a loopback port, before one daemon; ended with the test.</summary>
internal sealed partial class PeerProxy : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private PeerProxy(Process process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public static Task<PeerProxy> StartNginxAsync(int daemon) => StartAsync("nginx", (folder, port) =>
    {
        File.WriteAllText(Path.Combine(folder, "nginx.conf"), $$"""
            daemon off; master_process off; worker_processes 1; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log;
            events { worker_connections 256; }
            http {
              access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              upstream daemon { server 127.0.0.1:{{daemon}}; keepalive 8; }
              server {
                listen 127.0.0.1:{{port}};
                proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
                location / { proxy_pass http://daemon; }
              }
            }
            """);
        return ["-p", folder, "-c", Path.Combine(folder, "nginx.conf"), "-e", Path.Combine(folder, "error.log")];
    });

    public static Task<PeerProxy> StartHaproxyAsync(int daemon) => StartAsync("haproxy", (folder, port) =>
    {
        File.WriteAllText(Path.Combine(folder, "haproxy.cfg"), $"""
            global
              maxconn 256
              nbthread 1
            defaults
              mode http
              timeout connect 5s
              timeout client 5s
              timeout server 5s
            frontend front
              bind 127.0.0.1:{port}
              default_backend daemon
            backend daemon
              server daemon 127.0.0.1:{daemon}

            """);
        return ["-db", "-f", Path.Combine(folder, "haproxy.cfg")];
    });

    /// <summary>The version, as Debian names it without its own revision: <c>1.22.1</c>.</summary>
    public static async Task<string> VersionAsync(string program)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, "-v") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(RunningFrontEnd.Limit);
        return Version().Match(await output + await error).Value;
    }

    private static async Task<PeerProxy> StartAsync(string program, Func<string, int, string[]> configure)
    {
        var folder = RunningFrontEnd.NewFolder();
        // Neither can be asked for a free port, so one is found for it.
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        var process = Process.Start(
            new ProcessStartInfo(program, configure(folder, port)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var peer = new PeerProxy(process, folder, port);
        await RunningFrontEnd.UntilAsync(() => process.HasExited || Listens(port), program + " to listen");
        if (!process.HasExited) return peer;
        await peer.DisposeAsync();
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode}"));
    }

    private static bool Listens(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(RunningFrontEnd.Limit);
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex Version();
}

using DaemonProxy.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DaemonProxy.Tests.Control;

/// <summary>The other end of a control socket: takes a name as a front end does, and answers what a test wants.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly InstanceDirectory _instance;
    private readonly WebApplication _server;

    private ControlServer(InstanceDirectory instance, WebApplication server)
    {
        _instance = instance;
        _server = server;
    }

    public static async Task<ControlServer> StartAsync(
        RuntimeDirectory runtime, string name, Func<HttpContext, InstanceDirectory, Task> answer)
    {
        var instance = InstanceDirectory.Acquire(name, runtime);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(instance.ControlSocket));
        var server = builder.Build();
        server.Run(context => answer(context, instance));
        await server.StartAsync();
        return new ControlServer(instance, server);
    }

    public static InstanceStatus Status(string name, int processId = int.MaxValue) => new()
    {
        Name = name,
        ProcessId = processId,
        StartTime = DateTime.UnixEpoch.ToLocalTime(),
        State = nameof(InstanceState.Serving),
        Uris = [new Uri("http://127.0.0.1:8080")],
        Version = "1.0",
        Daemons = [],
        Routes = [],
    };

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _instance.Dispose();
    }
}

using System.Diagnostics.Metrics;
using System.Text;
using DaemonProxy.Host.FrontEnd;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The page of a front end with thousands of routes takes long to put together, and clients must not wait for it.</summary>
public sealed class MetricsApplicationTests
{
    [Fact]
    public async Task Page_is_put_together_on_the_thread_pool_and_not_on_the_thread_that_serves_the_socket()
    {
        using var meter = new Meter("test");
        var isOnPool = false;
        meter.CreateObservableGauge("gauge", () =>
        {
            isOnPool = Thread.CurrentThread.IsThreadPoolThread;
            return 1L;
        });
        using var page = new PrometheusPage(meter);
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = "GET", Path = "/metrics" }, Response = { Body = body } };
        Task? answered = null;
        var socketThread = new Thread(() => answered = new MetricsApplication(page).ProcessRequestAsync(context));
        socketThread.Start();
        socketThread.Join();
        await answered!;
        Assert.True(isOnPool);
        Assert.Contains("gauge 1", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }
}

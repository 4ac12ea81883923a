using System.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Collects the services that Kestrel registers for itself, without building a host. Its TLS middleware requests internal types from the
/// services, which only <c>UseKestrelCore</c> can register, and that method extends a web host builder. An empty builder of the framework
/// does the same in 40 ms; this takes 10 ms of every start (measured, Release, 2 cores).
/// </summary>
internal sealed class KestrelServices : IWebHostBuilder
{
    private readonly ServiceCollection _services = [];

    /// <summary>Registers what Kestrel expects from its environment: logging, options, metrics, diagnostics.</summary>
    /// <param name="log">Receives Kestrel's log messages.</param>
    /// <param name="refused">
    /// Receives each request that Kestrel refuses before the application sees it; null: such requests are not reported.
    /// </param>
    public KestrelServices(ILoggerFactory log, Action<BadHttpRequestException>? refused)
    {
        var diagnostics = new DiagnosticListener("Microsoft.AspNetCore");
        if (refused is not null) diagnostics.Subscribe(new BadRequestObserver(refused), BadRequestObserver.IsWanted);
        _services.AddSingleton(log);
        _services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        _services.AddSingleton<DiagnosticSource>(diagnostics);
        _services.AddOptions();
        _services.AddMetrics();
        this.UseKestrelCore();
    }

    /// <summary>Builds the services; the caller disposes of them after the server.</summary>
    public ServiceProvider BuildProvider() => _services.BuildServiceProvider();

    /// <inheritdoc/>
    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(_services);
        return this;
    }

    /// <inheritdoc/>
    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), _services);
        return this;
    }

    /// <inheritdoc/>
    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

    /// <inheritdoc/>
    public string? GetSetting(string key) => null;

    /// <inheritdoc/>
    public IWebHostBuilder UseSetting(string key, string? value) => this;

#pragma warning disable ASPDEPR008 // The interface's own return type is deprecated; nothing here builds one.
    /// <inheritdoc/>
    public IWebHost Build() => throw new NotSupportedException("Only the services are wanted here, no host.");
#pragma warning restore ASPDEPR008

    private sealed class BadRequestObserver(Action<BadHttpRequestException> refused) : IObserver<KeyValuePair<string, object?>>
    {
        private const string Name = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

        public static bool IsWanted(string name) => name == Name;

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if ((value.Value as IFeatureCollection)?.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException failure)
                refused(failure);
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}

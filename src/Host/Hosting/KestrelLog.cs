using Microsoft.Extensions.Logging;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Hands Kestrel's own log, from warnings up, to a delegate. Below that it says only what clients do wrong, which is theirs to
/// know, and formatting it for nobody would cost every request.
/// </summary>
internal sealed class KestrelLog(Action<LogLevel, string, Exception?>? sink) : ILoggerFactory, ILogger
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("The server's log has one reader, given at its start.");

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => sink is not null && logLevel is >= LogLevel.Warning and < LogLevel.None;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            sink!(logLevel, formatter(state, exception), exception);
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

using Microsoft.Extensions.Logging;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Passes Kestrel's own log messages, from warnings up, to a delegate. Lower levels report only mistakes of clients, which do not concern
/// the operator, and formatting them for nobody would cost every request.
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

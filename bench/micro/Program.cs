using BenchmarkDotNet.Running;

namespace DaemonProxy.Micro;

/// <summary>
/// The hot path's pieces by themselves, with what each allocates:
/// <code>
///     dotnet run -c Release --project bench/micro -- --filter '*'
///     dotnet run -c Release --project bench/micro -- --filter '*Relay*' --job short
/// </code>
/// </summary>
internal static class Program
{
    private static void Main(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}

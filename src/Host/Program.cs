using DaemonProxy.Host.CommandLine;
using DaemonProxy.Host.Hosting;

if (args is ["exec", ..] && !OperatingSystem.IsWindows())
    return ExecShim.Become(args.AsSpan(1));
return await DaemonProxyCommand.RunAsync(args, Console.Out, Console.Error);

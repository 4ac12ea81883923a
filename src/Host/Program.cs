using DaemonProxy.Host.CommandLine;
using DaemonProxy.Host.Hosting;

if (args is ["exec", "--", _, ..])
    return ExecShim.Become(args[2..]);
return await DaemonProxyCommand.RunAsync(args, Console.Out, Console.Error).ConfigureAwait(false);

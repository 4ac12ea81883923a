using DaemonProxy.Host.CommandLine;

return await DaemonProxyCommand.RunAsync(args, Console.Out, Console.Error).ConfigureAwait(false);

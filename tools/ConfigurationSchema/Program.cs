using DaemonProxy.Editing;

File.WriteAllText(args[0], ConfigurationSchema.Text());

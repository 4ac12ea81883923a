namespace DaemonProxy.Editing;

/// <summary>Replaces a file so that a reader always finds the whole old file or the whole new one, even after a power failure.</summary>
internal static class ConfigurationStore
{
    /// <summary>Writes a file. An existing file keeps its permissions, and a link stays a link.</summary>
    /// <exception cref="ConfigurationSaveException">The file cannot be written; an existing file is unchanged.</exception>
    public static void Write(string file, byte[] content)
    {
        string? beside = null;
        try
        {
            var target = new FileInfo(file).LinkTarget is null ? file : File.ResolveLinkTarget(file, returnFinalTarget: true)!.FullName;
            var name = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}");
            using (var stream = new FileStream(name, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                beside = name;
                if (!OperatingSystem.IsWindows() && File.Exists(target))
                    File.SetUnixFileMode(stream.SafeFileHandle, File.GetUnixFileMode(target));
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            if (beside is not null)
                File.Delete(beside);
            throw new ConfigurationSaveException(SaveFailure.NotWritable,
                $"the file {file} cannot be written: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}; check that its folder is there "
                    + "and may be written to", error);
        }
    }
}

namespace DaemonProxy.Editing;

/// <summary>Why a configuration was not written.</summary>
public enum SaveFailure
{
    /// <summary>Another file already exists.</summary>
    FileExists,

    /// <summary>Somebody has changed the file since it was read.</summary>
    FileChanged,

    /// <summary>The operating system does not allow the file to be written.</summary>
    NotWritable,

    /// <summary>The text of the file cannot be changed to express the values.</summary>
    NotExpressible,
}

/// <summary>A configuration could not be written; any existing file was left alone.</summary>
public sealed class ConfigurationSaveException(SaveFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Why the configuration was not written.</summary>
    public SaveFailure Failure { get; } = failure;
}

namespace DaemonProxy.Editing;

/// <summary>Why a configuration was not written.</summary>
public enum SaveFailure
{
    /// <summary>Another file is there.</summary>
    FileExists,

    /// <summary>Somebody has changed the file since it was read.</summary>
    FileChanged,

    /// <summary>The system does not let it be written.</summary>
    NotWritable,

    /// <summary>The text of the file cannot be changed to say what is meant.</summary>
    NotExpressible,
}

/// <summary>A configuration was not written, and the file that is there was left alone.</summary>
public sealed class ConfigurationSaveException(SaveFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Why.</summary>
    public SaveFailure Failure { get; } = failure;
}

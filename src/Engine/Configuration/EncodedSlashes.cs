namespace DaemonProxy.Configuration;

/// <summary>What happens to <c>%2F</c> in a request's path: Apache's AllowEncodedSlashes.</summary>
public enum EncodedSlashes
{
    /// <summary>The request is refused with 404, as by default in Apache.</summary>
    Refuse,

    /// <summary>It is decoded to an ordinary slash: Apache's On.</summary>
    Decode,

    /// <summary>
    /// It is passed on unchanged: Apache's NoDecode. Routes and conditions still treat it as a slash, because most daemons do; a path that
    /// would belong to another route, or climb, because of its encoded slashes is refused.
    /// </summary>
    Keep,
}

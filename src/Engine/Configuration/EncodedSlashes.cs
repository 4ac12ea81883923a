namespace DaemonProxy.Configuration;

/// <summary>What becomes of <c>%2F</c> in a request's path: Apache's AllowEncodedSlashes.</summary>
public enum EncodedSlashes
{
    /// <summary>The request is refused with 404, as by Apache's default.</summary>
    Refuse,

    /// <summary>It is a slash like any other: Apache's On.</summary>
    Decode,

    /// <summary>
    /// It goes on as it is: Apache's NoDecode. Routes and conditions take it for a slash all the same, for so do most daemons; a path that
    /// would belong to another route, or climb, by its encoded slashes is refused.
    /// </summary>
    Keep,
}

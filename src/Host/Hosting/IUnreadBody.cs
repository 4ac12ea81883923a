namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The reader on a client's socket, which can leave the body of a request in the system on its way to a daemon. Its blocks are memory like
/// any other to the server, which counts them and hands them on.
/// </summary>
internal interface IUnreadBody
{
    /// <summary>Says that nobody is going to look at the body of the request whose head has just been read.</summary>
    /// <param name="length">Its length, bytes.</param>
    void MayStayUnread(long length);
}

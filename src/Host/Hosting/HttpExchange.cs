using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A request and its response as the server provides them. There is one for each HTTP/1.1 connection and for each HTTP/2 stream, which the
/// server uses for one request after another: Kestrel implements the features of a request in one object, which stays the same, and the
/// others are those of the connection. Looking them up costs a native host 50 ns each, and a request needs some twenty.
/// </summary>
internal class HttpExchange
{
    private readonly IFeatureCollection _features;
    private readonly IHttpRequestBodyDetectionFeature? _body;

    /// <summary>Looks up what most requests need.</summary>
    /// <param name="features">The features of the request; what is missing cannot be used.</param>
    public HttpExchange(IFeatureCollection features)
    {
        _features = features;
        _body = features.Get<IHttpRequestBodyDetectionFeature>();
        Request = features.Get<IHttpRequestFeature>()!;
        Response = features.Get<IHttpResponseFeature>()!;
        ResponseBody = features.Get<IHttpResponseBodyFeature>()!;
        Lifetime = features.Get<IHttpRequestLifetimeFeature>()!;
        Connection = features.Get<IHttpConnectionFeature>();
        BodySize = features.Get<IHttpMaxRequestBodySizeFeature>();
        Lender = features.Get<IBlockLender>();
        Rest = features.Get<ConnectionRest>();
    }

    /// <summary>The exchange that the server keeps with these features, or a new one.</summary>
    public static HttpExchange From(IFeatureCollection features)
    {
        if (features is not IHostContextContainer<HttpExchange> container) return new(features);
        var kept = container.HostContext ??= new(features);
        kept.CheckThatNothingHasChanged();
        return kept;
    }

    /// <summary>The request.</summary>
    public IHttpRequestFeature Request { get; }

    /// <summary>The head of the response.</summary>
    public IHttpResponseFeature Response { get; }

    /// <summary>The body of the response.</summary>
    public IHttpResponseBodyFeature ResponseBody { get; }

    /// <summary>Tells whether the client has left.</summary>
    public IHttpRequestLifetimeFeature Lifetime { get; }

    /// <summary>The addresses of both sides; null: unknown.</summary>
    public IHttpConnectionFeature? Connection { get; }

    /// <summary>The limit of the request's body; null: none.</summary>
    public IHttpMaxRequestBodySizeFeature? BodySize { get; }

    /// <summary>Takes blocks of the response without a copy; null: the connection has TLS or is not one of ours.</summary>
    public IBlockLender? Lender { get; }

    /// <summary>Lets the connection rest; null: it never does.</summary>
    public ConnectionRest? Rest { get; }

    /// <summary>Whether the server expects a body after the head of the request.</summary>
    public bool CanHaveBody => _body?.CanHaveBody == true;

    /// <summary>Returns a feature that few requests need; null: there is none.</summary>
    public T? Find<T>()
        where T : class => _features.Get<T>();

    // Every test that serves a request makes sure that the server still keeps its features from one request to the next.
    [Conditional("DEBUG")]
    protected void CheckThatNothingHasChanged()
    {
        if (_features.Get<IHttpRequestFeature>() != Request || _features.Get<IHttpResponseFeature>() != Response
            || _features.Get<IHttpResponseBodyFeature>() != ResponseBody || _features.Get<IHttpRequestLifetimeFeature>() != Lifetime
            || _features.Get<IHttpConnectionFeature>() != Connection || _features.Get<IHttpRequestBodyDetectionFeature>() != _body
            || _features.Get<IHttpMaxRequestBodySizeFeature>() != BodySize || _features.Get<IBlockLender>() != Lender)
            throw new InvalidOperationException("the server has changed a feature of a request");
    }
}

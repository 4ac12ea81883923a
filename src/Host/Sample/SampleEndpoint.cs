namespace DaemonProxy.Host.Sample;

/// <summary>One path of the sample application. The front page and the parameter check are derived from these.</summary>
/// <param name="Path">The path. A path that ends in <c>/</c> and is not the root covers everything below it.</param>
/// <param name="Example">An example path and query, relative to the root.</param>
/// <param name="Does">Describes the answer in one or two sentences of HTML.</param>
/// <param name="Parameters">The accepted parameters; null: any, and the endpoint reads those that it knows.</param>
/// <param name="AnswerAsync">Answers.</param>
internal sealed record SampleEndpoint(
    string Path, string Example, string Does, IReadOnlyList<string>? Parameters, Func<SampleExchange, Task> AnswerAsync)
{
    /// <summary>Refuses unknown parameters, because a misspelt parameter would measure something other than intended.</summary>
    /// <exception cref="ParameterException">The request has an unknown parameter.</exception>
    public void CheckParameters(SampleExchange exchange)
    {
        if (Parameters is null)
            return;
        foreach (var name in exchange.Http.Request.Query.Keys)
        {
            if (!Parameters.Contains(name))
            {
                throw new ParameterException(
                    $"{name} is not a parameter of {Path}, which takes "
                        + $"{(Parameters.Count == 0 ? "none" : string.Join(", ", Parameters))}.");
            }
        }
    }
}

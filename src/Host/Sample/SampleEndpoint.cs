namespace DaemonProxy.Host.Sample;

/// <summary>One path of the sample application. The front page and the check of parameters are made from these.</summary>
/// <param name="Path">The path; one that ends in <c>/</c> and is not the root stands for everything below it.</param>
/// <param name="Example">A path and query to try, relative to the root.</param>
/// <param name="Does">What it answers, one or two sentences of HTML.</param>
/// <param name="Parameters">The parameters it takes; null: any, and it looks at those it knows.</param>
/// <param name="AnswerAsync">Answers.</param>
internal sealed record SampleEndpoint(
    string Path, string Example, string Does, IReadOnlyList<string>? Parameters, Func<SampleExchange, Task> AnswerAsync)
{
    /// <summary>Refuses what is no parameter of this endpoint: a misspelt one would measure something else than was meant.</summary>
    /// <exception cref="ParameterException">There is one.</exception>
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

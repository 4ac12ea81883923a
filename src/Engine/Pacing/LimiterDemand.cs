namespace DaemonProxy.Pacing;

/// <summary>What the responses of a limiter could take, as measured over a period of some 100 ms.</summary>
/// <param name="Responses">How many responses have a share of the limiter, including silent ones.</param>
/// <param name="Hungry">How many of them would take more: they waited for their turns for most of the period.</param>
/// <param name="Content">How many of them sent something and are held back by something else: their client, their application, or
/// another limit.</param>
/// <param name="ContentRate">What the content ones take together, bytes a second.</param>
public readonly record struct LimiterDemand(int Responses, int Hungry, int Content, double ContentRate);

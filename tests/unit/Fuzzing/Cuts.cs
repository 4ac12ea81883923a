namespace DaemonProxy.Tests.Fuzzing;

/// <summary>Where an input is cut in two: at every byte of a short one, at some sixty places of a long one.</summary>
internal static class Cuts
{
    public static IEnumerable<int> Of(int length)
    {
        var step = Math.Max(1, length / 60);
        for (var cut = 1; cut < length; cut += step) yield return cut;
    }
}

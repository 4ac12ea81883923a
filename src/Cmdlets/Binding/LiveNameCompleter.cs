using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Services;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Completes names from what is running now. A front end that does not answer at once is left out, because nobody waits for Tab.
/// </summary>
public abstract class LiveNameCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var pattern = WildcardPattern.Get((wordToComplete ?? "").Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        try
        {
            return [.. Candidates(fakeBoundParameters).Distinct().Where(pattern.IsMatch).Select(name =>
                new CompletionResult(name.Contains(' ') ? $"'{name}'" : name, name, CompletionResultType.ParameterValue, name))];
        }
        catch (ControlException)
        {
            return [];
        }
    }

    private protected abstract IEnumerable<string> Candidates(IDictionary boundParameters);

    /// <summary>The current status of the front ends that <c>-Name</c> selects so far, or of all.</summary>
    private protected static IEnumerable<InstanceStatus> Instances(IDictionary boundParameters)
    {
        var name = boundParameters["Name"] switch
        {
            string one => one,
            IEnumerable<object> many => many.OfType<string>().FirstOrDefault(),
            _ => null,
        };
        return InstanceDirectory.List()
            .Where(running => name is null || WildcardPattern.Get(name, WildcardOptions.IgnoreCase).IsMatch(running))
            .Select(StatusOf).OfType<InstanceStatus>();
    }

    private static InstanceStatus? StatusOf(string name)
    {
        try
        {
            using var client = new ControlClient(name) { Timeout = Patience };
            return Task.Run(() => client.GetStatusAsync()).GetAwaiter().GetResult();
        }
        catch (ControlException)
        {
            return null;
        }
    }
}

/// <summary>Completes the names of running front ends.</summary>
public sealed class InstanceNameCompleter : LiveNameCompleter
{
    private protected override IEnumerable<string> Candidates(IDictionary boundParameters) => InstanceDirectory.List();
}

/// <summary>Completes the names of daemon groups.</summary>
public sealed class DaemonNameCompleter : LiveNameCompleter
{
    private protected override IEnumerable<string> Candidates(IDictionary boundParameters) =>
        Instances(boundParameters).SelectMany(instance => instance.Daemons).Select(daemon => daemon.Daemon);
}

/// <summary>Completes the codes of the event catalogue.</summary>
public sealed class EventCodeCompleter : LiveNameCompleter
{
    private protected override IEnumerable<string> Candidates(IDictionary boundParameters) =>
        EventCatalogue.All.Select(definition => definition.Code);
}

/// <summary>Completes the path prefixes of routes.</summary>
public sealed class RouteCompleter : LiveNameCompleter
{
    private protected override IEnumerable<string> Candidates(IDictionary boundParameters) =>
        Instances(boundParameters).SelectMany(instance => instance.Routes).Select(route => route.Route);
}

/// <summary>Completes the names of front ends that are registered as services.</summary>
public sealed class ServiceNameCompleter : LiveNameCompleter
{
    private protected override IEnumerable<string> Candidates(IDictionary boundParameters)
    {
        var system = OperatingSystem.IsWindows()
            || $"{boundParameters[nameof(Scope)]}".Equals(nameof(Scope.System), StringComparison.OrdinalIgnoreCase);
        try
        {
            return ServiceManager.OfThisSystem(system ? ServiceScope.System : ServiceScope.User).Names();
        }
        catch (ServiceException)
        {
            return [];
        }
    }
}

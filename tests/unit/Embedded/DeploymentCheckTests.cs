using DaemonProxy.Configuration;
using DaemonProxy.Embedded;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Embedded;

/// <summary>What a configuration needs of its machine and does not find there, each with its place and in one sentence.</summary>
public sealed class DeploymentCheckTests : IDisposable
{
    private readonly string _folder = RunningFrontEnd.NewFolder();

    public DeploymentCheckTests()
    {
        File.WriteAllText(Path.Combine(_folder, "there.wsgi"), "");
        File.WriteAllText(Path.Combine(_folder, "cert.pem"), "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n");
        File.WriteAllText(Path.Combine(_folder, "no.key"), "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n");
        File.WriteAllText(Path.Combine(_folder, "site.key"), "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n");
        File.WriteAllText(Path.Combine(_folder, "site.pfx"), "not a PEM file");
    }

    private string[] Mistakes(string yaml)
    {
        var file = Path.Combine(_folder, "site.yaml");
        File.WriteAllText(file, yaml.Replace('|', '\n'));
        try
        {
            DeploymentCheck.Load(file);
            return [];
        }
        catch (ConfigurationException mistakes)
        {
            Assert.All(mistakes.Errors, mistake => Assert.Equal(file, mistake.File));
            return [.. mistakes.Errors.Select(mistake => $"{mistake.Line}:{mistake.Column} {mistake.Message.Replace(_folder, "", StringComparison.Ordinal)}")];
        }
    }

    // A bar is a line end.
    [Theory]
    [InlineData("daemons:|  - name: app|    application: gone.wsgi", "3:18 daemon group 'app': there is no script /gone.wsgi; name one that is there")]
    [InlineData("daemons:|  - name: app|    home: gone|    command: [ sh, \"{socket}\" ]",
        "3:11 daemon group 'app': there is no folder /gone; make it, or name one that is there in home")]
    [InlineData("daemons:|  - name: app|    home: gone|    command: [ ./app, \"{socket}\" ]",
        "3:11 daemon group 'app': there is no folder /gone; make it, or name one that is there in home")]
    [InlineData("daemons:|  - name: app|    command: [ sh, -c, exit ]", "3:14 daemon group 'app': its command has no {socket}, the path that it has to listen on")]
    [InlineData("daemons:|  - name: app|    command: [ no-such-program, \"{socket}\" ]",
        "3:14 daemon group 'app': cannot start 'no-such-program': no such program on the PATH")]
    [InlineData("daemons:|  - name: app|    command: [ ./gone, \"{socket}\" ]", "3:14 daemon group 'app': cannot start './gone': there is no file /gone")]
    [InlineData("daemons:|  - name: app|    application: there.wsgi|    python-home: gone", "4:18 python-home is /gone, and there is no such folder")]
    [InlineData("routes:|  - path: /|    application: gone.wsgi", "3:18 route /: there is no script /gone.wsgi")]
    [InlineData("restrict-embedded: on|routes:|  - path: /|    application: there.wsgi",
        "4:18 route /: its application would run embedded, and restrict-embedded is on")]
    [InlineData("python-home: gone|routes:|  - path: /|    application: there.wsgi", "1:14 python-home is /gone, and there is no such folder")]
    [InlineData("tls:|  certificate: cert.pem", "2:16 certificate: /cert.pem holds no private key; name the key's PEM file in 'key:' below tls")]
    [InlineData("tls:|  certificate: cert.pem|  key: no.key", "3:8 key: /no.key holds no private key")]
    [InlineData("listen: [ \"http://*:80\", \"http://127.0.0.1:80\" ]", "1:26 listen: 'http://127.0.0.1:80' takes a port that http://*:80 in line 1 has already")]
    [InlineData("listen: http://127.0.0.1:9100|metrics-listen: http://localhost:9100",
        "2:17 metrics-listen: 'http://localhost:9100' takes a port that http://127.0.0.1:9100 in line 1 has already")]
    [InlineData("daemons:|  - name: app|    user: no-such-user-here|    sample: on", "3:11 daemon group 'app': there is no user no-such-user-here; create it")]
    // One mapping that two groups share stands in one place.
    [InlineData("daemons:|  - &app|    name: app|    command: [ sh ]|    home: .|  - <<: *app|    name: other|routes: [ { path: /, daemon: app } ]",
        "4:14 daemon group 'app': its command has no {socket}", "4:14 daemon group 'other': its command has no {socket}")]
    public void Mistake_has_its_place(string yaml, params string[] mistakes)
    {
        try { PythonFinder.Find(null); }
        catch (PythonException none) { Assert.Skip(none.Message); }
        var found = Mistakes(yaml);
        Assert.Equal(mistakes.Length, found.Length);
        Assert.All(mistakes.Zip(found), pair => Assert.StartsWith(pair.First, pair.Second));
        Assert.All(found, mistake => Assert.DoesNotContain("\n", mistake));
    }

    [Theory]
    [InlineData("tls:|  certificate: cert.pem|  key: site.key")]
    [InlineData("tls:|  certificate: site.pfx")]
    [InlineData("daemons:|  - name: app|    command: [ sh, -c, \"exec app {socket}\" ]")]
    [InlineData("daemons:|  - name: app|    address: unix:gone.sock")]
    [InlineData("listen: [ \"http://127.0.0.1:80\", \"http://127.0.0.2:80\", \"http://[::1]:80\", \"http://127.0.0.1:81\" ]")]
    [InlineData("listen: [ \"http://0.0.0.0:80\", \"http://[::1]:80\", \"http://127.0.0.1:0\", \"http://127.0.0.1:0\" ]")]
    [InlineData("restrict-embedded: off|daemons:|  - name: app|    sample: on")]
    public void What_is_there_is_no_mistake(string yaml) => Assert.Empty(Mistakes(yaml));

    [Fact]
    public void All_mistakes_are_reported_in_file_order() => Assert.Equal(
        ["3", "4", "7"],
        Mistakes("tls: { certificate: site.pfx }|daemons:|  - { name: a, command: [ sh ] }|  - { name: b, application: gone.wsgi, python-home: . }|routes:"
            + "|  - { path: /, daemon: a }|  - { path: /b, application: gone.py }")
            .Where(mistake => !mistake.Contains("python", StringComparison.OrdinalIgnoreCase)).Select(mistake => mistake.Split(':')[0]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

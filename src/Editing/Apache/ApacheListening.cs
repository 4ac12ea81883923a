using DaemonProxy.Configuration;

namespace DaemonProxy.Editing.Apache;

/// <summary>Converts listen addresses, and the certificate for the https addresses among them.</summary>
internal sealed class ApacheListening(ApacheNotes notes, SectionValue root, IReadOnlyList<ApacheScope> scopes)
{
    private const string HttpsPort = "443";

    private static readonly string[] Settings = ["SSLEngine", "SSLCertificateFile", "SSLCertificateKeyFile"];

    public void Convert(IReadOnlyList<ApacheDirective> lines, IReadOnlyList<ApacheScope> hosts)
    {
        var secure = scopes.Any(
            scope => scope.Settings.TryGetValue("SSLEngine", out var engine)
            && !engine.Argument(0).Equals("off", StringComparison.OrdinalIgnoreCase));
        var tls = Certificate(out var complaint);
        var list = new List<ListenAddress>();
        foreach (var line in lines)
        {
            var where = line.Argument(0);
            var port = where[(where.LastIndexOf(':') + 1)..];
            var https = line.Argument(1).Equals("https", StringComparison.OrdinalIgnoreCase)
                || (line.Arguments.Count == 1 && port == HttpsPort);
            var text = $"{(https ? "https" : "http")}://{(where.Contains(':') ? where : $"*:{where}")}";
            if (https && tls is null)
                notes.Lose(line,
                    complaint ?? $"it is https, and {(secure ? "" : "there is no SSLEngine and ")}no SSLCertificateFile is in these files; "
                    + $"add 'tls: {{ certificate: site.pem }}' and '{text}' to listen");
            else if (!ListenAddress.TryParse(text, out var address, out var error))
                notes.Lose(line, error);
            else
                Add(list, address, line);
        }

        if (list.Count > 0)
        {
            var listen = new ListValue();
            listen.Items.AddRange(list.Select(address => new ScalarValue(address.ToString())));
            root.Set("listen", listen, OptionTable.Proxy.Names);
        }
        else if (hosts.Count > 0 && lines.Count == 0)
            notes.Differ(hosts[0].Opening!,
                "there is no Listen in these files, so the front end would choose a free port on loopback; add for example 'listen: [ "
                + "http://*:80 ]'");
        if (tls is not null && list.Exists(address => address.Scheme == "https"))
            root.Set("tls", tls, OptionTable.Proxy.Names);
        foreach (var line in Settings.SelectMany(Lines))
        {
            if (root["tls"] is null) notes.Lose(line, "no Listen with https is carried over, and a certificate is for nothing else");
            else notes.Carry(line);
        }
    }

    // Apache listens for IPv4 and IPv6 one by one; an address here that covers both leaves no room for another on its port.
    private void Add(List<ListenAddress> list, ListenAddress address, ApacheDirective line)
    {
        var others = list.FindAll(other => other.Overlaps(address));
        if (others.Exists(other => other == address || other.ToString() == address.ToString())) return;
        if (others.Count > 0)
            notes.Differ(line, $"{address} and {string.Join(" and ", others)} are one port, and one address of it is listened on here");
        if (others.Count > 0 && address.Host != "*") return;
        list.RemoveAll(others.Contains);
        list.Add(address);
    }

    /// <summary>The only certificate; null if there is none, or none that can be used.</summary>
    private SectionValue? Certificate(out string? complaint)
    {
        complaint = null;
        var files = Lines("SSLCertificateFile");
        var keys = Lines("SSLCertificateKeyFile");
        if (files.Count == 0)
        {
            foreach (var line in keys) notes.Lose(line, "no SSLCertificateFile is in these files");
            return null;
        }

        if (files.Select(line => line.Argument(0)).Distinct().Count() > 1)
            complaint = "there is one certificate for all hosts here, and these files have several; convert the hosts one by one with "
                + "-ServerName";
        else if (OptionTable.Tls.Mistake("certificate", files[0].Argument(0)) is { } mistake)
            complaint = mistake;
        else if (keys.Count > 0 && OptionTable.Tls.Mistake("key", keys[0].Argument(0)) is { } wrong)
            complaint = wrong;
        if (complaint is not null)
        {
            foreach (var line in files.Concat(keys)) notes.Lose(line, complaint);
            return null;
        }

        var tls = new SectionValue();
        tls.Set("certificate", new ScalarValue(files[0].Argument(0)), OptionTable.Tls.Names);
        if (keys.Count > 0) tls.Set("key", new ScalarValue(keys[0].Argument(0)), OptionTable.Tls.Names);
        return tls;
    }

    private List<ApacheDirective> Lines(string setting) =>
        [.. scopes.Select(scope => scope.Settings.GetValueOrDefault(setting)).OfType<ApacheDirective>()];
}

@{
    RootModule           = 'bin/DaemonProxy.Cmdlets.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '4e2b9d3a-6c1f-4f57-9a0e-8b7d5c2f1e36'
    Author               = 'The DaemonProxy authors'
    CompanyName          = 'DaemonProxy'
    Copyright            = '(c) 2026 The DaemonProxy authors. MIT licence.'
    Description          = 'An HTTP front end before application daemons, with the flush policy of mod_wsgi 6.0.2 and exact rate limits: start it in deployment scripts, tune it live, verify it in Pester.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('DaemonProxy.Types.ps1xml')
    FormatsToProcess     = @('DaemonProxy.Format.ps1xml', 'DaemonProxy.Lists.Format.ps1xml', 'DaemonProxy.Configuration.Format.ps1xml')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    CmdletsToExport      = @(
        'ConvertFrom-ApacheConfiguration'
        'Export-DaemonProxyConfiguration'
        'Get-DaemonProxy'
        'Get-DaemonProxyCertificate'
        'Get-DaemonProxyEvent'
        'Get-DaemonProxyStatistics'
        'Get-FlushAdvice'
        'Get-FlushPolicy'
        'Get-RateLimit'
        'Import-DaemonProxyConfiguration'
        'New-DaemonProxyCertificate'
        'New-DaemonProxyConfiguration'
        'New-DaemonProxyTest'
        'Register-DaemonProxyService'
        'Restart-DaemonProxy'
        'Set-EmbeddedRestriction'
        'Set-FlushPolicy'
        'Set-RateLimit'
        'Start-DaemonProxy'
        'Stop-DaemonProxy'
        'Test-DaemonProxyConfiguration'
        'Test-EmbeddedRestriction'
        'Test-FlushPolicy'
        'Test-RateLimitAccuracy'
        'Unregister-DaemonProxyService'
        'Update-DaemonProxy'
        'Watch-DaemonProxy'
    )
    PrivateData          = @{
        PSData = @{
            Tags         = @('HTTP', 'Proxy', 'WSGI', 'RateLimit', 'Pester', 'PSEdition_Core', 'Linux', 'MacOS', 'Windows')
            LicenseUri   = 'https://opensource.org/license/mit'
            # A name that belongs to nobody (RFC 2606), until the project has an address; Get-Help -Online goes by it.
            ProjectUri   = 'https://daemonproxy.example/daemonproxy'
            ReleaseNotes = 'The first version. CHANGELOG.md of the project says what is in it.'
        }
    }
}

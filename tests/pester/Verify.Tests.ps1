# An example for those who verify a deployment of their own in Pester: a front end by its name, and whether it does what it promises.
#
#     $container = New-PesterContainer -Path Verify.Tests.ps1 -Data @{ Name = 'site' }
#     Invoke-Pester -Container $container -Output Detailed
#
# Without a name it starts a front end of its own and verifies that.
[Diagnostics.CodeAnalysis.SuppressMessage('PSReviewUnusedParameter', '', Justification = 'they are used in the blocks below')]
param(
    [string] $Name,
    # How far a rate may be off, in percent; generous here, for it is also tried on busy machines.
    [double] $Tolerance = 25
)

BeforeAll {
    if (-not $Name) {
        . $PSScriptRoot/OwnRuntimeDirectory.ps1
        $Name = 'site'
        $null = Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
restrict-embedded: on
daemons: [ { name: app, sample: true } ]
routes:
  - { path: /, daemon: app }
  - { path: /download, daemon: app, strip-prefix: true, rate-limit: 400KiB/s }
'@)
    }
    $script:Site = Get-DaemonProxy $Name -ErrorAction Stop
}
AfterAll { if (Get-Command Remove-OwnRuntimeDirectory -ErrorAction Ignore) { Remove-OwnRuntimeDirectory } }

Describe 'The front end' {
    It 'serves' { $Site.State | Should -Be 'Serving' }

    It 'has every daemon ready' { $Site.Daemons.State | Should -BeIn 'Ready', 'External' }

    It 'has a configuration without a mistake' {
        if (-not $Site.ConfigurationFile) { Set-ItResult -Skipped -Because 'it has no file' }
        Test-DaemonProxyConfiguration $Site.ConfigurationFile -Quiet | Should -BeTrue
    }

    It 'answers' { (Invoke-WebRequest $Site.Uri -SkipHttpErrorCheck -SkipCertificateCheck).StatusCode | Should -BeLessThan 500 }

    It 'keeps embedded mode restricted' { $Site.RestrictEmbedded | Should -BeTrue }

    It 'keeps its rate limits' {
        foreach ($result in Test-RateLimitAccuracy $Site.Name -Duration 2s -Tolerance $Tolerance) { $result.Passed | Should -BeTrue -Because "$($result.Route) got $($result.AchievedRate) bytes/s of $($result.ConfiguredRate)" }
    }

    It 'has no rate limit that its flush policy would spoil' {
        $limited = (Get-RateLimit $Site.Name | Where-Object Rate).Daemon | Select-Object -Unique
        Get-FlushPolicy $Site.Name | Where-Object Daemon -In $limited | ForEach-Object { $_.FlushDelay -gt [timespan]::Zero | Should -BeTrue -Because "of $($_.Daemon)" }
    }

    It 'has logged no error' { Get-DaemonProxyEvent $Site.Name -Severity Error | Should -BeNullOrEmpty }
}

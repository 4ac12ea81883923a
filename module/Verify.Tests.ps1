# Verifies a deployment in Pester: a running front end by its name, and whether it does what it promises. New-DaemonProxyTest writes this file for one.
#
#     $container = New-PesterContainer -Path site.Tests.ps1 -Data @{ Path = @{ '/download' = '/download/big.bin' } }
#     Invoke-Pester -Container $container -Output Detailed
[Diagnostics.CodeAnalysis.SuppressMessage('PSReviewUnusedParameter', '', Justification = 'they are used in the blocks below')]
param(
    [string] $Name = 'default',
    # What to request on a rate-limited route, for each route that leads to an application of yours: a response that is long enough to be measured.
    # Routes that lead to the sample application need none.
    [hashtable] $Path = @{},
    # How far a rate may be off, in percent.
    [double] $Tolerance = 5,
    [string] $Duration = '2s'
)

BeforeDiscovery {
    $found = Get-DaemonProxy $Name -ErrorAction Stop
    $script:limited = foreach ($route in $found.Routes | Where-Object { $_.RateLimits.Rate -gt 0 }) {
        $isSample = ($found.Daemons | Where-Object Daemon -EQ $route.Daemon).Source -eq 'Sample'
        @{ Route = $route.Route; Target = $Path[$route.Route]; CanBeMeasured = $isSample -or $Path.ContainsKey($route.Route) }
    }
    $script:hasEmbedded = [bool]($found.Routes | Where-Object Application)
}

BeforeAll {
    $script:Site = Get-DaemonProxy $Name -ErrorAction Stop
    $script:Began = [datetime]::Now
}

Describe 'The front end' {
    It 'serves' { $Site.State | Should -Be 'Serving' }

    It 'has every daemon ready' { $Site.Daemons.State | Should -BeIn 'Ready', 'External' }

    It 'has a configuration without a mistake' {
        if (-not $Site.ConfigurationFile) { Set-ItResult -Skipped -Because 'it has no file' }
        Test-DaemonProxyConfiguration $Site.ConfigurationFile | Should -BeTrue
    }

    It 'answers' { (Invoke-WebRequest $Site.Uri -SkipHttpErrorCheck -SkipCertificateCheck).StatusCode | Should -BeLessThan 500 }

    It 'keeps embedded mode restricted where no route needs it' -Skip:$hasEmbedded {
        if ($null -eq $Site.RestrictEmbedded) { Set-ItResult -Skipped -Because 'restrict-embedded is not set' }
        $Site.RestrictEmbedded | Should -BeTrue
    }

    It 'has no rate limit that its flush policy would spoil' {
        $daemons = (Get-RateLimit $Site.Name | Where-Object Rate).Daemon | Select-Object -Unique
        if (-not $daemons) { Set-ItResult -Skipped -Because 'no daemon has a rate limit' }
        Get-FlushPolicy $Site.Name | Where-Object Daemon -In $daemons | ForEach-Object { $_.FlushDelay -gt [timespan]::Zero | Should -BeTrue -Because "of $($_.Daemon)" }
    }
}

Describe 'The rate limits' {
    It 'are there to be measured' -Skip:([bool]$limited) { Set-ItResult -Skipped -Because 'no route has a rate limit' }

    It 'are kept on <Route>' -ForEach @($limited) {
        if (-not $CanBeMeasured) { Set-ItResult -Skipped -Because "nothing is known to request there; give -Path @{ '$Route' = '$($Route.TrimEnd('/'))/a-long-response' }" }
        $request = if ($Target) { @{ Path = $Target } } else { @{} }
        $results = @(Test-RateLimitAccuracy $Site.Name -Route $Route @request -Duration $Duration -Tolerance $Tolerance -ErrorAction Stop -WarningAction SilentlyContinue)
        $results | Should -Not -BeNullOrEmpty -Because 'a limit that nobody has measured is not known to be kept'
        foreach ($result in $results) {
            if ($result.NotMeasurable) { Set-ItResult -Inconclusive -Because $result.NotMeasurable }
            $result.Passed | Should -BeTrue -Because "$Route got $([long]$result.AchievedRate) bytes/s of $($result.ConfiguredRate)$($result.Problem)"
        }
    }
}

Describe 'The event log' {
    It 'has no error since these tests began' {
        Get-DaemonProxyEvent $Site.Name -Severity Error | Where-Object Time -GE $Began | Should -BeNullOrEmpty
    }
}

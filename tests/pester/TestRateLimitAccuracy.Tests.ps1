BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Test-RateLimitAccuracy' {
    It 'measures both pacers under both flush policies, on a front end that is gone afterwards' {
        $results = Test-RateLimitAccuracy -Duration 2s -Rate 1MB -Tolerance 10
        $results | Should -HaveCount 4
        $results.ConfiguredRate | Should -Be 1MB, 1MB, 1MB, 1MB
        # How exact it is is for a quiet machine to say; that the interval pacer suffers from the old flush policy shows on any.
        $modern = $results | Where-Object { $_.Pacer -eq 'Interval' -and $_.FlushDelay -gt 0 }
        $before = $results | Where-Object { $_.Pacer -eq 'Interval' -and $_.FlushDelay -eq 0 }
        $before.AchievedRate / $modern.AchievedRate | Should -BeLessThan 0.75
        $results[0].Samples.Count | Should -BeGreaterThan 10
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'measures the limited routes of a running front end' {
        Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 400KiB/s } ]
'@) | Out-Null
        $result = Get-DaemonProxy site | Test-RateLimitAccuracy -Duration 1 -Tolerance 50
        $result.Route, $result.ConfiguredRate | Should -Be '/slow', 400KB
        $result.Passed | Should -BeTrue
        $result | Out-String -Width 160 | Should -Match 'TokenBucket\s+5 ms / 8 MiB\s+400\.00 KiB/s'
        Stop-DaemonProxy site
    }

    It 'says what is wrong with <what>' -ForEach @(
        @{ What = 'a name that is not running'; Call = { Test-RateLimitAccuracy nope -ErrorAction Stop }; Id = 'InstanceNotFound*' }
        @{ What = 'a duration of nothing'; Call = { Test-RateLimitAccuracy -Duration 0 -ErrorAction Stop }; Id = 'CannotVerify*' }
        @{ What = 'a rate that cannot be measured'; Call = { Test-RateLimitAccuracy -Rate 1 -ErrorAction Stop }; Id = 'CannotVerify*' }
    ) { $Call | Should -Throw -ErrorId $Id }
}

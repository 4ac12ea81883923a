BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 400KiB/s, rate-initial-burst: 1MiB } ]
'@) | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-RateLimit' {
    It 'shows rate, burst and pacer of a route' {
        $limit = Get-RateLimit site /slow
        $limit.Rate, $limit.InitialBurst, $limit.Pacer, $limit.Daemon | Should -Be 400KB, 1MB, 'TokenBucket', 'app'
    }

    It 'shows every route' { (Get-DaemonProxy | Get-RateLimit).Route | Sort-Object | Should -Be '/', '/slow' }

    It 'shows units in its table' { Get-RateLimit site /slow | Out-String | Should -Match '/slow\s+400 KiB/s\s+1 MiB\s+TokenBucket' }

    It 'for a route that is not there is an error that names those that are' {
        { Get-RateLimit site /nope -ErrorAction Stop } | Should -Throw -ErrorId 'RouteNotFound,DaemonProxy.Cmdlets.GetRateLimitCommand' -ExpectedMessage '*/slow*'
    }
}

Describe 'Set-RateLimit' {
    It 'takes <value> as a rate' -ForEach @(@{ Value = 800KB }, @{ Value = '800KiB/s' }, @{ Value = '800KB' }) {
        (Set-RateLimit site / -Rate $Value -PassThru).Rate | Should -Be 800KB
    }

    It 'takes a pacer in the spelling of <pacer>' -ForEach @(@{ Pacer = 'interval' }, @{ Pacer = 'Interval' }) {
        (Set-RateLimit site / -Pacer $Pacer -PassThru).Pacer | Should -Be 'Interval'
        (Set-RateLimit site / -Pacer token-bucket -PassThru).Pacer | Should -Be 'TokenBucket'
    }

    It 'holds for the next response, and 0 lifts it' {
        $uri = "$((Get-DaemonProxy).Uri[0])bytes?n=204800"
        Set-RateLimit site / -Rate 200KB -InitialBurst 0
        $limited = Measure-Command { Invoke-WebRequest $uri | Out-Null }
        Set-RateLimit site / -Rate 0
        $free = Measure-Command { Invoke-WebRequest $uri | Out-Null }
        $limited.TotalSeconds | Should -BeGreaterThan 0.8
        $limited / $free | Should -BeGreaterThan 2
    }

    It 'changes the routes that match a wildcard' {
        (Set-RateLimit site /s* -Rate 1MB -PassThru).Route | Should -Be '/slow'
    }

    It 'says of a bad rate what would be right' {
        { Set-RateLimit site / -Rate fast } | Should -Throw -ExpectedMessage "*'fast' is no rate; write for example 400KB*"
    }

    It 'wants something to change' {
        { Set-RateLimit site / -ErrorAction Stop } | Should -Throw -ErrorId 'NothingToChange,DaemonProxy.Cmdlets.SetRateLimitCommand'
    }

    It 'with -WhatIf changes nothing' {
        $before = (Get-RateLimit site /slow).Rate
        Set-RateLimit site /slow -Rate 1 -WhatIf
        (Get-RateLimit site /slow).Rate | Should -Be $before
    }
}

BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Test-FlushPolicy' {
    It 'measures drips and silences under the default policy and the original''s rules' {
        $results = Test-FlushPolicy
        $results.Workload | Should -Contain '24 B every 3 ms'
        $drips = $results | Where-Object Workload -eq '24 B every 3 ms' | Sort-Object FlushDeadline
        # Without a deadline they wait for 4 KiB. The medians, for a busy machine can delay any single one.
        $drips[0].Latency.P50 / $drips[1].Latency.P50 | Should -BeGreaterThan 2
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'measures what Set-FlushPolicy has changed, and no other group' {
        Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true }, { name: reports, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 400KiB/s }, { path: /reports, daemon: reports, strip-prefix: true } ]
'@) | Out-Null
        $results = Get-DaemonProxy site | Set-FlushPolicy -Daemon app -FlushDelay 5ms -PassThru | Test-FlushPolicy
        $results.Route | Select-Object -Unique | Should -Be '/'
        $results.Daemon | Select-Object -Unique | Should -Be 'app'
        { Test-FlushPolicy site -Daemon nope -ErrorAction Stop } | Should -Throw -ErrorId 'DaemonNotFound,*' -ExpectedMessage '*app, reports*'
        { Test-FlushPolicy site -Daemon app -Route /reports -ErrorAction Stop } | Should -Throw -ErrorId 'CannotVerify,*'
        (Test-FlushPolicy s* -Route /reports).Daemon | Select-Object -Unique | Should -Be 'reports'
        Stop-DaemonProxy site
    }

    It 'for a name that means nothing measures nothing else' {
        Test-FlushPolicy nope* -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'for a wildcard that nothing matches is an error' {
        { Test-FlushPolicy nope* -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.TestFlushPolicyCommand' -ExpectedMessage "*like 'nope*'*"
    }

    It 'for a name that is not running is an error' {
        { Test-FlushPolicy nope -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.TestFlushPolicyCommand'
    }
}

Describe 'Test-FlushPolicy -Uri' {
    BeforeAll {
        $proxy = Start-DaemonProxy (New-ConfigurationFile 'drips.yaml' @'
name: drips
listen: [ http://127.0.0.1:0 ]
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /below, daemon: app, strip-prefix: true } ]
'@)
        $script:base = "$($proxy.Uri)".TrimEnd('/')
    }
    AfterAll { Stop-DaemonProxy drips -Timeout 1 }

    It 'measures a drip by the times in it' {
        $result = Test-FlushPolicy -Uri "$base/drip?count=40&chunk=100&every-ms=25"
        $result.LatencySource | Should -Be 'Timestamps'
        $result.Latency.Count | Should -Be 40
        $result.Latency.P50 | Should -BeGreaterThan ([timespan]::FromMilliseconds(1)) -Because 'the flush delay is 5 ms'
        $result.Passed | Should -BeTrue
        $result | Out-String -Width 200 | Should -Match 'True\s+as it comes\s+[\d.]+ ms\s+.*Timestamps'
    }

    It 'listens to one that never ends for the duration, and judges by the limit' {
        $result = Test-FlushPolicy -Uri "$base/drip?count=1000000&chunk=100&every-ms=25" -Duration 1 -Limit 0.001ms
        $result.Latency.Count | Should -BeGreaterThan 10
        $result.Passed | Should -BeFalse
        $result.Problem | Should -BeNullOrEmpty
    }

    It 'asks the sample application for drips and silences with -Sample' {
        $results = Test-FlushPolicy -Uri "$base/below" -Sample
        $results.LatencySource | Should -Be 'Request', 'Timestamps', 'Timestamps'
        $results.Workload | Should -Contain '24 B every 3 ms'
    }

    It 'says what is wrong with <what>' -ForEach @(
        @{ What = 'nobody listening'; Uri = { 'http://127.0.0.1:1/' }; Id = 'NotConnected' }
        @{ What = 'an answer that is an error'; Uri = { "$base/status/500" }; Id = 'UnexpectedAnswer' }
        @{ What = 'a page, which is no drip'; Uri = { "$base/bytes?n=10" }; Id = 'TooShort' }
        @{ What = 'an address of another scheme'; Uri = { 'ftp://127.0.0.1/' }; Id = 'CannotVerify' }
    ) {
        $address = & $Uri
        { Test-FlushPolicy -Uri $address -ErrorAction Stop } | Should -Throw -ErrorId "$Id,DaemonProxy.Cmdlets.TestFlushPolicyCommand"
    }
}

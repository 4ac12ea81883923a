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
        $result | Out-String -Width 160 | Should -Match 'True\s+TokenBucket\s+5 ms / 8 MiB\s+400 KiB/s'
        Stop-DaemonProxy site
    }

    It 'measures uploads, on a front end of its own, on one that runs, and at any address' {
        $own = Test-RateLimitAccuracy -Direction Upload -Rate 1MB -Duration 1s -Tolerance 50
        $own.Direction, $own.Route, $own.ConfiguredRate, $own.Passed | Should -Be 'Upload', '/upload', 1MB, $true
        $own.Samples.Count | Should -BeGreaterThan 10
        $uri = (Start-DaemonProxy (New-ConfigurationFile 'uploads.yaml' @'
name: uploads
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /up, daemon: app, strip-prefix: true, upload-rate-limit: 400KiB/s, upload-rate-scope: route } ]
'@)).Uri
        $running = Test-RateLimitAccuracy uploads -Direction Upload -Duration 1s -Tolerance 50
        $running.Route, $running.ConfiguredRate, $running.Passed | Should -Be '/up', 400KB, $true
        $any = Test-RateLimitAccuracy -Uri "${uri}up/sink" -Direction Upload -Rate 400KB -Duration 1s -Tolerance 50 -Connections 3 -Shared
        $any.Passed, $any.Direction, $any.Details.Count | Should -Be $true, 'Upload', 3
        # Four times as fast as it should be.
        (Test-RateLimitAccuracy -Uri "${uri}up/sink" -Direction Upload -Rate 100KB -Duration 2s -Tolerance 50).Passed | Should -BeFalse
        { Test-RateLimitAccuracy -Uri "${uri}nothing" -Direction Upload -Rate 100KB -Duration 1s -ErrorAction Stop } |
            Should -Throw -ExpectedMessage '*answers 404 to a POST; measure an address that takes uploads.*'
        Stop-DaemonProxy uploads
    }

    It 'says what is wrong with <what>' -ForEach @(
        @{ What = 'a name that is not running'; Call = { Test-RateLimitAccuracy nope -ErrorAction Stop }; Id = 'InstanceNotFound*' }
        @{ What = 'a duration of nothing'; Call = { Test-RateLimitAccuracy -Duration 0 -ErrorAction Stop }; Id = 'CannotVerify*' }
        @{ What = 'a rate that cannot be measured'; Call = { Test-RateLimitAccuracy -Rate 1 -ErrorAction Stop }; Id = 'CannotVerify*' }
    ) { $Call | Should -Throw -ErrorId $Id }

    It 'writes a page that needs nothing else' {
        $page = Join-Path $OwnDirectory 'own.html'
        Test-RateLimitAccuracy -Duration 1s -Tolerance 50 -ReportPath $page | Out-Null
        $html = Get-Content $page -Raw
        [regex]::Matches($html, '<svg ').Count | Should -Be 14 -Because 'there are three charts for each of four results, and two that compare them, one of which is shown'
        $html | Should -Not -Match '<script|src=|href=|url\('
    }
}

Describe 'Test-RateLimitAccuracy -Uri' {
    BeforeAll {
        $proxy = Start-DaemonProxy (New-ConfigurationFile 'server.yaml' @'
name: server
listen: [ http://127.0.0.1:0 ]
daemons: [ { name: app, sample: true } ]
routes:
  - { path: /, daemon: app }
  - { path: /slow, daemon: app, strip-prefix: true, rate-limit: 400KiB/s, rate-initial-burst: 1MiB }
'@)
        $base = "$($proxy.Uri)".TrimEnd('/')
        $script:slow = "$base/slow/bytes?n=9000000"
    }
    AfterAll { Stop-DaemonProxy server -Timeout 1 }

    It 'measures one response of any server, the initial burst left out' {
        $result = Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Duration 2 -Skip 1MB -Tolerance 20
        $result.Passed | Should -BeTrue
        $result.Ratio | Should -BeGreaterThan 0.8
        $result.Windows.Count | Should -BeGreaterOrEqual 1
        $result.Details | Should -HaveCount 1
        $result.TimeToFirstByte | Should -BeGreaterThan ([timespan]::Zero)
        $result | Out-String -Width 200 | Should -Match 'True\s+[+-]?[\d.]+%\s+400 KiB/s\s+[\d.]+ KiB/s\s+[\d.]+ ms\s+1\s+\S*/slow/bytes\?n=9000000.*[\u2581-\u2588]{20}'
    }

    It 'shows the burst when it is not left out' {
        (Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Duration 2).Ratio | Should -BeGreaterThan 1.8
    }

    It 'measures several connections and their shares' {
        $result = Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Duration 1 -Connections 20 -Skip 1MB -Tolerance 40
        $result.Details | Should -HaveCount 20
        $result.Fairness | Should -BeGreaterThan 0.5
        $result.Fairness | Should -BeLessOrEqual 1
    }

    It 'compares addresses from the pipeline on one page' {
        $page = Join-Path $OwnDirectory 'compared.html'
        $results = $slow, "$base/bytes?n=100000000000" | Test-RateLimitAccuracy -Rate 400KB -Duration 1 -ReportPath $page
        $results | Should -HaveCount 2
        $results[1].Passed | Should -BeFalse
        Get-Content $page -Raw | Should -Match '2 measurements'
    }

    It 'shows the page with -Open' -Skip:(-not $IsLinux) {
        # Stands for the browser: notes what it is asked to show.
        Set-Content "$OwnDirectory/xdg-open" "#!/bin/sh`necho `"`$1`" > '$OwnDirectory/shown'"
        chmod +x "$OwnDirectory/xdg-open"
        $path = $env:PATH
        $env:PATH = "${OwnDirectory}:$path"
        try { Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Duration 1 -Open | Out-Null } finally { $env:PATH = $path }
        for ($i = 0; $i -lt 1200 -and -not (Test-Path "$OwnDirectory/shown"); $i++) { Start-Sleep -Milliseconds 50 }
        $shown = Get-Content "$OwnDirectory/shown"
        $shown | Should -Exist
        Remove-Item $shown
    }

    It 'sends headers, given as a hashtable or as text' {
        Test-RateLimitAccuracy -Uri "$base/echo" -Rate 1KB -Duration 1 -Header @{ 'X-Made' = 'up' } -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'TooShort,*'
        { Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Header 'no colon' } | Should -Throw -ErrorId 'ParameterArgumentTransformationError*'
        { Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Header 'bad name: x' -ErrorAction Stop } | Should -Throw -ErrorId 'CannotVerify*'
    }

    It 'says what is wrong with <what>' -ForEach @(
        @{ What = 'nobody listening'; Uri = { 'http://127.0.0.1:1/' }; Id = 'NotConnected' }
        @{ What = 'a name without an address'; Uri = { 'http://nowhere.invalid/' }; Id = 'NameNotResolved' }
        @{ What = 'plain HTTP where TLS is meant'; Uri = { $base -replace '^http', 'https' }; Id = 'TlsFailed' }
        @{ What = 'an answer that is an error'; Uri = { "$base/status/404" }; Id = 'UnexpectedAnswer' }
        @{ What = 'a body that comes at once'; Uri = { "$base/bytes?n=100" }; Id = 'TooShort' }
        @{ What = 'an address of another scheme'; Uri = { 'ftp://127.0.0.1/' }; Id = 'CannotVerify' }
    ) {
        $address = & $Uri
        { Test-RateLimitAccuracy -Uri $address -Rate 400KB -ErrorAction Stop } | Should -Throw -ErrorId "$Id,DaemonProxy.Cmdlets.TestRateLimitAccuracyCommand"
    }

    It 'goes on with the next address after an error' {
        $results = 'http://127.0.0.1:1/', $slow | Test-RateLimitAccuracy -Rate 400KB -Duration 1 -ErrorAction SilentlyContinue -ErrorVariable problem
        $results | Should -HaveCount 1
        $problem | Should -HaveCount 1
    }

    It 'refuses a report where there is no folder, before it measures' {
        { Test-RateLimitAccuracy -Uri $slow -Rate 400KB -Duration 1h -ReportPath "$OwnDirectory/no/such/result.html" } | Should -Throw -ErrorId 'ReportNotWritten*'
    }

    It 'writes the report of what was measured when the pipeline is stopped' {
        $page = Join-Path $OwnDirectory 'stopped.html'
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$((Get-Module DaemonProxy).ModuleBase)/DaemonProxy.psd1'; Test-RateLimitAccuracy -Uri '$slow' -Rate 400KB -Duration 60s -Skip 1MB -ReportPath '$page'")
        $null = $shell.BeginInvoke()
        for ($try = 0; $try -lt 600 -and -not (Get-DaemonProxy server).ActiveRequests; $try++) { Start-Sleep -Milliseconds 100 }
        # What is skipped, and a little more.
        Start-Sleep -Seconds 4
        $shell.Stop()
        $shell.Dispose()
        Get-Content $page -Raw | Should -Match 'interrupted'
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true }, { name: limited, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: limited, strip-prefix: true, rate-limit: 400KiB/s, pacer: interval } ]
'@) | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-FlushPolicy' {
    It 'shows the defaults of mod_wsgi 6.0.2, and the deadline' {
        $policy = Get-FlushPolicy site app
        $policy.FlushDelay | Should -Be ([timespan]::FromMilliseconds(5))
        $policy.BufferSize | Should -Be 8MB
        $policy.FlushDeadline | Should -Be ([timespan]::FromMilliseconds(50))
    }

    It 'shows every group' { (Get-DaemonProxy | Get-FlushPolicy).Daemon | Should -Be 'app', 'limited' }

    It 'counts flushes by reason' {
        $before = (Get-FlushPolicy site app).EndFlushes
        Invoke-WebRequest (Get-DaemonProxy).Uri | Out-Null
        (Get-FlushPolicy site app).EndFlushes | Should -Be ($before + 1)
    }

    It 'for a group that is not there is an error that names those that are' {
        { Get-FlushPolicy site nope -ErrorAction Stop } | Should -Throw -ErrorId 'DaemonNotFound,DaemonProxy.Cmdlets.GetFlushPolicyCommand' -ExpectedMessage '*app, limited*'
    }

    It 'shows units in its table' { Get-FlushPolicy site app | Out-String | Should -Match '5 ms\s+50 ms\s+8 MiB' }
}

Describe 'Set-FlushPolicy' {
    BeforeEach { Set-FlushPolicy site -FlushDelay 5ms -BufferSize 8MB -FlushDeadline 50ms }

    It 'takes <value> as a delay of <ms> ms' -ForEach @(
        @{ Value = '20ms'; Ms = 20 }
        @{ Value = 20; Ms = 20 }
        @{ Value = '0.5s'; Ms = 500 }
        @{ Value = [timespan]::FromMilliseconds(7); Ms = 7 }
        @{ Value = 2.5; Ms = 2.5 }
    ) { (Set-FlushPolicy site app -FlushDelay $Value -PassThru).FlushDelay.TotalMilliseconds | Should -Be $Ms }

    It 'takes <value> as a size' -ForEach @(@{ Value = 4MB }, @{ Value = '4MiB' }, @{ Value = 4194304 }) {
        (Set-FlushPolicy site app -BufferSize $Value -PassThru).BufferSize | Should -Be 4MB
    }

    It 'leaves what is not given' {
        (Set-FlushPolicy site app -FlushDelay 9 -PassThru).BufferSize | Should -Be 8MB
    }

    It 'leaves other groups alone' {
        Set-FlushPolicy site app -FlushDelay 9
        (Get-FlushPolicy site limited).FlushDelay.TotalMilliseconds | Should -Be 5
    }

    It 'changes all groups that come through the pipeline' {
        Get-FlushPolicy site | Set-FlushPolicy -FlushDelay 11
        (Get-FlushPolicy site).FlushDelay.TotalMilliseconds | Should -Be 11, 11
    }

    It 'brings a saved policy back' {
        $saved = Get-FlushPolicy site app
        Set-FlushPolicy site app -FlushDelay 99 -BufferSize 64KB -FlushDeadline 0
        $saved | Set-FlushPolicy
        $now = Get-FlushPolicy site app
        $now.FlushDelay, $now.BufferSize, $now.FlushDeadline | Should -Be $saved.FlushDelay, $saved.BufferSize, $saved.FlushDeadline
    }

    It 'brings a policy of <Delay> back from JSON, as an object and as a hashtable' -ForEach @(@{ Delay = 'auto' }, @{ Delay = '0.5ms' }, @{ Delay = '1h' }) {
        $saved = Set-FlushPolicy site app -FlushDelay $Delay -FlushDeadline 70ms -BufferSize 1MB -PassThru
        $json = $saved | ConvertTo-Json
        foreach ($read in ($json | ConvertFrom-Json), [pscustomobject]($json | ConvertFrom-Json -AsHashtable)) {
            Set-FlushPolicy site app -FlushDelay 99 -BufferSize 64KB -FlushDeadline 0
            $now = $read | Set-FlushPolicy -PassThru
            $now.AutoDelay, $now.BufferSize, $now.FlushDeadline | Should -Be $saved.AutoDelay, $saved.BufferSize, $saved.FlushDeadline
            if ($Delay -ne 'auto') { $now.FlushDelay | Should -Be $saved.FlushDelay }
        }
    }

    It 'refuses <What> from JSON as it does otherwise' -ForEach @(
        @{ What = 'a time below zero'; Value = [timespan]::FromMilliseconds(-2) | ConvertTo-Json | ConvertFrom-Json }
        @{ What = 'an object that is no time'; Value = [pscustomobject]@{ Ticks = 5 } }
    ) { { Set-FlushPolicy site app -FlushDelay $Value } | Should -Throw -ExpectedMessage '*is no time; write for example 5ms*' }

    It 'takes auto as a delay, shows it, and brings it back from a saved policy' {
        $auto = Set-FlushPolicy site app -FlushDelay auto -PassThru
        $auto.AutoDelay | Should -BeTrue
        $auto.FlushDelay.TotalMilliseconds | Should -BeGreaterOrEqual 1
        $auto.FlushDelay.TotalMilliseconds | Should -BeLessOrEqual 20
        Get-FlushPolicy site app | Out-String | Should -Match 'auto \(5 ms\)\s+50 ms'
        Get-FlushPolicy site app | Format-List | Out-String | Should -Match 'FlushDelay\s+: auto \(5 ms\)'
        Set-FlushPolicy site app -FlushDelay 9
        (Get-FlushPolicy site app).AutoDelay | Should -BeFalse
        $auto | Set-FlushPolicy
        (Get-FlushPolicy site app).AutoDelay | Should -BeTrue
        $auto | Set-FlushPolicy -FlushDelay 7
        Get-FlushPolicy site app | ForEach-Object { $_.AutoDelay; $_.FlushDelay.TotalMilliseconds } | Should -Be $false, 7
    }

    It 'warns of a delay of 0 where a route has a rate limit, saying why' {
        Set-FlushPolicy site -FlushDelay 0 -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 1
        $warnings | Should -Match "'/slow' is limited to 400KiB/s.*interval pacer spends 200ms on each of these flushes"
    }

    It 'is refused <what>' -ForEach @(
        @{ What = 'a buffer below 64 KiB'; Change = @{ BufferSize = 1KB }; Message = '*65536 bytes or more*' }
        @{ What = 'a delay above an hour'; Change = @{ FlushDelay = '2h' }; Message = '*0 to 1h*' }
    ) { { Set-FlushPolicy site app @Change -ErrorAction Stop } | Should -Throw -ErrorId 'RequestRefused,DaemonProxy.Cmdlets.SetFlushPolicyCommand' -ExpectedMessage $Message }

    It 'says of a bad time what would be right' {
        { Set-FlushPolicy site app -FlushDelay '5 parsecs' } | Should -Throw -ExpectedMessage "*'5 parsecs' is no time; write for example 5ms*"
    }

    It 'changes every front end that a wildcard names' {
        (Set-FlushPolicy s* app -FlushDelay 12 -PassThru).FlushDelay.TotalMilliseconds | Should -Be 12
        Set-FlushPolicy x* -FlushDelay 13 -PassThru | Should -BeNullOrEmpty
    }

    It 'is an event in the words of the configuration: <Says>' -ForEach @(
        @{ Change = @{ FlushDelay = '20ms'; FlushDeadline = 0 }; Says = 'delay 20ms, buffer size 8MiB, deadline none' }
        @{ Change = @{ FlushDelay = 'auto'; BufferSize = 64KB }; Says = 'delay auto, buffer size 64KiB, deadline 50ms' }
    ) {
        Set-FlushPolicy site app @Change
        (Get-DaemonProxyEvent site -Code DPXY0009)[-1].Message | Should -Be "setting changed: flush policy of daemon group 'app': $Says"
    }

    It 'wants something to change' {
        { Set-FlushPolicy site -ErrorAction Stop } | Should -Throw -ErrorId 'NothingToChange,DaemonProxy.Cmdlets.SetFlushPolicyCommand'
    }

    It 'with -WhatIf changes nothing' {
        Set-FlushPolicy site app -FlushDelay 33 -WhatIf
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 5
    }
}

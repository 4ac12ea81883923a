BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 400KiB/s, rate-initial-burst: 1MiB },
  { path: /up, daemon: app, strip-prefix: true, upload-rate-limit: 300KiB/s, rate-limits: [ { rate-limit: 10KiB/s, direction: upload, rate-scope: client, methods: PUT } ] },
  { path: /many, daemon: app, strip-prefix: true, rate-limit: 1MiB/s, rate-scope: route, rate-limits: [
    { rate-limit: 500KiB/s, rate-scope: client, methods: GET, content-types: video/*, paths: /many/a, minimum-size: 1KiB }, { rate-limit: 10KiB/s, rate-scope: client } ] } ]
rate-limits: [ { rate-limit: 50MiB/s, rate-scope: total }, { rate-limit: 20MiB/s, rate-scope: client }, { rate-limit: 40MiB/s, direction: upload, rate-scope: total } ]
'@) | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-RateLimit' {
    It 'shows rate, burst and pacer of a route' {
        $limit = Get-RateLimit site /slow
        $limit.Rate, $limit.InitialBurst, $limit.Pacer, $limit.Daemon | Should -Be 400KB, 1MB, 'TokenBucket', 'app'
    }

    It 'shows every limit of every route, and those of all routes behind them' {
        $limits = Get-DaemonProxy | Get-RateLimit
        $limits.Route | Sort-Object -Unique | Should -Be '/', '/many', '/slow', '/up'
        $limits[-3..-1].Scope | Should -Be 'Total', 'Client', 'Total'
        $limits[-1].Route | Should -BeNullOrEmpty
    }

    It 'shows scope, number and conditions' {
        $limits = Get-RateLimit site /many
        $limits.Index | Should -Be 1, 2, 3
        $limits.Scope | Should -Be 'Route', 'Client', 'Client'
        $limits[1].Methods, $limits[1].ContentTypes, $limits[1].Paths, $limits[1].MinimumSize | Should -Be 'GET', 'video/*', '/many/a', 1KB
        $limits[1] | Out-String -Width 200 | Should -Match '/many\s+2\s+Client\s+500 KiB/s.*GET video/\* /many/a >= 1 ?KiB'
        $limits[1] | Format-List | Out-String | Should -Match '(?s)Scope\s*: Client.*ContentTypes\s*: \{?video/\*'
    }

    It 'shows the limits of one scope' { (Get-RateLimit site -Scope Client -Direction Download).Rate | Should -Be 500KB, 10KB, 20MB }

    It 'shows units in its table' { Get-RateLimit site /slow | Out-String | Should -Match '/slow\s+1\s+Response\s+400 KiB/s\s+1 MiB\s+TokenBucket' }

    It 'shows limits of uploads where there are some, and with -Direction all that could be' {
        $limits = Get-RateLimit site /up
        $limits.Direction | Should -Be 'Download', 'Upload', 'Upload'
        $limits.Rate | Should -Be 0, 300KB, 10KB
        $limits[2] | Out-String -Width 200 | Should -Match '/up\s+up 2\s+Client\s+10 KiB/s'
        $limits[2].Index, "$($limits[2].Scope)", $limits[2].Methods | Should -Be 2, 'Client', 'PUT'
        (Get-RateLimit site / -Direction Upload).Rate | Should -Be 0
        (Get-RateLimit site -Direction Upload)[-1].Rate, (Get-RateLimit site -Direction Upload)[-1].Route | Should -Be 40MB, $null
    }

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
        $uri = "$((Get-DaemonProxy).Uri)bytes?n=204800"
        Set-RateLimit site / -Rate 200KB -InitialBurst 0
        $limited = Measure-Command { Invoke-WebRequest $uri | Out-Null }
        Set-RateLimit site / -Rate 0
        # What takes longer without a limit is the machine, and hardly every time.
        foreach ($try in 1..20) {
            $free = Measure-Command { Invoke-WebRequest $uri | Out-Null }
            if ($limited / $free -gt 2) { break }
        }
        $limited.TotalSeconds | Should -BeGreaterThan 0.8
        $limited / $free | Should -BeGreaterThan 2
    }

    It 'changes limits of uploads with -Direction Upload, and only those' {
        (Set-RateLimit site /slow -Direction Upload -Rate 50KB -PassThru).Direction | Should -Be 'Upload'
        (Get-RateLimit site /slow).Rate | Should -Be 400KB, 50KB
        (Set-RateLimit site -Direction Upload -Rate 30MB -PassThru).Rate | Should -Be 30MB
        (Get-RateLimit site -Scope Total).Rate | Should -Be 50MB, 30MB
        { Set-RateLimit site /slow -Direction Upload -Pacer interval -ErrorAction Stop } |
            Should -Throw -ExpectedMessage '*cannot pace uploads; leave the limit with token-bucket*'
        $uri = "$((Get-DaemonProxy).Uri)slow/sink"
        (Measure-Command { Invoke-WebRequest $uri -Method Post -Body ([byte[]]::new(100KB)) | Out-Null }).TotalSeconds | Should -BeGreaterThan 1.9
        Get-RateLimit site /slow -Direction Upload | Set-RateLimit -Rate 0
        (Get-RateLimit site /slow).Rate | Should -Be 400KB
    }

    It 'changes the routes that match a wildcard' {
        (Set-RateLimit site /s* -Rate 1MB -PassThru).Route | Should -Be '/slow'
    }

    It 'says of a bad rate what would be right' {
        { Set-RateLimit site / -Rate fast } | Should -Throw -ExpectedMessage "*'fast' is no rate; write for example 400KB*"
    }

    It 'is an event in the words of the configuration: <Says>' -ForEach @(
        @{ Change = @{ Rate = 300KB; InitialBurst = 0; Pacer = 'Interval' }; Says = "rate limit of route '/slow', scope Response: 300KiB/s, interval" }
        @{ Change = @{ Rate = 400KB; InitialBurst = 1MB; Pacer = 'TokenBucket' }; Says = "rate limit of route '/slow', scope Response: 400KiB/s, initial burst 1MiB, token-bucket" }
    ) {
        Set-RateLimit site /slow @Change
        (Get-DaemonProxyEvent site -Code DPXY0009)[-1].Message | Should -Be "setting changed: $Says"
    }

    It 'wants something to change' {
        { Set-RateLimit site / -ErrorAction Stop } | Should -Throw -ErrorId 'NothingToChange,DaemonProxy.Cmdlets.SetRateLimitCommand'
    }

    It 'takes the number of a limit' {
        (Set-RateLimit site /many -Index 3 -Rate 20KB -PassThru).Rate | Should -Be 20KB
        (Get-RateLimit site /many).Rate | Should -Be 1MB, 500KB, 20KB
    }

    It 'takes a scope that one limit has' { (Set-RateLimit site /many -Scope Route -Rate 2MB -RateLimitAfter 1MB -PassThru).InitialBurst | Should -Be 1MB }

    It 'changes a limit of all routes' {
        $changed = Set-RateLimit site -Scope Total -Rate 60MB -PassThru
        $changed.Rate, $changed.Scope | Should -Be 60MB, 'Total'
        $changed.Route | Should -BeNullOrEmpty
    }

    It 'brings saved limits back, each to its own<How>' -ForEach @(
        @{ How = ''; Through = { $input } }
        @{ How = ', from JSON, too'; Through = { $input | ConvertTo-Json | ConvertFrom-Json } }
    ) {
        $saved = Get-RateLimit site | Where-Object { $_.Route -ne '/slow' }
        Set-RateLimit site /many -Index 2 -Rate 1KB
        Set-RateLimit site -Index 2 -Rate 1KB
        $saved | & $Through | Set-RateLimit
        Get-RateLimit site /many, /, /up | ForEach-Object Rate | Sort-Object | Should -Be ($saved | Where-Object Route | ForEach-Object Rate | Sort-Object)
        (Get-RateLimit site)[-2].Rate | Should -Be 20MB
    }

    It 'does not guess which of several limits is meant' -ForEach @(@{ Of = @{ Route = '/many' } }, @{ Of = @{ Route = '/many'; Scope = 'Client' } }, @{ Of = @{} }) {
        { Set-RateLimit site @Of -Rate 1KB -ErrorAction Stop } |
            Should -Throw -ErrorId 'RateLimitAmbiguous,DaemonProxy.Cmdlets.SetRateLimitCommand' -ExpectedMessage '*say which with -Scope or -Index*'
    }

    It 'for a limit that is not there is an error that names those that are' {
        { Set-RateLimit site /many -Scope Response -Rate 1KB -ErrorAction Stop } |
            Should -Throw -ErrorId 'RateLimitNotFound,DaemonProxy.Cmdlets.SetRateLimitCommand' -ExpectedMessage '*2 (Client*'
    }

    It 'shares no rate by a pacer that sleeps' {
        { Set-RateLimit site /many -Index 1 -Pacer interval -ErrorAction Stop } | Should -Throw -ErrorId 'RequestRefused,DaemonProxy.Cmdlets.SetRateLimitCommand'
    }

    It 'with -WhatIf changes nothing' {
        $before = (Get-RateLimit site /slow).Rate
        Set-RateLimit site /slow -Rate 1 -WhatIf
        (Get-RateLimit site /slow).Rate | Should -Be $before
    }
}

Describe 'Set-RateLimit of a limit that a fleet shares' -Skip:(-not (Get-Command redis-server -ErrorAction Ignore)) {
    BeforeAll {
        $socket = Join-Path $OwnDirectory 'redis.sock'
        $redis = Start-Process redis-server "--port 0 --unixsocket $socket --save '' --dir $OwnDirectory" -PassThru -RedirectStandardOutput (Join-Path $OwnDirectory 'redis.log')
        foreach ($name in 'fe1', 'fe2') {
            Start-DaemonProxy (New-ConfigurationFile "$name.yaml" @"
name: $name
fleet: { redis: "unix:$socket", name: site }
daemons: [ { name: app, sample: true } ]
rate-limits: [ { rate-limit: 50MiB/s, rate-scope: total, shared-by: fleet }, { rate-limit: 20MiB/s, rate-scope: client } ]
"@) | Out-Null
        }
        $end = (Get-Date).AddSeconds(20)
        while ((Get-DaemonProxy fe*).Fleet.Members -ne 2 -or (Get-DaemonProxy fe*).Fleet.State -ne 'Connected') {
            if ((Get-Date) -gt $end) { throw 'the front ends did not find each other' }
            Start-Sleep -Milliseconds 50
        }
    }
    AfterAll {
        Get-DaemonProxy fe* | Stop-DaemonProxy -Timeout 2
        Stop-Process $redis
        $redis.WaitForExit()
    }

    It 'warns that the others keep their rate, and says how to change all' {
        Set-RateLimit fe1 -Scope Total -Rate 30MB -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 1
        "$warnings" | Should -BeLike "Only 1 of the 2 front ends of fleet 'site' has the new rate; the others keep theirs, and the lowest rate among those that use the limit holds for all of them: run the same Set-RateLimit for every front end, on every machine."
    }

    It 'does not warn when all have it, nor of a limit that each has for itself' {
        Set-RateLimit fe1, fe2 -Scope Total -Rate 30MB -WarningVariable warnings
        Get-DaemonProxy fe* | Set-RateLimit -Scope Total -Rate 40MB -WarningVariable +warnings
        Set-RateLimit fe1 -Scope Client -Rate 10MB -WarningVariable +warnings
        $warnings | Should -BeNullOrEmpty
        (Get-RateLimit fe* -Scope Total).Rate | Should -Be 40MB, 40MB
    }
}

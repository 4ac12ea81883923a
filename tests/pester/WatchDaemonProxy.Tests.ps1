BeforeDiscovery { $script:noTmux = -not (Get-Command tmux -ErrorAction Ignore) }
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:file = New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /slow, daemon: app, strip-prefix: true, rate-limit: 100KiB/s } ]
'@
    $script:proxy = Start-DaemonProxy $file
    $script:http = [Net.Http.HttpClient]::new()

    # A response that goes on until it is disposed of.
    function Open-Response([string] $Path) { $http.GetAsync("$($proxy.Uri)$Path", 'ResponseHeadersRead').GetAwaiter().GetResult() }
}
AfterAll { $http.Dispose(); Remove-OwnRuntimeDirectory }

Describe 'Watch-DaemonProxy' {
    It 'writes an object for each interval with -Count' {
        $looks = Watch-DaemonProxy site -Interval 100ms -Count 3
        $looks | Should -HaveCount 3
        $looks.Name | Should -Be 'site', 'site', 'site'
        $looks[0].Interval.TotalMilliseconds | Should -BeGreaterThan 50
        $looks[0].Daemons.Target | Should -Be 'app'
        $looks[0].Routes.Target | Sort-Object | Should -Be '/', '/slow'
    }

    It 'shows a response in flight, what was sent of it, and its rate' {
        $response = Open-Response 'slow/bytes?n=10000000'
        try {
            $null = $response.Content.ReadAsStream().CopyToAsync([IO.Stream]::Null)
            $look = Watch-DaemonProxy site -Interval 1s -Count 1
            $look.ActiveRequests | Should -Be 1
            $look.Responses[0].Path, $look.Responses[0].Route, $look.Responses[0].Daemon, $look.Responses[0].Status | Should -Be '/slow/bytes', '/slow', 'app', 200
            $look.Responses[0].Bytes | Should -BeGreaterThan 50KB
            # Paced: neither stalled nor at full speed, on a busy machine too.
            $look.ByteRate | Should -BeGreaterThan 20KB
            $look.ByteRate | Should -BeLessThan 1MB
            $look.Responses | Out-String -Width 160 | Should -Match 'GET\s+/slow/bytes\s+200'
            $look | Out-String -Width 160 | Should -Match 'KiB/s'
        }
        finally { $response.Dispose() }
        for ($try = 0; $try -lt 300 -and (Watch-DaemonProxy site -Interval 100ms -Count 1).ActiveRequests; $try++) { }
        (Watch-DaemonProxy site -Interval 100ms -Count 1).Responses | Should -BeNullOrEmpty
    }

    It 'takes front ends from the pipeline, and goes on until the pipeline ends' {
        $first = Get-DaemonProxy | Watch-DaemonProxy -Interval 100ms | Select-Object -First 2
        $first | Should -HaveCount 2
    }

    It 'is an error for <what>' -ForEach @(
        @{ What = 'a name that is not running'; Call = { Watch-DaemonProxy nope -Count 1 -ErrorAction Stop }; Id = 'InstanceNotFound,DaemonProxy.Cmdlets.WatchDaemonProxyCommand' }
        @{ What = 'an interval that is too short'; Call = { Watch-DaemonProxy -Interval 1ms -Count 1 -ErrorAction Stop }; Id = 'InvalidInterval,*' }
    ) { $Call | Should -Throw -ErrorId $Id }
}

Describe 'Watch-DaemonProxy in a terminal' -Skip:$noTmux {
    BeforeAll { . $PSScriptRoot/Terminal.ps1 }
    AfterAll { Stop-Terminal }

    It 'fills the screen, follows its size, and ends with <key>, leaving it as it was' -ForEach @(@{ Key = 'q' }, @{ Key = 'C-c' }) {
        Use-TerminalSize -Width 140 -Height 30
        Send-TerminalKey 'Watch-DaemonProxy site', Enter
        $null = Wait-Screen '(?s)q ends.*GROUP.*app .*ROUTE.*/slow .*100KiB/s'
        Get-TerminalState | Should -Be '1 0'
        Use-TerminalSize -Width 60 -Height 12
        $null = Wait-Screen '(?m)^DaemonProxy  \d\d:\d\d:\d\d {32}q ends'
        Send-TerminalKey $key
        for ($try = 0; $try -lt 1200 -and (Get-TerminalState) -ne '0 1'; $try++) { Start-Sleep -Milliseconds 50 }
        Get-TerminalState | Should -Be '0 1'
        Wait-Screen '> Watch-DaemonProxy site' | Should -Not -Match 'q ends'
    }
}

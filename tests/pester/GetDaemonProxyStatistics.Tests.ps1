BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $file = New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true }, { name: reports, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /reports, daemon: reports, strip-prefix: true } ]
'@
    $script:proxy = Start-DaemonProxy $file
    foreach ($path in 'status/200', 'status/404', 'reports/status/500') { $null = Invoke-WebRequest "$($proxy.Uri)$path" -SkipHttpErrorCheck }
    # A request is counted a moment after its client has the answer.
    for ($try = 0; $try -lt 1200 -and (Get-DaemonProxyStatistics site)[0].Requests -lt 3; $try++) { Start-Sleep -Milliseconds 50 }
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-DaemonProxyStatistics' {
    It 'gives the front end, then its groups, then its routes' {
        $all = Get-DaemonProxyStatistics
        $all.Scope | Should -Be 'FrontEnd', 'Daemon', 'Daemon', 'Route', 'Route'
        $all[0].Requests | Should -Be 3
        $all[0].Success, $all[0].ClientError, $all[0].ServerError | Should -Be 1, 1, 1
        $all[0].MeanDuration | Should -BeGreaterThan ([timespan]::Zero)
    }

    It 'gives one group or one route' {
        $app = Get-DaemonProxyStatistics site -Daemon app
        $app.Requests | Should -Be 2
        $app.WaitingRequests, $app.Restarts | Should -Be 0, 0
        (Get-DaemonProxyStatistics site -Route /reports).ServerError | Should -Be 1
        (Get-DaemonProxyStatistics -Daemon r*).Target | Should -Be 'reports'
    }

    It 'takes front ends from the pipeline' {
        ($proxy | Get-DaemonProxyStatistics)[0].Name | Should -Be 'site'
    }

    It 'names the groups there are when there is none of that name' {
        { Get-DaemonProxyStatistics -Daemon nope -ErrorAction Stop } | Should -Throw -ErrorId 'DaemonNotFound,*' -ExpectedMessage '*app, reports*'
    }

    It 'counts a restart by its reason' {
        Restart-DaemonProxy site -Daemon app
        $app = Get-DaemonProxyStatistics site -Daemon app
        $app.Requests | Should -Be 2
        $app.RestartsByReason['Operator'] | Should -Be 1
    }
}

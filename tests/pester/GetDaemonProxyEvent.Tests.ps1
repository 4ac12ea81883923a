BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $file = New-ConfigurationFile 'site.yaml' @'
name: site
restrict-embedded: on
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /inproc, application: "no_such:app" } ]
'@
    $script:proxy = Start-DaemonProxy $file
    $script:before = Get-Date
    function Invoke-Refused { $null = Invoke-WebRequest "$($proxy.Uri)inproc" -SkipHttpErrorCheck }
    Invoke-Refused
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-DaemonProxyEvent' {
    It 'gives events in their order, with cause and action' {
        $events = Get-DaemonProxyEvent
        $events[0].Code | Should -Be 'DPXY0003'
        $events.Time | Should -Be ($events.Time | Sort-Object)
        $refused = Get-DaemonProxyEvent site -Code WSGI0143
        $refused.Severity | Should -Be 'Error'
        $refused.Properties.path | Should -Be '/inproc'
        $refused | Format-List | Out-String | Should -Match '(?s)Cause\s+: restrict-embedded is on.*Action\s+: Route the path to a daemon'
    }

    It 'chooses by severity, code and time' {
        (Get-DaemonProxyEvent -Severity Error).Code | Select-Object -Unique | Should -Be 'WSGI0143'
        (Get-DaemonProxyEvent -Code DPXY000*).Code | Should -Contain 'DPXY0007'
        Get-DaemonProxyEvent -After $before -Code DPXY0007 | Should -BeNullOrEmpty
    }

    It 'says which code was meant' {
        { Get-DaemonProxyEvent -Code WSGI0144x } | Should -Throw -ErrorId 'EventCodeNotFound,*' -ExpectedMessage "*did you mean 'WSGI0144'?"
    }

    It 'waits for what comes' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module DaemonProxy).ModuleBase)/DaemonProxy.psd1'; Get-DaemonProxyEvent site -Wait -Code WSGI0143")
            $events = [System.Management.Automation.PSDataCollection[psobject]]::new()
            $null = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]]::new(), $events)
            # It begins to wait some time after it was started; until then there is nothing to see.
            for ($try = 0; $try -lt 600 -and $events.Count -eq 0; $try++) { Invoke-Refused; Start-Sleep -Milliseconds 100 }
            $events[0].Code | Should -Be 'WSGI0143'
            $events[0].Time | Should -BeGreaterThan $before
            # How fast it ends is Stopping.Tests.ps1's matter; here it has to end at all.
            $shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne([timespan]::FromMinutes(1)) | Should -BeTrue
        }
        finally { $shell.Dispose() }
    }

    It 'says where to look for a log that it cannot read: <Name>' -ForEach @(
        @{ Name = 'text'; Keys = 'event-log-format: text'; Sentence = "'text' writes its events as text (event-log-format), and only JSON can be read here; look into */text/events.log" }
        @{ Name = 'syslog'; Keys = 'event-log: "syslog:SOCKET"'; Sentence = "'syslog' sends its events to the system's log; read them there, for example with 'journalctl -t daemonproxy'" }
    ) {
        $socket = Join-Path $env:DAEMONPROXY_RUNTIME_DIR 'log.datagrams'
        $system = [System.Net.Sockets.Socket]::new('Unix', 'Dgram', 'Unspecified')
        try {
            $system.Bind([System.Net.Sockets.UnixDomainSocketEndPoint]::new($socket))
            $null = Start-DaemonProxy (New-ConfigurationFile "$Name.yaml" "name: $Name`n$($Keys -replace 'SOCKET', $socket)")
            { Get-DaemonProxyEvent $Name -ErrorAction Stop } | Should -Throw -ErrorId 'NoEventLog,*' -ExpectedMessage $Sentence
            Stop-DaemonProxy $Name
        }
        finally {
            $system.Dispose()
            Remove-Item $socket -ErrorAction Ignore
        }
    }

    It 'refuses a standard output that nobody would read' {
        $file = New-ConfigurationFile 'stdout.yaml' "name: stdout`nevent-log: stdout"
        { Start-DaemonProxy $file } | Should -Throw -ExpectedMessage '*event-log: stdout leads nowhere from a front end in the background; *'
    }

    It 'reads a log in a place of its own' {
        $file = New-ConfigurationFile 'own.yaml' "name: own`nevent-log: own.log`nopentelemetry: { traces: off, metrics: off }"
        $log = (Start-DaemonProxy $file).LogFile
        $log | Should -BeLike '*own.log'
        (Get-DaemonProxyEvent own).Code | Should -Contain 'DPXY0007'
        (Import-DaemonProxyConfiguration $file).Opentelemetry.Traces | Should -Be 'off'
        Stop-DaemonProxy own
    }

    It 'reads the log of one that has ended' {
        Stop-DaemonProxy site
        (Get-DaemonProxyEvent site).Code | Should -Contain 'DPXY0008'
        { Get-DaemonProxyEvent nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,*'
    }
}

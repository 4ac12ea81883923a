BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:text = @'
name: site
daemons: [ { name: app, sample: true }, { name: reports, sample: true } ]
routes:
  - { path: /, daemon: app, rate-limit: 400KiB/s }
  - { path: /reports, daemon: reports }
'@
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Restart-DaemonProxy' {
    It 'has the front end that refused as the target of its error' {
        $proxy = Start-DaemonProxy -Name target
        try { Restart-DaemonProxy target -Daemon none -ErrorAction Stop } catch { $refusal = $_ }
        $refusal.FullyQualifiedErrorId | Should -Be 'NotFoundInInstance,DaemonProxy.Cmdlets.RestartDaemonProxyCommand'
        $refusal.TargetObject.ProcessId | Should -Be $proxy.ProcessId
        Stop-DaemonProxy target
    }

    BeforeEach {
        $script:file = New-ConfigurationFile 'site.yaml' $text
        $script:before = Start-DaemonProxy $file
    }
    AfterEach { Get-DaemonProxy | Stop-DaemonProxy -Timeout 2 }

    It 'brings a changed configuration into force, with new daemons in the same front end' {
        Set-Content $file $text.Replace('400KiB/s', '800KiB/s')
        Restart-DaemonProxy | Should -BeNullOrEmpty
        $after = Get-DaemonProxy site
        (Get-RateLimit site -Route /).Rate | Should -Be 800KB
        $after.ProcessId | Should -Be $before.ProcessId
        $after.Daemons.ProcessId | Where-Object { $_ -in $before.Daemons.ProcessId } | Should -BeNullOrEmpty
        (Invoke-WebRequest $after.Uri).StatusCode | Should -Be 200
    }

    It 'loses no response in flight' {
        $client = [Net.Http.HttpClient]::new()
        try {
            $download = $client.GetStringAsync("$($before.Uri)drip?count=20&chunk=20&every-ms=50")
            Restart-DaemonProxy site
            $download.GetAwaiter().GetResult().Length | Should -Be 400
        }
        finally { $client.Dispose() }
    }

    It 'changes nothing when the configuration has a mistake, and says which' {
        Set-Content $file $text.Replace('daemon: reports', 'daemon: report')
        { Restart-DaemonProxy site -ErrorAction Stop } | Should -Throw -ExpectedMessage '*report*reports*'
        (Get-DaemonProxy site).Daemons.ProcessId | Should -Be $before.Daemons.ProcessId
        (Invoke-WebRequest $before.Uri).StatusCode | Should -Be 200
    }

    It 'stops a script with one sentence when the new application does not get healthy, and leaves the old one' {
        if (-not (Get-Command python3 -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no python3 on the PATH' }
        $app = @'
def application(environ, start_response):
    start_response('503 Service Unavailable', [])
    return []
'@
        $null = New-ConfigurationFile 'sick.py' $app
        $null = New-ConfigurationFile 'broken.py' 'import no_such_module'
        foreach ($case in @{ Keys = 'application: broken.py'; Says = "*'app'*No module named 'no_such_module'*"; Timeout = '30s' },
            @{ Keys = 'application: sick.py, health-check: /health'; Timeout = '4s'
                Says = "*daemon group 'app' is not healthy after 4 s: GET /health answered 503, and 200-399 is expected*" }) {
            Set-Content $file $text.Replace('name: app, sample: true', "name: app, $($case.Keys)")
            $reached = $false
            $failure = try {
                & { $ErrorActionPreference = 'Stop'; Restart-DaemonProxy site -Timeout $case.Timeout; $reached = $true }
            }
            catch { $_ }
            $reached | Should -BeFalse
            $failure.Exception.Message | Should -BeLike $case.Says
            $failure.Exception.Message | Should -Not -Match "`n"
            (Get-DaemonProxy site).Daemons.ProcessId | Should -Be $before.Daemons.ProcessId
            (Invoke-WebRequest $before.Uri[0]).StatusCode | Should -Be 200
        }
    }

    It 'with -Daemon replaces only the processes of that group' {
        $after = Restart-DaemonProxy site -Daemon app -PassThru
        $of = { param($proxy, $name) ($proxy.Daemons | Where-Object Daemon -EQ $name).ProcessId }
        & $of $after app | Should -Not -Be (& $of $before app)
        & $of $after reports | Should -Be (& $of $before reports)
    }

    It 'names the groups there are when there is none of that name' {
        { Restart-DaemonProxy site -Daemon ap -ErrorAction Stop } | Should -Throw -ExpectedMessage '*app*reports*'
    }

    It 'with -WhatIf does nothing' {
        Restart-DaemonProxy site -WhatIf
        (Get-DaemonProxy site).Daemons.ProcessId | Should -Be $before.Daemons.ProcessId
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:text = @'
name: site
listen: http://127.0.0.1:0
daemons: [ { name: app, sample: true } ]
'@
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Update-DaemonProxy' -Skip:(-not $IsLinux) {
    BeforeEach {
        $script:file = New-ConfigurationFile 'site.yaml' $text
        $script:before = Start-DaemonProxy $file
    }
    AfterEach { Get-DaemonProxy | Stop-DaemonProxy -Timeout 2 }

    It 'has a new process serve at the same address, with what only a new process can change' {
        Set-Content $file $text.Replace('http://127.0.0.1:0', '[ http://127.0.0.1:0, http://127.0.0.2:0 ]')
        { Restart-DaemonProxy site -ErrorAction Stop } | Should -Throw -ExpectedMessage '*listen*Update-DaemonProxy*'
        Update-DaemonProxy site | Should -BeNullOrEmpty
        $after = Get-DaemonProxy site
        $after.ProcessId | Should -Not -Be $before.ProcessId
        $after.Uris.Count | Should -Be 2
        $after.Uris[0] | Should -Be $before.Uri
        (Invoke-WebRequest $before.Uri).StatusCode | Should -Be 200
    }

    It 'with -PassThru returns the front end, from the pipeline too' {
        $after = $before | Update-DaemonProxy -PassThru
        $after.Name | Should -Be 'site'
        $after.ProcessId | Should -Be (Get-DaemonProxy site).ProcessId
        $after.Replaced | Should -Be $before.ProcessId
    }

    It 'loses no response in flight' {
        $client = [Net.Http.HttpClient]::new()
        try {
            $download = $client.GetStringAsync("$($before.Uri)drip?count=40&chunk=20&every-ms=50")
            Update-DaemonProxy site
            $download.GetAwaiter().GetResult().Length | Should -Be 800
        }
        finally { $client.Dispose() }
    }

    It 'stops a script with one sentence when the new process does not get ready, and leaves the old one' {
        Set-Content $file $text.Replace('sample: true', 'command: [ sleep, "60" ]')
        $reached = $false
        $failure = try { & { $ErrorActionPreference = 'Stop'; Update-DaemonProxy site -Timeout 1s; $reached = $true } } catch { $_ }
        $reached | Should -BeFalse
        $failure.FullyQualifiedErrorId | Should -Be 'RequestRefused,DaemonProxy.Cmdlets.UpdateDaemonProxyCommand'
        $failure.Exception.Message | Should -BeLike "'site' serves as before: daemon group 'app' does not serve on its socket after 1 s*"
        $failure.Exception.Message | Should -Not -Match "`n"
        (Get-DaemonProxy site).ProcessId | Should -Be $before.ProcessId
        (Invoke-WebRequest $before.Uri).StatusCode | Should -Be 200
    }

    It 'with -WhatIf does nothing' {
        Update-DaemonProxy site -WhatIf
        (Get-DaemonProxy site).ProcessId | Should -Be $before.ProcessId
    }
}

BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Stop-DaemonProxy' {
    AfterEach { Get-DaemonProxy | Stop-DaemonProxy }

    It 'ends the front end and its daemons' {
        $proxy = Start-DaemonProxy
        $processes = @($proxy.ProcessId) + $proxy.Daemons.ProcessId
        Stop-DaemonProxy
        $processes | ForEach-Object { Get-Process -Id $_ -ErrorAction Ignore } | Where-Object { -not $_.HasExited } | Should -BeNullOrEmpty
        { Invoke-WebRequest $proxy.Uri } | Should -Throw
    }

    It 'takes names with wildcards' {
        'one', 'two', 'other' | ForEach-Object { Start-DaemonProxy -Name $_ } | Out-Null
        Stop-DaemonProxy o*e*
        (Get-DaemonProxy).Name | Should -Be 'two'
    }

    It 'takes front ends from the pipeline, and returns them with -PassThru' {
        (Start-DaemonProxy | Stop-DaemonProxy -PassThru).Name | Should -Be 'default'
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'without a name wants one when several are running' {
        'one', 'two' | ForEach-Object { Start-DaemonProxy -Name $_ } | Out-Null
        { Stop-DaemonProxy -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceAmbiguous,DaemonProxy.Cmdlets.StopDaemonProxyCommand' -ExpectedMessage '*one, two*'
    }

    It 'names the running ones when there is none of that name' {
        Start-DaemonProxy | Out-Null
        { Stop-DaemonProxy nope -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.StopDaemonProxyCommand' -ExpectedMessage '*default*'
    }

    It 'with -WhatIf stops nothing' {
        Start-DaemonProxy | Out-Null
        Stop-DaemonProxy -WhatIf
        (Get-DaemonProxy).State | Should -Be 'Serving'
    }
}

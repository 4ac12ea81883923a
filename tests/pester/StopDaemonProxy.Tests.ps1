BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1

    # What another console prints, all streams. It takes its answers from the pipeline if it is interactive.
    function Invoke-Console([string] $Script, [switch] $Interactive) {
        $call = "Import-Module '$PSScriptRoot/../../module/DaemonProxy.psd1'; $Script"
        if ($Interactive) { return $input | pwsh -NoProfile -Command $call 2>&1 | Out-String }
        pwsh -NoProfile -NonInteractive -Command $call 2>&1 | Out-String
    }
}
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

    It 'says once that the runtime directory cannot be used, and not that nothing is running' {
        if ($IsWindows) { Set-ItResult -Skipped -Because 'folders have no modes there'; return }
        $before = $env:DAEMONPROXY_RUNTIME_DIR
        $env:DAEMONPROXY_RUNTIME_DIR = (New-Item -ItemType Directory "$OwnDirectory/open").FullName
        try {
            chmod 755 $env:DAEMONPROXY_RUNTIME_DIR
            Stop-DaemonProxy -ErrorAction SilentlyContinue -ErrorVariable problems
            $problems | Should -HaveCount 1
            "$problems" | Should -Match 'can be used by other users'
        }
        finally { $env:DAEMONPROXY_RUNTIME_DIR = $before }
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

    It 'with -WhatIf says that there is nothing to stop: <Call>' -ForEach @(
        @{ Call = 'Stop-DaemonProxy -WhatIf'; Says = 'nothing to stop: no front end is running' }
        @{ Call = 'Stop-DaemonProxy nope -WhatIf'; Says = "nothing to stop: no front end named 'nope' is running" }
        @{ Call = 'Stop-DaemonProxy x* -WhatIf'; Says = "nothing to stop: no front end like 'x\*' is running" }
        @{ Call = 'Restart-DaemonProxy nope -WhatIf'; Says = "nothing to restart: no front end named 'nope' is running" }
        @{ Call = "'nope' | Stop-DaemonProxy -WhatIf"; Says = 'nothing to stop' }
    ) {
        Invoke-Console $Call | Should -Match "^What if: $Says"
    }

    Context 'without a name, and one front end that is not "default"' {
        BeforeEach { Start-DaemonProxy -Name site | Out-Null }

        It 'asks, and stops it for a yes alone' {
            'n' | Invoke-Console 'Stop-DaemonProxy' -Interactive | Should -Match "'site' is the only front end running\. Stop it\?"
            (Get-DaemonProxy).State | Should -Be 'Serving'
            'y' | Invoke-Console 'Stop-DaemonProxy' -Interactive | Should -Match 'Stop it\?'
            Get-DaemonProxy | Should -BeNullOrEmpty
        }

        It 'names it in an error when nobody can be asked' {
            Invoke-Console 'Stop-DaemonProxy -ErrorVariable e -ErrorAction SilentlyContinue; $e[0].FullyQualifiedErrorId; "$($e[0])"' |
                Should -Match '(?s)NameRequired,DaemonProxy.Cmdlets.StopDaemonProxyCommand.*Stop-DaemonProxy site.*-Force'
            (Get-DaemonProxy).State | Should -Be 'Serving'
        }

        It 'does not ask: <Call>' -ForEach @(
            @{ Call = 'Stop-DaemonProxy -Force' }
            @{ Call = 'Stop-DaemonProxy -Confirm:$false' }
            @{ Call = '$ConfirmPreference = "None"; Stop-DaemonProxy' }
            @{ Call = 'Stop-DaemonProxy site' }
            @{ Call = 'Get-DaemonProxy | Stop-DaemonProxy' }
        ) {
            Invoke-Console $Call | Should -BeNullOrEmpty
            Get-DaemonProxy | Should -BeNullOrEmpty
        }
    }

    It 'does not ask for "default"' {
        Start-DaemonProxy | Out-Null
        Invoke-Console 'Stop-DaemonProxy' | Should -BeNullOrEmpty
        Get-DaemonProxy | Should -BeNullOrEmpty
    }
}

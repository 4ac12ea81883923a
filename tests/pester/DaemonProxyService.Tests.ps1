# A stand-in takes the calls to the service manager and writes them down: no test may change what this machine starts. Units go to a folder of the test's own.
BeforeDiscovery { $script:notLinux = -not $IsLinux }
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    . $PSScriptRoot/StandInServiceManager.ps1
    Initialize-StandInServiceManager
    $script:file = New-ConfigurationFile 'site.yaml' "name: site`ndaemons: [ { name: demo, sample: true } ]"
    $script:unit = Join-Path $env:XDG_CONFIG_HOME systemd/user/daemonproxy-site.service
}
AfterAll { Exit-StandInServiceManager; Remove-OwnRuntimeDirectory }

Describe 'Register-DaemonProxyService' -Skip:$notLinux {
    BeforeEach { Clear-StandInServiceManager }
    AfterEach { Unregister-DaemonProxyService * -Confirm:$false -ErrorAction Ignore }

    It 'writes a unit, enables it and starts it' {
        $service = Register-DaemonProxyService $file -PassThru -WarningAction SilentlyContinue
        $service.ServiceName, $service.Manager, $service.Scope, $service.Path | Should -Be 'daemonproxy-site.service', 'systemd', 'User', $unit
        $service.Changed, $service.Enabled, $service.Running | Should -Be $true, $true, $true
        Get-ServiceManagerCall | Should -Be 'daemon-reload', 'enable daemonproxy-site.service', 'restart daemonproxy-site.service'
        $text = Get-Content $unit -Raw
        $text | Should -Match ([regex]::Escape("`"serve`" `"$file`" `"--name`" `"site`" `"--service`""))
        $text | Should -Match '(?m)^Environment="DAEMONPROXY_RUNTIME_DIR='
        $service | Out-String | Should -Match 'site\s+True\s+True\s+systemd\s+User\s+daemonproxy-site\.service'
    }

    It 'writes a unit whose command serves' {
        Register-DaemonProxyService $file -NoEnable
        # As systemd takes it apart.
        $null = (Get-Content $unit) -match '^ExecStart=:(.*)$' | ForEach-Object { $script:command = [regex]::Matches($_, '"((?:[^"\\]|\\.)*)"').ForEach({ $_.Groups[1].Value }) }
        $serving = Start-Process $command[0] $command[1..99] -PassThru -RedirectStandardOutput $OwnDirectory/out
        try {
            for ($try = 0; $try -lt 600 -and -not (Get-DaemonProxy -ErrorAction Ignore).Uri; $try++) { Start-Sleep -Milliseconds 100 }
            (Get-DaemonProxy site).ProcessId | Should -Be $serving.Id
            (Get-DaemonProxy site).LogFile | Should -Not -BeNullOrEmpty
            (Invoke-WebRequest (Get-DaemonProxy site).Uri).StatusCode | Should -Be 200
        }
        finally { Get-DaemonProxy | Stop-DaemonProxy; $serving | Wait-Process -Timeout 60 }
    }

    It 'run again writes nothing' {
        Register-DaemonProxyService $file -WarningAction SilentlyContinue
        (Register-DaemonProxyService $file -PassThru -WarningAction SilentlyContinue).Changed | Should -BeFalse
        (Register-DaemonProxyService $file -LogPath $OwnDirectory/events.log -PassThru -WarningAction SilentlyContinue).Changed | Should -BeTrue
    }

    It 'takes files from the pipeline, and another name' {
        (Get-Item $file | Register-DaemonProxyService -NoStart -PassThru -WarningAction SilentlyContinue).Name | Should -Be 'site'
        (Register-DaemonProxyService $file -Name blue -NoStart -PassThru -WarningAction SilentlyContinue).ServiceName | Should -Be 'daemonproxy-blue.service'
        Get-ServiceManagerCall | Should -Not -Match 'start '
    }

    It 'gives it what its applications need to be found' {
        Register-DaemonProxyService $file -NoEnable -Environment @{ SETTING = 'a b'; PATH = '' }
        $text = Get-Content $unit
        $text | Should -Contain 'Environment="SETTING=a b"'
        $text -match 'PATH=' | Should -BeNullOrEmpty
    }

    It 'keeps secrets out of the unit, and names the file that has them' {
        { Register-DaemonProxyService $file -NoEnable -Environment @{ DB_PASSWORD = 'x' } -ErrorAction Stop } | Should -Throw '*DB_PASSWORD looks like a secret*-EnvironmentFile*'
        $variables = New-ConfigurationFile 'site.env' 'DB_PASSWORD=hunter2'
        Register-DaemonProxyService $file -NoEnable -EnvironmentFile $variables
        $text = Get-Content $unit
        $text | Should -Contain "EnvironmentFile=$variables"
        $text | Should -Not -Match 'hunter2'
    }

    It 'says that a user''s service waits for the login' {
        Register-DaemonProxyService $file -WarningVariable warnings -WarningAction SilentlyContinue
        if (Test-Path "/var/lib/systemd/linger/$([Environment]::UserName)") { $warnings | Should -BeNullOrEmpty } else { $warnings | Should -Match 'loginctl enable-linger' }
    }

    It 'with -WhatIf writes nothing' {
        Register-DaemonProxyService $file -WhatIf
        Test-Path $unit | Should -BeFalse
        Get-ServiceManagerCall | Should -BeNullOrEmpty
    }

    It 'without a manager writes the unit, and says what to run' {
        Use-StandInServiceManager offline
        { Register-DaemonProxyService $file -ErrorAction Stop } |
            Should -Throw -ErrorId 'ServiceManagerUnavailable,DaemonProxy.Cmdlets.RegisterDaemonProxyServiceCommand' -ExpectedMessage '*is written*systemctl --user enable --now daemonproxy-site.service'
        Test-Path $unit | Should -BeTrue
    }

    It 'says what the manager has said' {
        Use-StandInServiceManager refusing
        { Register-DaemonProxyService $file -ErrorAction Stop } | Should -Throw -ErrorId 'ServiceManagerRefused,*' -ExpectedMessage '*no luck*journalctl --user -u daemonproxy-site.service*'
    }

    It 'leaves a front end alone that runs already' {
        Start-DaemonProxy $file | Out-Null
        { Register-DaemonProxyService $file -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceAlreadyRunning,*' -ExpectedMessage '*Stop-DaemonProxy site*'
        Stop-DaemonProxy site
    }

    It 'refuses a unit that somebody else has written' {
        $null = New-Item $unit -Force -Value "[Service]`nExecStart=/bin/true`n"
        { Register-DaemonProxyService $file -ErrorAction Stop } | Should -Throw -ErrorId 'ServiceNotOurs,*'
        Get-Content $unit | Should -Contain 'ExecStart=/bin/true'
        Remove-Item $unit
    }

    It 'is an error for <what>' -ForEach @(
        @{ What = 'a configuration with mistakes'; Call = { Register-DaemonProxyService (New-ConfigurationFile 'bad.yaml' 'listne: []') -ErrorAction Stop }; Id = 'InvalidConfiguration,*' }
        @{ What = 'a name that is none'; Call = { Register-DaemonProxyService $file -Name 'a/b' -ErrorAction Stop }; Id = 'InvalidName,*' }
        @{ What = 'a path with a line break'; Call = { Register-DaemonProxyService $file -LogPath "a`nb" -ErrorAction Stop }; Id = 'InvalidService,*' }
    ) { $Call | Should -Throw -ErrorId $Id }
}

Describe 'Unregister-DaemonProxyService' -Skip:$notLinux {
    BeforeEach { Register-DaemonProxyService $file -WarningAction SilentlyContinue; Clear-StandInServiceManager }
    AfterEach { Remove-Item $unit -ErrorAction Ignore }

    It 'ends it and removes the unit' {
        Unregister-DaemonProxyService site -Confirm:$false
        Test-Path $unit | Should -BeFalse
        Get-ServiceManagerCall | Should -Be 'disable --now daemonproxy-site.service', 'daemon-reload', 'reset-failed daemonproxy-site.service'
    }

    It 'takes wildcards, and services from the pipeline' {
        Register-DaemonProxyService $file -Name blue -NoEnable
        (Unregister-DaemonProxyService b* -Confirm:$false -PassThru).Name | Should -Be 'blue'
        (Register-DaemonProxyService $file -PassThru -WarningAction SilentlyContinue | Unregister-DaemonProxyService -Confirm:$false -PassThru).Name | Should -Be 'site'
        Unregister-DaemonProxyService x* -Confirm:$false | Should -BeNullOrEmpty
    }

    It 'asks first' { (Get-Command Unregister-DaemonProxyService).ImplementingType.GetCustomAttributes($true).ConfirmImpact | Should -Be 'High' }

    It 'with -WhatIf removes nothing' {
        Unregister-DaemonProxyService site -WhatIf
        Test-Path $unit | Should -BeTrue
    }

    It 'completes the names of those that are there' { (TabExpansion2 'Unregister-DaemonProxyService ' 30).CompletionMatches.CompletionText | Should -Be 'site' }

    It 'for one that is not there is an error that names those that are' {
        { Unregister-DaemonProxyService nope -Confirm:$false -ErrorAction Stop } |
            Should -Throw -ErrorId 'ServiceNotFound,DaemonProxy.Cmdlets.UnregisterDaemonProxyServiceCommand' -ExpectedMessage '*registered: site'
    }

    It 'leaves one alone that somebody else has written' {
        Set-Content $unit "[Service]`nExecStart=/bin/true"
        { Unregister-DaemonProxyService site -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'ServiceNotOurs,*'
        Test-Path $unit | Should -BeTrue
    }
}

BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Start-DaemonProxy' {
    AfterEach { Get-DaemonProxy | Stop-DaemonProxy }

    It 'with no parameter serves the sample application when it returns' {
        $proxy = Start-DaemonProxy
        $proxy.Name | Should -Be 'default'
        $proxy.State | Should -Be 'Serving'
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
    }

    It 'lives in a process of its own' {
        $proxy = Start-DaemonProxy
        $proxy.ProcessId | Should -Not -Be $PID
        (Get-Process -Id $proxy.ProcessId).HasExited | Should -BeFalse
    }

    It 'serves a configuration file, found from the current location' {
        $file = New-ConfigurationFile 'site.yaml' "name: site`ndaemons: [ { name: demo, sample: true } ]`nroutes: [ { path: /d, daemon: demo, strip-prefix: true } ]"
        Push-Location (Split-Path $file)
        try { $proxy = Start-DaemonProxy site.yaml } finally { Pop-Location }
        $proxy.Name | Should -Be 'site'
        $proxy.ConfigurationFile | Should -Be $file
        (Invoke-WebRequest "$($proxy.Uri)d/bytes?n=10").RawContentLength | Should -Be 10
        (Invoke-WebRequest "$($proxy.Uri)other" -SkipHttpErrorCheck).StatusCode | Should -Be 404
    }

    It 'takes name and address from its parameters' {
        $proxy = Start-DaemonProxy -Name other -Listen http://127.0.0.1:0
        $proxy.Name | Should -Be 'other'
        $proxy.Uris | Should -HaveCount 1
    }

    It 'without a name in the configuration or a parameter takes that of the file, and leaves the front end "default" alone' {
        $default = Start-DaemonProxy
        $file = New-ConfigurationFile 'my shop.yaml' 'daemons: [ { name: demo, sample: true } ]'
        (Start-DaemonProxy $file).Name | Should -Be 'my-shop'
        (Import-DaemonProxyConfiguration $file | Start-DaemonProxy -WarningAction SilentlyContinue).Name | Should -Be 'my-shop'
        (Restart-DaemonProxy my-shop -PassThru).Name | Should -Be 'my-shop'
        (Get-DaemonProxy default).ProcessId | Should -Be $default.ProcessId
    }

    It 'started twice with the same configuration warns and returns the running one' {
        $first = Start-DaemonProxy
        $second = Start-DaemonProxy -WarningVariable warning -WarningAction SilentlyContinue
        $second.ProcessId | Should -Be $first.ProcessId
        $warning | Should -Match "'default' is already running"
    }

    It 'started twice with another configuration is an error that names the way out' {
        Start-DaemonProxy | Out-Null
        $file = New-ConfigurationFile 'again.yaml' "name: default`ndaemons: [ { name: demo, sample: true } ]"
        { Start-DaemonProxy $file -ErrorAction Stop } |
            Should -Throw -ErrorId 'InstanceAlreadyRunning,DaemonProxy.Cmdlets.StartDaemonProxyCommand' -ExpectedMessage '*Restart-DaemonProxy default*Stop-DaemonProxy default*'
    }

    It 'started again after its file was changed is an error; touched only, it is not' {
        $file = New-ConfigurationFile 'site.yaml' "name: site`
daemons: [ { name: demo, sample: true } ]"
        $first = Start-DaemonProxy $file
        (Get-Item $file).LastWriteTime = [datetime]::Now.AddMinutes(1)
        (Start-DaemonProxy $file -WarningAction SilentlyContinue).ProcessId | Should -Be $first.ProcessId
        Add-Content $file '# changed'
        { Start-DaemonProxy $file -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceAlreadyRunning*' -ExpectedMessage '*before it was changed*'
    }

    It 'started again on another address is an error' {
        $proxy = Start-DaemonProxy
        (Start-DaemonProxy -Listen http://127.0.0.1:0 -WarningAction SilentlyContinue).ProcessId | Should -Be $proxy.ProcessId
        { Start-DaemonProxy -Listen http://127.0.0.1:1 -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceAlreadyRunning*' -ExpectedMessage "*on $($proxy.Uri)*"
    }

    It 'takes files from the pipeline, and their names are not its name' {
        $file = New-ConfigurationFile 'site.yaml' "name: site`
daemons: [ { name: demo, sample: true } ]"
        (Get-Item $file | Start-DaemonProxy).Name | Should -Be 'site'
    }

    It 'brings back what was stopped' {
        $file = New-ConfigurationFile 'site.yaml' "name: site`
daemons: [ { name: demo, sample: true } ]"
        $stopped = Start-DaemonProxy $file -Name blue | Stop-DaemonProxy -PassThru
        ($stopped | Start-DaemonProxy).Name | Should -Be 'blue'
    }

    It 'works in jobs, in parallel and in classes' {
        $manifest = (Get-Module DaemonProxy).Path -replace 'bin.*', 'DaemonProxy.psd1'
        (Start-Job { Import-Module $using:manifest; Start-DaemonProxy -Name job } | Receive-Job -Wait -AutoRemoveJob).Name | Should -Be 'job'
        $names = 'one', 'two', 'three' | ForEach-Object -Parallel { Import-Module $using:manifest; (Start-DaemonProxy -Name $_).Name }
        $names | Sort-Object | Should -Be 'one', 'three', 'two'
        $class = [scriptblock]::Create('class Site { $Proxy; Site() { $this.Proxy = Get-DaemonProxy one } }; [Site]::new().Proxy.Name')
        & $class | Should -Be 'one'
        # The engine's types are not PowerShell's to name, but for a parameter that takes no other.
        function Get-Id([PSTypeName('DaemonProxy.Control.InstanceStatus')] $Proxy) { $Proxy.ProcessId }
        Get-Id (Get-DaemonProxy one) | Should -BeGreaterThan 0
        { Get-Id 'one' } | Should -Throw
    }

    It 'reports each mistake of a configuration as an error with its place' {
        $file = New-ConfigurationFile 'bad.yaml' "daemons: [ { name: a, sample: on, respone-flush-delay: 5 } ]`nroutes: [ { path: x, daemon: b } ]"
        Start-DaemonProxy $file -ErrorVariable mistakes -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $mistakes.Count | Should -BeGreaterOrEqual 3
        $mistakes[0].FullyQualifiedErrorId | Should -Be 'InvalidConfiguration,DaemonProxy.Cmdlets.StartDaemonProxyCommand'
        $mistakes[0] | Should -Match "bad.yaml:1:\d+: .*did you mean 'response-flush-delay'"
    }

    It 'says in one sentence that <what>' -ForEach @(
        @{ What = 'a command is missing'; Yaml = 'daemons: [ { name: a, command: [ no-such-program ] } ]'; Message = '*cannot start*no-such-program*install it*' }
        @{ What = 'a command ends at once'; Yaml = 'daemons: [ { name: a, command: [ sh, -c, "echo no luck; exit 3" ] } ]'; Message = '*exit code 3*no luck*' }
    ) {
        $file = New-ConfigurationFile 'fails.yaml' $Yaml
        { Start-DaemonProxy $file -ErrorAction Stop } | Should -Throw -ErrorId 'StartFailed,DaemonProxy.Cmdlets.StartDaemonProxyCommand' -ExpectedMessage $Message
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'refuses a group that does not start, and with -AllowFailedDaemon warns of it and serves the others' {
        $file = New-ConfigurationFile 'part.yaml' "daemons: [ { name: a, sample: on }, { name: b, command: [ sh, -c, 'echo no luck; exit 3' ] } ]`nroutes: [ { path: /, daemon: a }, { path: /b, daemon: b } ]"
        { Start-DaemonProxy $file -ErrorAction Stop } | Should -Throw -ErrorId 'StartFailed,DaemonProxy.Cmdlets.StartDaemonProxyCommand' -ExpectedMessage '*exit code 3*no luck*'
        Get-DaemonProxy | Should -BeNullOrEmpty
        $proxy = Start-DaemonProxy $file -AllowFailedDaemon -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Where-Object { $_ -like "*'b'*exit code 3*no luck*" } | Should -Not -BeNullOrEmpty
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
    }

    It 'says that a port is in use, and loses nothing of what is served there' {
        $proxy = Start-DaemonProxy
        { Start-DaemonProxy -Name second -Listen $proxy.Uri -ErrorAction Stop } | Should -Throw -ExpectedMessage '*in use*'
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
    }

    It 'started in parallel serves once, and every loser gets InstanceAlreadyRunning or the running one' {
        $manifest = (Get-Module DaemonProxy).Path -replace 'bin.*', 'DaemonProxy.psd1'
        # The same name with two configurations, so that whoever loses has to be told.
        $files = 'a', 'b' | ForEach-Object { New-ConfigurationFile "$_.yaml" "name: race`ndaemons: [ { name: $_, sample: true } ]" }
        $answers = $files * 3 | ForEach-Object -ThrottleLimit 6 -Parallel {
            Import-Module $using:manifest
            try { (Start-DaemonProxy $_ -ErrorAction Stop -WarningAction SilentlyContinue).ProcessId }
            catch { $_.FullyQualifiedErrorId }
        }
        $running = (Get-DaemonProxy race).ProcessId
        $answers | Should -HaveCount 6
        $answers | Should -BeIn $running, "InstanceAlreadyRunning,DaemonProxy.Cmdlets.StartDaemonProxyCommand"
        ($answers -like 'InstanceAlreadyRunning*').Count | Should -BeGreaterOrEqual 3
    }

    It 'names parameters in its errors, not options of a command line' {
        $log = Join-Path $OwnDirectory 'no/such/folder/events.log'
        { Start-DaemonProxy -LogPath $log -ErrorAction Stop } | Should -Throw -ExpectedMessage '*name another with -LogPath*'
        { Start-DaemonProxy -Listen nonsense -ErrorAction Stop } | Should -Throw -ExpectedMessage '-Listen: *nonsense*'
        { Start-DaemonProxy -Application none.wsgi -ErrorAction Stop } | Should -Throw -ExpectedMessage '*give -Application a file*'
    }

    It 'has the front end that is in the way as the target of its error' {
        $proxy = Start-DaemonProxy
        try { Start-DaemonProxy -Listen http://127.0.0.1:1 -ErrorAction Stop } catch { $target = $_.TargetObject }
        $target.ProcessId | Should -Be $proxy.ProcessId
        $target | Stop-DaemonProxy
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'works with -Debug where nobody can be asked, as every cmdlet does' {
        $script = @'
            Import-Module '{0}'
            Start-DaemonProxy -Name debug -Debug 5>$null | ForEach-Object Name
            Get-DaemonProxy none -Debug 5>$null -ErrorVariable e 2>$null; $e[-1].FullyQualifiedErrorId
            Set-RateLimit debug / -Rate 1MB -PassThru -Debug 5>$null | ForEach-Object Rate
            Set-FlushPolicy debug -FlushDelay 0 -Debug 5>$null 3>$null
            Restart-DaemonProxy debug -Debug 5>$null
            Stop-DaemonProxy debug -PassThru -Debug 5>$null | ForEach-Object Name
'@ -f "$PSScriptRoot/../../module/DaemonProxy.psd1"
        pwsh -NoProfile -NonInteractive -Command $script 2>&1 | Should -Be 'debug', 'InstanceNotFound,DaemonProxy.Cmdlets.GetDaemonProxyCommand', '1048576', 'debug'
    }

    It 'with -WhatIf starts nothing' {
        Start-DaemonProxy -WhatIf | Should -BeNullOrEmpty
        Get-DaemonProxy | Should -BeNullOrEmpty
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:before = @{}
    foreach ($name in 'HOME', 'XDG_RUNTIME_DIR', 'TMPDIR') { $before[$name] = [Environment]::GetEnvironmentVariable($name) }

    # Another session: another XDG_RUNTIME_DIR, or none.
    function Enter-Session([string] $RuntimeDirectory) {
        $env:DAEMONPROXY_RUNTIME_DIR = $null
        $env:HOME = Join-Path $OwnDirectory 'home'
        $env:TMPDIR = Join-Path $OwnDirectory 'tmp'
        $env:XDG_RUNTIME_DIR = $RuntimeDirectory
        foreach ($folder in $env:HOME, $env:TMPDIR, $RuntimeDirectory) { if ($folder) { $null = New-Item -ItemType Directory -Force $folder } }
    }
    $script:login = Join-Path $OwnDirectory 'login'
    $script:records = Join-Path $OwnDirectory 'home/.local/state/daemonproxy/instances'
}
AfterAll {
    foreach ($name in $before.Keys) { [Environment]::SetEnvironmentVariable($name, $before[$name]) }
    $env:DAEMONPROXY_RUNTIME_DIR = Join-Path $OwnDirectory 'run'
    Remove-OwnRuntimeDirectory
}

Describe 'A front end' -Skip:$IsWindows {
    BeforeEach { Enter-Session $login }
    AfterEach {
        Get-DaemonProxy | Stop-DaemonProxy -Timeout 1
        Get-ChildItem $records -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'is found by a session with another XDG_RUNTIME_DIR: <_>' -ForEach 'none, as under cron', 'another one' {
        $proxy = Start-DaemonProxy -Name site
        Enter-Session $(if ($_ -like 'another*') { Join-Path $OwnDirectory 'other' })
        (Get-DaemonProxy).ProcessId | Should -Be $proxy.ProcessId
        (Get-DaemonProxyEvent site).Code | Should -Contain 'DPXY0007'
        (Start-DaemonProxy -Name site -WarningAction SilentlyContinue).ProcessId | Should -Be $proxy.ProcessId
        (Stop-DaemonProxy site -PassThru).ProcessId | Should -Be $proxy.ProcessId
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'is recorded in a file of its owner alone, which goes with it' {
        $null = Start-DaemonProxy -Name site
        $record = Get-ChildItem $records
        $record | Should -HaveCount 1
        $record.UnixStat.GetModeString() | Should -Be '-rw-------'
        (Get-Item $records).UnixStat.GetModeString() | Should -Be 'drwx------'
        Stop-DaemonProxy site
        Get-ChildItem $records | Should -BeNullOrEmpty
    }

    It 'that was killed leaves a record that the next look removes' {
        $proxy = Start-DaemonProxy -Name site
        Stop-Process -Id $proxy.ProcessId -Force
        Wait-Process -Id $proxy.ProcessId -Timeout 60 -ErrorAction Ignore
        Enter-Session $null
        Get-DaemonProxy | Should -BeNullOrEmpty
        Get-ChildItem $records | Should -BeNullOrEmpty
    }

    It 'is not believed in when others may write to its record' {
        $proxy = Start-DaemonProxy -Name site
        Enter-Session $null
        chmod 666 (Get-ChildItem $records).FullName
        Get-DaemonProxy | Should -BeNullOrEmpty
        Enter-Session $login
        (Get-DaemonProxy).ProcessId | Should -Be $proxy.ProcessId
    }

    It 'is not looked for outside DAEMONPROXY_RUNTIME_DIR when that is set' {
        $null = Start-DaemonProxy -Name site
        $env:DAEMONPROXY_RUNTIME_DIR = Join-Path $OwnDirectory 'run'
        Get-DaemonProxy | Should -BeNullOrEmpty
        Enter-Session $login
    }

    It 'whose runtime directory is removed makes it again, with new workers, and <What>' -ForEach @(
        @{ What = 'says so in its log'; Gone = $false }
        @{ What = 'moves to the folder of sessions without one when it cannot'; Gone = $true }
    ) {
        $proxy = Start-DaemonProxy -Name site
        Remove-Item $login -Recurse -Force
        # Nobody can make a folder below a file, root included.
        if ($Gone) { Set-Content $login 'gone' }
        for ($try = 0; $try -lt 600; $try++) {
            $found = Get-DaemonProxy site -ErrorAction Ignore
            if ($found -and $found.Daemons[0].ProcessId.Count -eq 1 -and $found.Daemons[0].ProcessId[0] -ne $proxy.Daemons[0].ProcessId[0] -and $found.Daemons[0].Workers[0].State -eq 'Ready' -and
                (Invoke-WebRequest $proxy.Uri -SkipHttpErrorCheck).StatusCode -eq 200) { break }
            Start-Sleep -Milliseconds 100
        }
        $try | Should -BeLessThan 600 -Because 'it serves again, with another worker'
        $found.ProcessId | Should -Be $proxy.ProcessId
        if ($Gone) {
            Get-Content (Get-ChildItem $records).FullName | Select-Object -Last 1 | Should -BeLike "$env:TMPDIR*"
            Remove-Item $login
        }
        else { (Get-DaemonProxyEvent site).Code | Should -Contain 'DPXY0068' }
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:good = New-ConfigurationFile 'good.yaml' 'daemons: [ { name: a, sample: true } ]'
    $script:bad = New-ConfigurationFile 'bad.yaml' "daemons:`n  - name: a`n    sample: true`n    response-buffer-size: 5 parsecs`n  - name: a`n    sample: true`nroutes:`n  - path: /`n    daemon: b"
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Test-DaemonProxyConfiguration' {
    It 'returns true for a file without a mistake, and shows nothing' {
        Test-DaemonProxyConfiguration $good -WarningVariable shown | Should -BeTrue
        $shown | Should -BeNullOrEmpty
    }

    It 'returns false for a file with mistakes, so that an if tells them apart, and shows each as a warning' {
        if (Test-DaemonProxyConfiguration $bad -WarningVariable shown -WarningAction SilentlyContinue) { throw 'the file has mistakes' }
        $shown | Should -HaveCount 3
        $shown[0].Message | Should -Match "bad\.yaml:4:27: .*'5 parsecs' is no size; write for example 8MiB"
    }

    It 'answers under $ErrorActionPreference = Stop, too' {
        $ErrorActionPreference = 'Stop'
        Test-DaemonProxyConfiguration $bad -WarningAction SilentlyContinue | Should -BeFalse
    }

    It 'with -Detailed returns every mistake with its place, and nothing when there is none' {
        $mistakes = Test-DaemonProxyConfiguration $bad -Detailed -WarningVariable shown
        $mistakes.Line | Should -Be 4, 5, 9
        $mistakes[0].Column | Should -Be 27
        $mistakes[0].Message | Should -Match "'5 parsecs' is no size; write for example 8MiB"
        $shown | Should -BeNullOrEmpty
        Test-DaemonProxyConfiguration $good -Detailed | Should -BeNullOrEmpty
    }

    It 'with -Quiet shows no mistakes' {
        Test-DaemonProxyConfiguration $bad -Quiet -WarningVariable shown | Should -BeFalse
        $shown | Should -BeNullOrEmpty
    }

    It 'takes files from the pipeline' { Get-Item $good, $bad | Test-DaemonProxyConfiguration -Quiet | Should -Be $true, $false }

    It 'reports a file that is not there as a mistake' { (Test-DaemonProxyConfiguration (Join-Path $OwnDirectory 'none.yaml') -Detailed).Message | Should -Match 'none\.yaml|no such|not there|there is no' }

    It 'finds no mistake in the example of the documentation, where its scripts are' {
        $example = Join-Path $OwnDirectory 'example.yaml'
        Copy-Item $PSScriptRoot/../../docs/example.yaml $example
        (Test-DaemonProxyConfiguration $example -Detailed).Message | Should -Match 'there is no script .*apps.(site|inproc)\.wsgi'
        $null = New-Item -ItemType File -Force (Join-Path $OwnDirectory 'apps/site.wsgi'), (Join-Path $OwnDirectory 'apps/inproc.wsgi')
        Test-DaemonProxyConfiguration $example | Should -BeTrue
    }
}

Describe 'A warning of a configuration' {
    BeforeAll {
        # A group with a key that has no effect, which is a warning for every user on every system.
        function New-OddFile([string] $Name) { New-ConfigurationFile "$Name.yaml" "name: $Name`ndaemons: [ { name: odd, address: 'http://127.0.0.1:9', threads: 3 } ]" }
        $script:warning = "daemon group 'odd': threads has no effect *"
    }
    AfterEach { Get-DaemonProxy | Stop-DaemonProxy -Timeout 2 }

    It 'is said once by the check and the <Verb> that follows it' -ForEach @(@{ Verb = 'Start' }, @{ Verb = 'Restart' }, @{ Verb = 'Update' }) {
        if ($Verb -eq 'Update' -and -not $IsLinux) { Set-ItResult -Skipped -Because 'this system passes no sockets on'; return }
        $file = New-OddFile "once$Verb"
        if ($Verb -ne 'Start') { $null = Start-DaemonProxy $file -WarningAction SilentlyContinue }
        if (Test-DaemonProxyConfiguration $file -WarningVariable first) {
            $null = switch ($Verb) {
                Start { Start-DaemonProxy $file -WarningVariable said }
                Restart { Restart-DaemonProxy onceRestart -WarningVariable said }
                Update { Update-DaemonProxy onceUpdate -WarningVariable said }
            }
        }
        $first | Should -BeLike $warning
        $said | Should -BeNullOrEmpty
        (Get-DaemonProxy "once$Verb").Warnings | Should -BeLike $warning
        Get-DaemonProxy "once$Verb" | Format-List | Out-String -Width 200 | Should -BeLike "*Warnings * {$warning*"
    }

    It 'of a fleet is said by the check, too' {
        $file = New-ConfigurationFile 'fleet.yaml' "fleet: { redis: 'redis://127.0.0.1:1/0' }`ndaemons: [ { name: a, sample: true } ]"
        Test-DaemonProxyConfiguration $file -WarningVariable said -WarningAction SilentlyContinue | Should -BeTrue
        $said | Should -BeLike "fleet: no limit has 'shared-by: fleet'*"
    }

    It 'is said by every check' {
        $file = New-OddFile 'checked'
        foreach ($time in 1..2) {
            $null = Test-DaemonProxyConfiguration $file -WarningVariable said -WarningAction SilentlyContinue
            $said | Should -BeLike $warning
        }
    }

    It 'is said by a restart when <What>' -ForEach @(
        @{ What = 'nothing was checked'; Check = { } }
        @{ What = 'the check was silent by its parameter'; Check = { Test-DaemonProxyConfiguration $args[0] -WarningAction SilentlyContinue } }
        @{ What = 'the check was silent by preference'; Check = { $WarningPreference = 'Ignore'; Test-DaemonProxyConfiguration $args[0] } }
        @{ What = 'another file was checked'; Check = { Test-DaemonProxyConfiguration (New-OddFile 'other') } }
    ) {
        $file = New-OddFile 'restarted'
        $null = Start-DaemonProxy $file -WarningAction SilentlyContinue
        $null = & $Check $file 3>$null
        Restart-DaemonProxy restarted -WarningVariable said -WarningAction SilentlyContinue
        $said | Should -BeLike $warning
    }
}

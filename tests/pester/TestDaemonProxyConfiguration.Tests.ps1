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

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:good = New-ConfigurationFile 'good.yaml' 'daemons: [ { name: a, sample: true } ]'
    $script:bad = New-ConfigurationFile 'bad.yaml' "daemons:`n  - name: a`n    sample: true`n    response-buffer-size: 5 parsecs`n  - name: a`n    sample: true`nroutes:`n  - path: /`n    daemon: b"
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Test-DaemonProxyConfiguration' {
    It 'returns nothing for a file without a mistake' { Test-DaemonProxyConfiguration $good | Should -BeNullOrEmpty }

    It 'returns every mistake with its place' {
        $mistakes = Test-DaemonProxyConfiguration $bad
        $mistakes.Line | Should -Be 4, 5, 9
        $mistakes[0].Column | Should -Be 27
        $mistakes[0].Message | Should -Match "'5 parsecs' is no size; write for example 8MiB"
    }

    It 'with -Quiet returns whether there is none' {
        Test-DaemonProxyConfiguration $good -Quiet | Should -BeTrue
        Test-DaemonProxyConfiguration $bad -Quiet | Should -BeFalse
    }

    It 'takes files from the pipeline' { Get-Item $good, $bad | Test-DaemonProxyConfiguration -Quiet | Should -Be $true, $false }

    It 'reports a file that is not there as a mistake' { (Test-DaemonProxyConfiguration (Join-Path $OwnDirectory 'none.yaml')).Message | Should -Match 'none\.yaml|no such|not there|there is no' }

    It 'finds no mistake in the example of the documentation, where its scripts are' {
        $example = Join-Path $OwnDirectory 'example.yaml'
        Copy-Item $PSScriptRoot/../../docs/example.yaml $example
        (Test-DaemonProxyConfiguration $example).Message | Should -Match 'there is no script .*apps.(site|inproc)\.wsgi'
        $null = New-Item -ItemType File -Force (Join-Path $OwnDirectory 'apps/site.wsgi'), (Join-Path $OwnDirectory 'apps/inproc.wsgi')
        Test-DaemonProxyConfiguration $example | Should -BeNullOrEmpty
    }
}

BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Test-FlushPolicy' {
    It 'measures drips and silences under the default policy and the original''s rules' {
        $results = Test-FlushPolicy
        $results.Workload | Should -Contain '24 B each 3 ms'
        $drips = $results | Where-Object Workload -eq '24 B each 3 ms' | Sort-Object FlushDeadline
        # Without a deadline they wait for 4 KiB; a ratio holds on a busy machine too.
        $drips[0].Latency.Maximum / $drips[1].Latency.Maximum | Should -BeGreaterThan 2
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'for a wildcard that nothing matches is an error' {
        { Test-FlushPolicy nope* -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.TestFlushPolicyCommand' -ExpectedMessage "*like 'nope*'*"
    }

    It 'for a name that is not running is an error' {
        { Test-FlushPolicy nope -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.TestFlushPolicyCommand'
    }
}

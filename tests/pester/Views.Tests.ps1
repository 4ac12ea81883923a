BeforeDiscovery {
    Import-Module $PSScriptRoot/../../module/DaemonProxy.psd1 -Force
    # What every cmdlet of the module says it returns, apart from .NET's own types.
    $script:types = (Get-Command -Module DaemonProxy).OutputType.Name | Where-Object { $_ -like 'DaemonProxy.*' } | Sort-Object -Unique
}
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy -Name site | Out-Null
    Set-RateLimit site / -Rate 400KB -InitialBurst 1MB
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'The views' {
    It 'show <_> as a table and as a list' -ForEach $types {
        $views = (Get-FormatData -TypeName $_).FormatViewDefinition.Control | ForEach-Object { $_.GetType().Name }
        $views | Should -Contain 'TableControl'
        $views | Should -Contain 'ListControl'
    }

    It 'give a list units, and leave the numbers in the properties' {
        $limit = Get-RateLimit site /
        $limit | Format-List | Out-String | Should -Match '(?s)Rate\s+: 400 KiB/s.*InitialBurst\s+: 1 MiB'
        $limit.Rate | Should -BeOfType [long]
        Get-FlushPolicy site | Format-List | Out-String | Should -Match '(?s)FlushDelay\s+: 5 ms.*FlushDeadline\s+: 50 ms.*BufferSize\s+: 8 MiB'
    }

    It 'say what tells one object from another' {
        (Get-RateLimit site /).PSStandardMembers.DefaultKeyPropertySet.ReferencedPropertyNames | Should -Be 'Name', 'Route', 'Index'
        (Get-RateLimit site /).PSStandardMembers.DefaultDisplayPropertySet.ReferencedPropertyNames | Should -Contain 'Rate'
    }
}

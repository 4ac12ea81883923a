BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1 }
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'The module' {
    It 'exports what its manifest lists, each with an approved verb' {
        $manifest = Import-PowerShellDataFile $PSScriptRoot/../../module/DaemonProxy.psd1
        $commands = Get-Command -Module DaemonProxy
        $commands.Name | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        $commands.Verb | Sort-Object -Unique | Should -BeIn (Get-Verb).Verb
        $commands.CommandType | Sort-Object -Unique | Should -Be 'Cmdlet'
    }

    It 'passes Test-ModuleManifest' { Test-ModuleManifest $PSScriptRoot/../../module/DaemonProxy.psd1 | Should -Not -BeNullOrEmpty }

    It 'keeps the engine and its packages out of the session''s load context' {
        Test-DaemonProxyConfiguration $PSScriptRoot/../../docs/example.yaml | Out-Null
        [Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name | Should -Not -Contain 'YamlDotNet'
        [Runtime.Loader.AssemblyLoadContext]::All.Assemblies.GetName().Name | Should -Contain 'YamlDotNet'
    }

    It 'can be removed and imported again' {
        pwsh -NoProfile -Command @"
            `$m = '$PSScriptRoot/../../module/DaemonProxy.psd1'
            Import-Module `$m; Get-DaemonProxy; Remove-Module DaemonProxy; Import-Module `$m; Get-DaemonProxy; 'fine'
"@ | Should -Be 'fine'
    }

    It 'changes state only with -WhatIf and -Confirm' {
        foreach ($command in Get-Command -Module DaemonProxy -Verb Start, Stop, Set) { $command.Parameters.Keys | Should -Contain 'WhatIf' -Because $command.Name }
    }
}

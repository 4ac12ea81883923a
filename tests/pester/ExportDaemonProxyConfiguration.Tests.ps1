BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:text = "# the shop`nname: site   # its name`n`nlisten: [ http://127.0.0.1:0 ]`ndaemons:`n  # the application`n  - name: app`n    sample: on # built in`n`n  # the end`n"
    $script:site = Join-Path $OwnDirectory 'site.yaml'
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Export-DaemonProxyConfiguration' {
    BeforeEach { Set-Content $site $text -NoNewline }

    It 'leaves a file that is not changed the same, byte for byte' {
        foreach ($file in $site, (Resolve-Path $PSScriptRoot/../../docs/example.yaml)) {
            $copy = Join-Path $OwnDirectory 'copy.yaml'
            Import-DaemonProxyConfiguration $file | Export-DaemonProxyConfiguration $copy -Force -WarningAction SilentlyContinue
            (Get-FileHash $copy).Hash | Should -Be (Get-FileHash $file).Hash
        }
    }

    It 'writes what was changed, and nothing else' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.Name = 'shop'
        $configuration.Daemons[0].ResponseFlushDelay = '9ms'
        $configuration | Export-DaemonProxyConfiguration
        Get-Content $site -Raw | Should -Be ($text.Replace('name: site ', 'name: shop ').Replace("built in`n", "built in`n    response-flush-delay: 9ms`n"))
        (Test-DaemonProxyConfiguration $site -Quiet) | Should -BeTrue
    }

    It 'returns nothing, and with -PassThru the configuration with its new file' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration | Export-DaemonProxyConfiguration | Should -BeNullOrEmpty
        ($configuration | Export-DaemonProxyConfiguration -Path (Join-Path $OwnDirectory 'other.yaml') -PassThru).File | Should -Be (Join-Path $OwnDirectory 'other.yaml')
        $configuration.File | Should -BeLike '*other.yaml'
    }

    It 'says that relative paths start from another folder now' {
        $configuration = Import-DaemonProxyConfiguration $site
        $below = New-Item -ItemType Directory (Join-Path $OwnDirectory ([guid]::NewGuid()))
        $configuration | Export-DaemonProxyConfiguration (Join-Path $below site.yaml) -WarningVariable warnings -PassThru | Should -Not -BeNullOrEmpty
        $warnings | Should -BeNullOrEmpty
        $configuration.AccessLog = 'access.log'
        $configuration | Export-DaemonProxyConfiguration (Join-Path $OwnDirectory relative.yaml) -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -Match 'relative paths of the configuration started from'
    }

    It 'with -WhatIf writes nothing' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.Name = 'shop'
        $configuration | Export-DaemonProxyConfiguration -WhatIf
        Get-Content $site -Raw | Should -Be $text
    }

    It 'writes no mistakes' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.Daemons[0].Processes = 1000
        $configuration.Daemons[0].ResponseBufferSize = 'much'
        $configuration | Export-DaemonProxyConfiguration -ErrorVariable mistakes -ErrorAction SilentlyContinue
        $mistakes.FullyQualifiedErrorId | Should -Be (, 'InvalidConfiguration,DaemonProxy.Cmdlets.ExportDaemonProxyConfigurationCommand' * 2)
        Get-Content $site -Raw | Should -Be $text
    }

    It 'leaves a file alone that somebody has changed, until -Force' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.Name = 'shop'
        Add-Content $site '# mine'
        { $configuration | Export-DaemonProxyConfiguration -ErrorAction Stop } | Should -Throw -ErrorId 'FileChanged,DaemonProxy.Cmdlets.ExportDaemonProxyConfigurationCommand'
        Get-Content $site -Raw | Should -Match '# mine'
        $configuration | Export-DaemonProxyConfiguration -Force
        Get-Content $site -Raw | Should -Match 'name: shop'
    }

    It 'leaves another file alone, until -Force' {
        'mine' | Set-Content (Join-Path $OwnDirectory 'mine.yaml')
        { Import-DaemonProxyConfiguration $site | Export-DaemonProxyConfiguration (Join-Path $OwnDirectory mine.yaml) -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
    }

    It 'says when there is no file to write, or none that can be' {
        { New-DaemonProxyConfiguration -Name a | Export-DaemonProxyConfiguration -ErrorAction Stop } | Should -Throw -ErrorId 'NoPath,*'
        { New-DaemonProxyConfiguration -Name a | Export-DaemonProxyConfiguration (Join-Path $OwnDirectory none/a.yaml) -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotWritable,*'
    }

    It 'leaves no file beside the one that it writes' {
        $before = (Get-ChildItem $OwnDirectory -Force -File).Name
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.Name = 'shop'
        $configuration | Export-DaemonProxyConfiguration
        (Get-ChildItem $OwnDirectory -Force -File).Name | Should -Be $before
    }
}

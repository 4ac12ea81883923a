# The package as people get it: built here, as the documentation says, for every platform.
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:root = (Resolve-Path $PSScriptRoot/../..).Path
    $script:version = (Import-PowerShellDataFile $root/module/DaemonProxy.psd1).ModuleVersion
    $script:build = dotnet build $root -c Release -t:Package -nologo -v minimal -nodeReuse:false 2>&1 | Out-String
    $script:built = $LASTEXITCODE -eq 0
    # The executables and compilers for other platforms are packages, too.
    $script:offline = -not $built -and $build -match 'NU1301|NU1101'
    $script:packaged = Join-Path $root 'artifacts/DaemonProxy'

    # A session with only the packaged module: installed from a repository that is a folder, into a folder of its own.
    function Invoke-CleanSession([string] $Script, [string] $ModulePath) {
        $before = $env:PSModulePath
        try {
            $env:PSModulePath = $ModulePath
            $output = pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; `$PSStyle.OutputRendering = 'PlainText'; $Script" 2>&1
            $LASTEXITCODE | Should -Be 0 -Because "$output"
            $output
        }
        finally { $env:PSModulePath = $before }
    }
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'The package' {
    BeforeEach { if ($offline) { Set-ItResult -Skipped -Because 'the packages for other platforms cannot be restored here' } }

    It 'is built by one command' { $built | Should -BeTrue -Because $build }

    It 'has the files of a module and no others' {
        $files = Get-ChildItem $packaged -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($packaged, $_.FullName).Replace('\', '/') }
        $expected = @(
            'DaemonProxy.psd1', 'DaemonProxy.Configuration.Format.ps1xml', 'DaemonProxy.Format.ps1xml', 'DaemonProxy.Lists.Format.ps1xml', 'DaemonProxy.Types.ps1xml', 'daemonproxy.schema.json', 'LICENSE', 'ThirdPartyNotices.txt'
            'en-US/DaemonProxy.Cmdlets.dll-Help.xml', 'en-US/about_DaemonProxy.help.txt', 'en-US/about_EmbeddedMode.help.txt', 'en-US/about_FlushPolicy.help.txt', 'en-US/about_RateLimit.help.txt'
            'bin/DaemonProxy.Cmdlets.dll', 'bin/engine/DaemonProxy.Editing.dll', 'bin/engine/DaemonProxy.Engine.dll', 'bin/engine/DaemonProxy.Services.dll', 'bin/engine/DaemonProxy.Verification.dll', 'bin/engine/System.Threading.RateLimiting.dll', 'bin/engine/YamlDotNet.dll'
            foreach ($folder in 'bin/host', 'bin/host/linux-x64', 'bin/host/linux-arm64', 'bin/host/osx-arm64', 'bin/host/win-x64') {
                foreach ($file in 'daemonproxy.dll', 'daemonproxy.deps.json', 'daemonproxy.runtimeconfig.json', 'DaemonProxy.Engine.dll', 'DaemonProxy.Verification.dll', 'Prometheus.NetStandard.dll', 'System.CommandLine.dll', 'YamlDotNet.dll') { "$folder/$file" }
                if ($folder -ne 'bin/host') { "$folder/daemonproxy$(if ($folder -like '*win*') { '.exe' })" }
            }
        )
        Compare-Object $expected $files | Out-String | Should -BeNullOrEmpty
    }

    It 'has an executable for <Platform>' -ForEach @(
        @{ Platform = 'linux-x64'; Begins = '7F-45-4C-46'; Offset = 18; Machine = '3E-00' }
        @{ Platform = 'linux-arm64'; Begins = '7F-45-4C-46'; Offset = 18; Machine = 'B7-00' }
        @{ Platform = 'osx-arm64'; Begins = 'CF-FA-ED-FE'; Offset = 4; Machine = '0C-00' }
        @{ Platform = 'win-x64'; Begins = '4D-5A-90-00'; Offset = 0; Machine = '4D-5A' }
    ) {
        $bytes = [IO.File]::ReadAllBytes((Get-ChildItem $packaged/bin/host/$Platform -File | Where-Object Name -Match '^daemonproxy(\.exe)?$'))
        [BitConverter]::ToString($bytes, 0, 4) | Should -Be $Begins
        [BitConverter]::ToString($bytes, $Offset, 2) | Should -Be $Machine
    }

    It 'has a manifest that a gallery takes' {
        $manifest = Test-ModuleManifest $packaged/DaemonProxy.psd1
        $manifest.Guid | Should -Not -Be ([guid]::Empty)
        $manifest.PowerShellVersion | Should -Be '7.6'
        $manifest.CompatiblePSEditions | Should -Be 'Core'
        foreach ($property in 'Description', 'Author', 'CompanyName', 'Copyright', 'Tags', 'LicenseUri', 'ProjectUri', 'ReleaseNotes') { $manifest.$property | Should -Not -BeNullOrEmpty -Because $property }
    }

    It 'is installed by Install-PSResource from a folder, and runs the quick start there' {
        $repository = New-Item -ItemType Directory (Join-Path $OwnDirectory 'repository')
        $installed = New-Item -ItemType Directory (Join-Path $OwnDirectory 'installed')
        Copy-Item $root/artifacts/DaemonProxy.$version.nupkg $repository
        $name = "DaemonProxyTest$([guid]::NewGuid().ToString('n'))"
        Register-PSResourceRepository $name -Uri $repository.FullName -Trusted
        try {
            $found = Find-PSResource DaemonProxy -Repository $name
            $found.Version | Should -Be $version
            $found.Type | Should -Be 'Module'
            $found.Tags | Should -Contain 'WSGI'
            # What Install-PSResource does, into a folder of the test's own instead of the user's modules.
            Save-PSResource DaemonProxy -Repository $name -Path $installed
        }
        finally { Unregister-PSResourceRepository $name }

        $output = Invoke-CleanSession -ModulePath $installed.FullName @'
            (Get-Module DaemonProxy -ListAvailable).Version.ToString()
            $proxy = Start-DaemonProxy
            (Get-Process -Id $proxy.ProcessId).ProcessName
            (Invoke-WebRequest (Get-DaemonProxy).Uri[0]).StatusCode
            Set-FlushPolicy -FlushDelay 20ms -PassThru | ForEach-Object { $_.FlushDelay.TotalMilliseconds }
            Set-RateLimit -Route / -Rate 400KB
            (Get-Help Start-DaemonProxy).Synopsis
            Stop-DaemonProxy
            @(Get-DaemonProxy).Count
'@
        $output[0] | Should -Be $version
        $output[1] | Should -BeIn 'daemonproxy', 'dotnet'
        $output[2..5] | Should -Be '200', '20', 'Starts a front end in a process of its own, and returns when it serves.', '0'
    }
}

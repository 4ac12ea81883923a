# The package as people get it. Building it takes minutes of processor time, so that it is built first, once:
#     dotnet build -c Release -t:Package -nologo -v minimal > package.log; DAEMONPROXY_PACKAGE_LOG=$PWD/package.log pwsh -c "Invoke-Pester tests/pester/Package.Tests.ps1"
# DAEMONPROXY_PACKAGE_PLATFORMS names the platforms of a package that was built with -p:HostPlatforms; what is about another one is skipped.
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    . $PSScriptRoot/PowerShellAlone.ps1
    $script:root = (Resolve-Path $PSScriptRoot/../..).Path
    $script:version = (Import-PowerShellDataFile $root/module/DaemonProxy.psd1).ModuleVersion
    $script:packaged = Join-Path $root 'artifacts/DaemonProxy'
    $script:platforms = ($env:DAEMONPROXY_PACKAGE_PLATFORMS ?? 'linux-arm64;linux-x64;osx-arm64;win-x64') -split ';'
    $script:log = if ($env:DAEMONPROXY_PACKAGE_LOG) { Get-Content $env:DAEMONPROXY_PACKAGE_LOG -Raw }
    $script:obstacle = if (-not $log) { 'DAEMONPROXY_PACKAGE_LOG does not name the log of a package that was built' }
    # The executables and compilers for other platforms are packages, too.
    elseif ($log -match 'NU1301|NU1101') { 'the packages for other platforms cannot be restored here' }

    # Copies a host to a folder that has nothing else in it, and gives its path there.
    function Copy-HostAlone([string] $Platform) {
        $folder = New-Item -ItemType Directory (Join-Path $OwnDirectory "alone-$Platform") -Force
        Copy-Item $packaged/bin/host/$Platform/daemonproxy $folder
        Join-Path $folder 'daemonproxy'
    }

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
    BeforeEach { if ($obstacle) { Set-ItResult -Skipped -Because $obstacle } }

    It 'is built by one command, without a warning' {
        $log | Should -Match 'Build succeeded\.\s+0 Warning\(s\)\s+0 Error\(s\)'
        $log | Should -Not -Match '(?m)^(?!\s+0 Warning).*\bwarning\b'
    }

    It 'has the files of a module and no others' {
        $files = Get-ChildItem $packaged -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($packaged, $_.FullName).Replace('\', '/') }
        $expected = @(
            'DaemonProxy.psd1', 'DaemonProxy.Configuration.Format.ps1xml', 'DaemonProxy.Format.ps1xml', 'DaemonProxy.Lists.Format.ps1xml', 'DaemonProxy.Types.ps1xml', 'daemonproxy.schema.json', 'Verify.Tests.ps1', 'LICENSE', 'DotNetNotices.txt', 'ThirdPartyNotices.txt'
            'en-US/DaemonProxy.Cmdlets.dll-Help.xml', 'en-US/about_DaemonProxy.help.txt', 'en-US/about_EmbeddedMode.help.txt', 'en-US/about_FlushPolicy.help.txt', 'en-US/about_RateLimit.help.txt'
            'bin/DaemonProxy.Cmdlets.dll', 'bin/engine/DaemonProxy.Editing.dll', 'bin/engine/DaemonProxy.Engine.dll', 'bin/engine/DaemonProxy.Services.dll', 'bin/engine/DaemonProxy.Verification.dll', 'bin/engine/System.Threading.RateLimiting.dll', 'bin/engine/YamlDotNet.dll'
            $platforms | ForEach-Object { "bin/host/$_/daemonproxy$(if ($_ -like 'win-*') { '.exe' })" }
        )
        Compare-Object $expected $files | Out-String | Should -BeNullOrEmpty
    }

    It 'is smaller than 120 MB, as are its hosts, each of whose sizes the build says' {
        $package = Get-Item $root/artifacts/DaemonProxy.$version.nupkg
        $package.Length | Should -BeLessThan 120MB
        foreach ($file in @($package) + @(Get-ChildItem $packaged/bin/host -Recurse -File)) { $log | Should -Match "(?m)^\s*$($file.Length) .*$([regex]::Escape($file.Name))" }
    }

    It 'has an executable for <Platform>' -ForEach @(
        @{ Platform = 'linux-x64'; Begins = '7F-45-4C-46'; Offset = 18; Machine = '3E-00' }
        @{ Platform = 'linux-arm64'; Begins = '7F-45-4C-46'; Offset = 18; Machine = 'B7-00' }
        @{ Platform = 'osx-arm64'; Begins = 'CF-FA-ED-FE'; Offset = 4; Machine = '0C-00' }
        @{ Platform = 'win-x64'; Begins = '4D-5A-90-00'; Offset = 0; Machine = '4D-5A' }
    ) {
        if ($Platform -notin $platforms) { Set-ItResult -Skipped -Because "no host was built for $Platform" }
        $bytes = [IO.File]::ReadAllBytes((Get-ChildItem $packaged/bin/host/$Platform -File | Where-Object Name -Match '^daemonproxy(\.exe)?$'))
        [BitConverter]::ToString($bytes, 0, 4) | Should -Be $Begins
        [BitConverter]::ToString($bytes, $Offset, 2) | Should -Be $Machine
    }

    It 'has a host for <Platform> that needs the C library of 2020 and nothing else' -ForEach @{ Platform = 'linux-x64' }, @{ Platform = 'linux-arm64' } {
        if ($Platform -notin $platforms) { Set-ItResult -Skipped -Because "no host was built for $Platform" }
        if ($log -match "the $Platform host is linked against the C library of this machine") { Set-ItResult -Skipped -Because 'that of Debian 11 cannot be fetched here' }
        $text = [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes("$packaged/bin/host/$Platform/daemonproxy"))
        ([regex]::Matches($text, 'GLIBC_2\.(\d+)') | ForEach-Object { [int] $_.Groups[1].Value } | Measure-Object -Maximum).Maximum | Should -BeLessOrEqual 31
        readelf -d $packaged/bin/host/$Platform/daemonproxy | Select-String NEEDED | Should -Match '\[(lib(c|m|dl|rt|pthread)\.so|ld-linux)'
    }

    It 'has a host that serves when it is copied alone to another folder' {
        $program = Copy-HostAlone linux-x64
        $before = $env:PATH
        try {
            # Without PATH it finds no dotnet, and Python in the system's own folders.
            $env:PATH = '/nowhere'
            & $program --version | Should -Match "^(daemonproxy )?$([regex]::Escape($version))"
            & $program serve --name alone --detach | Should -Match "^'alone' serves http://"
            (Invoke-WebRequest (Get-DaemonProxy alone).Uri).StatusCode | Should -Be 200
            & $program stop alone
        }
        finally { $env:PATH = $before }
    }

    It 'has a host for linux-arm64 that serves when it is copied alone to another folder, under qemu' {
        if ('linux-arm64' -notin $platforms) { Set-ItResult -Skipped -Because 'no host was built for linux-arm64' }
        $qemu = Get-Command qemu-aarch64-static, qemu-aarch64 -ErrorAction Ignore | Select-Object -First 1
        $library = "$root/artifacts/sysroot/arm64"
        if (-not $qemu -or -not (Test-Path $library/complete)) { Set-ItResult -Skipped -Because 'there is no qemu-aarch64 (Debian: qemu-user-static), or no C library for it' }
        $program = Copy-HostAlone linux-arm64
        Set-Content $OwnDirectory/none.yaml 'daemons: [ { name: app, address: unix:/nowhere } ]', 'routes: [ { path: /, daemon: app } ]', 'name: arm'
        $serving = Start-Process $qemu.Source -ArgumentList '-L', $library, $program, 'serve', "$OwnDirectory/none.yaml" -RedirectStandardOutput $OwnDirectory/arm.out -RedirectStandardError $OwnDirectory/arm.err -PassThru
        try {
            $limit = [datetime]::UtcNow.AddSeconds(60)
            do {
                Start-Sleep -Milliseconds 100
                $serves = [regex]::Match("$(Get-Content $OwnDirectory/arm.out -Raw)", "'arm' serves (http://\S+);")
            } until ($serves.Success -or [datetime]::UtcNow -gt $limit)
            # Nobody listens at the daemon's address, which is a 503, and a whole way through the front end.
            (Invoke-WebRequest $serves.Groups[1].Value -SkipHttpErrorCheck).StatusCode | Should -Be 503 -Because (Get-Content $OwnDirectory/arm.err -Raw)
            Stop-DaemonProxy arm
        }
        finally { if (-not $serving.WaitForExit(10000)) { $serving.Kill($true) } }
    }

    It 'has a host that says in a sentence that TLS needs OpenSSL where there is none, and serves without TLS' {
        if ($why = Get-RootObstacle) { Set-ItResult -Skipped -Because $why }
        $program = Copy-HostAlone linux-x64
        Set-Content $OwnDirectory/tls.yaml 'listen: [ https://127.0.0.1:0 ]', 'tls: { certificate: site.pem }', 'daemons: [ { name: app, address: unix:/nowhere } ]', 'routes: [ { path: /, daemon: app } ]'
        $null = New-Item $OwnDirectory/site.pem
        $hide = 'for library in /usr/lib*/libssl.so* /usr/lib/*/libssl.so* /lib*/libssl.so*; do if [ -e "$library" ]; then mount --bind /dev/null "$library"; fi; done; "$1" serve "$2"; timeout 10 "$1" serve'
        $output = unshare --mount --pid --fork --kill-child sh -c $hide sh $program $OwnDirectory/tls.yaml 2>&1 | Out-String
        $output | Should -Match '(?m)TLS needs OpenSSL, and there is no libssl\.so\.3 and no libssl\.so\.1\.1 here; install it'
        $output | Should -Match "(?m)^'default' serves http://"
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
            (Invoke-WebRequest (Get-DaemonProxy).Uri).StatusCode
            Set-FlushPolicy -FlushDelay 20ms -PassThru | ForEach-Object { $_.FlushDelay.TotalMilliseconds }
            Set-RateLimit -Route / -Rate 400KB
            (Get-Help Start-DaemonProxy).Synopsis
            Stop-DaemonProxy
            @(Get-DaemonProxy).Count
'@
        $output[0] | Should -Be $version
        $output[1] | Should -Be 'daemonproxy'
        $output[2..3] | Should -Be '200', '20'
        # The help file's own words, not the syntax that PowerShell makes up where it finds none.
        $output[4] | Should -BeLike 'Starts a front end *.'
        $output[5] | Should -Be '0'
    }

    It 'needs PowerShell and nothing else' {
        if ($why = Get-RootObstacle) { Set-ItResult -Skipped -Because $why }
        $repository = New-Item -ItemType Directory (Join-Path $OwnDirectory 'only')
        $own = New-Item -ItemType Directory (Join-Path $OwnDirectory 'root')
        Copy-Item $root/artifacts/DaemonProxy.$version.nupkg $repository
        $output = Invoke-PowerShellAlone $own.FullName $repository.FullName @'
            # What there is of .NET.
            @(find / -name libhostfxr.so -not -path '/proc/*') -join ' '
            @(find / -type d -name Microsoft.AspNetCore.App -not -path '/proc/*').Count
            Register-PSResourceRepository folder -Uri /repository -Trusted
            Install-PSResource DaemonProxy -Repository folder
            Import-Module DaemonProxy
            $proxy = Start-DaemonProxy
            Get-Content "/proc/$($proxy.ProcessId)/cmdline" | ForEach-Object { $_.Split([char]0)[0] }
            (Invoke-WebRequest $proxy.Uri).StatusCode
            Set-RateLimit -Route / -Rate 400KB
            if (Get-Command python3 -ErrorAction Ignore) { (Test-EmbeddedRestriction).Passed -join ' ' } else { 'no Python' }
            Stop-DaemonProxy
            @(Get-DaemonProxy).Count
'@
        $output[0..1] | Should -Be '/opt/microsoft/powershell/7/libhostfxr.so', '0' -Because ($output -join "`n")
        $output[2] | Should -Be "/root/.local/share/powershell/Modules/DaemonProxy/$version/bin/host/linux-x64/daemonproxy"
        $output[3] | Should -Be '200'
        $output[4] | Should -BeIn 'True True True True True True', 'no Python'
        $output[5] | Should -Be '0'
    }
}

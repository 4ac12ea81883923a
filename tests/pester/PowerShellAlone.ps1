# Dot-sourced: a root in which PowerShell's own folder is the only .NET there is, as on a machine where somebody has unpacked its archive.

# PowerShell as its archive for Linux has it: itself and the runtime in one folder, without ASP.NET Core. Made of the PowerShell that runs this, which may be one
# that needs an installed .NET, and of that .NET.
function New-PowerShellFolder {
    [Diagnostics.CodeAnalysis.SuppressMessage('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'nobody asks a test what it would do')]
    param([string] $Folder)

    Copy-Item $PSHOME $Folder -Recurse
    if (Test-Path $Folder/libcoreclr.so) { return }
    $runtime = [Runtime.InteropServices.RuntimeEnvironment]::GetRuntimeDirectory()
    $dotnet = [IO.Path]::GetFullPath("$runtime/../../..")
    # Where PowerShell and the runtime both have a library, the runtime's own goes with it.
    Copy-Item $runtime/* $Folder -Force
    Copy-Item (Get-ChildItem $dotnet/host/fxr/*/libhostfxr.so | Select-Object -Last 1) $Folder
    foreach ($own in 'unix/lib', 'linux/lib', 'linux-x64/lib', 'linux-x64/native') {
        Get-ChildItem $Folder/runtimes/$own -Recurse -File -ErrorAction Ignore | Copy-Item -Destination $Folder -Force
    }
    # Without a list of what belongs to it, the host takes all that lies in the folder.
    Remove-Item $Folder/pwsh.deps.json, $Folder/Microsoft.NETCore.App.deps.json, $Folder/Microsoft.NETCore.App.runtimeconfig.json -ErrorAction Ignore
    $configuration = Get-Content $Folder/pwsh.runtimeconfig.json -Raw | ConvertFrom-Json -AsHashtable
    $configuration.runtimeOptions.Remove('framework')
    $configuration.runtimeOptions.includedFrameworks = @(@{ name = 'Microsoft.NETCore.App'; version = [Environment]::Version.ToString() })
    $configuration | ConvertTo-Json -Depth 9 | Set-Content $Folder/pwsh.runtimeconfig.json
    # The SDK's executable, told which assembly it runs, as the SDK tells it (Microsoft.NET.HostModel, HostWriter).
    $text = [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes((Get-ChildItem $dotnet/packs/Microsoft.NETCore.App.Host.linux-x64/*/runtimes/linux-x64/native/apphost | Select-Object -Last 1)))
    $text = $text.Replace('c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2', 'pwsh.dll'.PadRight(64, [char]0))
    [IO.File]::WriteAllBytes("$Folder/pwsh", [Text.Encoding]::Latin1.GetBytes($text))
    chmod +x $Folder/pwsh
}

# Why there can be no such root here; null where there can.
function Get-RootObstacle {
    if (-not $IsLinux -or [Runtime.InteropServices.RuntimeInformation]::OSArchitecture -ne 'X64') { return 'the root is made on Linux, x64' }
    if (-not (Get-Command unshare, chroot -ErrorAction Ignore)) { return 'there is no unshare and no chroot' }
    unshare --mount --pid --fork true 2>$null
    if ($LASTEXITCODE -ne 0) { 'this user may not make a root of its own (unshare --mount)' }
}

# Runs a script by PowerShell's folder at /opt/microsoft/powershell/7 of a root that has this machine's programs and libraries, no installed .NET, an empty
# environment, and the given folder at /repository. Whatever it leaves running ends with it.
function Invoke-PowerShellAlone([string] $Root, [string] $Repository, [string] $Script) {
    $null = New-Item -ItemType Directory $Root/opt/microsoft/powershell, $Root/repository, $Root/root, $Root/tmp, $Root/proc, $Root/dev
    New-PowerShellFolder $Root/opt/microsoft/powershell/7
    Set-Content $Root/script.ps1 "`$ErrorActionPreference = 'Stop'; `$PSStyle.OutputRendering = 'PlainText'`n$Script"
    $enter = @'
        set -e
        for folder in usr etc bin sbin lib lib64; do
            if [ -L "/$folder" ]; then cp -P "/$folder" "$1/$folder"
            elif [ -d "/$folder" ]; then mkdir "$1/$folder"; mount --rbind "/$folder" "$1/$folder"; fi
        done
        for installed in /usr/share/dotnet /usr/lib/dotnet /usr/lib64/dotnet /usr/local/share/dotnet "$3"; do
            if [ -d "$1$installed" ]; then mount -t tmpfs none "$1$installed"; fi
        done
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount --bind "$2" "$1/repository"
        exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin /opt/microsoft/powershell/7/pwsh -NoProfile -NonInteractive -File /script.ps1
'@
    $dotnet = (Get-Command dotnet -ErrorAction Ignore)?.Source
    $installed = if ($dotnet) { Split-Path ((Get-Item $dotnet).ResolveLinkTarget($true)?.FullName ?? $dotnet) }
    unshare --mount --pid --fork --kill-child sh -c $enter sh $Root $Repository "$installed" 2>&1
}

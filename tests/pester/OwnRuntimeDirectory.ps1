# Dot-sourced by each file's BeforeAll: the module as the build left it, and a runtime directory of the file's own, so that no test sees a front end
# of the user's or of another test. Remove-OwnRuntimeDirectory belongs in AfterAll; it fails when a front end, a daemon or a file was left behind.

$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../../module/DaemonProxy.psd1') -Force

# Short: the path of a Unix socket has room for 107 characters.
$script:OwnDirectory = Join-Path ([IO.Path]::GetTempPath()) "dpt-$([guid]::NewGuid().ToString('n').Substring(0, 8))"
$script:RuntimeDirectoryBefore = $env:DAEMONPROXY_RUNTIME_DIR
$env:DAEMONPROXY_RUNTIME_DIR = Join-Path $OwnDirectory 'run'
$null = New-Item -ItemType Directory $OwnDirectory

function Remove-OwnRuntimeDirectory {
    [Diagnostics.CodeAnalysis.SuppressMessage('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'nobody asks a test what it would do')]
    param()

    Get-DaemonProxy | Stop-DaemonProxy -Timeout 2
    $left = Get-ChildItem $env:DAEMONPROXY_RUNTIME_DIR -Recurse -File -ErrorAction Ignore | Where-Object Name -NotIn 'events.log', 'change.lock'
    $env:DAEMONPROXY_RUNTIME_DIR = $RuntimeDirectoryBefore
    Remove-Item $OwnDirectory -Recurse -Force
    $left | Should -BeNullOrEmpty -Because 'a stopped front end leaves its event log and nothing else'
}

# A configuration file in the own directory; gives its path.
function New-ConfigurationFile {
    [Diagnostics.CodeAnalysis.SuppressMessage('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'nobody asks a test what it would do')]
    param([string] $Name, [string] $Text)

    $path = Join-Path $OwnDirectory $Name
    Set-Content $path $Text
    $path
}

# Stand-ins for systemctl and launchctl that come first on the PATH: each says yes and writes down what it was called with. Units go below the own directory.

function Initialize-StandInServiceManager {
    $script:StandInFolder = Join-Path $OwnDirectory 'stand-in'
    $script:StandInPathBefore = $env:PATH
    $script:StandInConfigBefore = $env:XDG_CONFIG_HOME
    $null = New-Item -ItemType Directory $StandInFolder
    $env:XDG_CONFIG_HOME = Join-Path $OwnDirectory 'config'
    $env:PATH = $StandInFolder + [IO.Path]::PathSeparator + $env:PATH
    Use-StandInServiceManager running
}

# running, offline (there is no manager to speak to), or refusing (it cannot start anything).
function Use-StandInServiceManager([string] $State) {
    $answer = switch ($State) {
        'running' { 'case "$*" in *is-system-running) echo running;; esac' }
        'offline' { 'echo "Failed to connect to bus" >&2; exit 1' }
        'refusing' { 'case "$*" in *is-system-running) echo running;; *start*) echo "no luck" >&2; exit 1;; esac' }
    }
    foreach ($program in 'systemctl', 'launchctl') {
        Set-Content $StandInFolder/$program "#!/bin/sh`necho `"`$*`" >> '$StandInFolder/calls'`n$answer"
        if (-not $IsWindows) { chmod +x $StandInFolder/$program }
    }
}

function Get-ServiceManagerCall {
    if (Test-Path $StandInFolder/calls) { (Get-Content $StandInFolder/calls) -replace '^--user ' -notmatch '^is-' }
}

function Clear-StandInServiceManager {
    Use-StandInServiceManager running
    Remove-Item $StandInFolder/calls -ErrorAction Ignore
}

function Exit-StandInServiceManager {
    $env:PATH = $StandInPathBefore
    $env:XDG_CONFIG_HOME = $StandInConfigBefore
}

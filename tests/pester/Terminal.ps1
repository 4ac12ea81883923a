# Dot-sourced after OwnRuntimeDirectory.ps1, in the BeforeAll of what is tested in a terminal: a server of the test's own, so that nobody's sessions are touched, and in it a
# PowerShell with the module. Stop-Terminal belongs in AfterAll.

function Invoke-Tmux { tmux -S "$OwnDirectory/tmux" -f /dev/null @args }
function Send-TerminalKey([string[]] $Key) { tmux -S "$OwnDirectory/tmux" send-keys -t pwsh @Key }

# Types a line and ends it once it is there: an Enter that comes with the text of a busy moment is not always taken for one.
function Enter-TerminalLine([string] $Line) {
    Invoke-Tmux send-keys -t pwsh -l $Line
    $end = $Line.Substring([Math]::Max(0, $Line.Length - 12))
    for ($try = 0; $try -lt 100 -and -not ((Invoke-Tmux capture-pane -p -J -t pwsh) -join '').Contains($end); $try++) { Start-Sleep -Milliseconds 100 }
    Send-TerminalKey Enter
}

function Use-TerminalSize([int] $Width, [int] $Height) { tmux -S "$OwnDirectory/tmux" resize-window -t pwsh -x $Width -y $Height }
function Get-TerminalState { tmux -S "$OwnDirectory/tmux" display-message -p -t pwsh '#{alternate_on} #{cursor_flag}' }

function Wait-Screen([string] $Pattern) {
    for ($try = 0; $try -lt 600; $try++) {
        $screen = (Invoke-Tmux capture-pane -p -t pwsh) -join "`n"
        if ($screen -match $Pattern) { return $screen }
        Start-Sleep -Milliseconds 100
    }
    throw "the screen never showed '$Pattern':`n$screen"
}

function Stop-Terminal {
    [Diagnostics.CodeAnalysis.SuppressMessage('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'nobody asks a test what it would do')]
    param()

    Invoke-Tmux kill-server
}

$arguments = 'new-session', '-d', '-s', 'pwsh', '-x', '140', '-y', '30', 'pwsh', '-NoProfile', '-NoLogo', '-NoExit', '-Command'
Invoke-Tmux @arguments "Import-Module '$((Get-Module DaemonProxy).ModuleBase)/DaemonProxy.psd1'; 'ready'"
$null = Wait-Screen 'ready'

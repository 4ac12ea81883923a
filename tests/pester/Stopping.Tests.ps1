BeforeDiscovery { $script:noTmux = -not (Get-Command tmux -ErrorAction Ignore) }
# Ctrl+C is what PowerShell calls stopping the pipeline; a test can do it without a keyboard.
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1

    # On a quiet machine it is 20 to 150 ms. Whatever waited for the end of a measurement or of a process would take seconds.
    $AtOnce = 1000

    # Runs a script in a runspace of its own, stops it after a while, and gives how much longer the stop took than that of PowerShell's own Start-Sleep in the same
    # seconds, the slower of one before and one after: the least of three, for a busy machine can delay any.
    function Measure-Stop([string] $Script, [int] $AfterMilliseconds) {
        $control = 'while ($true) { Start-Sleep -Milliseconds 20 }'
        $times = foreach ($try in 1..3) {
            $before = Measure-OneStop $control 200
            $time = Measure-OneStop $Script $AfterMilliseconds
            $time -= [Math]::Max($before, (Measure-OneStop $control 200))
            $time
            if ($time -lt $AtOnce) { break }
        }
        ($times | Measure-Object -Minimum).Minimum
    }

    function Measure-OneStop([string] $Script, [int] $AfterMilliseconds) {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module DaemonProxy).ModuleBase)/DaemonProxy.psd1'").Invoke()
            $shell.Commands.Clear()
            $null = $shell.AddScript($Script)
            $run = $shell.BeginInvoke()
            Start-Sleep -Milliseconds $AfterMilliseconds
            $run.IsCompleted | Should -BeFalse -Because 'there must be something to stop'
            (Measure-Command { $shell.Stop() }).TotalMilliseconds
        }
        finally { $shell.Dispose() }
    }

    # What a machine that is busy with something else for a moment adds says nothing about the cmdlet.
    function Measure-Fastest([string] $Script, [int] $AfterMilliseconds, [scriptblock] $Between = {}) {
        foreach ($try in 1..4) {
            $milliseconds = Measure-Stop $Script $AfterMilliseconds
            if ($milliseconds -lt $AtOnce) { break }
            & $Between
        }
        $milliseconds
    }
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Ctrl+C' {
    It 'ends Start-DaemonProxy at once, and what it has started with it' {
        $file = New-ConfigurationFile 'slow.yaml' 'daemons: [ { name: a, command: [ sleep, "60" ] } ]'
        Measure-Fastest "Start-DaemonProxy '$file'" 1000 | Should -BeLessThan $AtOnce
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'ends Test-RateLimitAccuracy at once, and its front end with it' {
        Measure-Fastest 'Test-RateLimitAccuracy -Duration 60s' 3000 | Should -BeLessThan $AtOnce
        Get-DaemonProxy | Should -BeNullOrEmpty
    }

    It 'ends the wait of Stop-DaemonProxy at once, and the front end goes on stopping' {
        $proxy = Start-DaemonProxy
        $busy = [Net.Http.HttpClient]::new()
        $response = $busy.GetAsync("$($proxy.Uri)drip?count=6000&chunk=20&every-ms=50", 'ResponseHeadersRead').GetAwaiter().GetResult()
        # The drip and the patience outlast every try, however busy the machine is.
        Measure-Fastest 'Stop-DaemonProxy -Timeout 300s' 500 | Should -BeLessThan $AtOnce
        (Get-DaemonProxy).State | Should -Be 'Draining'
        $response.Dispose(); $busy.Dispose()
        Wait-Process -Id $proxy.ProcessId -Timeout 60
    }

    It 'ends <What> at once' -ForEach @(
        @{ What = 'Test-FlushPolicy'; Script = 'Test-FlushPolicy'; After = 2000 }
        @{ What = 'Test-EmbeddedRestriction'; Script = 'while ($true) { Test-EmbeddedRestriction }'; After = 1500 }
        @{ What = 'Watch-DaemonProxy'; Script = 'Start-DaemonProxy; Watch-DaemonProxy -Interval 30s'; After = 3000 }
        @{ What = 'Get-DaemonProxyEvent -Wait'; Script = 'Start-DaemonProxy; Get-DaemonProxyEvent -Wait'; After = 3000 }
    ) {
        Measure-Fastest $Script $After { Get-DaemonProxy | Stop-DaemonProxy } | Should -BeLessThan $AtOnce
        Get-DaemonProxy | Stop-DaemonProxy
    }

    It 'ends Restart-DaemonProxy at once, and what is served stays' {
        $file = New-ConfigurationFile 'site.yaml' "name: site`ndaemons: [ { name: a, sample: true } ]"
        $proxy = Start-DaemonProxy $file
        Set-Content $file "name: site`ndaemons: [ { name: a, command: [ sleep, '60' ] } ]"
        Measure-Fastest 'Restart-DaemonProxy site' 1000 | Should -BeLessThan $AtOnce
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
        (Get-DaemonProxy site).ProcessId | Should -Be $proxy.ProcessId
    }
}

# In a console it is a key first: the cmdlet ends by itself, and its output goes where all output goes.
Describe 'Ctrl+C in a terminal' -Skip:$noTmux {
    BeforeAll {
        . $PSScriptRoot/Terminal.ps1
        $proxy = Start-DaemonProxy (New-ConfigurationFile 'two.yaml' @'
name: two
daemons: [ { name: a, sample: true } ]
routes: [ { path: /, daemon: a }, { path: /slow, daemon: a, strip-prefix: true, rate-limit: 100KiB/s } ]
'@)
    }
    AfterAll { Stop-Terminal; $proxy | Stop-DaemonProxy }

    It 'gives what <Cmdlet> has measured so far' -ForEach @(
        @{ Cmdlet = 'Test-RateLimitAccuracy'; Call = 'Test-RateLimitAccuracy two -Duration 90s'; Sees = 'rates side by side: [2-9]'; Gives = 'kept=1 cut=True' }
        @{ Cmdlet = 'Test-FlushPolicy'; Call = 'Test-FlushPolicy two'; Sees = 'Measuring (100|24) B every'; Gives = 'kept=[12] cut=' }
        @{ Cmdlet = 'Test-FlushPolicy -Sweep'; Call = "Test-FlushPolicy two -Sweep -Duration 2s -Path '/drip?count=2000&chunk=20&every-ms=5'"; Sees = 'Measuring (0\.5|1|2)ms on'; Gives = 'kept=\d cut=' }
    ) {
        Enter-TerminalLine "`$r = $Call; `"kept=`$(@(`$r).Count) cut=`$(`$r[0].Interrupted)`""
        $null = Wait-Screen $Sees
        Send-TerminalKey 'C-c'
        Wait-Screen "(?m)^$Gives" | Should -Match 'Interrupted; these are the results so far'
        Send-TerminalKey 'clear', Enter
        (Get-FlushPolicy two).FlushDelay.TotalMilliseconds | Should -Be 5 -Because 'a sweep restores the policy'
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $proxy = Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true }, { name: limited, sample: true }, { name: idle, sample: true } ]
routes:
  - { path: /, daemon: app }
  - { path: /slow, daemon: limited, strip-prefix: true, rate-limit: 4000KiB/s, pacer: interval }
  - { path: /idle, daemon: idle, strip-prefix: true }
'@)
    $script:base = "$($proxy.Uri[0])".TrimEnd('/')
    $script:before = Get-DaemonProxyStatistics site
    # 400 pieces each: enough for advice. What is asserted below holds on a busy machine too.
    $null = Invoke-WebRequest "$base/drip?count=400&chunk=100&every-ms=3"
    $null = Invoke-WebRequest "$base/slow/stream?n=6000000&chunk=16384&stall-ms=2"
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-FlushAdvice' {
    It 'gives one object for each group, with a row for each delay' {
        $advice = Get-FlushAdvice site
        $advice.Daemon | Should -Be 'app', 'limited', 'idle'
        $app = $advice | Where-Object Daemon -EQ app
        $app.Rows.ShownDelay | Should -Be '0ms', '500us', '1ms', '2ms', '5ms', '10ms', '20ms', '50ms', 'auto'
        ($app.Rows | Where-Object IsInForce).ShownDelay | Should -Be '5ms'
        $app.ShownRecommendation | Should -Be '0ms' -Because 'a drip is an idle stream'
        $app.Differs | Should -BeTrue
    }

    It 'tells the rate that a limit that waits for full writes gets' {
        $advice = Get-FlushAdvice site limited
        $advice.LimitedRoute, $advice.RateLimit | Should -Be '/slow', 4096000
        $advice.Rows[-1].RateShare | Should -BeGreaterThan ($advice.Rows[0].RateShare * 1.5)
        $advice.Reason | Should -Match 'of the 4000KiB/s'
    }

    It 'says how much is missing where it knows too little' {
        $advice = Get-FlushAdvice site -Daemon i*
        $advice.Missing | Should -Be 200
        $advice.Rows | Should -BeNullOrEmpty
        $advice | Out-String | Should -Match 'Too little data: 0 dry spells, and 200 more are needed'
    }

    It 'shows the rows in 80 columns, with the recommended one marked' {
        $lines = (Get-FlushAdvice site app | Out-String -Width 80) -split "`n" | ForEach-Object TrimEnd
        $lines | Where-Object Length -GT 79 | Should -BeNullOrEmpty
        @($lines -match '^> +0ms ') | Should -HaveCount 1
        @($lines -match '5ms\*') | Should -HaveCount 1
    }

    It 'goes by what has been written since' {
        (Get-FlushAdvice site app -Since (Get-DaemonProxyStatistics site)).Missing | Should -Be 200
        (Get-FlushAdvice site app -Since $before).Missing | Should -Be 0
        (Get-FlushAdvice site app -During 0.1).Missing | Should -Be 200
        { Get-FlushAdvice site app -Since (Get-DaemonProxyStatistics site -Daemon idle) -ErrorAction Stop } |
            Should -Throw -ErrorId 'SinceNotFound,*' -ExpectedMessage "*'app' of 'site'*"
        { Get-FlushAdvice site app -Since $before -During 1 } | Should -Throw -ErrorId 'SinceAndDuring,*'
    }

    It 'sets what it recommends with -Apply, and nothing with -WhatIf' {
        $null = Get-FlushAdvice site -Apply -WhatIf
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 5
        $advice = Get-FlushAdvice site -Apply -Verbose 4>&1
        $messages = @($advice | Where-Object { $_ -is [Management.Automation.VerboseRecord] })
        "$messages" | Should -Match "Set the flush delay of daemon group 'app' of 'site' to 0ms; it was 5ms\."
        "$messages" | Should -Match "Nothing to set for daemon group 'idle' of 'site': Too little data"
        $applied = $advice | Where-Object Daemon -EQ app
        $applied.Applied | Should -BeTrue
        "$applied" | Should -Match '(?m)^Set: 0ms instead of 5ms; a restart'
        $applied | Format-List | Out-String | Should -Match 'Applied\s+: True'
        ($advice | Where-Object Daemon -EQ idle).Applied | Should -BeFalse
        "$(Get-FlushAdvice site app)" | Should -Not -Match '(?m)^Set:'
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 0
        (Get-FlushPolicy site limited).AutoDelay | Should -Be ((Get-FlushAdvice site limited).ShownRecommendation -eq 'auto')
        (Get-FlushPolicy site idle).FlushDelay.TotalMilliseconds | Should -Be 5 -Because 'there is no advice for it'
        (Get-FlushAdvice site app).Differs | Should -BeFalse
        Set-FlushPolicy site -FlushDelay 5ms -WarningAction SilentlyContinue
    }

    It 'has its delays in JSON as words, auto among them, and as times in PowerShell' {
        $advice = Get-FlushAdvice site app
        $json = $advice | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        $json.Rows.FlushDelay | Should -Be '0ms', '500us', '1ms', '2ms', '5ms', '10ms', '20ms', '50ms', 'auto'
        $json.Recommended | Should -Be '0ms'
        $advice.Rows[4].FlushDelay.TotalMilliseconds | Should -Be 5
        $advice.Rows[-1].FlushDelay | Should -Be 'auto'
        $advice.Recommended | Should -Be ([timespan]::Zero)
        $json.Rows[-1], $json.Rows[3] | ForEach-Object { Set-FlushPolicy site app -FlushDelay $_.FlushDelay -WhatIf }
    }

    It 'writes a page' {
        $page = Join-Path $OwnDirectory 'advice.html'
        $null = Get-FlushAdvice site -ReportPath $page
        $html = Get-Content -Raw $page
        $html | Should -Match 'site, group limited'
        $html | Should -Match 'Pauses of idle streams'
        { Get-FlushAdvice site -ReportPath "$OwnDirectory/no/such/folder/advice.html" } | Should -Throw -ErrorId 'ReportNotWritten,*'
    }

    It 'names the groups there are when there is none of that name' {
        { Get-FlushAdvice site nope -ErrorAction Stop } | Should -Throw -ErrorId 'DaemonNotFound,*' -ExpectedMessage '*app, limited, idle*'
    }
}

Describe 'Test-FlushPolicy -Sweep' {
    It 'tries every delay, compares it with the prediction, and restores the policy' {
        Set-FlushPolicy site app -FlushDelay 7ms
        $results = Get-DaemonProxy site | Test-FlushPolicy -Sweep -Daemon app -Path '/drip?count=100000&chunk=100&every-ms=4' -Duration 1.2 -WarningAction SilentlyContinue
        $results.ShownDelay | Should -Be '0ms', '500us', '1ms', '2ms', '5ms', '10ms', '20ms', '50ms', 'auto'
        ($results | Where-Object ShownDelay -EQ 2ms).Predicted.HeldP50 | Should -Be ([timespan]::FromMilliseconds(2))
        # A ratio holds on a busy machine too: 50 ms are much more than nothing.
        ($results | Where-Object ShownDelay -EQ 50ms).HeldP50 | Should -BeGreaterThan (3 * $results[0].HeldP50)
        $results[0].FlushesPerSecond | Should -BeGreaterThan ($results[-2].FlushesPerSecond * 2)
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 7
        $results | Out-String -Width 120 | Should -Match '50ms\s+50 ms'
        ($results.OtherRequests | Measure-Object -Sum).Sum | Should -Be 0
        $results[-1].FlushDelay | Should -Be 'auto'
        ($results | Where-Object ShownDelay -EQ 5ms).FlushDelay | Should -Be ([timespan]::FromMilliseconds(5))
        $results | Select-Object FlushDelay | Out-String | Should -Not -Match '-00:'
        ($results | ConvertTo-Csv) -match '"auto"' | Should -HaveCount 1
        (Get-FlushAdvice site app).Rows[-1].FlushDelay | Should -Be 'auto'
    }

    It 'tells of the requests of others that were counted' {
        # It lasts for longer than the sweep: 20,000 pieces, 4 ms apart.
        $other = [Net.Http.HttpClient]::new()
        $stream = $null
        try {
            $stream = $other.GetStreamAsync("$base/drip?count=20000&chunk=100&every-ms=4").GetAwaiter().GetResult()
            $results = Test-FlushPolicy site -Sweep -Path '/drip?count=100000&chunk=100&every-ms=4' -Duration 1 -WarningAction SilentlyContinue
        }
        finally { if ($stream) { $stream.Dispose() }; $other.Dispose() }
        $results | ForEach-Object { $_.OtherRequests | Should -BeGreaterOrEqual 1 }
        $results | Where-Object Passed -EQ $false | Should -BeNullOrEmpty -Because 'others were served'
        $results[0] | Format-List | Out-String | Should -Match 'OtherRequests\s+: '
    }

    It 'restores the policy when it is stopped' {
        Set-FlushPolicy site app -FlushDelay 8ms
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Import-Module '$((Get-Module DaemonProxy).ModuleBase)/DaemonProxy.psd1'").Invoke()
            $shell.Commands.Clear()
            $null = $shell.AddScript("Test-FlushPolicy site -Sweep -Path '/drip?count=100000&chunk=100&every-ms=4' -Duration 10")
            $run = $shell.BeginInvoke()
            for ($try = 0; $try -lt 1200 -and (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds -eq 8; $try++) { Start-Sleep -Milliseconds 50 }
            (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Not -Be 8 -Because 'it has begun'
            $run.IsCompleted | Should -BeFalse
            $shell.Stop()
        }
        finally { $shell.Dispose() }
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 8
    }

    It 'with -WhatIf changes nothing' {
        Set-FlushPolicy site app -FlushDelay 9ms
        Test-FlushPolicy site -Sweep -Path / -WhatIf | Should -BeNullOrEmpty
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 9
    }

    It 'says what is wrong with <what>' -ForEach @(
        @{ What = 'a path of another group'; Given = @{ Path = '/slow/x'; Daemon = 'app' }; Message = "*group 'limited', not by 'app'*" }
        @{ What = 'a path that is none'; Given = @{ Path = 'drip' }; Message = "*'drip' is no path to request*" }
        @{ What = 'an answer that is an error'; Given = @{ Path = '/status/500'; Duration = 1 }; Message = '*answers 500, not 200*' }
        @{ What = 'an answer without dry spells'; Given = @{ Path = '/bytes?n=10'; Duration = 1 }; Message = '*dry spell*' }
        @{ What = 'several groups'; Given = @{ Path = '/'; Daemon = 'app', 'idle' }; Message = "*one path is served by one daemon group*" }
    ) {
        { Test-FlushPolicy site -Sweep @Given -ErrorAction Stop } | Should -Throw -ErrorId 'CannotVerify,*' -ExpectedMessage $Message
        (Get-FlushPolicy site app).FlushDelay.TotalMilliseconds | Should -Be 9
    }
}

BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $null = Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
restrict-embedded: on
daemons: [ { name: app, sample: true } ]
routes:
  - { path: /, daemon: app }
  - { path: /download, daemon: app, strip-prefix: true, rate-limit: 400KiB/s }
'@)
    # An application that is not the sample: to this front end, the other one is a server like any other.
    $script:port = (Get-DaemonProxy site).Uri.Port
    $null = Start-DaemonProxy (New-ConfigurationFile 'own.yaml' @"
name: own
daemons: [ { name: app, address: "http://127.0.0.1:$port" } ]
routes: [ { path: /, daemon: app }, { path: /bytes, daemon: app, rate-limit: 100KiB/s } ]
"@)
    Push-Location $OwnDirectory

    function Invoke-Written([string] $File, [hashtable] $Data = @{}) {
        $configuration = New-PesterConfiguration
        $configuration.Run.Container = New-PesterContainer -Path $File -Data ($Data + @{ Tolerance = 25.0 })
        $configuration.Run.PassThru = $true
        $configuration.Output.Verbosity = 'None'
        Invoke-Pester -Configuration $configuration
    }
}
AfterAll { Pop-Location; Remove-OwnRuntimeDirectory }

Describe 'New-DaemonProxyTest' {
    It 'writes a file whose tests a real front end passes' {
        $file = New-DaemonProxyTest site
        $file.FullName | Should -Be (Join-Path $OwnDirectory 'site.Tests.ps1')
        $file.PSParentPath | Should -Not -BeNullOrEmpty -Because 'it is what Get-Item returns, whose columns are filled'
        $run = Invoke-Written $file.FullName
        $run.FailedCount | Should -Be 0 -Because ($run.Failed.ErrorRecord -join '; ')
        ($run.Passed | Where-Object ExpandedName -EQ 'are kept on /download') | Should -HaveCount 1
    }

    It 'skips what cannot be measured, and measures it once the file is told what to request' {
        $file = New-DaemonProxyTest own -OutFile own-site.Tests.ps1
        $run = Invoke-Written $file.FullName
        ($run.Skipped | Where-Object ExpandedName -EQ 'are kept on /bytes') | Should -HaveCount 1
        $run = Invoke-Written $file.FullName @{ Path = @{ '/bytes' = '/bytes?n=900000' } }
        $run.FailedCount | Should -Be 0 -Because ($run.Failed.ErrorRecord -join '; ')
        ($run.Passed | Where-Object ExpandedName -EQ 'are kept on /bytes') | Should -HaveCount 1
    }

    It 'writes tests that fail where the front end breaks a promise' {
        $file = New-DaemonProxyTest site -OutFile broken.Tests.ps1
        Set-FlushPolicy site -FlushDelay 0 -WarningAction SilentlyContinue
        Set-EmbeddedRestriction site -Off
        try { $run = Invoke-Written $file.FullName }
        finally { Set-FlushPolicy site -FlushDelay 5ms; Set-EmbeddedRestriction site -On }
        $run.Failed.ExpandedName | Should -Contain 'has no rate limit that its flush policy would spoil'
        $run.Failed.ExpandedName | Should -Contain 'keeps embedded mode restricted where no route needs it'
    }

    It 'replaces a file only with -Force, and writes nothing with -WhatIf' {
        Set-Content there.Tests.ps1 'mine'
        { New-DaemonProxyTest site -OutFile there.Tests.ps1 -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists*'
        New-DaemonProxyTest site -OutFile there.Tests.ps1 -Force -WhatIf | Should -BeNullOrEmpty
        Get-Content there.Tests.ps1 | Should -Be 'mine'
        New-DaemonProxyTest site -OutFile there.Tests.ps1 -Force | Should -Not -BeNullOrEmpty
        Get-Content there.Tests.ps1 -Raw | Should -Match "\`$Name = 'site'"
    }
}

Describe 'Test-RateLimitAccuracy -Path' {
    It 'measures the application behind a route, whatever it is' {
        $result = Test-RateLimitAccuracy own -Route /bytes -Path '/bytes?n=900000' -Duration 2s -Tolerance 25
        $result.ConfiguredRate | Should -Be 102400
        $result.Passed | Should -BeTrue
    }

    It 'is an error for a path without a limit' {
        { Test-RateLimitAccuracy own -Path /x -ErrorAction Stop } | Should -Throw -ErrorId 'CannotVerify*' -ExpectedMessage "*'/x', has no rate limit to measure"
        { Test-RateLimitAccuracy own -Route /bytes -Path /x -ErrorAction Stop } | Should -Throw -ExpectedMessage "*lies below no route of 'own' that -Route names*"
    }
}

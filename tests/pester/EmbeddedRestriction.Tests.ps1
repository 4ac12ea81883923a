BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
daemons: [ { name: app, sample: true } ]
routes: [ { path: /, daemon: app }, { path: /inproc, application: "no_such:app" } ]
'@) | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Set-EmbeddedRestriction' {
    It 'is shown as never set at first' { (Get-DaemonProxy site).RestrictEmbedded | Should -BeNullOrEmpty }

    It '-On refuses embedded requests with a logged 500, and the front end serves on' {
        (Set-EmbeddedRestriction site -On -PassThru).RestrictEmbedded | Should -BeTrue
        $proxy = Get-DaemonProxy site
        (Invoke-WebRequest "$($proxy.Uri)inproc" -SkipHttpErrorCheck).StatusCode | Should -Be 500
        (Get-Content $proxy.LogFile | ConvertFrom-Json).code | Should -Contain 'WSGI0143'
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
    }

    It '-Off allows them' { (Set-EmbeddedRestriction site -Off -PassThru).RestrictEmbedded | Should -BeFalse }

    It 'takes front ends from the pipeline' { (Get-DaemonProxy | Set-EmbeddedRestriction -On -PassThru).RestrictEmbedded | Should -BeTrue }

    It 'with -WhatIf changes nothing' {
        Set-EmbeddedRestriction site -Off
        Set-EmbeddedRestriction site -On -WhatIf
        (Get-DaemonProxy site).RestrictEmbedded | Should -BeFalse
    }

    It 'wants -On or -Off' { { Set-EmbeddedRestriction site -On -Off } | Should -Throw -ErrorId 'AmbiguousParameterSet*' }
}

Describe 'Test-EmbeddedRestriction' {
    It 'finds every state of the restriction as it should be' {
        $results = Test-EmbeddedRestriction
        $results.Scenario | Should -Contain 'On, then Off'
        $results | Where-Object { -not ($_.Passed -or $_.Skipped) } | Should -BeNullOrEmpty
        ($results | Where-Object Scenario -EQ 'On').ExpectedEvent | Should -Be 'WSGI0143'
        ($results | Where-Object Scenario -EQ 'allowed, no interpreter').ActualEvent | Should -Be 'WSGI0210'
        $results | Where-Object { -not ($_.Survived -or $_.Skipped) } | Should -BeNullOrEmpty
    }

    It 'tries a running front end with -Name and sets it back' {
        Set-EmbeddedRestriction site -On
        $results = Get-DaemonProxy site | Test-EmbeddedRestriction
        $results.Scenario | Should -Be 'On', 'On, then Off'
        $results[0].Passed | Should -BeTrue
        (Get-DaemonProxy site).RestrictEmbedded | Should -BeTrue
    }

    It 'says that there is no embedded route' {
        Start-DaemonProxy -Name plain | Out-Null
        { Test-EmbeddedRestriction plain -ErrorAction Stop } | Should -Throw -ErrorId 'CannotVerify*'
    }
}

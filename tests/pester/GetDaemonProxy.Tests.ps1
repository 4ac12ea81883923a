BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    'blue', 'green' | ForEach-Object { Start-DaemonProxy -Name $_ } | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Get-DaemonProxy' {
    It 'finds every front end' { (Get-DaemonProxy).Name | Should -Be 'blue', 'green' }

    It 'finds them from another console' {
        $found = pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../module/DaemonProxy.psd1'; (Get-DaemonProxy).Name -join ','"
        $found | Should -Be 'blue,green'
    }

    It 'takes <pattern>' -ForEach @(
        @{ Pattern = 'blue'; Expected = 'blue' }
        @{ Pattern = 'BLUE'; Expected = 'blue' }
        @{ Pattern = 'g*'; Expected = 'green' }
        @{ Pattern = 'x*'; Expected = $null }
    ) { (Get-DaemonProxy $Pattern).Name | Should -Be $Expected }

    It 'takes names from the pipeline' { ('blue' | Get-DaemonProxy).Name | Should -Be 'blue' }

    It 'for a name that is not running is an error that names those that are' {
        { Get-DaemonProxy red -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,DaemonProxy.Cmdlets.GetDaemonProxyCommand' -ExpectedMessage '*blue, green*'
    }

    It 'counts requests' {
        $proxy = Get-DaemonProxy blue
        Invoke-WebRequest $proxy.Uri[0] | Out-Null
        (Get-DaemonProxy blue).Requests | Should -Be ($proxy.Requests + 1)
    }

    It 'shows name, state, process and address as a table' {
        $text = Get-DaemonProxy blue | Out-String -Width 120
        $text | Should -Match 'Name\s+State\s+ProcessId'
        $text | Should -Match 'blue\s+Serving\s+\d+\s+\d+\s+http://127\.0\.0\.1:\d+'
    }

    It 'completes names' {
        (TabExpansion2 'Get-DaemonProxy gr' 18).CompletionMatches.CompletionText | Should -Be 'green'
    }

    It 'shows the options in force with -Detail, also those changed live' {
        Start-DaemonProxy -Name site | Out-Null
        Set-FlushPolicy site -FlushDelay 33ms
        $options = Get-DaemonProxy site -Detail
        $changed = $options | Where-Object -Not IsDefault
        $changed.Option | Should -Be 'response-flush-delay'
        $changed.Value | Should -Be '33ms'
        ($options | Where-Object Option -EQ 'connect-timeout').Value | Should -Be '15s'
        Get-DaemonProxy site | Stop-DaemonProxy
    }
}

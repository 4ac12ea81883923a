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
        Invoke-WebRequest $proxy.Uri | Out-Null
        (Get-DaemonProxy blue).Requests | Should -Be ($proxy.Requests + 1)
    }

    It 'shows name, state, process and address as a table' {
        $text = Get-DaemonProxy blue | Out-String -Width 120
        $text | Should -Match 'Name\s+State\s+ProcessId'
        $text | Should -Match 'blue\s+Serving\s+\d+\s+\d+\s+http://127\.0\.0\.1:\d+'
    }

    It 'has one Uri, which cmdlets of the web take and pipelines pass on, and all of them in Uris' {
        (Invoke-WebRequest (Get-DaemonProxy blue).Uri).StatusCode | Should -Be 200
        Get-DaemonProxy | ForEach-Object { (Invoke-WebRequest $_.Uri).StatusCode } | Should -Be 200, 200
        $proxy = Get-DaemonProxy blue
        $proxy.Uri | Should -BeOfType [uri]
        $proxy.Uris[0] | Should -Be $proxy.Uri
    }

    It 'shows * as localhost, which can be connected to, and localhost as the two loopback addresses' {
        $proxy = Start-DaemonProxy -Name everywhere -Listen 'http://*:0', 'http://0.0.0.0:0', 'http://localhost:0'
        $proxy.Uris.Host | Select-Object -First 3 | Should -Be 'localhost', 'localhost', '127.0.0.1'
        $proxy.Uris | ForEach-Object { (Invoke-WebRequest $_).StatusCode } | Select-Object -Unique | Should -Be 200
        (Start-DaemonProxy -Name everywhere -Listen 'http://*:0', 'http://localhost:0' -WarningAction SilentlyContinue).ProcessId | Should -Be $proxy.ProcessId
        Stop-DaemonProxy everywhere
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

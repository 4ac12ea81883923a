BeforeDiscovery {
    Import-Module $PSScriptRoot/../../module/DaemonProxy.psd1 -Force
    # What every cmdlet of the module says it returns, apart from .NET's own types.
    $script:types = (Get-Command -Module DaemonProxy).OutputType.Name | Where-Object { $_ -like 'DaemonProxy.*' } | Sort-Object -Unique
}
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Start-DaemonProxy -Name site | Out-Null
    Set-RateLimit site / -Rate 400KB -InitialBurst 1MB
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'ConvertTo-Json' {
    BeforeAll {
        # The properties of a type, and of the types in it, that ConvertTo-Json would write as a number although they are words.
        function Find-Enum([type] $Type, [string] $Path, [Collections.Generic.HashSet[type]] $Seen) {
            if ($Type.IsEnum) { return $Path }
            foreach ($argument in $Type.GetGenericArguments()) { Find-Enum $argument $Path $Seen }
            if ($Type.FullName -notlike 'DaemonProxy.*' -or -not $Seen.Add($Type)) { return }
            foreach ($property in $Type.GetProperties('Public, Instance')) { Find-Enum $property.PropertyType "$Path.$($property.Name)" $Seen }
        }
    }

    It 'writes <_> with words, not with numbers that stand for them' -ForEach $types {
        $name = $_
        $type = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -like 'DaemonProxy*' } | ForEach-Object { $_.GetType($name) } | Select-Object -First 1
        if (-not $type) {
            $file = Get-ChildItem (Join-Path (Get-Module DaemonProxy).ModuleBase 'engine') -Filter DaemonProxy.*.dll | Where-Object { $name.StartsWith($_.BaseName) }
            $type = ([Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -EQ 'DaemonProxy.Engine').LoadFromAssemblyPath($file.FullName).GetType($name)
        }
        Find-Enum $type $name ([Collections.Generic.HashSet[type]]::new()) | Should -BeNullOrEmpty
    }

    It 'tells the state of a front end, its daemons and its limits' {
        $json = Get-DaemonProxy site | ConvertTo-Json -Depth 5 | ConvertFrom-Json
        $json.State | Should -Be 'Serving'
        $json.Daemons[0].State | Should -Be 'Ready'
        $json.Daemons[0].Source | Should -Be 'Sample'
        $json.Routes[0].RateLimits[0].Pacer | Should -Be 'TokenBucket'
    }
}

Describe 'The views' {
    It 'show <_> as a table and as a list' -ForEach $types {
        $views = (Get-FormatData -TypeName $_).FormatViewDefinition.Control | ForEach-Object { $_.GetType().Name }
        $views | Should -Contain 'TableControl'
        $views | Should -Contain 'ListControl'
    }

    It 'show a few properties of <_> where it comes after objects of another type' -ForEach ($types -notlike 'DaemonProxy.Cmdlets.DaemonProxyConfiguration') {
        # PowerShell then takes neither the table nor the list of the module, but these.
        $shown = (Get-TypeData $_).DefaultDisplayPropertySet.ReferencedProperties
        $shown.Count | Should -BeGreaterThan 0
        $shown.Count | Should -BeLessOrEqual 10
    }

    It 'show several addresses of a front end in a column that leaves room for its daemons' {
        $null = Start-DaemonProxy -Name two -Listen http://127.0.0.1:0, http://127.0.0.1:0
        try {
            $lines = Get-DaemonProxy two | Out-String -Width 80
            $lines | Should -Match 'http://127\.0\.0\.1:\d+/, 1 more'
            $lines | Should -Match '\(Ready\)'
        }
        finally { Stop-DaemonProxy two }
    }

    It 'leave out of a list what a front end does not have' {
        $list = Get-DaemonProxy site | Format-List | Out-String
        $list | Should -Not -Match 'never set|not loaded|none'
        $list | Should -Not -Match '(?m)^(RestrictEmbedded|Python|Certificate|Fleet) '
        Set-EmbeddedRestriction site -On
        Get-DaemonProxy site | Format-List | Out-String | Should -Match 'RestrictEmbedded\s+: On'
    }

    It 'say of a limit in a list whether it is one of uploads' {
        Set-RateLimit site / -Direction Upload -Rate 1MB
        Get-RateLimit site / -Direction Upload | Format-List | Out-String | Should -Match 'Direction\s+: Upload'
    }

    It 'give a list units, and leave the numbers in the properties' {
        $limit = Get-RateLimit site / -Direction Download
        $limit | Format-List | Out-String | Should -Match '(?s)Rate\s+: 400 KiB/s.*InitialBurst\s+: 1 MiB'
        $limit.Rate | Should -BeOfType [long]
        Get-FlushPolicy site | Format-List | Out-String | Should -Match '(?s)FlushDelay\s+: 5 ms.*FlushDeadline\s+: 50 ms.*BufferSize\s+: 8 MiB'
    }

    It 'say what tells one object from another' {
        (Get-RateLimit site / -Direction Download).PSStandardMembers.DefaultKeyPropertySet.ReferencedPropertyNames | Should -Be 'Name', 'Route', 'Index'
        (Get-RateLimit site / -Direction Download).PSStandardMembers.DefaultDisplayPropertySet.ReferencedPropertyNames | Should -Contain 'Rate'
    }

    It 'fit 80 columns, with the verdict or the state before everything that may be cut: <Call>' -ForEach @(
        @{ Call = 'Get-DaemonProxy'; First = 'Name', 'State', 'ProcessId', 'Requests', 'Uri', 'Daemons' }
        @{ Call = '(Get-DaemonProxy).Daemons'; First = 'Name', 'Daemon', 'State', 'Active', 'Waiting', 'Restarts', 'Source', 'ProcessId' }
        @{ Call = 'Get-RateLimit'; First = 'Name', 'Route', '#', 'Scope', 'Rate', 'Burst', 'Pacer', 'GoesTo' }
        @{ Call = 'Get-FlushPolicy'; First = 'Name', 'Daemon', 'FlushDelay', 'FlushDeadline', 'BufferSize', 'Idle', 'Deadline', 'Guard', 'End' }
        @{ Call = 'Get-DaemonProxyStatistics'; First = 'Name', 'Scope', 'Target', 'Requests', '2xx', '3xx', '4xx', '5xx', 'Left', 'Mean', 'Bytes' }
        @{ Call = 'Test-RateLimitAccuracy -Uri "$((Get-DaemonProxy site).Uri)bytes?n=900000" -Rate 400KB -Duration 1s -Tolerance 99'; First = 'Passed', 'Error', 'Rate', 'Achieved', 'Gap', 'Conn', 'Uri' }
        @{ Call = 'Test-FlushPolicy -Uri "$((Get-DaemonProxy site).Uri)drip?count=5&every-ms=20"'; First = 'Passed', 'Workload', 'P50', 'P99', 'Max', 'Gap', 'Count', 'Uri' }
        @{ Call = 'Test-EmbeddedRestriction'; First = 'Passed', 'Survived', 'Expected', 'Actual', 'Scenario' }
    ) {
        $lines = (& ([scriptblock]::Create($Call)) -WarningAction SilentlyContinue | Format-Table | Out-String -Width 80) -split "`n" -replace '\e\[[0-9;]*m' | Where-Object { $_.Trim() }
        $headers = -split $lines[0]
        $headers[0..($First.Count - 1)] | Should -Be $First
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }

    It 'colour states and verdicts, unless PSStyle.OutputRendering or NO_COLOR does not want it' {
        $all = 'Get-DaemonProxy site | Out-String'
        $module = "Import-Module '$PSScriptRoot/../../module/DaemonProxy.psd1'"
        pwsh -NoProfile -Command "$module; `$PSStyle.OutputRendering = 'Ansi'; $all" | Out-String | Should -Match '\e\[32mServing\e\[0m'
        pwsh -NoProfile -Command "$module; `$PSStyle.OutputRendering = 'PlainText'; $all" | Out-String | Should -Not -Match '\e\[3[123]m'
        $env:NO_COLOR = '1'
        try { pwsh -NoProfile -Command "$module; $all" | Out-String | Should -Not -Match '\e\[3[123]m' } finally { Remove-Item env:NO_COLOR }
        [DaemonProxy.Cmdlets.DisplayText]::Verdict($false) | Should -Be "`e[31mFalse`e[0m"
        [DaemonProxy.Cmdlets.DisplayText]::State('BackingOff') | Should -Be "`e[31mBackingOff`e[0m"
    }
}

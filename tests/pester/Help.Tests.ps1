BeforeDiscovery {
    Import-Module $PSScriptRoot/../../module/DaemonProxy.psd1 -Force
    $script:commands = Get-Command -Module DaemonProxy | ForEach-Object { @{ Command = $_; Name = $_.Name } }
    $script:examples = foreach ($command in Get-Command -Module DaemonProxy) {
        $number = 0
        foreach ($example in (Get-Help $command.Name).examples.example) {
            $number++
            @{ Name = $command.Name; Number = $number; Title = $example.title; Code = $example.code }
        }
    }
    # In an about topic, what is indented by eight is code, apart from the explanation below a term, which begins with a capital or a digit and has no dash.
    $script:topics = foreach ($file in Get-ChildItem $PSScriptRoot/../../module/en-US/about_*.help.txt) {
        $code = (Get-Content $file) -match '^ {8}(?=(\$|\(|try|catch|[A-Z][a-z]+-[A-Z]))' -replace '^ {8}'
        @{ Topic = $file.BaseName -replace '\.help$'; Code = $code -join "`n" }
    }
}

BeforeAll { . $PSScriptRoot/OwnRuntimeDirectory.ps1; . $PSScriptRoot/ExampleStage.ps1; Initialize-ExampleStage }
AfterAll { Exit-StandInServiceManager; Remove-OwnRuntimeDirectory }

Describe 'Get-Help <Name>' -ForEach $commands {
    BeforeAll { $script:help = Get-Help $Name -Full }

    It 'has a synopsis and a description' {
        $help.Synopsis | Should -Not -BeNullOrEmpty -Because "docs/cmdlets/$Name.md is where help comes from"
        $help.Synopsis.Trim() | Should -Not -Match "^$Name \[" -Because "docs/cmdlets/$Name.md is where help comes from"
        ($help.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
    }

    It 'describes every parameter' {
        $common = [Management.Automation.PSCmdlet]::CommonParameters
        $declared = $Command.Parameters.Keys | Where-Object { $_ -notin $common } | Sort-Object
        @($help.parameters.parameter.name) | Sort-Object | Should -Be $declared
        foreach ($parameter in $help.parameters.parameter) { ($parameter.description | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because "-$($parameter.name)" }
    }

    It 'shows the parameter sets that the cmdlet has' {
        @($help.syntax.syntaxItem) | Should -HaveCount $Command.ParameterSets.Count
    }

    It 'has two examples or more, each with code and a remark' {
        @($help.examples.example).Count | Should -BeGreaterOrEqual 2
        foreach ($example in $help.examples.example) {
            $example.code.Trim() | Should -Not -BeNullOrEmpty
            ($example.remarks | Out-String).Trim() | Should -Not -BeNullOrEmpty
        }
    }

    It 'says what goes in and what comes out' {
        ($help.inputTypes.inputType.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        ($help.returnValues.returnValue.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        # What the help says it returns is what the cmdlet declares.
        $help.returnValues.returnValue.type.name | Where-Object { $_ -ne 'None' } | Sort-Object | Should -Be ($Command.OutputType.Name | Sort-Object)
    }

    It 'has the page of the project as its online version' {
        $project = (Import-PowerShellDataFile $PSScriptRoot/../../module/DaemonProxy.psd1).PrivateData.PSData.ProjectUri
        # Get-Help -Online opens the first link with an address.
        $online = $help.relatedLinks.navigationLink | Where-Object uri | Select-Object -First 1
        $online.uri | Should -Be "$project/blob/main/docs/cmdlets/$Name.md"
    }

    It 'names as related only what there is' {
        foreach ($link in ($help.relatedLinks.navigationLink | Where-Object { -not $_.uri }).linkText) {
            $found = if ($link -like 'about_*') { Test-Path $PSScriptRoot/../../module/en-US/$link.help.txt } else { Get-Command $link -ErrorAction Ignore }
            $found | Should -BeTrue -Because $link
        }
    }

    It 'is the same on the page in docs/cmdlets' {
        $page = Get-Content $PSScriptRoot/../../docs/cmdlets/$Name.md -Raw
        foreach ($parameter in $help.parameters.parameter) {
            $page | Should -Match ([regex]::Escape("### -$($parameter.name)`n`n$($parameter.description.Text)`n"))
        }
    }
}

Describe 'The examples of the help' {
    It '<Name>, example <Number> runs as written' -ForEach $examples {
        { Invoke-OnExampleStage $Code } | Should -Not -Throw
    }

    It '<Topic> runs as written' -ForEach $topics {
        $Code | Should -Not -BeNullOrEmpty
        { Invoke-OnExampleStage $Code } | Should -Not -Throw
    }
}

Describe 'Get-Help <Topic>' -ForEach $topics {
    It 'is found' { Get-Help $Topic | Out-String | Should -Match 'SHORT DESCRIPTION\s+\S' }
}

BeforeDiscovery {
    $script:analyzer = [bool](Get-Module PSScriptAnalyzer -ListAvailable)
    $script:root = (Resolve-Path $PSScriptRoot/../..).Path
    $script:scripts = foreach ($file in Get-ChildItem $root -Recurse -Include *.ps1, *.psm1, *.psd1) {
        $path = [IO.Path]::GetRelativePath($root, $file.FullName).Replace('\', '/')
        if ($path -notmatch '(^|/)(bin|obj|artifacts)/') { @{ Path = $path; File = $file.FullName } }
    }
}

Describe 'PSScriptAnalyzer' -Skip:(-not $analyzer) {
    It 'has nothing to say about <Path>' -ForEach $scripts {
        Invoke-ScriptAnalyzer $File | ForEach-Object { "$($_.Line): $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }
}

# Another module's YamlDotNet, older than this module's: a session takes the first assembly of a name into its default load context, and keeps it.
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:manifest = Join-Path $PSScriptRoot '../../module/DaemonProxy.psd1'
    $script:other = New-Item -ItemType Directory (Join-Path $OwnDirectory 'OtherModule')
    # Made here, so that the test needs neither a network nor a compiler: only the name and the version matter, and that it has not what the engine needs.
    $assembly = [Reflection.Emit.PersistedAssemblyBuilder]::new([Reflection.AssemblyName]'YamlDotNet, Version=5.0.0.0', [object].Assembly)
    $type = $assembly.DefineDynamicModule('YamlDotNet').DefineType('YamlDotNet.Serialization.Old', 'Public, Class')
    $code = $type.DefineMethod('Version', 'Public, Static', [string], @()).GetILGenerator()
    $code.Emit([Reflection.Emit.OpCodes]::Ldstr, 'old')
    $code.Emit([Reflection.Emit.OpCodes]::Ret)
    $null = $type.CreateType()
    $assembly.Save("$other/YamlDotNet.dll")
    Set-Content $other/OtherModule.psm1 @'
$null = [System.Reflection.Assembly]::LoadFrom("$PSScriptRoot/YamlDotNet.dll")
function Get-OldYaml { [YamlDotNet.Serialization.Old]::Version() }
'@
    $script:configuration = New-ConfigurationFile 'site.yaml' "name: site`ndaemons: [ { name: demo, sample: true } ]"

    function Invoke-CleanSession([string] $Script) {
        $output = pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; $Script" 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$output"
        $output
    }
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'A session with another module''s older YamlDotNet' {
    It 'works when the other module comes first' {
        Invoke-CleanSession "Import-Module '$other/OtherModule.psm1'; Get-OldYaml; Import-Module '$manifest'; Test-DaemonProxyConfiguration '$configuration' -Quiet; Get-OldYaml" |
            Should -Be 'old', 'True', 'old'
    }

    It 'works when this module comes first' {
        Invoke-CleanSession "Import-Module '$manifest'; Test-DaemonProxyConfiguration '$configuration' -Quiet; Import-Module '$other/OtherModule.psm1'; Get-OldYaml; Test-DaemonProxyConfiguration '$configuration' -Quiet" |
            Should -Be 'True', 'old', 'True'
    }
}

Describe 'Import-Module' {
    It 'works again after Remove-Module, with errors and types as before' {
        Invoke-CleanSession "
            Import-Module '$manifest'; `$first = Test-DaemonProxyConfiguration '$configuration' -Quiet
            Remove-Module DaemonProxy; [bool](Get-Command Start-DaemonProxy -ErrorAction Ignore)
            Import-Module '$manifest'; `$first; Test-DaemonProxyConfiguration '$configuration' -Quiet
            try { Get-DaemonProxy nowhere -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }" |
            Should -Be 'False', 'True', 'True', 'InstanceNotFound,DaemonProxy.Cmdlets.GetDaemonProxyCommand'
    }

    It 'takes under 150 ms' {
        # The least of some tries, and not more than what it cost the processor, for a busy machine can delay any.
        $measure = "`$own = Get-Process -Id `$PID; `$before = `$own.TotalProcessorTime
            `$time = Measure-Command { Import-Module '$manifest' }; `$own.Refresh()
            [Math]::Min(`$time.TotalMilliseconds, (`$own.TotalProcessorTime - `$before).TotalMilliseconds)"
        $times = foreach ($try in 1..5) {
            $time = [double](Invoke-CleanSession $measure)
            $time
            if ($time -lt 150) { break }
        }
        ($times | Measure-Object -Minimum).Minimum | Should -BeLessThan 150
    }

    It 'loads neither the engine nor its packages before they are needed' {
        Invoke-CleanSession "Import-Module '$manifest'; [AppDomain]::CurrentDomain.GetAssemblies().GetName().Name -contains 'YamlDotNet'" | Should -Be 'False'
    }
}

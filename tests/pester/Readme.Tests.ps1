# What the README and the documents show runs as it is written there, in a clean session, in a folder that has nothing but the module and, outside the README, an application.
BeforeDiscovery {
    $script:blocks = foreach ($document in 'README.md', 'docs/configuration.md', 'docs/rate-limits.md', 'docs/deployment.md') {
        $number = 0
        foreach ($block in [regex]::Matches((Get-Content $PSScriptRoot/../../$document -Raw), '(?ms)^```powershell\n(.*?)^```')) {
            $number++
            @{ Document = $document; Number = $number; First = $block.Groups[1].Value.Split("`n").Where({ $_ -match '^[A-Z@]' }, 'First')[0]; Code = $block.Groups[1].Value }
        }
    }
}
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    # The README's reader has nothing but the module; the reader of an example elsewhere has an application, too.
    $script:bare = New-Item -ItemType Directory (Join-Path $OwnDirectory 'bare')
    foreach ($folder in $OwnDirectory, $bare) {
        $null = New-Item -ItemType SymbolicLink (Join-Path $folder 'module') -Target (Resolve-Path $PSScriptRoot/../../module)
    }
    "def application(environ, start_response):`n    start_response('200 OK', [])`n    return [b'hello']" | Set-Content $OwnDirectory/app.py, $OwnDirectory/hello.wsgi
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start(); $script:port = $listener.LocalEndpoint.Port; $listener.Stop()
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'The documents' {
    It 'are a README with a quick start, and others' { ($blocks.Document | Select-Object -Unique).Count | Should -BeGreaterOrEqual 2 }

    It '<Document>, block <Number> (<First>) runs as written' -ForEach $blocks {
        if ($Code -match 'gunicorn' -and -not (Get-Command gunicorn -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no gunicorn'; return }
        if ($Code -match 'hello\.wsgi' -and -not (Get-Item /usr/lib/*/libpython3*.so*, /usr/lib*/libpython3*.so*, /usr/local/lib/libpython3* -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no shared library of Python'; return }
        # Port 8080 may be anybody's on the machine of a test. A block without an import goes on where the first one ended.
        $script = $Code.Replace(':8080', ":$port")
        if ($script -notmatch 'Import-Module') { $script = "Import-Module ./module/DaemonProxy.psd1`n$script" }
        $folder = $Document -eq 'README.md' ? $bare : $OwnDirectory
        Set-Content $folder/block.ps1 "`$ErrorActionPreference = 'Stop'`n$script`nif (Get-DaemonProxy) { throw 'a front end is left' }"
        Push-Location $folder
        try { $output = pwsh -NoProfile -NonInteractive -File block.ps1 2>&1 | Out-String } finally { Pop-Location }
        $LASTEXITCODE | Should -Be 0 -Because $output
    }
}

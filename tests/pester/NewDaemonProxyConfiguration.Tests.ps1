BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    Push-Location $OwnDirectory
}
AfterAll {
    Pop-Location
    Remove-OwnRuntimeDirectory
}

Describe 'New-DaemonProxyConfiguration' {
    It 'makes one group and its routes from parameters, with times, sizes and rates as people type them' {
        $made = New-DaemonProxyConfiguration -Name shop -Listen http://127.0.0.1:8080 -Application shop.wsgi -Processes 2 -Threads 5 -FlushDelay 7ms -BufferSize 1MB `
            -Route /, /download -RateLimit 400KB -InitialBurst 64KB -Pacer interval -RestrictEmbedded $true
        $made.ToYaml() | Should -Be @'
name: shop
listen: [ "http://127.0.0.1:8080" ]
restrict-embedded: on

daemons:
  - name: app
    application: shop.wsgi
    response-flush-delay: 7ms
    response-buffer-size: 1MiB
    processes: 2
    threads: 5

routes:
  - path: /
    daemon: app
    rate-limit: 400KiB/s
    rate-initial-burst: 64KiB
    pacer: interval
  - path: /download
    daemon: app
    rate-limit: 400KiB/s
    rate-initial-burst: 64KiB
    pacer: interval

'@.Replace("`r`n", "`n")
    }

    It 'takes a command and an address' {
        (New-DaemonProxyConfiguration -Command gunicorn, 'a b', 'unix:{socket}').Daemons[0].Command | Should -Be 'gunicorn', 'a b', 'unix:{socket}'
        (New-DaemonProxyConfiguration -Address http://127.0.0.1:9000).Daemons[0].Address | Should -Be 'http://127.0.0.1:9000'
    }

    It 'takes hashtables and objects, with options as in the file or as properties, also through the pipeline' {
        $made = @{ Name = 'one'; Sample = $true }, [pscustomobject]@{ name = 'two'; Address = 'http://127.0.0.1:1'; 'socket-timeout' = [timespan]'0:0:7'; Threads = '' } |
            New-DaemonProxyConfiguration -Route @{ Path = '/'; Daemon = 'two' }, @{ path = '/one'; 'rate-limit' = 1KB }
        $made.Daemons.Name | Should -Be 'one', 'two'
        $made.Daemons[1].SocketTimeout.TotalSeconds | Should -Be 7
        $made.Daemons[1].Threads | Should -BeNullOrEmpty
        $made.Routes.Daemon | Should -Be 'two', 'one'
        $made.Routes[1].RateLimit | Should -Be 1024
    }

    It 'writes a file that Test-DaemonProxyConfiguration takes, and returns nothing but with -PassThru' {
        New-DaemonProxyConfiguration new.yaml -Daemon @{ Name = 'demo'; Sample = $true } | Should -BeNullOrEmpty
        Test-DaemonProxyConfiguration new.yaml -Quiet | Should -BeTrue
        (New-DaemonProxyConfiguration new.yaml -Address http://127.0.0.1:1 -Force -PassThru).File | Should -Be (Join-Path $OwnDirectory new.yaml)
        Get-Content new.yaml -Raw | Should -Match 'address: http://127.0.0.1:1'
    }

    It 'means a script from the location, whatever folder the file is in' {
        $null = New-Item -ItemType Directory below
        New-DaemonProxyConfiguration below/site.yaml -Application app.wsgi
        (Import-DaemonProxyConfiguration below/site.yaml).Daemons[0].Application | Should -Be (Join-Path $OwnDirectory app.wsgi)
        New-DaemonProxyConfiguration below/module.yaml -Application site.wsgi:app
        (Import-DaemonProxyConfiguration below/module.yaml).Daemons[0].Application | Should -Be 'site.wsgi:app'
    }

    It 'with -WhatIf writes nothing' {
        New-DaemonProxyConfiguration whatif.yaml -WhatIf
        Test-Path whatif.yaml | Should -BeFalse
    }

    It 'reports every mistake, and neither returns nor writes anything' {
        New-DaemonProxyConfiguration bad.yaml -Daemon @{ Nme = 'a'; Sample = $true; ResponseBufferSize = 5 } -Route x -ErrorVariable mistakes -ErrorAction SilentlyContinue -PassThru |
            Should -BeNullOrEmpty
        $mistakes.FullyQualifiedErrorId | Sort-Object -Unique | Should -Be 'InvalidConfiguration,DaemonProxy.Cmdlets.NewDaemonProxyConfigurationCommand'
        "$mistakes" | Should -Match "did you mean 'name'"
        "$mistakes" | Should -Match 'the least is 64KiB'
        "$mistakes" | Should -Match "must begin with a '/'"
        Test-Path bad.yaml | Should -BeFalse
    }

    It 'leaves a file that is there alone' {
        'mine' | Set-Content there.yaml
        { New-DaemonProxyConfiguration there.yaml -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidConfiguration*'
        { New-DaemonProxyConfiguration there.yaml -Name a -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,DaemonProxy.Cmdlets.NewDaemonProxyConfigurationCommand'
        { New-DaemonProxyConfiguration none/there.yaml -Name a -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotWritable,*'
        Get-Content there.yaml | Should -Be 'mine'
    }

    It 'makes what can be started' {
        $proxy = New-DaemonProxyConfiguration demo.yaml -Name demo -Daemon @{ Name = 'demo'; Sample = $true } -PassThru | Start-DaemonProxy
        $proxy.Name | Should -Be 'demo'
        (Invoke-WebRequest $proxy.Uri).StatusCode | Should -Be 200
    }
}

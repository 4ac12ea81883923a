BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:site = New-ConfigurationFile 'site.yaml' @'
# the shop
name: site
listen: [ http://127.0.0.1:0 ]
daemons:
  - { name: app, sample: on, response-flush-delay: 5 }
routes:
  - { path: /, daemon: app }
  - path: /download # limited
    daemon: app
    strip-prefix: true
    rate-limit: 400KiB/s
'@
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'Import-DaemonProxyConfiguration' {
    It 'gives numbers, times and switches as such, and what is not given as nothing' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration.File | Should -Be $site
        "$configuration" | Should -Be 'site'
        $configuration.Listen | Should -Be 'http://127.0.0.1:0'
        $configuration.Routes[1].RateLimit | Should -Be 400KB
        $configuration.Routes[1].RateLimit | Should -BeOfType [long]
        $configuration.Routes[1].StripPrefix | Should -BeTrue
        $configuration.Daemons[0].ResponseFlushDelay | Should -Be ([timespan]::FromMilliseconds(5))
        $configuration.Routes[0].RateLimit | Should -BeNullOrEmpty
        $configuration.Tls | Should -BeNullOrEmpty
    }

    It 'has a property for every option that the configuration''s schema has' {
        $schema = Get-Content $PSScriptRoot/../../module/daemonproxy.schema.json -Raw | ConvertFrom-Json -AsHashtable
        $configuration = Import-DaemonProxyConfiguration $site
        foreach ($section in @{ Object = $configuration; Keys = $schema.properties.Keys }, @{ Object = $configuration.Daemons[0]; Keys = $schema.'$defs'.daemon.properties.Keys },
            @{ Object = $configuration.Routes[0]; Keys = $schema.'$defs'.route.properties.Keys }) {
            $properties = ($section.Object | Get-Member -MemberType NoteProperty).Name
            foreach ($key in $section.Keys) { $properties | Should -Contain ($key -replace '-') -Because $key }
        }
    }

    It 'gives objects that are changed where they stand: <What>' -ForEach @(
        @{ What = 'a value'; Change = { $args[0].Routes[1].RateLimit = 800KB }; Yaml = 'rate-limit: 800KiB/s' }
        @{ What = 'a value as text'; Change = { $args[0].Daemons[0].ResponseFlushDelay = '7ms' }; Yaml = 'response-flush-delay: 7ms' }
        @{ What = 'an option by its name in the file'; Change = { $args[0].Daemons[0]['socket-timeout'] = [timespan]::FromSeconds(3) }; Yaml = 'socket-timeout: 3s' }
        @{ What = 'a list that grows'; Change = { $args[0].Listen += 'http://127.0.0.1:1' }; Yaml = 'listen: \[ http://127.0.0.1:0, "http://127.0.0.1:1" \]' }
        @{ What = 'an item of a list'; Change = { $args[0].Listen[0] = 'http://127.0.0.1:2' }; Yaml = 'listen: \[ "http://127.0.0.1:2" \]' }
        @{ What = 'a new route as a hashtable'; Change = { $args[0].Routes += @{ Path = '/x'; Daemon = 'app' } }; Yaml = '  - path: /x\n    daemon: app\n' }
        @{ What = 'a new route by Add'; Change = { $args[0].Routes.Add(@{ Path = '/x'; Daemon = 'app' }) }; Yaml = '  - path: /x\n    daemon: app\n' }
        @{ What = 'routes that are chosen'; Change = { $args[0].Routes = $args[0].Routes | Where-Object RateLimit }; Yaml = 'routes:\n  - path: /download # limited\n' }
        @{ What = 'a section'; Change = { $args[0].Tls = @{ Certificate = 'a.pem' } }; Yaml = 'tls:\n  certificate: a.pem\n' }
        @{ What = 'a list of limits'; Change = { $args[0].Routes[0].RateLimits = @{ RateLimit = 1MB; RateScope = 'client' }; $args[0].Routes[0].RateLimits[0].RateLimit = 2MB }; Yaml = 'rate-limits: \[ \{ rate-limit: 2MiB/s, rate-scope: client \} \]' }
        @{ What = 'an option that goes'; Change = { $args[0].Routes[1].RateLimit = $null }; Yaml = 'strip-prefix: true\n$' }
    ) {
        $configuration = Import-DaemonProxyConfiguration $site
        & $Change $configuration
        $configuration.ToYaml().Replace("`r", '') | Should -Match $Yaml
        $configuration.ToYaml() | Should -Match '^# the shop'
    }

    It 'keeps the same objects, so that one can be taken out' {
        $configuration = Import-DaemonProxyConfiguration $site
        $route = $configuration.Routes | Where-Object Path -EQ '/'
        $configuration.Routes.Remove($route) | Should -BeTrue
        $configuration.Routes.Count | Should -Be 1
    }

    It 'refuses a property that is no option' { { (Import-DaemonProxyConfiguration $site).Routes[0].RateLimt = 1 } | Should -Throw '*RateLimt*' }

    It 'takes wildcards, files and front ends from the pipeline' {
        (Import-DaemonProxyConfiguration (Join-Path $OwnDirectory '*.yaml')).File | Should -Be $site
        (Get-Item $site | Import-DaemonProxyConfiguration).File | Should -Be $site
        (Start-DaemonProxy $site | Import-DaemonProxyConfiguration).File | Should -Be $site
    }

    It 'reports each mistake of a file, and gives no object' {
        $bad = New-ConfigurationFile 'bad.yml' "nam: a`nlisten: x"
        Import-DaemonProxyConfiguration $bad -ErrorVariable mistakes -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $mistakes.FullyQualifiedErrorId | Should -Be (, 'InvalidConfiguration,DaemonProxy.Cmdlets.ImportDaemonProxyConfigurationCommand' * 2)
        "$($mistakes[1])" | Should -Match 'bad.yml:2:9: '
    }

    It 'reports a file that is not there' {
        { Import-DaemonProxyConfiguration (Join-Path $OwnDirectory none.yaml) -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidConfiguration,*' -ExpectedMessage '*no such file*'
        { Import-DaemonProxyConfiguration (Join-Path $OwnDirectory 'none*.yaml') -ErrorAction Stop } | Should -Throw -ErrorId 'FileNotFound,*'
    }
}

Describe 'The JSON of a configuration' {
    BeforeAll {
        $script:file = New-ConfigurationFile 'json.yaml' @'
name: json
listen: [ http://127.0.0.1:0 ]
limit-request-body: 10MiB
rate-limits: [ { rate-limit: 1MiB/s, rate-scope: client } ]
daemons:
  - name: app
    command: [ sleep, "60", "a\tb # c" ]
    response-flush-delay: auto
    response-flush-deadline: 50
    socket-timeout: 3s
    response-buffer-size: 1048576
    processes: 2
    umask: 022
    env: { PORT: 8080, DEBUG: "true", EMPTY: "", http_proxy: a, Mixed_Case: b }
    health-check: { path: /, interval: 500ms, status: [ 200, 204 ] }
  - { name: other, sample: on, health-check: /ready }
routes:
  - { path: /, daemon: app, rate-limit: 400KiB/s, rate-initial-burst: 1MiB }
'@
        $script:configuration = Import-DaemonProxyConfiguration $file
    }

    It 'has what is in its groups and routes, as numbers, words and switches' {
        $json = $configuration | ConvertTo-Json -Depth 9 -WarningVariable warned | ConvertFrom-Json
        $warned | Should -BeNullOrEmpty
        $json.Daemons.Name | Should -Be 'app', 'other'
        $json.Daemons[0].ResponseFlushDelay | Should -Be 'auto'
        $json.Daemons[0].HealthCheck.Path | Should -Be '/'
        $json.Daemons[1].Sample | Should -BeTrue
        $json.Routes[0].RateLimit, $json.Routes[0].RateInitialBurst | Should -Be 400KB, 1MB
        $json.RateLimits[0].RateScope | Should -Be 'client'
        $configuration.Daemons[0].SocketTimeout.TotalSeconds | Should -Be 3
    }

    It 'comes back as it was: <How>' -ForEach @(
        @{ How = 'as hashtables'; Read = { [DaemonProxy.Cmdlets.DaemonProxyConfiguration]($args[0] | ConvertFrom-Json -AsHashtable) } }
        @{ How = 'as objects, by New-DaemonProxyConfiguration'; Read = {
                $read = $args[0] | ConvertFrom-Json
                $new = New-DaemonProxyConfiguration -Name $read.Name -Listen $read.Listen -Daemon $read.Daemons -Route $read.Routes
                $new.LimitRequestBody, $new.RateLimits = $read.LimitRequestBody, $read.RateLimits
                $new
            }
        }
    ) {
        $back = & $Read ($configuration | ConvertTo-Json -Depth 9)
        foreach ($value in { $_.LimitRequestBody }, { $_.Daemons[0].ResponseFlushDelay }, { $_.Daemons[0].ResponseFlushDeadline }, { $_.Daemons[0].SocketTimeout }, { $_.Daemons[0].ResponseBufferSize },
            { $_.Daemons[0].HealthCheck.Interval }, { $_.Daemons[1].HealthCheck }, { $_.Daemons[0].Command }, { $_.Routes[0].RateLimit }, { $_.RateLimits[0].RateLimit }, { $_.Daemons[0].Umask }, { $_.Daemons[0].Env.ToYaml() }) {
            ($back | ForEach-Object $value) | Should -Be ($configuration | ForEach-Object $value) -Because $value
        }
        $back | Test-DaemonProxyConfiguration -Detailed | Should -BeNullOrEmpty
    }

    It 'by ToJson() says what the file says, and is a configuration file itself' {
        $text = $configuration.ToJson()
        $read = $text | ConvertFrom-Json
        $app = $read.daemons[0]
        $app.'response-flush-delay', $app.'response-flush-deadline', $app.'socket-timeout', $app.'response-buffer-size', $app.umask, $app.processes | Should -Be 'auto', '50', '3s', 1048576, '022', 2
        $app.'health-check'.interval, $read.routes[0].'rate-limit', $read.'limit-request-body', $read.daemons[1].sample | Should -Be '500ms', '400KiB/s', '10MiB', $true
        $app.umask | Should -BeOfType [string]
        $app.command | Should -Be 'sleep', '60', "a`tb # c"
        $again = Import-DaemonProxyConfiguration (New-ConfigurationFile 'written.yaml' $text)
        $again.ToJson() | Should -Be $text
        $configuration.Daemons[0].HealthCheck.ToJson() | ConvertFrom-Json | ForEach-Object status | Should -Be '200', '204'
    }
}

Describe 'Configuration objects' {
    It 'gives health checks and references to environment variables as they stand' {
        $file = New-ConfigurationFile 'health.yaml' @'
daemons:
  - name: app
    command: [ a, "{socket}", "${HOME}" ]
    health-check: { path: /health, interval: 2s, status: [ 200, 204 ] } # deep
  - { name: other, sample: on, health-check: /ready }
routes: [ { path: /, daemon: app } ]
'@
        $site = Import-DaemonProxyConfiguration $file
        $check = $site.Daemons[0].HealthCheck
        $check.Path, $check.Interval, $check.UnhealthyAfter | Should -Be '/health', ([timespan]'0:0:2'), $null
        $check.UnhealthyAfter = 5
        $site.Daemons[1].HealthCheck | Should -Be '/ready'
        $site.Daemons[1].HealthCheck = @{ Path = '/ready'; HealthyAfter = 2 }
        $site.Daemons[0].Command[2] | Should -Be '${HOME}'
        $site.Daemons[1].Processes = '${N}'
        $text = $site.ToYaml()
        $text | Should -Match 'interval: 2s, unhealthy-after: 5, status: \[ 200, 204 \] \} # deep'
        $text | Should -Match '"\$\{HOME\}"'
        $text | Should -Match 'healthy-after: 2'
        $env:N = 3
        try { $site | Export-DaemonProxyConfiguration -PassThru | Test-DaemonProxyConfiguration -Quiet | Should -BeTrue }
        finally { Remove-Item Env:/N }
        { Import-DaemonProxyConfiguration $file -ErrorAction Stop } | Should -Throw '*the environment variable N is not set*'
    }

    It 'keep the names of environment variables as they are' {
        $site = New-DaemonProxyConfiguration -Daemon @{ Name = 'a'; Command = 'x', '{socket}'; Env = [ordered]@{ PORT = 8080; http_proxy = ''; Mixed_Case = 'b' } }
        $site.ToYaml() | Should -Match '(?s)env:\s+PORT: 8080\s+http_proxy: ""\s+Mixed_Case: b'
        $site.Daemons[0].Env.http_proxy = 'c'
        $site.Daemons[0].Env.PORT, $site.Daemons[0].Env.http_proxy | Should -Be '8080', 'c'
    }

    It 'can be made of hashtables, and used in classes' {
        ([DaemonProxy.Cmdlets.RouteConfiguration]@{ Path = '/'; RateLimit = '5KiB/s' }).RateLimit | Should -Be 5120
        $configuration = [DaemonProxy.Cmdlets.DaemonProxyConfiguration]@{ Listen = 'http://127.0.0.1:0'; Daemons = @{ Name = 'a'; Sample = $true } }
        $configuration | Test-DaemonProxyConfiguration -Quiet | Should -BeTrue
    }

    It 'are checked by Test-DaemonProxyConfiguration before they are written' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration | Test-DaemonProxyConfiguration | Should -BeTrue
        $configuration.Routes[1].RateLimit = '400'
        $mistake = $configuration | Test-DaemonProxyConfiguration -Detailed
        $mistake.Message | Should -Match 'has no unit; write 400KiB/s'
        $configuration.ToYaml().Split("`n")[$mistake.Line - 1] | Should -Match 'rate-limit: 400'
    }

    It 'are started only as they are in their file' {
        $configuration = Import-DaemonProxyConfiguration $site
        $configuration | Start-DaemonProxy -WarningAction SilentlyContinue | Select-Object -ExpandProperty ConfigurationFile | Should -Be $site
        $configuration.Name = 'other'
        { $configuration | Start-DaemonProxy -ErrorAction Stop } | Should -Throw -ErrorId 'ConfigurationNotSaved,DaemonProxy.Cmdlets.StartDaemonProxyCommand' -ExpectedMessage '*Export-DaemonProxyConfiguration*'
        { New-DaemonProxyConfiguration -Name x | Start-DaemonProxy -ErrorAction Stop } | Should -Throw -ErrorId 'ConfigurationNotSaved,*' -ExpectedMessage '*in no file*'
    }
}

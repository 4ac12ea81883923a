BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:apache = Join-Path $OwnDirectory 'apache'
    $null = New-Item -ItemType Directory $apache/sites
    Set-Content $apache/httpd.conf @'
# the whole server
Listen 127.0.0.1:8080
WSGIRestrictEmbedded On
WSGIDaemonProcess shop processes=2 threads=5 \
    response-flush-delay=20 response-buffer-size=65536 stack-size=524288
ErrorLog logs/error.log
Include sites/*.conf
'@
    Set-Content $apache/sites/shop.conf @'
<VirtualHost *:80>
    ServerName shop.example
    WSGIScriptAlias / /srv/shop/app.wsgi process-group=shop
    <Location /download>
        SetOutputFilter RATE_LIMIT
        SetEnv rate-limit 400
    </Location>
</VirtualHost>
'@
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'ConvertFrom-ApacheConfiguration' {
    It 'makes a configuration that Test-DaemonProxyConfiguration takes' {
        $made = ConvertFrom-ApacheConfiguration $apache/httpd.conf -WarningAction SilentlyContinue
        $made | Test-DaemonProxyConfiguration | Should -BeTrue
        $made.Listen | Should -Be 'http://127.0.0.1:8080'
        $made.RestrictEmbedded | Should -BeTrue
        $made.Daemons[0].Processes, $made.Daemons[0].Threads | Should -Be 2, 5
        $made.Daemons[0].ResponseFlushDelay | Should -Be ([timespan]::FromMilliseconds(20))
        $made.Daemons[0].ResponseBufferSize | Should -Be 64KB
        $made.Routes.Path | Should -Be '/', '/download'
        $made.Routes[1].RateLimit | Should -Be 400KB
        $made.Routes[1].Pacer | Should -BeNullOrEmpty
    }

    It 'says of each line that is not in it where it stands and why, as objects and as warnings' {
        $made = ConvertFrom-ApacheConfiguration $apache/httpd.conf -WarningVariable warnings -WarningAction SilentlyContinue
        $made.NotCarriedOver.Line | Should -Be 4, 6, 2
        $made.NotCarriedOver.Text | Should -Be 'stack-size=524288', 'ErrorLog logs/error.log', 'ServerName shop.example'
        $made.NotCarriedOver[2].File | Should -Be (Join-Path $apache 'sites/shop.conf')
        $made.NotCarriedOver.Reason | Should -Not -Contain ''
        $made.CarriedDifferently.Text | Should -Be 'SetOutputFilter RATE_LIMIT'
        $warnings.Count | Should -Be 4
        "$warnings" | Should -Match 'httpd.conf:6: not carried over: ErrorLog'
    }

    It 'paces as Apache does with -Pacer Interval, and has nothing to remark on it' {
        $made = ConvertFrom-ApacheConfiguration $apache/httpd.conf -Pacer interval -Name shop -WarningAction SilentlyContinue
        $made.Routes[1].Pacer | Should -Be 'interval'
        $made.Name | Should -Be 'shop'
        $made.CarriedDifferently | Should -BeNullOrEmpty
    }

    It 'takes wildcards and files from the pipeline, each a configuration, and lines, all of them one' {
        Copy-Item $apache/httpd.conf $apache/second.conf
        @(ConvertFrom-ApacheConfiguration $apache/*.conf -WarningAction SilentlyContinue).Count | Should -Be 2
        @(Get-Item $apache/httpd.conf, $apache/second.conf | ConvertFrom-ApacheConfiguration -WarningAction SilentlyContinue).Count | Should -Be 2
        $made = 'WSGIDaemonProcess a threads=3', '', 'WSGIScriptAlias / /srv/a.wsgi process-group=a' | ConvertFrom-ApacheConfiguration
        $made.Daemons[0].Threads | Should -Be 3
        Push-Location $apache
        try { (Get-Content httpd.conf | ConvertFrom-ApacheConfiguration -WarningAction SilentlyContinue).Routes.Path | Should -Be '/', '/download' } finally { Pop-Location }
    }

    It 'converts the virtual host that is asked for, and completes its name' {
        (ConvertFrom-ApacheConfiguration $apache/sites/shop.conf -ServerName shop.example -WarningAction SilentlyContinue -ErrorAction SilentlyContinue) | Should -BeNullOrEmpty -Because 'its group is in the other file'
        (ConvertFrom-ApacheConfiguration $apache/httpd.conf -ServerName SHOP.example -WarningAction SilentlyContinue).Routes.Count | Should -Be 2
        $line = "ConvertFrom-ApacheConfiguration '$apache/sites/shop.conf' -ServerName s"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'shop.example'
    }

    It 'makes what can be written and served' {
        $script = Join-Path $OwnDirectory 'app.wsgi'
        Set-Content $script "def application(environ, start_response):`n    start_response('200 OK', [])`n    return [(environ['SCRIPT_NAME'] + '|' + environ['PATH_INFO']).encode()]"
        if (-not (Get-Command python3 -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no python3' }
        $file = Join-Path $OwnDirectory 'shop.yaml'
        $proxy = "WSGIDaemonProcess shop", "WSGIScriptAlias / `"$script`" process-group=shop", '<Location /download>', 'SetOutputFilter RATE_LIMIT', 'SetEnv rate-limit 4000', '</Location>' |
            ConvertFrom-ApacheConfiguration -Name shop -WarningAction SilentlyContinue | Export-DaemonProxyConfiguration $file -PassThru | Start-DaemonProxy
        [Text.Encoding]::UTF8.GetString((Invoke-WebRequest "$($proxy.Uri)download/x").Content) | Should -Be '|/download/x'
        (Get-RateLimit shop /download).Rate | Should -Be 4000KB
    }

    It 'is an error by its id when <What>' -ForEach @(
        @{ What = 'there is no such file'; Id = 'FileNotReadable'; Run = { ConvertFrom-ApacheConfiguration $apache/none.conf -ErrorAction Stop } }
        @{ What = 'no file matches'; Id = 'FileNotFound'; Run = { ConvertFrom-ApacheConfiguration $apache/none*.conf -ErrorAction Stop } }
        @{ What = 'there is no such host'; Id = 'VirtualHostNotFound'; Run = { ConvertFrom-ApacheConfiguration $apache/httpd.conf -ServerName none.example -ErrorAction Stop -WarningAction SilentlyContinue } }
        @{ What = 'nothing can be served'; Id = 'NothingToConvert'; Run = { 'ServerName a' | ConvertFrom-ApacheConfiguration -ErrorAction Stop -WarningAction SilentlyContinue } }
        @{ What = 'it is neither file nor line'; Id = 'NotApacheInput'; Run = { 5 | ConvertFrom-ApacheConfiguration -ErrorAction Stop } }
    ) {
        $Run | Should -Throw -ErrorId "$Id,DaemonProxy.Cmdlets.ConvertFromApacheConfigurationCommand"
    }
}

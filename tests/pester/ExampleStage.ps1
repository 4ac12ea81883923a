# What an example of the help finds when it runs: a folder with the files that examples name, and the front end 'site' running from site.yaml, unless
# the example starts it itself. Whatever else it starts is gone afterwards.

. $PSScriptRoot/StandInServiceManager.ps1

function Initialize-ExampleStage {
    Initialize-StandInServiceManager
    $script:StageFolder = Join-Path $OwnDirectory 'stage'
    $null = New-Item -ItemType Directory $StageFolder
    Set-Content $StageFolder/site.yaml @'
# The shop's front end.
name: site
listen: [ http://127.0.0.1:0 ]
daemons:
  - name: app # the application
    sample: true
  - name: reports
    sample: true
rate-limits: [ { rate-limit: 100MiB/s, rate-scope: total } ]
routes:
  - { path: /, daemon: app }
  - { path: /media, daemon: app, rate-limit: 10MiB/s, rate-scope: route, rate-limits: [ { rate-limit: 1MiB/s, rate-scope: client } ] }
  - { path: /download, daemon: app, strip-prefix: true, rate-limit: 400KiB/s }
  - { path: /reports, daemon: reports }
  - { path: /inproc, application: inproc.wsgi }
'@
    Set-Content $StageFolder/inproc.wsgi @'
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'inproc']
'@
    Set-Content $StageFolder/httpd.conf @'
Listen 127.0.0.1:8080
WSGIRestrictEmbedded On
WSGIDaemonProcess shop processes=2 threads=15 python-home=/srv/shop/venv
WSGIScriptAlias / /srv/shop/app.wsgi process-group=shop
<Location /download>
    SetOutputFilter RATE_LIMIT
    SetEnv rate-limit 400
</Location>
'@
    $script:StageFiles = Get-ChildItem $StageFolder | ForEach-Object { @{ Path = $_.FullName; Text = Get-Content $_ -Raw } }
}

function Invoke-OnExampleStage([string] $Code) {
    Push-Location $StageFolder
    try {
        $running = Get-DaemonProxy
        if ($Code -match 'Start-DaemonProxy site\.yaml(?! -Name)') { $running | Stop-DaemonProxy -Timeout 2 }
        elseif ($running.Name -notcontains 'site') { $null = Start-DaemonProxy site.yaml }
        # In a scope of its own, as in a new console; any error counts, also one that PowerShell would go on after.
        & ([scriptblock]::Create("`$ErrorActionPreference = 'Stop'`n$Code")) 6>$null | Out-String -Width 160
    }
    finally {
        Pop-Location
        Get-DaemonProxy | Where-Object Name -NE 'site' | Stop-DaemonProxy -Timeout 2
        if (-not $IsWindows) { Unregister-DaemonProxyService * -Confirm:$false }
        Get-ChildItem $StageFolder | Remove-Item -Recurse -Force
        foreach ($file in $StageFiles) { Set-Content $file.Path $file.Text -NoNewline }
    }
}

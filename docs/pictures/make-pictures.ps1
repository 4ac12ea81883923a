#!/usr/bin/env pwsh
# Makes the pictures of the README by the product's own commands: the chart that Test-RateLimitAccuracy -ReportPath draws, and the screen of Watch-DaemonProxy.
# Run it after `dotnet build`. The live view needs a terminal, which tmux provides.
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../../module/DaemonProxy.psd1')
$work = Join-Path ([IO.Path]::GetTempPath()) "dpp-$([guid]::NewGuid().ToString('n').Substring(0, 8))"
$null = New-Item -ItemType Directory $work
$before = $env:DAEMONPROXY_RUNTIME_DIR
$env:DAEMONPROXY_RUNTIME_DIR = Join-Path $work 'run'

# A picture has to be readable on any page, whatever its colours, so that it brings its own ground.
function Format-Picture([int] $Width, [int] $Height, [string] $Title, [string] $Style, [string] $Content) {
    @"
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $Width $Height" width="$Width" height="$Height" role="img" aria-label="$Title">
<style>
$Style
</style>
<rect width="100%" height="100%" rx="10" style="fill:var(--card)"/>
$Content
</svg>
"@
}

function Write-ReportPicture {
    $page = Join-Path $work 'report.html'
    Test-RateLimitAccuracy -ReportPath $page | Format-Table | Out-Host
    $html = Get-Content $page -Raw
    $style = [regex]::Match($html, '(?s)<style>\s*(.*?)\s*</style>').Groups[1].Value -split "`n" | Where-Object { $_ -match '^\s*(:root|@media \(prefers|--s0|\.(head|grid|ideal|got|label))' }
    $chart = [regex]::Match($html, '(?s)<div class="wide"><svg viewBox="0 0 (\d+) (\d+)" role="img" aria-label="([^"]*)">(.*?)</svg>')
    $width, $height, $title, $shapes = [int]$chart.Groups[1].Value, [int]$chart.Groups[2].Value, $chart.Groups[3].Value, $chart.Groups[4].Value
    $style += 'text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }'
    # Rules of the page that are more particular than the one above have to follow it.
    $style = @($style[-1]) + $style[0..($style.Count - 2)] | ForEach-Object { $_ -replace '\.label \{', 'text.label {' -replace '\.head \{', 'text.head {' -replace '\.tick, \.unit \{', 'text.tick, text.unit {' }
    Set-Content (Join-Path $PSScriptRoot 'rate-limit-report.svg') (Format-Picture ($width + 40) ($height + 40) $title ($style -join "`n") "<g transform=`"translate(20 20)`">$shapes</g>")
}

function Write-LivePicture {
    $file = Join-Path $work 'shop.yaml'
    Set-Content $file @'
name: shop
listen: http://127.0.0.1:0
daemons:
  - { name: app, sample: on, processes: 2, threads: 8 }
  - { name: media, sample: on }
routes:
  - { path: /, daemon: app }
  - { path: /download, daemon: media, strip-prefix: on, rate-limit: 400KiB/s }
  - { path: /video, daemon: media, strip-prefix: on, rate-limit: 2MiB/s, rate-scope: client }
'@
    $proxy = Start-DaemonProxy $file
    $http = [Net.Http.HttpClient]::new()
    $tmux = { tmux -S "$work/tmux" -f /dev/null @args }
    $columns, $rows = 141, 22
    try {
        $load = Start-ThreadJob -ArgumentList $proxy.Uri {
            param($address)
            $http = [Net.Http.HttpClient]::new()
            while ($true) { foreach ($path in 'bytes?n=20000', 'drip?count=2&every-ms=40', 'echo') { $null = $http.GetByteArrayAsync("$address$path").Result } }
        }
        foreach ($path in 'download/bytes?n=90000000', 'video/stream?n=90000000&stall-ms=2', 'video/bytes?n=90000000', 'drip?count=2000&every-ms=20') {
            $response = $http.GetAsync("$($proxy.Uri)$path", 'ResponseHeadersRead').Result
            $null = $response.Content.ReadAsStream().CopyToAsync([IO.Stream]::Null)
            Start-Sleep -Milliseconds 700
        }
        & $tmux new-session -d -s live -x $columns -y $rows pwsh -NoProfile -NoLogo -Command "Import-Module '$((Get-Module DaemonProxy).Path -replace 'bin.*')/DaemonProxy.psd1'; Watch-DaemonProxy shop"
        for ($try = 0; $try -lt 100; $try++) {
            Start-Sleep -Milliseconds 200
            $screen = & $tmux capture-pane -p -t live
            if (($screen -join "`n") -match '(?s)up (\d+\.\d s).*GET /drip' -and $try -gt 25) { break }
        }
    }
    finally {
        & $tmux kill-server
        $load | Stop-Job -PassThru | Remove-Job -Force
        $http.Dispose()
        $proxy | Stop-DaemonProxy -Timeout 1
    }
    while ($screen[-1] -notmatch '\S') { $screen = $screen[0..($screen.Count - 2)] }
    $style = ':root { --ink: #17202a; --soft: #566270; --card: #f7f9fb }', '@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa7b5; --card: #161e27 } }',
        'text { font: 12.5px ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; fill: var(--ink); white-space: pre }', '.names { fill: var(--soft) }'
    $row = 0
    $lines = foreach ($line in $screen) {
        $row++
        if ($line -notmatch '\S') { continue }
        # Names of columns are the lines in capitals.
        $class = $line -cmatch '^[A-Z]{4,} ' ? ' class="names"' : ''
        "<text x=`"16`" y=`"$($row * 18 + 10)`" xml:space=`"preserve`"$class textLength=`"$([math]::Round($line.TrimEnd().Length * 7.525, 1))`">$([Net.WebUtility]::HtmlEncode($line.TrimEnd()))</text>"
    }
    $title = 'The screen of Watch-DaemonProxy: daemon groups, routes and the responses in flight, with their rates'
    $screen | Out-Host
    Set-Content (Join-Path $PSScriptRoot 'live-view.svg') (Format-Picture ([math]::Ceiling($columns * 7.525 + 32)) ($row * 18 + 26) $title ($style -join "`n") ($lines -join "`n"))
}

try {
    Write-ReportPicture
    Write-LivePicture
}
finally {
    $env:DAEMONPROXY_RUNTIME_DIR = $before
    Remove-Item $work -Recurse -Force
}

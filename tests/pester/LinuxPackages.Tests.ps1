# The .deb, the .tar.gz and the Containerfile, as people use them, with the native host of a package that was built first (see Package.Tests.ps1). What is in them:
# tests/unit/Packaging.
BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    . $PSScriptRoot/PowerShellAlone.ps1
    $script:root = (Resolve-Path $PSScriptRoot/../..).Path
    $script:version = (Import-PowerShellDataFile $root/module/DaemonProxy.psd1).ModuleVersion
    $script:obstacle = if (-not $env:DAEMONPROXY_PACKAGE_LOG) { 'DAEMONPROXY_PACKAGE_LOG does not name the log of a package that was built' }
    elseif (-not (Test-Path $root/artifacts/daemonproxy-$version-linux-x64.tar.gz)) { 'there is no package for linux-x64' }
    else { Get-RootObstacle }

    # What a script of sh prints in a mount, process and network namespace of its own, whose loopback is up: any port is free, and nothing outlives it.
    function Invoke-Isolated([string] $Script, [string[]] $Argument) {
        $script:output = unshare --mount --pid --net --fork --kill-child sh -c "ip link set lo up; mount -t proc proc /proc`n$Script" sh @Argument 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 0 -Because ($output -join "`n")
        $output
    }

    # Waits until a command of sh succeeds, for 20 s.
    $script:wait = 'await() { for i in $(seq 100); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 0.2; done; echo "waited in vain for $*"; return 1; }'
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'The Debian package' {
    BeforeEach {
        if ($obstacle) { Set-ItResult -Skipped -Because $obstacle }
        elseif (-not (Test-Path $root/artifacts/daemonproxy_$version-1_amd64.deb)) { Set-ItResult -Skipped -Because 'there was no dpkg-deb to make it with' }
    }

    It 'is installed, serves by its unit''s command line as its own user, and is removed without a trace' {
        # dpkg itself, on this machine's system as seen through an overlay that is thrown away.
        $result = Invoke-Isolated -Argument $OwnDirectory, "$root/artifacts/daemonproxy_$version-1_amd64.deb" @"
            $wait
            mkdir "`$1/overlay" && mount -t tmpfs none "`$1/overlay" && cd "`$1/overlay" && mkdir upper work system
            mount -t overlay overlay -o lowerdir=/,upperdir=`$PWD/upper,workdir=`$PWD/work system || { echo 'no overlay'; exit 0; }
            cp "`$2" system/tmp/daemonproxy.deb
            mount -t proc proc system/proc && mount --bind /dev system/dev && mount -t tmpfs none system/run
            cat >system/tmp/use <<'SCRIPT'
            $wait
            set -e
            export DEBIAN_FRONTEND=noninteractive
            unset DAEMONPROXY_RUNTIME_DIR
            dpkg -i /tmp/daemonproxy.deb >/tmp/dpkg.out 2>&1 || { cat /tmp/dpkg.out; exit 1; }
            daemonproxy --version
            getent passwd daemonproxy | cut -d : -f 6,7
            man -w daemonproxy
            bash -c '. /usr/share/bash-completion/completions/daemonproxy; complete -p daemonproxy'
            daemonproxy check /etc/daemonproxy/sample.yaml | head -n 1
            ! command -v systemd-analyze >/dev/null || systemd-analyze verify --man=no --recursive-errors=no daemonproxy@sample.service 2>&1
            # What systemd does with the unit.
            unit=/usr/lib/systemd/system/daemonproxy@.service
            install -d -o daemonproxy -g daemonproxy -m 700 /run/`$(sed -n s/^RuntimeDirectory=//p `$unit)
            start=`$(sed -n s/^ExecStart=//p `$unit | sed s/%i/sample/g)
            as='setpriv --reuid daemonproxy --regid daemonproxy --clear-groups env -i PATH=/usr/bin:/bin'
            cd /etc/daemonproxy
            `$as `$start >/tmp/serve.out 2>&1 &
            serving=`$!
            await curl -sf http://127.0.0.1:8080/ || { cat /tmp/serve.out; exit 1; }
            curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/
            `$as daemonproxy status sample >/dev/null && echo healthy
            `$as `$(sed -n s/^ExecReload=//p `$unit | sed s/%i/sample/g)
            kill `$serving && wait `$serving
            echo "ended with `$?"
            `$as daemonproxy status sample >/dev/null 2>&1 || echo "status ends with `$?"
            dpkg -r daemonproxy >/tmp/dpkg.out 2>&1 || { cat /tmp/dpkg.out; exit 1; }
            ls /etc/daemonproxy
            dpkg -P daemonproxy >/tmp/dpkg.out 2>&1 || { cat /tmp/dpkg.out; exit 1; }
            find /etc /run /usr /var -xdev -name '*daemonproxy*' -newer /tmp/use -not -path '/var/tmp/*' | sort
SCRIPT
            exec chroot system sh /tmp/use
"@
        if ($result[0] -eq 'no overlay') { Set-ItResult -Skipped -Because 'an overlay cannot be mounted here' }
        $result | Should -Be @(
            ($result[0] | Where-Object { $_ -match "^daemonproxy $([regex]::Escape($version)) \(native, linux-x64" })
            '/nonexistent:/usr/sbin/nologin'
            '/usr/share/man/man1/daemonproxy.1.gz'
            'complete -o bashdefault -o default -F _daemonproxy daemonproxy'
            "'sample' would listen on http://127.0.0.1:8080"
            '200'
            'healthy'
            "'sample' serves with new daemons"
            'ended with 0'
            'status ends with 1'
            'sample.yaml'
        ) -Because ($result -join "`n")
    }
}

Describe 'The archive' {
    BeforeEach { if ($obstacle) { Set-ItResult -Skipped -Because $obstacle } }

    It 'has a host that serves where it is unpacked' {
        tar -C $OwnDirectory -xzf $root/artifacts/daemonproxy-$version-linux-x64.tar.gz
        $unpacked = "$OwnDirectory/daemonproxy-$version-linux-x64"
        & $unpacked/bin/daemonproxy serve --name unpacked --detach | Should -Match "^'unpacked' serves http://127"
        (Invoke-WebRequest (Get-DaemonProxy unpacked).Uri).StatusCode | Should -Be 200
        & $unpacked/bin/daemonproxy stop unpacked
        man -l $unpacked/share/man/man1/daemonproxy.1.gz | Select-Object -First 1 | Should -Match 'DAEMONPROXY\(1\)'
    }
}

Describe 'The Containerfile' {
    BeforeEach { if ($obstacle) { Set-ItResult -Skipped -Because $obstacle } }

    It 'makes a container that serves, is healthy, runs as nobody in particular, and ends when it is asked to' {
        # A test has no registry's image. In its place: a root with the C library and nothing else, less than any image has, and its steps by hand.
        $lines = (Get-Content $root/Containerfile -Raw) -replace '\\\r?\n', ' ' -split '\r?\n' | Where-Object { $_ -match '^[A-Z]' }
        $variables = @{}
        foreach ($line in $lines -match '^ARG ') { $name, $value = ($line -replace '^ARG ').Split('=', 2); $variables[$name] = $value }
        $image = New-Item -ItemType Directory $OwnDirectory/image
        $null = New-Item -ItemType Directory $image/tmp, $image/proc, $image/dev, $image/etc
        chmod 1777 $image/tmp
        foreach ($copy in $lines -match '^COPY ') {
            $words = @(($copy -replace '\$\{(\w+)\}', { $variables[$_.Groups[1].Value] }).Split(' ') | Select-Object -Skip 1)
            $mode = if ($words[0] -match '^--chmod=(.*)') { $matches[1]; $words = $words[1..9] }
            $target = "$image$($words[-1])"
            if ($target.EndsWith('/')) { $null = New-Item -ItemType Directory $target -Force } else { $null = New-Item -ItemType Directory (Split-Path $target) -Force }
            foreach ($source in $words[0..($words.Count - 2)]) { Copy-Item $root/$source $target }
            if ($mode) { chmod $mode $target }
        }
        foreach ($library in (ldd $image/usr/bin/daemonproxy | Select-String '/\S+').Matches.Value) {
            $null = New-Item -ItemType Directory (Split-Path "$image$library") -Force
            Copy-Item (Get-Item $library).ResolvedTarget "$image$library"
        }
        $user = ($lines -match '^USER ') -replace '^USER '
        $environment = ($lines -match '^ENV ') -replace '^ENV '
        $entry = ($lines -match '^ENTRYPOINT ') -replace '^ENTRYPOINT ' | ConvertFrom-Json
        $default = ($lines -match '^CMD ') -replace '^CMD ' | ConvertFrom-Json
        $health = ($lines -match '^HEALTHCHECK ') -replace '^HEALTHCHECK .* CMD ' | ConvertFrom-Json
        $user | Should -Not -Match '^(0|root)\b'

        $result = Invoke-Isolated -Argument (@($image.FullName, $user, $environment, "$health") + $entry + $default) @"
            $wait
            image=`$1 user=`$2 environment=`$3 health=`$4
            shift 4
            cd /
            chroot=`$(command -v chroot)
            enter="env -i `$environment `$chroot --userspec=`$user `$image"
            # In a process namespace of its own, in which the front end is the first process, as in every container.
            unshare --mount --pid --fork --kill-child sh -c 'image=`$1; shift; mount -t proc proc "`$image/proc" && mount --bind /dev "`$image/dev" && exec "`$@"' sh "`$image" `$enter "`$@" >"`$image/tmp/out" 2>&1 &
            container=`$!
            children=/proc/`$container/task/`$container/children
            await grep -q . `$children || exit 1
            front=`$(tr -d ' ' <`$children)
            inside="nsenter --target `$front --mount --pid"
            await `$inside `$enter `$health || { cat "`$image/tmp/out"; `$inside `$enter `$health; exit 1; }
            curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/
            sed -n 's/^Uid:\t\([0-9]*\).*/user \1/p' /proc/`$front/status
            sed -n 's/^CapEff:\t/capabilities /p' /proc/`$front/status
            `$inside `$enter `${health}x >/dev/null 2>&1 || echo "unhealthy: `$?"
            kill -TERM `$front
            wait `$container
            echo "ended with `$?"
"@
        $result | Should -Be '200', "user $($user.Split(':')[0])", 'capabilities 0000000000000000', 'unhealthy: 1', 'ended with 0'
    }
}

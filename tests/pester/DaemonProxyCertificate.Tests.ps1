BeforeAll {
    . $PSScriptRoot/OwnRuntimeDirectory.ps1
    $script:pem = Join-Path $OwnDirectory 'site.pem'
    $script:key = Join-Path $OwnDirectory 'site.key'
    $script:made = New-DaemonProxyCertificate $pem site.example, *.site.example, 192.0.2.1 -ValidDays 40
    $script:proxy = Start-DaemonProxy (New-ConfigurationFile 'site.yaml' @'
name: site
listen: https://127.0.0.1:0
tls: { certificate: site.pem, key: site.key }
'@)
    Start-DaemonProxy -Name plain | Out-Null
}
AfterAll { Remove-OwnRuntimeDirectory }

Describe 'New-DaemonProxyCertificate' {
    It 'makes a pair that clients accept for its names and for this machine, once they trust it' {
        $authority = [Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPemFile($pem, $key)
        $made.Names | Should -Be 'site.example', '*.site.example', 'localhost', '192.0.2.1', '127.0.0.1', '::1'
        $made.Subject | Should -Be 'CN=site.example'
        $made.IsSelfSigned | Should -BeTrue
        foreach ($name in 'site.example', 'www.site.example', 'localhost', '127.0.0.1', '::1', '192.0.2.1') { $authority.MatchesHostname($name) | Should -BeTrue -Because $name }
        $authority.MatchesHostname('other.example') | Should -BeFalse
        if (Get-Command curl -CommandType Application -ErrorAction Ignore) {
            curl --silent --fail --max-time 10 --cacert $pem "https://localhost:$($proxy.Uri.Port)/" | Should -Not -BeNullOrEmpty
        }
    }

    It 'lets only the owner read the key' -Skip:$IsWindows {
        [int] [IO.File]::GetUnixFileMode($key) | Should -Be 384
        $open = Join-Path $OwnDirectory 'open.key'
        $null = New-Item $open
        [IO.File]::SetUnixFileMode($open, 511)
        $null = New-DaemonProxyCertificate (Join-Path $OwnDirectory 'open.pem') -Force
        [int] [IO.File]::GetUnixFileMode($open) | Should -Be 384
    }

    It 'replaces files only with -Force, and writes nothing with -WhatIf' {
        $before = Get-FileHash $pem
        { New-DaemonProxyCertificate $pem -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*' -ExpectedMessage '*-Force replaces it'
        New-DaemonProxyCertificate $pem -Force -WhatIf
        (Get-FileHash $pem).Hash | Should -Be $before.Hash
        New-DaemonProxyCertificate (Join-Path $OwnDirectory 'not.pem') -WhatIf
        Join-Path $OwnDirectory 'not.pem' | Should -Not -Exist
    }

    It 'says what is wrong with <Arguments>' -ForEach @(
        @{ Arguments = @{ Path = 'site.key' }; Id = 'SameFile' }
        @{ Arguments = @{ Path = 'no/such/folder.pem' }; Id = 'CertificateNotWritten' }
        @{ Arguments = @{ Path = 'name.pem'; DnsName = 'no name' }; Id = 'InvalidName' }
    ) {
        Push-Location $OwnDirectory
        try { { New-DaemonProxyCertificate @Arguments -ErrorAction Stop } | Should -Throw -ErrorId "$Id,*" }
        finally { Pop-Location }
    }

    It 'makes no host name of a file, and no file of a host name: <Arguments>' -ForEach @(
        foreach ($extension in 'pem', 'key', 'KEY', 'crt', 'cer', 'pfx', 'p12') {
            @{ Arguments = 'other.pem', "other.$extension"; Message = "'other.$extension' looks like a file, and host names come here; name the key's file with -KeyPath*" }
        }
        @{ Arguments = 'other.pem', 'keys/other'; Message = "'keys/other' looks like a file, *" }
        @{ Arguments = 'other.pem', 'keys\other'; Message = "'keys\other' looks like a file, *" }
        @{ Arguments = 'other.pem', 'other.key', 'other.example'; Message = "'other.key' looks like a file, *" }
        @{ Arguments = 'other.pem', 'other.example', 'other.key'; Message = "'other.key' looks like a file, *" }
        @{ Arguments = , 'other.example'; Message = "'other.example' is a host name or an address, *; write for example New-DaemonProxyCertificate site.pem other.example, or ./other.example *" }
        @{ Arguments = , '192.0.2.1'; Message = "'192.0.2.1' is a host name or an address, *" }
        @{ Arguments = , 'localhost'; Message = "'localhost' is a host name or an address, *" }
        @{ Arguments = 'other.example', '*.other.example'; Message = "'other.example' is a host name or an address, *" }
        @{ Arguments = 'other.pem', 'https://other.example'; Message = "'https://other.example' is a URI, *" }
        @{ Arguments = 'other.pem', '-KeyFile', 'x.key'; Message = 'there is no parameter -KeyFile; *' }
        @{ Arguments = , 'other.pfx'; Message = "the extension of 'other.pfx' is for another format, *; write for example other.pem" }
    ) {
        Push-Location $OwnDirectory
        try { { New-DaemonProxyCertificate @Arguments -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidName,*' -ExpectedMessage $Message }
        finally { Pop-Location }
        Join-Path $OwnDirectory 'other*' | Should -Not -Exist
    }

    It 'takes names with commas or spaces between them, and files of any extension that names hold' {
        Push-Location $OwnDirectory
        try {
            (New-DaemonProxyCertificate many.pem a.example b.example 192.0.2.7).Names | Should -Be 'a.example', 'b.example', 'localhost', '192.0.2.7', '127.0.0.1', '::1'
            (New-DaemonProxyCertificate many.pem a.example, b.example -Force).Names | Should -Be 'a.example', 'b.example', 'localhost', '127.0.0.1', '::1'
            (New-DaemonProxyCertificate -Force -DnsName a.example, b.example -Path many.pem).Names | Should -Be 'a.example', 'b.example', 'localhost', '127.0.0.1', '::1'
            (New-DaemonProxyCertificate many.pem -KeyPath separate.pem a.example -Force).Key | Should -Be (Join-Path $OwnDirectory 'separate.pem')
            (New-DaemonProxyCertificate plain).Key | Should -Be (Join-Path $OwnDirectory 'plain.key')
        }
        finally { Pop-Location }
    }
}

Describe 'Get-DaemonProxyCertificate' {
    It 'shows the certificate in use, with the days left' {
        $certificate = Get-DaemonProxyCertificate site
        $certificate.Name | Should -Be 'site'
        $certificate.DaysLeft | Should -Be 39
        $certificate.File | Should -Be $pem
        $certificate.Key | Should -Be $key
        $certificate.NotAfter | Should -Be $made.NotAfter
        $certificate.Names | Should -Be $made.Names
        $certificate.InUseSince | Should -BeGreaterThan (Get-Date).AddMinutes(-5)
        (Get-DaemonProxy site).Certificate.DaysLeft | Should -Be 39
    }

    It 'leaves out front ends without one' {
        Get-DaemonProxyCertificate | Should -HaveCount 1
        Get-DaemonProxyCertificate plain | Should -BeNullOrEmpty
        { Get-DaemonProxyCertificate other -ErrorAction Stop } | Should -Throw -ErrorId 'InstanceNotFound,*'
    }

    It 'shows a renewed one' {
        $before = (Get-DaemonProxyCertificate site).InUseSince
        $null = New-DaemonProxyCertificate $pem renewed.example -ValidDays 80 -Force
        Restart-DaemonProxy site
        $renewed = Get-DaemonProxy site | Get-DaemonProxyCertificate
        $renewed.Subject | Should -Be 'CN=renewed.example'
        $renewed.DaysLeft | Should -Be 79
        $renewed.InUseSince | Should -BeGreaterThan $before
        Restart-DaemonProxy site
        (Get-DaemonProxyCertificate site).InUseSince | Should -Be $renewed.InUseSince
    }

    It 'fits 80 columns' {
        $lines = (Get-DaemonProxyCertificate site | Out-String -Width 80) -split "`n"
        $lines.Where{ $_ -match '^site +79 \d{4}-\d\d-\d\d renewed\.example, localhost' } | Should -HaveCount 1
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        Get-DaemonProxyCertificate site | Format-List | Out-String | Should -Match '(?s)DaysLeft +: 79.*Issuer +: \(itself\).*InUseSince'
    }

    It 'is in the status of the command line' {
        $program = if ($IsWindows) { 'daemonproxy.exe' } else { 'daemonproxy' }
        $hostProgram = Join-Path $PSScriptRoot '../../module/bin/host' $program
        $status = & $hostProgram status site
        $status -match '^certificate: .*site\.pem, 79 days left, for renewed\.example, localhost' | Should -HaveCount 1
        (& $hostProgram status site --json | ConvertFrom-Json).certificate.daysLeft | Should -Be 79
    }
}

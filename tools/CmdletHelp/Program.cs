using System.Text;
using DaemonProxy.CmdletHelp;

// CmdletHelp ASSEMBLY PAGES HELP MANIFEST [--check]: reads the cmdlets from ASSEMBLY and the pages in the folder PAGES, brings the pages'
// made sections
// up to date, and writes the file HELP, with links to the pages where MANIFEST says that the project lives. With --check it changes no
// page.
if (args is not [var assembly, var pageFolder, var helpFile, var manifest, ..])
{
    Console.Error.WriteLine("CmdletHelp: say which assembly, which folder of pages, which help file and which manifest, in this order");
    return 1;
}

try
{
    var check = args.Contains("--check");
    var comments = DocComments.Beside(assembly);
    var pages = new List<CommandPage>();
    var missing = false;
    foreach (var command in CommandShape.In(assembly, comments))
    {
        var file = Path.Combine(pageFolder, command.Name + ".md");
        if (!File.Exists(file))
        {
            // While a cmdlet is being written this is no reason to stop a build; on a build server it is, also where there is no PowerShell
            // to run the tests.
            Console.WriteLine(
                $"CmdletHelp : {(check ? "error" : "warning")} HELP0002: {command.Name} has no page {file}; write one like those beside "
                + "it");
            missing = true;
            continue;
        }
        var page = CommandPage.Read(file, command);
        if (!check)
            page.BringUpToDate();
        pages.Add(page);
    }

    var help = MamlHelp.Of(pages, OnlinePages.In(manifest));
    if (!File.Exists(helpFile) || File.ReadAllText(helpFile) != help)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(helpFile))!);
        File.WriteAllText(helpFile, help, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }
    return missing && check ? 1 : 0;
}
catch (HelpException mistake)
{
    // In the form that MSBuild shows as an error of the build.
    Console.Error.WriteLine($"{mistake.Place}: error HELP0001: {mistake.Message}");
    return 1;
}

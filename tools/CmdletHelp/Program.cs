using System.Text;
using DaemonProxy.CmdletHelp;

// CmdletHelp ASSEMBLY PAGES HELP [--check]: reads the cmdlets from ASSEMBLY and the pages in the folder PAGES, brings the pages' made sections
// up to date, and writes the file HELP. With --check it changes no page.
if (args is not [var assembly, var pageFolder, var helpFile, ..])
{
    Console.Error.WriteLine("CmdletHelp: say which assembly, which folder of pages and which help file, in this order");
    return 1;
}

try
{
    var check = args.Contains("--check");
    var comments = DocComments.Beside(assembly);
    var pages = new List<CommandPage>();
    foreach (var command in CommandShape.In(assembly, comments))
    {
        var file = Path.Combine(pageFolder, command.Name + ".md");
        if (!File.Exists(file))
        {
            // No reason to stop a build: until it is written, Get-Help shows what PowerShell knows by itself, and the tests ask for the page.
            Console.WriteLine($"{command.Name} has no page in {pageFolder}");
            continue;
        }
        var page = CommandPage.Read(file, command);
        if (!check)
            page.BringUpToDate();
        pages.Add(page);
    }

    var help = MamlHelp.Of(pages);
    if (!File.Exists(helpFile) || File.ReadAllText(helpFile) != help)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(helpFile))!);
        File.WriteAllText(helpFile, help, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }
    return 0;
}
catch (HelpException mistake)
{
    // In the form that MSBuild shows as an error of the build.
    Console.Error.WriteLine($"{mistake.Place}: error HELP0001: {mistake.Message}");
    return 1;
}

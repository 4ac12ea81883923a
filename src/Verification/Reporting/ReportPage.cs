using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Reporting;

/// <summary>What all reports have in common: one self-contained page, light or dark as the reader prefers.</summary>
internal static class ReportPage
{
    private const string TitlePlace = "TITLE";

    private const string Everything =
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>TITLE</title>
        <style>
        :root { --ink: #17202a; --soft: #566270; --line: #dfe4ea; --paper: #fff; --card: #f7f9fb; --got: #0b62c4; --bar: #6ea8e6; --inbar: #0a2540; --needle: #7a8794; --ideal: #c2571a; --good: #1a7f4b; --bad: #c0322b;
          --s0: #0b62c4; --s1: #00767d; --s2: #1a7f4b; --s3: #8a3fb0; --s4: #9a7400; --s5: #c0326f }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa7b5; --line: #2b3541; --paper: #10161d; --card: #161e27; --got: #6cb2ff; --bar: #2f6db0; --inbar: #eaf3ff; --needle: #8896a5; --ideal: #f2a065; --good: #58cf93; --bad: #ff8078;
          --s0: #6cb2ff; --s1: #4fd0d8; --s2: #58cf93; --s3: #cf97f0; --s4: #e3c25a; --s5: #f58bb5 } }
        * { box-sizing: border-box }
        body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper) }
        main { max-width: 1400px; margin: 0 auto; padding: 2.2rem clamp(1rem, 3vw, 2.5rem) 3rem }
        h1 { font-size: 1.65rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em }
        h2 { font-size: 1.12rem; line-height: 1.35; margin: 0; overflow-wrap: anywhere }
        p { margin: .2rem 0; color: var(--soft) }
        section { margin-top: 1.6rem; padding: 1.3rem clamp(.9rem, 2vw, 1.6rem); background: var(--card); border: 1px solid var(--line); border-radius: 12px }
        .figures { display: flex; flex-wrap: wrap; gap: .5rem 2.2rem; margin: .9rem 0 1.1rem; padding: 0; list-style: none }
        .figures span { display: block; font-size: .8rem; color: var(--soft) }
        .figures b { font-size: 1.16rem; font-weight: 600; font-variant-numeric: tabular-nums }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 1.2rem 1.8rem }
        .charts > svg:only-child { max-width: 560px }
        svg { display: block; width: 100%; height: auto; overflow: visible; font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }
        .narrow { display: none } @media (max-width: 800px) { .wide { display: none } .narrow { display: block } }
        .head { font-size: 13px; font-weight: 600 } .tick, .unit { fill: var(--soft); font-size: 11.5px; font-variant-numeric: tabular-nums }
        .grid { stroke: var(--line) } .axis { stroke: var(--soft) }
        .ideal { fill: none; stroke: var(--ideal); stroke-width: 1.5; stroke-dasharray: 5 4 } .idealtext { fill: var(--ideal) }
        .got { fill: none; stroke: var(--got); stroke-width: 2; stroke-linejoin: round } .gottext { fill: var(--got) }
        .bar { fill: var(--bar) } .needle { fill: var(--needle) } .inbar { fill: var(--inbar); font-size: 11px } .label { font-size: 11.5px }
        .scroll { overflow-x: auto; margin-top: 1.1rem }
        table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; min-width: 100% }
        th { font-weight: 600; font-size: .8rem; color: var(--soft); text-align: right; vertical-align: bottom } th, td { padding: .42rem .5rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
        th:first-child, td:first-child { text-align: left; padding-left: 0 } td.name { white-space: normal; overflow-wrap: anywhere; min-width: 10rem }
        @media (max-width: 800px) {
          .cards, .cards tbody, .cards tr, .cards td { display: block } .cards thead { display: none }
          .cards tr { padding: .6rem 0; border-bottom: 1px solid var(--line) }
          .cards td { display: flex; justify-content: space-between; gap: 1rem; padding: .12rem 0; border: 0; min-width: 0 }
          .cards td::before { content: attr(data-label); font-size: .8rem; color: var(--soft); font-weight: 400 }
          .cards td.name { padding-bottom: .3rem; font-weight: 600 } .cards td.name::before { content: none }
          .cards td.none { display: none }
        }
        .good { color: var(--good); font-weight: 600 } .bad { color: var(--bad); font-weight: 600 }
        td.name div { position: relative; padding-left: 1.35em } .key { position: absolute; left: 0; top: .35em; width: .8em; height: .8em; border-radius: 3px }
        details { margin-top: 1rem } summary { cursor: pointer; color: var(--soft); font-size: .9rem }
        @media print { section { break-inside: avoid } }
        </style>
        </head>
        <body><main>

        """;

    /// <summary>The page up to its first heading.</summary>
    /// <param name="title">Its title, without markup.</param>
    public static string Head(string title) => Everything.Replace(TitlePlace, title, StringComparison.Ordinal);

    /// <summary>Writes a page.</summary>
    /// <param name="path">Full path of the file; an existing one is replaced.</param>
    /// <param name="html">The page.</param>
    /// <exception cref="VerificationException">It cannot be written.</exception>
    public static void Write(string path, string html)
    {
        try
        {
            File.WriteAllText(path, html);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new VerificationException($"The report cannot be written to '{path}': {e.Message}");
        }
    }
}

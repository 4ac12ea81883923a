using CsCheck;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Makes inputs out of seeds: one of them with up to eight edits, each of the kind that finds faults in parsers (cuts, doublings, spliced
/// halves, words of the format in the wrong place, bytes that end a line for one reader and not for another). Every input follows from
/// CsCheck's seed, so a failure can be had again.
/// </summary>
internal static class MutatedInput
{
    /// <summary>Longer inputs are cut off: what takes long to read is seldom what is read wrongly.</summary>
    public const int Longest = 8192;

    private static readonly byte[] Telling =
        [.. "\r\n\t\0 :;,\"'%/.\\#?{}[]()&*!|>@=-+_09aZ\x7f"u8, 0x85, 0xa0, 0xc2, 0xe2, 0xff];

    private readonly record struct Edit(int Kind, uint Where, uint HowMuch, uint What);

    public static Gen<byte[]> From(FuzzSeeds seeds)
    {
        var edit = Gen.Select(
            Gen.Int[0, 10], Gen.UInt, Gen.UInt, Gen.UInt, (kind, where, howMuch, what) => new Edit(kind, where, howMuch, what));
        return Gen.Select(Gen.Int[0, seeds.Seeds.Count - 1], edit.Array[0, 8], (seed, edits) => Apply(seeds, seed, edits));
    }

    private static byte[] Apply(FuzzSeeds seeds, int seed, Edit[] edits)
    {
        var bytes = new List<byte>(seeds.Seeds[seed]);
        foreach (var edit in edits) Apply(bytes, edit, seeds);
        if (bytes.Count > Longest) bytes.RemoveRange(Longest, bytes.Count - Longest);
        return [.. bytes];
    }

    private static void Apply(List<byte> bytes, Edit edit, FuzzSeeds seeds)
    {
        var at = (int)(edit.Where % (uint)(bytes.Count + 1));
        // Mostly a few bytes, now and then many.
        var length = Math.Min(bytes.Count - at, (int)(edit.HowMuch % (edit.HowMuch % 7 == 0 ? 200u : 8u)) + 1);
        var word = seeds.Dictionary[(int)(edit.What % (uint)seeds.Dictionary.Count)];
        var telling = Telling[edit.What % (uint)Telling.Length];
        switch (edit.Kind)
        {
            case 0 when at < bytes.Count: bytes[at] = (byte)edit.What; break;
            case 1 when at < bytes.Count: bytes[at] = telling; break;
            case 2: bytes.RemoveRange(at, length); break;
            case 3: bytes.InsertRange((int)(edit.What % (uint)(bytes.Count + 1)), bytes.GetRange(at, length)); break;
            case 4: bytes.InsertRange(at, word); break;
            case 5:
                bytes.RemoveRange(at, length);
                bytes.InsertRange(at, word);
                break;
            case 6: bytes.Insert(at, telling); break;
            case 7:
                var other = seeds.Seeds[(int)(edit.What % (uint)seeds.Seeds.Count)];
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.AsSpan((int)(edit.HowMuch % (uint)(other.Length + 1))));
                break;
            case 8: bytes.InsertRange(at, Enumerable.Repeat(telling, (int)(edit.HowMuch % 300))); break;
            case 9:
                for (var i = at; i < at + length; i++)
                    if (char.IsAsciiLetter((char)bytes[i])) bytes[i] ^= 0x20;
                break;
            case 10: bytes.RemoveRange(at, bytes.Count - at); break;
        }
    }
}

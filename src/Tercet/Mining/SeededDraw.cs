namespace Tercet.Mining;

/// <summary>Random numbers that depend on a seed and a pair of rows alone, so that no draw depends on the order in which pairs are visited.</summary>
internal static class SeededDraw
{
    /// <summary>64 uniform bits for one anchor-positive pair (SplitMix64's finaliser, applied to each part in turn).</summary>
    public static ulong Bits(ulong seed, int anchor, int positive) =>
        Mix(Mix(Mix(seed + 0x9E3779B97F4A7C15) ^ (uint)anchor) + 0x9E3779B97F4A7C15 ^ (uint)positive);

    /// <summary>A uniform integer in [0, <paramref name="count"/>).</summary>
    public static int Index(ulong bits, int count) => (int)(((UInt128)bits * (uint)count) >> 64);

    /// <summary>A uniform number in [0, 1).</summary>
    public static double Unit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>
/// How ascending thresholds lie in the tables that <see cref="IBlockFold.Rank"/> searches: 63 of them in each, as four vectors of 16; what no threshold takes is the largest float. The first vector
/// holds every fourth threshold from the fourth, the others those that stand one, two and three before them.
/// </summary>
internal static class RankTable
{
    /// <summary>Floats of one table.</summary>
    public const int Length = 64;

    private const int Thresholds = Length - 1;

    /// <summary>Floats of all tables.</summary>
    public static int LengthFor(int thresholds) => Math.Max(1, (thresholds + Thresholds - 1) / Thresholds) * Length;

    /// <summary>Where the threshold of a rank stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PlaceOf(int rank)
    {
        uint table = (uint)rank / Thresholds, place = (uint)rank % Thresholds;
        return (int)((table * Length) + (16 * (3 - (place % 4))) + (place / 4));
    }
}

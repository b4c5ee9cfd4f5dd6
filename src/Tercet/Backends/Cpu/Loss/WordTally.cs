using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Tallies a row of counts below 64, a byte each. The bits of 64 counts are taken apart into six masks; of the lower three follow eight masks, one for each value of
/// them, and of the upper three as many: what two of them have in common are the keys of one count. AVX-512.
/// </summary>
// SAFETY: a row has RowLength bytes; an anchor's tallies as many integers as Tallies.LengthFor says, which whole groups of eight do not exceed.
internal static unsafe class WordTally
{
    /// <summary>Counts of a row.</summary>
    public const int RowLength = 192;

    /// <summary>Adds a row to an anchor's tallies; what it adds for counts of 0 means nothing.</summary>
    /// <param name="row">The counts.</param>
    /// <param name="largest">The largest there may be, below 64.</param>
    /// <param name="tallies">The anchor's tallies.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(byte* row, int largest, int* tallies)
    {
        Vector512<byte> a = Vector512.Load(row), b = Vector512.Load(row + 64), c = Vector512.Load(row + 128);
        if ((a | b | c) == Vector512<byte>.Zero)
            return;
        ulong* upper = stackalloc ulong[3 * 8];
        Vector512<ulong> lowerA = Split(a, upper), lowerB = Split(b, upper + 8), lowerC = Split(c, upper + 16);
        for (int group = 0; group <= largest / 8; group++)
        {
            Vector512<byte> bits = BitsOfBytes(lowerA & Vector512.Create(upper[group]))
                + BitsOfBytes(lowerB & Vector512.Create(upper[8 + group]))
                + BitsOfBytes(lowerC & Vector512.Create(upper[16 + group]));
            Vector256<int> sums = Avx512F.ConvertToVector256Int32(Avx512BW.SumAbsoluteDifferences(bits, Vector512<byte>.Zero).AsInt64());
            (Vector256.Load(tallies + (8 * group)) + sums).Store(tallies + (8 * group));
        }
    }

    // Which counts end in each value of three bits; those that begin with each are stored.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Split(Vector512<byte> counts, ulong* upper)
    {
        OfEachValue(counts, 3).Store(upper);
        return OfEachValue(counts, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> OfEachValue(Vector512<byte> counts, int bit) =>
        (MaskOf(counts, bit) ^ Vector512.Create(~0UL, 0, ~0UL, 0, ~0UL, 0, ~0UL, 0))
        & (MaskOf(counts, bit + 1) ^ Vector512.Create(~0UL, ~0UL, 0, 0, ~0UL, ~0UL, 0, 0))
        & (MaskOf(counts, bit + 2) ^ Vector512.Create(~0UL, ~0UL, ~0UL, ~0UL, 0, 0, 0, 0));

    // Bits of a byte reach its sign within words of 16; what comes over from the lower byte stays below it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> MaskOf(Vector512<byte> counts, int bit) =>
        Vector512.Create(Vector512.ShiftLeft(counts.AsUInt16(), 7 - bit).AsByte().ExtractMostSignificantBits());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> BitsOfBytes(Vector512<ulong> mask)
    {
        Vector512<byte> bitsOfNibble = Vector512.Create(Vector256.Create(0x0302020102010100, 0x0403030203020201, 0x0302020102010100, 0x0403030203020201)).AsByte();
        Vector512<byte> nibble = Vector512.Create((byte)0x0F);
        return Avx512BW.Shuffle(bitsOfNibble, mask.AsByte() & nibble) + Avx512BW.Shuffle(bitsOfNibble, (mask >>> 4).AsByte() & nibble);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// What <see cref="WordCounter"/> does, with vectors of 256 bits: AVX2 cannot look words up in two registers, so 64 keys at a time are compared with every threshold. How many keys lie
/// below each threshold comes with it, and what two neighbours differ by is the tally of one count.
/// </summary>
// SAFETY: as there; whole vectors of 8 floats are read and written, and none from the row's end on. Tallies of counts from 0 to the number of thresholds are added to. What it saves:
// bench/Tercet.Bench, BatchAllLossBenchmark.
internal static unsafe class WordCounter256
{
    private const int Lanes = 8;
    private const int Together = 64;

    /// <summary>Whether this machine runs it.</summary>
    public static bool IsSupported => Avx2.IsSupported && Fma.IsSupported;

    /// <inheritdoc cref="ITermKernel.CountWords"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static bool Count(float* keys, int columns, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies)
    {
        WordThresholds words = terms.Words;
        short* table = words.Table;
        int thresholdCount = words.Count;
        byte* map = stackalloc byte[2 * WordThresholds.TableLength];
        SplitBytes(table, map);
        Vector256<short>* below = stackalloc Vector256<short>[WordThresholds.TableLength];
        for (int i = 0; i < thresholdCount; i++)
            below[i] = default;

        Vector256<short> all = Vector256.Create((short)thresholdCount), band = Vector256.Create(words.Band);
        Vector256<float> scale = Vector256.Create(words.Scale), offset = Vector256.Create(words.Offset);
        Vector256<float> smallest = Vector256.Create(float.MaxValue);
        uint doubts = 0;
        for (int column = 0; column < columns; column += Together)
        {
            Vector256<short> key0 = Load(keys, column, columns, scale, offset, ref smallest);
            Vector256<short> key1 = Load(keys, column + 16, columns, scale, offset, ref smallest);
            Vector256<short> key2 = Load(keys, column + 32, columns, scale, offset, ref smallest);
            Vector256<short> key3 = Load(keys, column + 48, columns, scale, offset, ref smallest);
            Vector256<short> low0 = Avx2.SubtractSaturate(key0, band), low1 = Avx2.SubtractSaturate(key1, band);
            Vector256<short> low2 = Avx2.SubtractSaturate(key2, band), low3 = Avx2.SubtractSaturate(key3, band);
            Vector256<short> rank0 = all, rank1 = all, rank2 = all, rank3 = all;
            Vector256<short>* sum = below;
            for (short* next = table, end = table + thresholdCount; next < end; next++, sum++)
            {
                // −1 where the key lies below.
                Vector256<short> threshold = Avx2.BroadcastScalarToVector256(next);
                Vector256<short> is0 = Avx2.CompareGreaterThan(threshold, low0), is1 = Avx2.CompareGreaterThan(threshold, low1);
                Vector256<short> is2 = Avx2.CompareGreaterThan(threshold, low2), is3 = Avx2.CompareGreaterThan(threshold, low3);
                rank0 += is0;
                rank1 += is1;
                rank2 += is2;
                rank3 += is3;
                *sum += is0 + is1 + (is2 + is3);
            }

            doubts |= Store(key0, key1, rank0, rank1, all, band, map, column, columns, counts, doubtful);
            doubts |= Store(key2, key3, rank2, rank3, all, band, map, column + 32, columns, counts, doubtful);
        }

        Tally(below, thresholdCount, tallies);
        if (Vector256.LessThanOrEqualAny(smallest, Vector256.Create(terms.SmallKey)))
            doubts |= WordDoubts.AddSmall(keys, columns, Lanes, terms.SmallKey, doubtful);
        return doubts != 0 && WordDoubts.Decide(keys, columns, Lanes, terms, thresholds, counts, doubtful, tallies);
    }

    // The lower bytes of all thresholds, then the upper ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SplitBytes(short* table, byte* map)
    {
        for (int i = 0; i < WordThresholds.TableLength; i += 32)
        {
            Vector256<ushort> front = Vector256.Load((ushort*)table + i), back = Vector256.Load((ushort*)table + i + 16), low = Vector256.Create((ushort)0xFF);
            InOrder(Avx2.PackUnsignedSaturate((front & low).AsInt16(), (back & low).AsInt16())).Store(map + i);
            InOrder(Avx2.PackUnsignedSaturate((front >> 8).AsInt16(), (back >> 8).AsInt16())).Store(map + WordThresholds.TableLength + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> InOrder(Vector256<byte> packed) => Avx2.Permute4x64(packed.AsUInt64(), 0b11_01_10_00).AsByte();

    // 16 keys as words; from the row's end on, keys above all others. Packing puts four keys of one vector beside four of the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Load(float* keys, int column, int columns, Vector256<float> scale, Vector256<float> offset, ref Vector256<float> smallest)
    {
        Vector256<float> a = column < columns ? Vector256.Load(keys + column) : Vector256.Create(float.MaxValue);
        Vector256<float> b = column + Lanes < columns ? Vector256.Load(keys + column + Lanes) : Vector256.Create(float.MaxValue);
        smallest = Avx.Min(smallest, Avx.Min(a, b));
        return Avx2.PackSignedSaturate(ToIntegers(a, scale, offset), ToIntegers(b, scale, offset));
    }

    // Nearest, so that half a step is lost at most. Below the smallest integer the conversion gives that itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ToIntegers(Vector256<float> key, Vector256<float> scale, Vector256<float> offset) =>
        Avx.ConvertToVector256Int32(Avx.Min(Fma.MultiplyAdd(key, scale, offset), Vector256.Create((float)short.MaxValue)));

    // The counts of 32 keys, and which of them are doubtful: those that the next threshold is too near to.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Store(
        Vector256<short> key0,
        Vector256<short> key1,
        Vector256<short> rank0,
        Vector256<short> rank1,
        Vector256<short> all,
        Vector256<short> band,
        byte* map,
        int column,
        int columns,
        float* counts,
        uint* doubtful)
    {
        if (column >= columns)
            return 0;
        Vector256<byte> ranks = Avx2.PackUnsignedSaturate(rank0, rank1);
        Vector256<byte> lower = PackedBytes.Lookup(map, ranks), upper = PackedBytes.Lookup(map + WordThresholds.TableLength, ranks);
        Vector256<short> isNear0 = Avx2.CompareGreaterThan(Avx2.AddSaturate(key0, band), Avx2.UnpackLow(lower, upper).AsInt16());
        Vector256<short> isNear1 = Avx2.CompareGreaterThan(Avx2.AddSaturate(key1, band), Avx2.UnpackHigh(lower, upper).AsInt16());
        uint found = PackedBytes.SignsInOrder(Avx2.PackSignedSaturate(isNear0, isNear1).AsByte());

        // Unpacking takes apart what packing has put together.
        Vector256<short> count0 = all - rank0, count1 = all - rank1;
        StoreEight(Avx2.UnpackLow(count0, default), found, column, counts, doubtful);
        if (column + 8 < columns)
            StoreEight(Avx2.UnpackHigh(count0, default), found >> 8, column + 8, counts, doubtful);
        if (column + 16 < columns)
            StoreEight(Avx2.UnpackLow(count1, default), found >> 16, column + 16, counts, doubtful);
        if (column + 24 < columns)
            StoreEight(Avx2.UnpackHigh(count1, default), found >> 24, column + 24, counts, doubtful);
        return found;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreEight(Vector256<short> count, uint found, int column, float* counts, uint* doubtful)
    {
        Avx.ConvertToVector256Single(count.AsInt32()).Store(counts + column);
        doubtful[column / Lanes] = found & 0xFF;
    }

    // Keys below a threshold and not below the one before have as many thresholds above them as there are from this one on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tally(Vector256<short>* below, int thresholds, int* tallies)
    {
        Vector128<int> before = default;
        int i = 0;
        for (; i + 4 <= thresholds; i += 4)
        {
            Vector256<ulong> front = SumBytes(below[i], below[i + 1]), back = SumBytes(below[i + 2], below[i + 3]);
            Vector256<ushort> halves = Avx2.PackUnsignedSaturate(front.AsInt32(), back.AsInt32());
            Vector128<int> sums = (halves.GetLower() + halves.GetUpper()).AsInt32();
            Vector128<int> own = sums - Ssse3.AlignRight(sums, before, 12);
            int* last = tallies + thresholds - i - 3;
            (Vector128.Load(last) + Sse2.Shuffle(own, 0b00_01_10_11)).Store(last);
            before = sums;
        }

        for (int known = before[3]; i < thresholds; i++)
        {
            int sum = -Vector256.Sum(below[i]);
            tallies[thresholds - i] += sum - known;
            known = sum;
        }
    }

    // By halves of 128 bits: what the first has taken off, what the second has.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> SumBytes(Vector256<short> first, Vector256<short> second) =>
        Avx2.SumAbsoluteDifferences(Avx2.PackUnsignedSaturate(-first, -second), Vector256<byte>.Zero).AsUInt64();
}

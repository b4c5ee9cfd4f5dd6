using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Counts 32 keys at a time as 16-bit integers, over an anchor whose thresholds two registers hold. A key that is not far enough from a threshold for
/// that is left to whoever looks at the doubtful ones. AVX-512.
/// </summary>
/// <remarks>A search is six steps that wait for each other, so three of them go side by side.</remarks>
// SAFETY: the pointers are valid as ITermKernel.CountWords says; whole vectors of 16 floats are read and written, and none from the row's end on. A table is followed
// by WordThresholds.Padding integers, of which any values will do. What it saves: bench/Tercet.Bench, BatchAllLossBenchmark.
internal static unsafe class WordCounter
{
    private const int Together = 96;
    private const uint LowerKeys = 0x0F0F0F0F;

    /// <summary>Whether this machine runs it.</summary>
    public static bool IsSupported => Avx512BW.IsSupported && Bmi2.IsSupported;

    /// <inheritdoc cref="ITermKernel.CountWords"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Count(float* keys, int columns, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies)
    {
        WordThresholds words = terms.Words;
        short* table = words.Table;
        Vector512<short> all = Vector512.Create((short)words.Count), band = Vector512.Create(words.Band);
        Vector512<float> scale = Vector512.Create(words.Scale), offset = Vector512.Create(words.Offset);
        byte* row = stackalloc byte[WordTally.RowLength];
        Vector512<float> smallest = Vector512.Create(float.MaxValue);
        uint doubts = 0;
        for (int column = 0; column < columns; column += Together)
        {
            Vector512<short> key0 = Load(keys, column, columns, scale, offset, ref smallest);
            Vector512<short> key1 = Load(keys, column + 32, columns, scale, offset, ref smallest);
            Vector512<short> key2 = Load(keys, column + 64, columns, scale, offset, ref smallest);
            Vector512<short> low0 = Avx512BW.SubtractSaturate(key0, band), low1 = Avx512BW.SubtractSaturate(key1, band), low2 = Avx512BW.SubtractSaturate(key2, band);
            Vector512<short> middle = Vector512.Create(table[31]);
            Vector512<short> rank0 = Add(default, low0, middle, 32), rank1 = Add(default, low1, middle, 32), rank2 = Add(default, low2, middle, 32);
            Step(table, 16, low0, low1, low2, ref rank0, ref rank1, ref rank2);
            Step(table, 8, low0, low1, low2, ref rank0, ref rank1, ref rank2);
            Step(table, 4, low0, low1, low2, ref rank0, ref rank1, ref rank2);
            Step(table, 2, low0, low1, low2, ref rank0, ref rank1, ref rank2);
            Step(table, 1, low0, low1, low2, ref rank0, ref rank1, ref rank2);
            Vector512<short> lower = Vector512.Load(table), upper = Vector512.Load(table + 32);
            doubts |= Store(key0, rank0, all, lower, upper, band, column, columns, row, counts, doubtful);
            doubts |= Store(key1, rank1, all, lower, upper, band, column + 32, columns, row, counts, doubtful);
            doubts |= Store(key2, rank2, all, lower, upper, band, column + 64, columns, row, counts, doubtful);
        }

        WordTally.Add(row, words.Count, tallies);
        if (Vector512.LessThanOrEqualAny(smallest, Vector512.Create(terms.SmallKey)))
            doubts |= WordDoubts.AddSmall(keys, columns, 16, terms.SmallKey, doubtful);
        return doubts != 0 && WordDoubts.Decide(keys, columns, 16, terms, thresholds, counts, doubtful, tallies);
    }

    // 32 keys as words; from the row's end on, keys above all others. Packing puts four keys of one vector beside four of the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Load(float* keys, int column, int columns, Vector512<float> scale, Vector512<float> offset, ref Vector512<float> smallest)
    {
        Vector512<float> a = column < columns ? Vector512.Load(keys + column) : Vector512.Create(float.MaxValue);
        Vector512<float> b = column + 16 < columns ? Vector512.Load(keys + column + 16) : Vector512.Create(float.MaxValue);
        smallest = Avx512F.Min(smallest, Avx512F.Min(a, b));
        return Avx512BW.PackSignedSaturate(ToIntegers(a, scale, offset), ToIntegers(b, scale, offset));
    }

    // Nearest, so that half a step is lost at most. Below the smallest integer the conversion gives that itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> ToIntegers(Vector512<float> key, Vector512<float> scale, Vector512<float> offset) =>
        Avx512F.ConvertToVector512Int32(Avx512F.Min(Avx512F.FusedMultiplyAdd(key, scale, offset), Vector512.Create((float)short.MaxValue)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        short* table,
        short addend,
        Vector512<short> low0,
        Vector512<short> low1,
        Vector512<short> low2,
        ref Vector512<short> rank0,
        ref Vector512<short> rank1,
        ref Vector512<short> rank2)
    {
        Vector512<short> lower = Vector512.Load(table + addend - 1), upper = Vector512.Load(table + 32 + addend - 1);
        rank0 = Add(rank0, low0, Avx512BW.PermuteVar32x16x2(lower, rank0, upper), addend);
        rank1 = Add(rank1, low1, Avx512BW.PermuteVar32x16x2(lower, rank1, upper), addend);
        rank2 = Add(rank2, low2, Avx512BW.PermuteVar32x16x2(lower, rank2, upper), addend);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Add(Vector512<short> rank, Vector512<short> low, Vector512<short> threshold, short addend) =>
        Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(low, threshold), rank + Vector512.Create(addend), rank);

    // The counts of 32 keys, and which of them are doubtful.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Store(
        Vector512<short> key,
        Vector512<short> rank,
        Vector512<short> all,
        Vector512<short> lower,
        Vector512<short> upper,
        Vector512<short> band,
        int column,
        int columns,
        byte* row,
        float* counts,
        uint* doubtful)
    {
        if (column >= columns)
            return 0;
        Vector512<short> next = Avx512BW.PermuteVar32x16x2(lower, rank, upper);
        uint found = (uint)Vector512.LessThan(next, Avx512BW.AddSaturate(key, band)).ExtractMostSignificantBits();
        Vector512<short> count = Avx512BW.Subtract(all, rank);
        Avx512BW.ConvertToVector256Byte(count).Store(row + column);

        // Unpacking takes apart what packing has put together.
        Avx512F.ConvertToVector512Single(Avx512BW.UnpackLow(count, Vector512<short>.Zero).AsInt32()).Store(counts + column);
        doubtful[column / 16] = Bmi2.ParallelBitExtract(found, LowerKeys);
        if (column + 16 < columns)
        {
            Avx512F.ConvertToVector512Single(Avx512BW.UnpackHigh(count, Vector512<short>.Zero).AsInt32()).Store(counts + column + 16);
            doubtful[(column / 16) + 1] = Bmi2.ParallelBitExtract(found, ~LowerKeys);
        }

        return found;
    }
}

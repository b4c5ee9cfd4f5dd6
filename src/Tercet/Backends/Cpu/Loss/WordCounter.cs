using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Counts 32 keys at a time as 16-bit integers, over an anchor whose thresholds two registers hold. A key that is not far enough from a threshold for
/// that is left to whoever looks at the doubtful ones. AVX-512.
/// </summary>
// SAFETY: the pointers are valid as ITermKernel.CountWords says; whole vectors of 16 floats are read and written. What it saves: bench/Tercet.Bench, BatchAllLossBenchmark.
internal static unsafe class WordCounter
{
    private const int LargestRow = 192;
    private const uint LowerKeys = 0x0F0F0F0F;

    /// <summary>Whether this machine runs it.</summary>
    public static bool IsSupported => Avx512BW.IsSupported && Bmi2.IsSupported;

    /// <inheritdoc cref="ITermKernel.CountWords"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Count(float* keys, int columns, WordThresholds words, float smallKey, float* counts, uint* doubtful, int* tallies)
    {
        Vector512<short> lower = Vector512.Load(words.Table), upper = Vector512.Load(words.Table + 32);
        Vector512<short> lower7 = Shifted(lower, upper, 7), upper7 = Shifted(lower, upper, 32 + 7);
        Vector512<short> lower3 = Shifted(lower, upper, 3), upper3 = Shifted(lower, upper, 32 + 3);
        Vector512<short> lower1 = Shifted(lower, upper, 1), upper1 = Shifted(lower, upper, 32 + 1);
        Vector512<short> middle = Vector512.Create(words.Table[31]), quarter = Vector512.Create(words.Table[15]), threeQuarters = Vector512.Create(words.Table[47]);
        Vector512<short> all = Vector512.Create((short)words.Count), band = Vector512.Create(words.Band);
        Vector512<float> scale = Vector512.Create(words.Scale), offset = Vector512.Create(words.Offset), limit = Vector512.Create((float)short.MaxValue);
        Vector512<float> small = Vector512.Create(smallKey);
        byte* row = stackalloc byte[LargestRow];
        uint doubts = 0;
        for (int column = 0; column < columns; column += 32)
        {
            bool isWhole = column + 16 < columns;
            Vector512<float> a = Vector512.Load(keys + column);
            Vector512<float> b = isWhole ? Vector512.Load(keys + column + 16) : Vector512.Create(float.MaxValue);
            Vector512<short> key = Avx512BW.PackSignedSaturate(ToIntegers(a, scale, offset, limit), ToIntegers(b, scale, offset, limit));
            Vector512<short> low = Avx512BW.SubtractSaturate(key, band);
            Vector512<short> isAbove = Vector512.GreaterThanOrEqual(low, middle);
            Vector512<short> rank = Vector512.ConditionalSelect(isAbove, Vector512.Create((short)32), Vector512<short>.Zero);
            rank = Add(rank, low, Vector512.ConditionalSelect(isAbove, threeQuarters, quarter), 16);
            rank = Add(rank, low, Avx512BW.PermuteVar32x16x2(lower7, rank, upper7), 8);
            rank = Add(rank, low, Avx512BW.PermuteVar32x16x2(lower3, rank, upper3), 4);
            rank = Add(rank, low, Avx512BW.PermuteVar32x16x2(lower1, rank, upper1), 2);
            rank = Add(rank, low, Avx512BW.PermuteVar32x16x2(lower, rank, upper), 1);
            Vector512<short> next = Avx512BW.PermuteVar32x16x2(lower, rank, upper);
            uint found = (uint)Vector512.LessThan(next, Avx512BW.AddSaturate(key, band)).ExtractMostSignificantBits();
            Vector512<short> count = Avx512BW.Subtract(all, rank);
            Avx512BW.ConvertToVector256Byte(count).Store(row + column);

            // Packing has put four keys of the one beside four of the other; unpacking takes them apart again.
            Avx512F.ConvertToVector512Single(Avx512BW.UnpackLow(count, Vector512<short>.Zero).AsInt32()).Store(counts + column);
            uint foundA = Bmi2.ParallelBitExtract(found, LowerKeys), foundB = Bmi2.ParallelBitExtract(found, ~LowerKeys);
            if (Vector512.LessThanOrEqualAny(Avx512F.Min(a, b), small))
            {
                foundA |= (uint)Vector512.LessThanOrEqual(a, small).ExtractMostSignificantBits();
                foundB |= (uint)Vector512.LessThanOrEqual(b, small).ExtractMostSignificantBits();
            }

            doubts |= foundA;
            doubtful[column / 16] = foundA;
            if (!isWhole)
                continue;
            Avx512F.ConvertToVector512Single(Avx512BW.UnpackHigh(count, Vector512<short>.Zero).AsInt32()).Store(counts + column + 16);
            doubts |= foundB;
            doubtful[(column / 16) + 1] = foundB;
        }

        Tally(row, (columns + 31) & ~31, words.Count, tallies);
        return doubts != 0;
    }

    // A comparison of a whole row with each count that there may be takes fewer steps than adding one somewhere for every key.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tally(byte* row, int columns, int largest, int* tallies)
    {
        for (int column = columns; column < LargestRow; column += 32)
            Vector256<byte>.Zero.Store(row + column);
        Vector512<byte> a = Vector512.Load(row), b = Vector512.Load(row + 64), c = Vector512.Load(row + 128);
        if ((a | b | c) == Vector512<byte>.Zero)
            return;
        Vector512<byte> count = Vector512<byte>.One;
        for (int i = 1; i <= largest; i++, count += Vector512<byte>.One)
            tallies[i] += Equal(a, count) + Equal(b, count) + Equal(c, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Equal(Vector512<byte> left, Vector512<byte> right) => BitOperations.PopCount(Vector512.Equals(left, right).ExtractMostSignificantBits());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Add(Vector512<short> rank, Vector512<short> low, Vector512<short> threshold, short addend) =>
        Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(low, threshold), rank + Vector512.Create(addend), rank);

    // Nearest, so that half a step is lost at most. Below the smallest integer the conversion gives that itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> ToIntegers(Vector512<float> key, Vector512<float> scale, Vector512<float> offset, Vector512<float> limit) =>
        Avx512F.ConvertToVector512Int32(Avx512F.Min(Avx512F.FusedMultiplyAdd(key, scale, offset), limit));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Shifted(Vector512<short> lower, Vector512<short> upper, short places) =>
        Avx512BW.PermuteVar32x16x2(lower, Vector512<short>.Indices + Vector512.Create(places), upper);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Where one anchor's negatives are counted by how many of its thresholds lie above them. Adding to one place again and again waits for itself, so
/// where counts are small every lane of a vector has bytes of its own, which are added up after each row of a block; a row is too short for a byte
/// to overflow.
/// </summary>
/// <param name="totals">The anchor's totals, by count; <see cref="LengthFor"/> integers.</param>
/// <param name="thresholds">Number of its thresholds.</param>
/// <param name="bytes">The lanes' bytes, all 0: <see cref="ByteCount"/> of them.</param>
/// <param name="offsets">16 zeros, then 16 floats that <see cref="FillOffsets"/> has filled.</param>
// SAFETY: the pointers are valid for these lengths, and every place that is added to is at most LastPlace.
internal readonly unsafe struct Tallies(int* totals, int thresholds, byte* bytes, float* offsets)
{
    /// <summary>Bytes of all lanes.</summary>
    public const int ByteCount = Lanes * CountsPerLane;

    private const int Lanes = 16;
    private const int CountsPerLane = 64;

    private bool IsSmall => thresholds < CountsPerLane;

    /// <summary>By lane: what is added to a count to get its place.</summary>
    public float* LaneOffsets => IsSmall ? offsets + Lanes : offsets;

    /// <summary>The last place there is.</summary>
    public int LastPlace => IsSmall ? ByteCount - 1 : thresholds;

    /// <summary>How many totals an anchor with that many thresholds needs: whole vectors.</summary>
    public static int LengthFor(int thresholds) => (thresholds + 16) / 16 * 16;

    /// <summary>Prepares what the offsets are read from: 32 floats.</summary>
    public static void FillOffsets(Span<float> offsets)
    {
        for (int i = 0; i < 2 * Lanes; i++)
            offsets[i] = Math.Max(0, i - Lanes) * CountsPerLane;
    }

    /// <summary>Adds one to every place named.</summary>
    /// <param name="places">Counts, plus their lanes' offsets.</param>
    /// <param name="count">How many, a multiple of 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(int* places, int count)
    {
        if (!IsSmall)
        {
            for (int i = 0; i < count; i++)
                totals[places[i]]++;
            return;
        }

        byte* target = bytes;
        for (uint* place = (uint*)places, end = place + count; place < end; place += 4)
        {
            target[place[0]]++;
            target[place[1]]++;
            target[place[2]]++;
            target[place[3]]++;
        }

        if (count > 0)
            AddLanes();
    }

    private void AddLanes()
    {
        Vector512<byte> sum = Vector512<byte>.Zero;
        for (int lane = 0; lane < Lanes; lane++)
        {
            sum += Vector512.Load(bytes + (lane * CountsPerLane));
            Vector512<byte>.Zero.Store(bytes + (lane * CountsPerLane));
        }

        (Vector512<ushort> lower, Vector512<ushort> upper) = Vector512.Widen(sum);
        (Vector512<uint> first, Vector512<uint> second) = Vector512.Widen(lower);
        AddTotals(first, 0);
        if (thresholds < 16)
            return;
        AddTotals(second, 16);
        if (thresholds < 32)
            return;
        (first, second) = Vector512.Widen(upper);
        AddTotals(first, 32);
        if (thresholds >= 48)
            AddTotals(second, 48);
    }

    private void AddTotals(Vector512<uint> addend, int first) => (Vector512.Load(totals + first) + addend.AsInt32()).Store(totals + first);
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The few keys of an anchor's row that are to be looked at one by one, chained by fine bin: what lies near a threshold is found without a search.
/// Reused from anchor to anchor.
/// </summary>
internal sealed unsafe class NearKeys : IDisposable
{
    private const int FineCount = KeyBins.Count * KeyBins.Parts;

    // Indices of the first key of each fine bin, one more than they are; 0 for none. Whole vectors can be read from any of them.
    private readonly PinnedBuffer<int> _heads = new(FineCount + 16);
    private PinnedBuffer<float> _keys = new(0);
    private PinnedBuffer<int> _positions = new(0);
    private PinnedBuffer<int> _next = new(0);
    private PinnedBuffer<double> _exact = new(0);
    private int _count;

    /// <summary>The keys, ascending by position.</summary>
    // SAFETY: here and below, indices are those of kept keys, for which Reserve makes room, and fine bins are clamped to the heads' length.
    public float* Keys => (float*)_keys.DangerousGetAddress();

    /// <summary>Their gallery positions.</summary>
    public int* Positions => (int*)_positions.DangerousGetAddress();

    /// <summary>Their float64 keys, NaN where not evaluated yet.</summary>
    public double* Exact => (double*)_exact.DangerousGetAddress();

    /// <summary>Index of the next key of the same fine bin, one more than it is; 0 for none.</summary>
    public int* Next => (int*)_next.DangerousGetAddress();

    /// <summary>Index of the first key of each fine bin, one more than it is; 0 for none.</summary>
    public int* Heads => (int*)_heads.DangerousGetAddress();

    /// <summary>Makes room for so many keys, and a vector.</summary>
    public void Reserve(int count)
    {
        int room = count + Vector512<float>.Count;
        PinnedBuffer.Grow(ref _keys, room);
        PinnedBuffer.Grow(ref _positions, room);
        PinnedBuffer.Grow(ref _next, room);
        PinnedBuffer.Grow(ref _exact, room);
    }

    /// <summary>Chains the first <paramref name="count"/> keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Chain(int count, KeyBins bins)
    {
        int* heads = Heads;
        int* next = Next;
        float* keys = Keys;
        double* exact = Exact;
        new Span<int>(heads, FineCount).Clear();
        _count = count;
        for (int i = 0; i < count; i++)
        {
            int fine = bins.Fine(keys[i]);
            next[i] = heads[fine];
            heads[fine] = i + 1;
            exact[i] = double.NaN;
        }
    }

    /// <summary>Takes one more key, in no chain.</summary>
    /// <returns>Its index.</returns>
    public int Add(float key, int position, double exact)
    {
        (Keys[_count], Positions[_count], Exact[_count]) = (key, position, exact);
        return _count++;
    }

    /// <summary>The first fine bin from one on that holds a key; one after the last where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int NextOccupied(int* heads, int fine)
    {
        for (; fine < FineCount; fine += Vector512<int>.Count)
        {
            ulong occupied = ~Vector512.Equals(Vector512.Load(heads + fine), Vector512<int>.Zero).ExtractMostSignificantBits() & 0xFFFF;
            if (occupied != 0)
                return fine + BitOperations.TrailingZeroCount(occupied);
        }

        return FineCount;
    }

    /// <summary>Whether a fine bin is one after the last.</summary>
    public static bool IsEnd(int fine) => fine >= FineCount;

    public void Dispose()
    {
        _heads.Dispose();
        _keys.Dispose();
        _positions.Dispose();
        _next.Dispose();
        _exact.Dispose();
    }
}

using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Eight rows by one vector of a tile of <see cref="TileKernel8x3{TLanes, TVector, TStart}"/>, the same bits: for the diagonal and the end of the gallery, where not
/// all three vectors are wanted. Eight sums are just enough for two multiply-adds a cycle.
/// </summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class TileKernel8x1<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // SAFETY: as there, with one vector of columns and keys.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(float* rows, float* columns, nint slab, nint depth, float* ahead, float* rowHalfNorms, float* columnHalfNorms, float scale, float* keys, nint keysStride)
    {
        nint panel = 3 * TLanes.Width;
        float zero = 0;
        TVector a0 = TLanes.Broadcast(&zero), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        float* end = columns + (depth * panel);
        for (; columns < end; columns += panel, rows += panel)
        {
            TVector y = TLanes.Load(columns);
            a0 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 0), y, a0);
            a1 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 1), y, a1);
            a2 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 2), y, a2);
            a3 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 3), y, a3);
            a4 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 4), y, a4);
            a5 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 5), y, a5);
            a6 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 6), y, a6);
            a7 = TLanes.MultiplyAdd(TLanes.Broadcast(rows + 7), y, a7);
        }

        TVector factor = TLanes.Broadcast(&scale);
        float minusScale = -scale;
        TVector minusFactor = TLanes.Broadcast(&minusScale);
        TVector norms = TLanes.Multiply(TLanes.Load(columnHalfNorms), minusFactor);
        Store(a0, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 0), minusFactor), norms), keys);
        Store(a1, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 1), minusFactor), norms), keys + keysStride);
        Store(a2, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 2), minusFactor), norms), keys + (2 * keysStride));
        Store(a3, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 3), minusFactor), norms), keys + (3 * keysStride));
        Store(a4, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 4), minusFactor), norms), keys + (4 * keysStride));
        Store(a5, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 5), minusFactor), norms), keys + (5 * keysStride));
        Store(a6, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 6), minusFactor), norms), keys + (6 * keysStride));
        Store(a7, factor, TLanes.Add(TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 7), minusFactor), norms), keys + (7 * keysStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector sum, TVector factor, TVector norms, float* keys) => TLanes.Store(TLanes.MultiplyAdd(sum, factor, norms), keys);
}

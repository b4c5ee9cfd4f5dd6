using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>One dimension of a register-blocked tile of 4 rows by 3 vectors: 12 products, each added to its sum.</summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class Outer4x3<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // SAFETY: rows point to a value each, the others to a vector. Sums by reference stay in the caller's registers, since this is always inlined.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(
        float* row0,
        float* row1,
        float* row2,
        float* row3,
        float* first,
        float* second,
        float* third,
        ref TVector a0,
        ref TVector b0,
        ref TVector c0,
        ref TVector a1,
        ref TVector b1,
        ref TVector c1,
        ref TVector a2,
        ref TVector b2,
        ref TVector c2,
        ref TVector a3,
        ref TVector b3,
        ref TVector c3)
    {
        TVector y0 = TLanes.Load(first), y1 = TLanes.Load(second), y2 = TLanes.Load(third);
        TVector x0 = TLanes.Broadcast(row0);
        a0 = TLanes.MultiplyAdd(x0, y0, a0);
        b0 = TLanes.MultiplyAdd(x0, y1, b0);
        c0 = TLanes.MultiplyAdd(x0, y2, c0);
        TVector x1 = TLanes.Broadcast(row1);
        a1 = TLanes.MultiplyAdd(x1, y0, a1);
        b1 = TLanes.MultiplyAdd(x1, y1, b1);
        c1 = TLanes.MultiplyAdd(x1, y2, c1);
        TVector x2 = TLanes.Broadcast(row2);
        a2 = TLanes.MultiplyAdd(x2, y0, a2);
        b2 = TLanes.MultiplyAdd(x2, y1, b2);
        c2 = TLanes.MultiplyAdd(x2, y2, c2);
        TVector x3 = TLanes.Broadcast(row3);
        a3 = TLanes.MultiplyAdd(x3, y0, a3);
        b3 = TLanes.MultiplyAdd(x3, y1, b3);
        c3 = TLanes.MultiplyAdd(x3, y2, c3);
    }
}

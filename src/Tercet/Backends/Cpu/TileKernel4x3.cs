using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The register-blocked tile kernel of 4 rows by 3 vectors. For instruction sets with 16 vector registers: 12 accumulators, 3 columns and 1 broadcast.
/// </summary>
/// <remarks>
/// For row r of the tile and column j: <c>keys[r, j] = scale × (x·y − (‖x‖² + ‖y‖²) / 2)</c>, the products accumulated in float32, one dimension
/// after the other, and the norms added last. With scale −2 that is the squared distance, with scale −1 and rows of unit norm the cosine distance.
/// </remarks>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
/// <typeparam name="TStart">What a key starts from.</typeparam>
internal static unsafe class TileKernel4x3<TLanes, TVector, TStart>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TStart : struct, IKeyStart
{
    // Dimensions at a time, and floats of the line that is asked for meanwhile.
    private const int Unrolled = 4;
    private const int LineFloats = 16;

    // SAFETY: rows and columns point into packed panels of 3 slabs of width rows each, slab floats apart, the norms into arrays padded to whole panels, and keys to 4 rows
    // of at least 3 × width floats, keysStride apart; ahead is asked for and not read. Written out so that every accumulator stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(float* rows, float* columns, nint slab, nint depth, float* ahead, float* rowHalfNorms, float* columnHalfNorms, float scale, float* keys, nint keysStride)
    {
        int width = TLanes.Width;
        float zero = 0;
        TVector a0 = TLanes.Broadcast(&zero), b0 = a0, c0 = a0;
        TVector a1 = TLanes.Broadcast(&zero), b1 = a1, c1 = a1;
        TVector a2 = TLanes.Broadcast(&zero), b2 = a2, c2 = a2;
        TVector a3 = TLanes.Broadcast(&zero), b3 = a3, c3 = a3;

        float* second = columns + slab, third = second + slab;
        float* end = columns + (depth * width);
        int advance = Unrolled * width;
        for (float* last = end - advance; columns <= last; columns += advance, second += advance, third += advance, rows += advance, ahead += LineFloats)
        {
            Ahead.Line(ahead);
            Outer4x3<TLanes, TVector>.Add(rows, rows + 1, rows + 2, rows + 3, columns, second, third, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(rows + width, rows + width + 1, rows + width + 2, rows + width + 3, columns + width, second + width, third + width, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(rows + (2 * width), rows + (2 * width) + 1, rows + (2 * width) + 2, rows + (2 * width) + 3, columns + (2 * width), second + (2 * width), third + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(rows + (3 * width), rows + (3 * width) + 1, rows + (3 * width) + 2, rows + (3 * width) + 3, columns + (3 * width), second + (3 * width), third + (3 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
        }

        for (; columns < end; columns += width, second += width, third += width, rows += width)
            Outer4x3<TLanes, TVector>.Add(rows, rows + 1, rows + 2, rows + 3, columns, second, third, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);

        TVector factor = TLanes.Broadcast(&scale);
        float minusScale = -scale;
        TVector minusFactor = TLanes.Broadcast(&minusScale);
        TVector n0 = TLanes.Multiply(TLanes.Load(columnHalfNorms), minusFactor);
        TVector n1 = TLanes.Multiply(TLanes.Load(columnHalfNorms + width), minusFactor);
        TVector n2 = TLanes.Multiply(TLanes.Load(columnHalfNorms + (2 * width)), minusFactor);
        TVector m0 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 0), minusFactor);
        Store(a0, b0, c0, factor, TLanes.Add(m0, n0), TLanes.Add(m0, n1), TLanes.Add(m0, n2), keys);
        TVector m1 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 1), minusFactor);
        Store(a1, b1, c1, factor, TLanes.Add(m1, n0), TLanes.Add(m1, n1), TLanes.Add(m1, n2), keys + keysStride);
        TVector m2 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 2), minusFactor);
        Store(a2, b2, c2, factor, TLanes.Add(m2, n0), TLanes.Add(m2, n1), TLanes.Add(m2, n2), keys + (2 * keysStride));
        TVector m3 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 3), minusFactor);
        Store(a3, b3, c3, factor, TLanes.Add(m3, n0), TLanes.Add(m3, n1), TLanes.Add(m3, n2), keys + (3 * keysStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector a, TVector b, TVector c, TVector factor, TVector normsA, TVector normsB, TVector normsC, float* keys)
    {
        TLanes.Store(TLanes.MultiplyAdd(a, factor, TStart.Of<TLanes, TVector>(normsA, keys)), keys);
        TLanes.Store(TLanes.MultiplyAdd(b, factor, TStart.Of<TLanes, TVector>(normsB, keys + TLanes.Width)), keys + TLanes.Width);
        TLanes.Store(TLanes.MultiplyAdd(c, factor, TStart.Of<TLanes, TVector>(normsC, keys + (2 * TLanes.Width))), keys + (2 * TLanes.Width));
    }
}

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
            Step(rows, columns, second, third, 0, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Step(rows, columns, second, third, width, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Step(rows, columns, second, third, 2 * width, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Step(rows, columns, second, third, 3 * width, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
        }

        for (; columns < end; columns += width, second += width, third += width, rows += width)
            Step(rows, columns, second, third, 0, ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);

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

    // One dimension of four rows and three vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        float* rows,
        float* first,
        float* second,
        float* third,
        int offset,
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
        TVector y0 = TLanes.Load(first + offset), y1 = TLanes.Load(second + offset), y2 = TLanes.Load(third + offset);
        TVector x0 = TLanes.Broadcast(rows + offset + 0);
        a0 = TLanes.MultiplyAdd(x0, y0, a0);
        b0 = TLanes.MultiplyAdd(x0, y1, b0);
        c0 = TLanes.MultiplyAdd(x0, y2, c0);
        TVector x1 = TLanes.Broadcast(rows + offset + 1);
        a1 = TLanes.MultiplyAdd(x1, y0, a1);
        b1 = TLanes.MultiplyAdd(x1, y1, b1);
        c1 = TLanes.MultiplyAdd(x1, y2, c1);
        TVector x2 = TLanes.Broadcast(rows + offset + 2);
        a2 = TLanes.MultiplyAdd(x2, y0, a2);
        b2 = TLanes.MultiplyAdd(x2, y1, b2);
        c2 = TLanes.MultiplyAdd(x2, y2, c2);
        TVector x3 = TLanes.Broadcast(rows + offset + 3);
        a3 = TLanes.MultiplyAdd(x3, y0, a3);
        b3 = TLanes.MultiplyAdd(x3, y1, b3);
        c3 = TLanes.MultiplyAdd(x3, y2, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector a, TVector b, TVector c, TVector factor, TVector normsA, TVector normsB, TVector normsC, float* keys)
    {
        TLanes.Store(TLanes.MultiplyAdd(a, factor, TStart.Of<TLanes, TVector>(normsA, keys)), keys);
        TLanes.Store(TLanes.MultiplyAdd(b, factor, TStart.Of<TLanes, TVector>(normsB, keys + TLanes.Width)), keys + TLanes.Width);
        TLanes.Store(TLanes.MultiplyAdd(c, factor, TStart.Of<TLanes, TVector>(normsC, keys + (2 * TLanes.Width))), keys + (2 * TLanes.Width));
    }
}

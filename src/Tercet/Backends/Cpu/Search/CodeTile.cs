using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Lower bounds of the scores of two blocks of one-byte codes, 32 rows, against four queries, and their comparison with the queries' limits: 8 sums in
/// registers. Two to three times the products of a tile of float32 in the same time, without any instruction beyond AVX2.
/// </summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
/// <typeparam name="TScan">The operations of the scans.</typeparam>
/// <typeparam name="TInts">The integer vector.</typeparam>
internal static unsafe class CodeTile<TLanes, TVector, TScan, TInts>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TScan : struct, IScanLanes<TVector, TInts>
    where TInts : struct
{
    /// <summary>Rows of a tile.</summary>
    private const int Rows = 2 * CodeRows.BlockRows;

    // SAFETY: blocks points to two code blocks as CodeRows lays them out; codes to four rows of quads int32, quads an even number; queries, limits and hits
    // to four elements. Written out so that every sum stays in a register.

    /// <summary>Whether any lower bound is within its query's limit. Bit r of a query's hits is set where row r's is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Compute(byte* blocks, nint quads, int* codes, CodeQuery* queries, float* limits, uint* hits)
    {
        int width = TLanes.Width;
        nint blockBytes = CodeRows.HeaderBytes + (quads * CodeRows.QuadBytes);
        int pair = 0x10001;
        TInts ones = TScan.Broadcast(&pair);
        int* p1 = codes + quads;
        int* p2 = p1 + quads;
        int* p3 = p2 + quads;
        uint found0 = 0, found1 = 0, found2 = 0, found3 = 0;
        for (int row = 0; row < Rows; row += 2 * width)
        {
            byte* left = At(blocks, blockBytes, row);
            byte* right = At(blocks, blockBytes, row + width);
            TInts a0 = TScan.FirstSum(&queries[0].MinusOffset), b0 = a0;
            TInts a1 = TScan.FirstSum(&queries[1].MinusOffset), b1 = a1;
            TInts a2 = TScan.FirstSum(&queries[2].MinusOffset), b2 = a2;
            TInts a3 = TScan.FirstSum(&queries[3].MinusOffset), b3 = a3;
            byte* x = left + CodeRows.HeaderBytes;
            nint toRight = (nint)(right - left);
            for (nint k = 0; k < quads; k += 2, x += 2 * CodeRows.QuadBytes)
            {
                TInts l0 = TScan.Load(x), l1 = TScan.Load(x + CodeRows.QuadBytes);
                TInts r0 = TScan.Load(x + toRight), r1 = TScan.Load(x + toRight + CodeRows.QuadBytes);
                TInts y0a = TScan.Broadcast(codes + k), y0b = TScan.Broadcast(codes + k + 1);
                a0 = TScan.AddProducts(a0, l0, y0a, l1, y0b, ones);
                b0 = TScan.AddProducts(b0, r0, y0a, r1, y0b, ones);
                TInts y1a = TScan.Broadcast(p1 + k), y1b = TScan.Broadcast(p1 + k + 1);
                a1 = TScan.AddProducts(a1, l0, y1a, l1, y1b, ones);
                b1 = TScan.AddProducts(b1, r0, y1a, r1, y1b, ones);
                TInts y2a = TScan.Broadcast(p2 + k), y2b = TScan.Broadcast(p2 + k + 1);
                a2 = TScan.AddProducts(a2, l0, y2a, l1, y2b, ones);
                b2 = TScan.AddProducts(b2, r0, y2a, r1, y2b, ones);
                TInts y3a = TScan.Broadcast(p3 + k), y3b = TScan.Broadcast(p3 + k + 1);
                a3 = TScan.AddProducts(a3, l0, y3a, l1, y3b, ones);
                b3 = TScan.AddProducts(b3, r0, y3a, r1, y3b, ones);
            }

            found0 |= Hits(a0, b0, left, right, queries, limits) << row;
            found1 |= Hits(a1, b1, left, right, queries + 1, limits + 1) << row;
            found2 |= Hits(a2, b2, left, right, queries + 2, limits + 2) << row;
            found3 |= Hits(a3, b3, left, right, queries + 3, limits + 3) << row;
        }

        (hits[0], hits[1], hits[2], hits[3]) = (found0, found1, found2, found3);
        return (found0 | found1 | found2 | found3) != 0;
    }

    /// <summary>Where a vector of rows begins: its numbers, and <see cref="CodeRows.HeaderBytes"/> further its codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* At(byte* blocks, nint blockBytes, int row) => blocks + (row / CodeRows.BlockRows * blockBytes) + (4 * (row % CodeRows.BlockRows));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hits(TInts left, TInts right, byte* leftRows, byte* rightRows, CodeQuery* query, float* limit)
    {
        TVector limits = TLanes.Broadcast(limit);
        return TLanes.NotAbove(CodeScan<TLanes, TVector, TScan, TInts>.Bound(left, (float*)leftRows, query), limits)
            | (TLanes.NotAbove(CodeScan<TLanes, TVector, TScan, TInts>.Bound(right, (float*)rightRows, query), limits) << TLanes.Width);
    }
}

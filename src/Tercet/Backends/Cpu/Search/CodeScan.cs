using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Lower bounds of the scores of consecutive blocks of one-byte codes against one query's. A lane holds one row, so nothing is ever summed across lanes.
/// </summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
/// <typeparam name="TScan">The operations of the scans.</typeparam>
/// <typeparam name="TInts">The integer vector.</typeparam>
internal static unsafe class CodeScan<TLanes, TVector, TScan, TInts>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TScan : struct, IScanLanes<TVector, TInts>
    where TInts : struct
{
    // SAFETY: blocks points to count code blocks as CodeRows lays them out, quads an even number; codes to quads int32; scores to 16 floats a block.

    /// <summary><c>scores[r] = factor[r] × (scale × (q_r · p)) + bias[r] − residual[r] × ‖y‖ − norm[r] × ρ</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(byte* blocks, int count, nint quads, int* codes, CodeQuery* query, float* scores)
    {
        int width = TLanes.Width;
        bool askAhead = Ahead.HelpsScans;
        int pair = 0x10001;
        TInts ones = TScan.Broadcast(&pair);
        for (int block = 0; block < count; block++, scores += CodeRows.BlockRows)
        {
            for (int first = 0; first < CodeRows.BlockRows; first += width)
            {
                byte* header = blocks + (4 * first);
                byte* lane = header + CodeRows.HeaderBytes;
                TInts sum = TScan.FirstSum(&query->MinusOffset);
                for (nint k = 0; k < quads; k += 2, lane += 2 * CodeRows.QuadBytes)
                {
                    if (askAhead)
                    {
                        Ahead.Line(lane + Ahead.Distance);
                        Ahead.Line(lane + Ahead.Distance + CodeRows.QuadBytes);
                    }

                    sum = TScan.AddProducts(sum, TScan.Load(lane), TScan.Broadcast(codes + k), TScan.Load(lane + CodeRows.QuadBytes), TScan.Broadcast(codes + k + 1), ones);
                }

                TLanes.Store(Bound(sum, (float*)header, query), scores + first);
            }

            blocks += CodeRows.HeaderBytes + (quads * CodeRows.QuadBytes);
        }
    }

    /// <summary>The lower bounds that sums of products amount to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Bound(TInts sum, float* header, CodeQuery* query)
    {
        TVector dot = TLanes.Multiply(TScan.ToFloats(sum), TLanes.Broadcast(&query->Scale));
        TVector score = TLanes.MultiplyAdd(TLanes.Load(header), dot, TLanes.Load(header + CodeRows.BlockRows));
        score = TLanes.MultiplyAdd(TLanes.Load(header + (2 * CodeRows.BlockRows)), TLanes.Broadcast(&query->MinusNorm), score);
        return TLanes.MultiplyAdd(TLanes.Load(header + (3 * CodeRows.BlockRows)), TLanes.Broadcast(&query->MinusResidual), score);
    }
}

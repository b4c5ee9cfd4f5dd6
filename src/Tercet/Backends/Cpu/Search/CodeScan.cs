using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Lower bounds of the scores of consecutive blocks of int8 codes against one query of int16 codes. A lane holds one row, so nothing is ever summed across
/// lanes; a query of 16 bits adds next to nothing to the rows' own error.
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
    // SAFETY: blocks points to count code blocks as CodeRows lays them out, pairs a multiple of 4; query to pairs int32; scores to 16 floats a block.

    /// <summary><c>scores[r] = factor[r] × (scale × (q_r · query)) + bias[r] − error[r] × norm</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(byte* blocks, int count, nint pairs, int* query, float scale, float norm, float* scores)
    {
        int width = TLanes.Width;
        float minusNorm = -norm;
        for (int block = 0; block < count; block++, scores += CodeRows.BlockRows)
        {
            float* factors = (float*)blocks;
            sbyte* codes = (sbyte*)blocks + CodeRows.HeaderBytes;
            for (int first = 0; first < CodeRows.BlockRows; first += width)
            {
                sbyte* lane = codes + (2 * first);
                TInts s0 = TScan.Zero, s1 = TScan.Zero, s2 = TScan.Zero, s3 = TScan.Zero;
                for (nint p = 0; p < pairs; p += 4, lane += 4 * CodeRows.PairBytes)
                {
                    Ahead.Line(lane + Ahead.Distance);
                    Ahead.Line(lane + Ahead.Distance + (2 * CodeRows.PairBytes));
                    s0 = TScan.Add(s0, TScan.MultiplyPairs(lane, query + p));
                    s1 = TScan.Add(s1, TScan.MultiplyPairs(lane + CodeRows.PairBytes, query + p + 1));
                    s2 = TScan.Add(s2, TScan.MultiplyPairs(lane + (2 * CodeRows.PairBytes), query + p + 2));
                    s3 = TScan.Add(s3, TScan.MultiplyPairs(lane + (3 * CodeRows.PairBytes), query + p + 3));
                }

                TVector dot = TLanes.Multiply(TScan.ToFloats(TScan.Add(TScan.Add(s0, s1), TScan.Add(s2, s3))), TLanes.Broadcast(&scale));
                TVector score = TLanes.MultiplyAdd(TLanes.Load(factors + first), dot, TLanes.Load(factors + CodeRows.BlockRows + first));
                TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(factors + (2 * CodeRows.BlockRows) + first), TLanes.Broadcast(&minusNorm), score), scores + first);
            }

            blocks += CodeRows.HeaderBytes + (pairs * CodeRows.PairBytes);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>Puts rows beside each other, dimension by dimension.</summary>
internal static unsafe class PanelTranspose
{
    /// <summary>Copies four rows into four neighbouring lanes of a panel: <c>panel[k · width + i] = row i [k]</c>.</summary>
    // SAFETY: each row has depth floats, and the panel depth × width from this lane on. Packing costs as much as an eighth of mining 128 rows when every
    // float is moved alone (bench/Tercet.Bench, SmallBatchBenchmark).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(float* row0, float* row1, float* row2, float* row3, int depth, float* panel, nint width)
    {
        int k = 0;
        if (Sse.IsSupported)
        {
            for (; k + 4 <= depth; k += 4, panel += 4 * width)
            {
                Vector128<float> a = Vector128.Load(row0 + k), b = Vector128.Load(row1 + k), c = Vector128.Load(row2 + k), d = Vector128.Load(row3 + k);
                Vector128<float> lowAB = Sse.UnpackLow(a, b), lowCD = Sse.UnpackLow(c, d);
                Vector128<float> highAB = Sse.UnpackHigh(a, b), highCD = Sse.UnpackHigh(c, d);
                Sse.MoveLowToHigh(lowAB, lowCD).Store(panel);
                Sse.MoveHighToLow(lowCD, lowAB).Store(panel + width);
                Sse.MoveLowToHigh(highAB, highCD).Store(panel + (2 * width));
                Sse.MoveHighToLow(highCD, highAB).Store(panel + (3 * width));
            }
        }

        for (; k < depth; k++, panel += width)
        {
            panel[0] = row0[k];
            panel[1] = row1[k];
            panel[2] = row2[k];
            panel[3] = row3[k];
        }
    }
}

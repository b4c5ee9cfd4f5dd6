using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>A bound on the error of the keys of parts, row by row: a pair's key is off by no more than its two rows' errors together.</summary>
/// <remarks>
/// An accumulator rounds after each dimension, by at most 2⁻²⁴ of a partial sum that is at most ½ Σ (xₘ² + yₘ²) over the dimensions so far. Over a part of P
/// dimensions that adds up to ½ Σ (P − m) xₘ², m from 0, and the same of y: half of what the whole norm in every step would give, where no dimension
/// stands out. The norms and their addition cost 4 ‖x‖² (<see cref="IMiningKernels.KeyTolerance"/>); each addition of a part rounds once what is at most
/// the norms' sum, which costs 1. The 1 % covers the second-order terms and this sum's own rounding; what underflow loses comes on top.
/// </remarks>
internal sealed unsafe class KeyErrors(CpuSession session) : IDisposable
{
    private const double UnitRoundoff = 1.0 / (1 << 24);

    private PinnedBuffer<float> _errors = new(0);

    /// <summary>The largest error.</summary>
    public float Largest { get; private set; }

    /// <summary>A row's error, by position.</summary>
    public float this[int position] => _errors.Span[position];

    /// <summary>A bound on the error of all keys of an anchor.</summary>
    public float ToleranceOf(int anchor) => this[anchor] + Largest;

    /// <summary>Takes the session's rows.</summary>
    public void Measure(KeyParts parts)
    {
        PackedPanels rows = session.Gallery;
        PinnedBuffer.Grow(ref _errors, (long)rows.PanelCount * rows.Width);

        // SAFETY: native memory of that length, a slab's rows one after the other.
        float* errors = (float*)_errors.DangerousGetAddress();
        double scale = 1.01 * Math.Abs(session.KeyScale);
        float constant = (float)(scale * ((0.5 * rows.Depth) + 4) * float.Epsilon) + float.Epsilon;
        double others = 4 + (parts.Count == 1 ? 0 : parts.Count);
        for (int position = 0; position < rows.PanelCount * rows.Width; position += rows.SlabRows)
            SumPartial(rows.At(position, 0), rows.Depth, rows.SlabRows, parts.Depth, errors + position);
        Largest = 0;
        for (int position = 0; position < rows.Count; position++)
        {
            errors[position] = (float)(scale * UnitRoundoff * ((0.5 * parts.Depth * errors[position]) + (others * 2 * rows.HalfNorms[position]))) + constant;
            Largest = Math.Max(Largest, errors[position]);
        }
    }

    public void Dispose() => _errors.Dispose();

    // In parts' depths, so that what the norm does not overflow this does not. SAFETY: a slab has depth × width floats, and a width is a multiple of 4.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPartial(float* slab, int depth, int width, int partDepth, float* sums)
    {
        for (int row = 0; row < width; row += 4)
        {
            Vector128<float> sum = Vector128<float>.Zero;
            for (int first = 0; first < depth; first += partDepth)
            {
                int end = Math.Min(depth, first + partDepth);
                for (int k = first; k < end; k++)
                {
                    Vector128<float> x = Vector128.Load(slab + ((nint)k * width) + row);
                    sum += x * x * Vector128.Create((end - k) / (float)partDepth);
                }
            }

            sum.Store(sums + row);
        }
    }
}

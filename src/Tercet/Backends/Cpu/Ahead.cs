using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>Asks for memory before it is needed. Without effect where the processor offers no hint.</summary>
// SAFETY: a hint reads nothing, and faults at no address.
internal static unsafe class Ahead
{
    /// <summary>How far ahead, in bytes.</summary>
    public const int Distance = 4096;

    /// <summary>
    /// Whether a scan of codes should ask for what it will read. On an Intel Xeon it ran three times as fast for it, on an AMD EPYC by a third slower
    /// (bench/results/notes-search.md).
    /// </summary>
    public static readonly bool HelpsScans = X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == GenuineIntel;

    // "Genu", as the processor gives its maker's name.
    private const int GenuineIntel = 0x756e6547;
    private const int LineBytes = 64;

    /// <summary>Asks for one line. Any address may be asked for: a hint never faults.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>Asks for some rows, all of them inside the gallery.</summary>
    public static void Rows(float* rows, nint stride, int depth, int count)
    {
        for (int row = 0; row < count; row++)
        {
            byte* line = (byte*)(rows + (row * stride));
            for (byte* end = line + ((nint)depth * sizeof(float)); line < end; line += LineBytes)
                Line(line);
        }
    }
}

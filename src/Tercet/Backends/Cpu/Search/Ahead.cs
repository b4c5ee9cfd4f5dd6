using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Asks for memory before it is needed. The scans widen or sum as they read, and keep too few loads in flight to hide the way from memory; asking a page ahead
/// made the code scan three times as fast (bench/results/notes-search.md). Without effect where the processor offers no hint.
/// </summary>
// SAFETY: a hint reads nothing, and faults at no address.
internal static unsafe class Ahead
{
    /// <summary>How far ahead, in bytes.</summary>
    public const int Distance = 4096;

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

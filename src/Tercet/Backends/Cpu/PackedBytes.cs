using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>32 bytes at a time, packed from four vectors of eight lanes: packing takes four lanes of each vector in turn. AVX2.</summary>
internal static unsafe class PackedBytes
{
    /// <summary>Bytes of a table.</summary>
    public const int TableLength = 64;

    /// <summary>Looks bytes up in a table by the lower six bits of their places, below 128: in its four parts, and of the four the one is taken that two bits name.</summary>
    // SAFETY: the table has TableLength bytes. Bits reach a byte's sign within words of 16; what comes over from the lower byte stays below it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Lookup(byte* table, Vector256<byte> place)
    {
        Vector256<byte> fourth = (place.AsUInt16() << 3).AsByte(), fifth = (place.AsUInt16() << 2).AsByte();
        Vector256<byte> lower = Avx2.BlendVariable(LookupPart(table, place), LookupPart(table + 16, place), fourth);
        return Avx2.BlendVariable(lower, Avx2.BlendVariable(LookupPart(table + 32, place), LookupPart(table + 48, place), fourth), fifth);
    }

    /// <summary>The sign of every byte, in the order of the lanes that they were packed from.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SignsInOrder(Vector256<byte> packed) =>
        Avx2.PermuteVar8x32(packed.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte().ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> LookupPart(byte* part, Vector256<byte> place) => Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(part), place);
}

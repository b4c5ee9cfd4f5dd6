using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;

namespace Tercet.Memory;

/// <summary>A row-major matrix of 16-bit components: a view, which owns nothing. The default value is no matrix.</summary>
public readonly ref struct NarrowRows
{
    private NarrowRows(ReadOnlySpan2D<ushort> bits, RowFormat format)
    {
        Bits = bits;
        Format = format;
    }

    /// <summary>The components' bits, <c>[N, D]</c>.</summary>
    public ReadOnlySpan2D<ushort> Bits { get; }

    /// <summary>What the bits mean: <see cref="RowFormat.Binary16"/> or <see cref="RowFormat.BFloat16"/>.</summary>
    public RowFormat Format { get; }

    /// <summary>Whether this is no matrix.</summary>
    public bool IsEmpty => Bits.IsEmpty;

    /// <summary>A view of float16 rows.</summary>
    public static NarrowRows Of(ReadOnlySpan2D<Half> rows) => new(BitsOf(rows), RowFormat.Binary16);

    /// <summary>A view of bfloat16 rows.</summary>
    public static NarrowRows Of(ReadOnlySpan2D<BFloat16> rows) => new(BitsOf(rows), RowFormat.BFloat16);

    /// <summary>The same values as float32, which holds every one of them, in a working buffer that grows as needed.</summary>
    internal ReadOnlySpan2D<float> Widen(ref PinnedBuffer<float> buffer)
    {
        PinnedBuffer.Grow(ref buffer, (long)Bits.Height * Bits.Width);
        Span2D<float> wide = buffer.AsMatrix(Bits.Height, Bits.Width);
        for (int row = 0; row < Bits.Height; row++)
            Widen(Bits.GetRowSpan(row), wide.GetRowSpan(row));
        return wide;
    }

    private static ReadOnlySpan2D<ushort> BitsOf<T>(ReadOnlySpan2D<T> rows)
        where T : unmanaged
    {
        if (rows.IsEmpty)
            return default;
        ref T first = ref rows.DangerousGetReference();
        int pitch = rows.Height < 2 ? 0 : (int)(Unsafe.ByteOffset(ref first, ref rows.DangerousGetReferenceAt(1, 0)) / sizeof(ushort)) - rows.Width;
        return ReadOnlySpan2D<ushort>.DangerousCreate(in Unsafe.As<T, ushort>(ref first), rows.Height, rows.Width, pitch);
    }

    private void Widen(ReadOnlySpan<ushort> source, Span<float> target)
    {
        if (Format == RowFormat.Binary16)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(source), target);
            return;
        }

        for (int k = 0; k < target.Length; k++)
            target[k] = BFloat16.FromBits(source[k]).ToSingle();
    }
}

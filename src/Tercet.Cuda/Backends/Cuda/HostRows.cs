using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The caller's rows while they are pinned, in whichever format a device is to receive them.</summary>
/// <param name="First">The first row.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Depth">Components of a row.</param>
/// <param name="StrideBytes">Bytes from one row to the next.</param>
/// <param name="Format">How components are stored.</param>
// SAFETY: made inside the backend's fixed block, and forgotten before it ends.
internal readonly unsafe record struct HostRows(nint First, int Count, int Depth, nint StrideBytes, RowFormat Format)
{
    /// <summary>Bytes of a component.</summary>
    public int ComponentBytes => Format == RowFormat.Binary32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Bytes of a row's components.</summary>
    public int RowBytes => Depth * ComponentBytes;

    /// <summary>Bytes of all components.</summary>
    public long Bytes => (long)Count * RowBytes;

    /// <summary>All rows of a span.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="first">The first one, pinned.</param>
    /// <param name="format">How they are stored.</param>
    public static HostRows Of<T>(ReadOnlySpan2D<T> rows, T* first, RowFormat format)
        where T : unmanaged
    {
        nint stride = rows.Height < 2 ? rows.Width * sizeof(T) : Unsafe.ByteOffset(ref rows.DangerousGetReference(), ref rows.DangerousGetReferenceAt(1, 0));
        return new HostRows((nint)first, rows.Height, rows.Width, stride, format);
    }

    /// <summary>Some of the rows.</summary>
    public HostRows Slice(int start, int count) => this with { First = First + (start * StrideBytes), Count = count };

    /// <summary>Copies some rows, one after another.</summary>
    public void CopyTo(int start, int count, Span<byte> target)
    {
        if (StrideBytes == RowBytes)
        {
            new ReadOnlySpan<byte>((byte*)First + (start * StrideBytes), checked(count * RowBytes)).CopyTo(target);
            return;
        }

        for (int row = 0; row < count; row++)
            new ReadOnlySpan<byte>((byte*)First + ((start + row) * StrideBytes), RowBytes).CopyTo(target[(row * RowBytes)..]);
    }
}

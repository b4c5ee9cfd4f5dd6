namespace Tercet.Memory;

/// <summary>What every <see cref="PinnedBuffer{T}"/> has in common.</summary>
public static class PinnedBuffer
{
    /// <summary>Byte alignment of every buffer: one cache line, and one 512-bit vector.</summary>
    public const int Alignment = 64;

    /// <summary>Replaces a buffer that is too short by one with room to spare. The content is not kept.</summary>
    internal static void Grow<T>(ref PinnedBuffer<T> buffer, long length, IBufferAllocator? allocator = null)
        where T : unmanaged
    {
        if (buffer.Length >= length)
            return;
        if (length > Array.MaxLength)
            throw new TercetException($"A working buffer of {length} elements is longer than the largest one, {Array.MaxLength}; use fewer rows.");
        buffer.Dispose();

        // Should there be no memory for the longer one, an empty buffer is left, which can still grow.
        buffer = new PinnedBuffer<T>(0);
        buffer = new PinnedBuffer<T>((int)Math.Min(Array.MaxLength, length + (length / 4)), allocator);
    }
}

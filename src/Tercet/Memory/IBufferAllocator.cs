namespace Tercet.Memory;

/// <summary>
/// Where the bytes of a <see cref="PinnedBuffer{T}"/> come from. The default is <see cref="AlignedAllocator"/>; a device backend
/// supplies page-locked memory through the same two methods.
/// </summary>
public interface IBufferAllocator
{
    /// <summary>Allocates <paramref name="byteCount"/> zeroed bytes, aligned to at least <see cref="PinnedBuffer.Alignment"/>.</summary>
    /// <param name="byteCount">Number of bytes, at least 1.</param>
    /// <returns>The address, never zero.</returns>
    /// <exception cref="OutOfMemoryException">The memory is not to be had.</exception>
    nint Allocate(nuint byteCount);

    /// <summary>Gives back what <see cref="Allocate"/> returned. Called once per allocation, possibly on the finalizer thread; must not throw.</summary>
    /// <param name="address">The address that <see cref="Allocate"/> returned.</param>
    /// <param name="byteCount">The same number of bytes.</param>
    void Free(nint address, nuint byteCount);
}

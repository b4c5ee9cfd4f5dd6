using System.Runtime.InteropServices;

namespace Tercet.Memory;

/// <summary>The default allocator: native memory aligned to <see cref="PinnedBuffer.Alignment"/>, outside the managed heap, so that it never moves.</summary>
public sealed class AlignedAllocator : IBufferAllocator
{
    private AlignedAllocator()
    {
    }

    /// <summary>The only instance; it has no state.</summary>
    public static AlignedAllocator Instance { get; } = new();

    /// <inheritdoc/>
    public unsafe nint Allocate(nuint byteCount)
    {
        bool isLong = LargePages.Suit(byteCount);

        // SAFETY: AlignedAlloc throws when memory is short, so the pointer is valid for byteCount bytes.
        void* address = NativeMemory.AlignedAlloc(byteCount, isLong ? LargePages.Size : PinnedBuffer.Alignment);
        if (isLong)
            LargePages.AskFor((nint)address, byteCount);
        NativeMemory.Clear(address, byteCount);
        return (nint)address;
    }

    /// <inheritdoc/>
    public unsafe void Free(nint address, nuint byteCount)
    {
        // SAFETY: the address came from AlignedAlloc above and is freed once (PinnedBuffer's handle sees to it).
        NativeMemory.AlignedFree((void*)address);
    }
}

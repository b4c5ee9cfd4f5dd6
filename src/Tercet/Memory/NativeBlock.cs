using System.Runtime.InteropServices;

namespace Tercet.Memory;

/// <summary>
/// Owns one allocation. A critical-finalizer handle, so the bytes go back to their allocator exactly once even when a buffer is
/// dropped without <c>Dispose</c>.
/// </summary>
internal sealed class NativeBlock : SafeHandle
{
    private readonly IBufferAllocator _allocator;

    internal NativeBlock(IBufferAllocator allocator, nuint byteCount)
        : base(0, ownsHandle: true)
    {
        _allocator = allocator;
        ByteCount = byteCount;
        nint address = allocator.Allocate(byteCount);
        if (address == 0)
            throw new InvalidOperationException($"{allocator.GetType().Name} gave no address for {byteCount} bytes.");
        SetHandle(address);
    }

    internal nuint ByteCount { get; }

    internal nint Address => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        _allocator.Free(handle, ByteCount);
        return true;
    }
}

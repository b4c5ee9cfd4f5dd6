using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>Host memory that a device copies from and to without the driver's own buffers in between.</summary>
internal sealed unsafe class PageLockedAllocator(ICudaDriver driver) : IBufferAllocator
{
    /// <inheritdoc/>
    // SAFETY: the driver's block holds byteCount bytes, and nobody else has it yet. The driver aligns to pages.
    public nint Allocate(nuint byteCount)
    {
        driver.Enter();
        nint address = driver.AllocateHost(byteCount);
        System.Runtime.InteropServices.NativeMemory.Clear((void*)address, byteCount);
        return address;
    }

    /// <inheritdoc/>
    public void Free(nint address, nuint byteCount) => driver.FreeHost(address);
}

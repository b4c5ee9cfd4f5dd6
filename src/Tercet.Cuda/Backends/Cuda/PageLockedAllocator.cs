using System.Runtime.InteropServices;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>Host memory that a device copies from and to without the driver's own buffers in between. It knows its blocks, so that rows that lie in one are not copied to another.</summary>
internal sealed unsafe class PageLockedAllocator(ICudaDriver driver) : IBufferAllocator
{
    private readonly SortedList<nint, nuint> _blocks = [];
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    // SAFETY: the driver's block holds byteCount bytes, and nobody else has it yet. The driver aligns to pages.
    public nint Allocate(nuint byteCount)
    {
        driver.Enter();
        nint address = driver.AllocateHost(byteCount);
        NativeMemory.Clear((void*)address, byteCount);
        lock (_lock)
            _blocks.Add(address, byteCount);
        return address;
    }

    /// <inheritdoc/>
    public void Free(nint address, nuint byteCount)
    {
        lock (_lock)
            _blocks.Remove(address);
        driver.FreeHost(address);
    }

    /// <summary>Whether memory lies whole in one block.</summary>
    public bool Holds(nint address, long bytes)
    {
        lock (_lock)
        {
            // The last block that begins at or below the address.
            int low = 0, high = _blocks.Count;
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (_blocks.GetKeyAtIndex(middle) <= address)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low > 0 && address + (nint)bytes <= _blocks.GetKeyAtIndex(low - 1) + (nint)_blocks.GetValueAtIndex(low - 1);
        }
    }
}

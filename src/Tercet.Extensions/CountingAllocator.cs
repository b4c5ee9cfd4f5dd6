using Tercet.Memory;

namespace Tercet.Extensions;

/// <summary>Passes allocations on and counts their bytes.</summary>
internal sealed class CountingAllocator(IBufferAllocator inner) : IBufferAllocator
{
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public nint Allocate(nuint byteCount)
    {
        nint address = inner.Allocate(byteCount);
        Interlocked.Add(ref _bytes, (long)byteCount);
        return address;
    }

    public void Free(nint address, nuint byteCount)
    {
        inner.Free(address, byteCount);
        Interlocked.Add(ref _bytes, -(long)byteCount);
    }
}

using System.Collections.Concurrent;
using Tercet.Memory;

namespace Tercet.Tests.Memory;

/// <summary>Counts what is allocated and freed, and fails a free that matches no allocation.</summary>
internal sealed class CountingAllocator : IBufferAllocator
{
    private readonly ConcurrentDictionary<nint, nuint> _live = new();
    private int _allocations;
    private int _badFrees;

    public int Allocations => _allocations;

    public int Live => _live.Count;

    public int BadFrees => _badFrees;

    public nint Allocate(nuint byteCount)
    {
        nint address = AlignedAllocator.Instance.Allocate(byteCount);
        Interlocked.Increment(ref _allocations);
        _live[address] = byteCount;
        return address;
    }

    public void Free(nint address, nuint byteCount)
    {
        if (!_live.TryRemove(new KeyValuePair<nint, nuint>(address, byteCount)))
        {
            Interlocked.Increment(ref _badFrees);
            return;
        }

        AlignedAllocator.Instance.Free(address, byteCount);
    }
}

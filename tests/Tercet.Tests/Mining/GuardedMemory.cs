using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;

namespace Tercet.Tests.Mining;

/// <summary>
/// Memory between two pages that may not be touched. A block that ends at the upper guard faults on the first byte read or written past it, and one that
/// starts at the lower guard on the first byte before it: a fault ends the test process, so an overrun cannot pass unseen.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ReadWrite = 3, NoAccess = 0, PrivateAnonymous = 0x22;

    private readonly nint _mapping;
    private readonly nuint _length;
    private readonly byte* _first;

    private GuardedMemory(nuint bytes, bool touchesEnd)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint body = Math.Max(1, (bytes + page - 1) / page) * page;
        _length = body + (2 * page);

        // SAFETY: the mapping holds the two guards and the body between them; the block lies inside the body.
        _mapping = MemoryMap(0, _length, ReadWrite, PrivateAnonymous, -1, 0);
        if (_mapping == -1 || MemoryProtect(_mapping, page, NoAccess) != 0 || MemoryProtect(_mapping + (nint)(page + body), page, NoAccess) != 0)
            throw new InvalidOperationException($"mmap or mprotect failed with {Marshal.GetLastPInvokeError()}.");
        _first = (byte*)_mapping + page + (touchesEnd ? body - bytes : 0);
    }

    /// <summary>Whether this machine has the two system calls with these constants.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>A copy of a matrix that touches one of the guards.</summary>
    public static GuardedMemory Of(float[,] rows, bool touchesEnd)
    {
        var memory = new GuardedMemory((nuint)rows.Length * sizeof(float), touchesEnd);
        rows.AsSpan2D().CopyTo(memory.AsSpan<float>(rows.Length));
        return memory;
    }

    /// <summary>A copy of a list that touches one of the guards.</summary>
    public static GuardedMemory Of<T>(T[] values, bool touchesEnd)
        where T : unmanaged
    {
        var memory = new GuardedMemory((nuint)values.Length * (nuint)sizeof(T), touchesEnd);
        values.CopyTo(memory.AsSpan<T>(values.Length));
        return memory;
    }

    public Span<T> AsSpan<T>(int length)
        where T : unmanaged => new(_first, length);

    public Span2D<float> AsMatrix(int rows, int columns) => new(_first, rows, columns, 0);

    public void Dispose() => _ = MemoryUnmap(_mapping, _length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MemoryMap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int MemoryProtect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int MemoryUnmap(nint address, nuint length);
}

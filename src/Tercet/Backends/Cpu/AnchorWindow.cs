using System.Runtime.InteropServices;

namespace Tercet.Backends.Cpu;

/// <summary>Which keys of an anchor may still be the nearest beyond one of its positives, and how many have been kept. Three cache lines.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal unsafe struct AnchorWindow
{
    /// <summary><see cref="Count"/> before the first block is seen.</summary>
    public const int Unplaced = -1;

    /// <summary><see cref="Count"/> once there were too many keys to keep.</summary>
    public const int Overflowed = -2;

    /// <summary>The wanted bins, one bit each.</summary>
    // SAFETY: bins are clamped to KeyBins.Last, so every bit that is tested or set lies inside.
    [FieldOffset(0)]
    public fixed ulong Wanted[KeyBins.Count / 64];

    /// <summary>The anchor's bins.</summary>
    [FieldOffset(128)]
    public KeyBins Bins;

    /// <summary>The distance within which two keys are not surely in order.</summary>
    [FieldOffset(136)]
    public float NearTie;

    /// <summary>Whether no key beyond all thresholds is known: then the last bin is wanted, and with it what is no key.</summary>
    [FieldOffset(144)]
    public bool IsOpen;

    /// <summary>Number of keys kept.</summary>
    [FieldOffset(140)]
    public int Count;

    /// <summary>Number of keys from which they are sifted.</summary>
    [FieldOffset(148)]
    public int Limit;
}

namespace Tercet.Memory;

/// <summary>What every <see cref="PinnedBuffer{T}"/> has in common.</summary>
public static class PinnedBuffer
{
    /// <summary>Byte alignment of every buffer: one cache line, and one 512-bit vector.</summary>
    public const int Alignment = 64;
}

using Tercet.Mining;

namespace Tercet.Train;

/// <summary>
/// Everything random in a run is drawn from a generator of its own, made from the seed, what it is for, and the step: nothing needs to be carried from step to
/// step, so a resumed run draws what an uninterrupted one does.
/// </summary>
internal static class Draw
{
    public const ulong HoldOut = 101;
    public const ulong Thinning = 102;
    public const ulong Subset = 103;
    public const ulong Order = 104;
    public const ulong Rule = 105;
    public const ulong Torch = 106;

    public static SplitMix64 Generator(ulong seed, ulong stream, long step) => new(seed, stream, (ulong)step);

    /// <summary>A seed for a generator that is not ours.</summary>
    public static ulong Seed(ulong seed, ulong stream, long step) => Generator(seed, stream, step).Next();
}

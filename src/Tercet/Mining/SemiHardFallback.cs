namespace Tercet.Mining;

/// <summary>What <see cref="MiningRule.SemiHard"/> does with a pair that has no semi-hard negative.</summary>
public enum SemiHardFallback
{
    /// <summary>Leaves the pair out.</summary>
    Skip,

    /// <summary>Takes the anchor's farthest negative, as TensorFlow Addons does.</summary>
    EasiestNegative,

    /// <summary>Takes the anchor's nearest negative.</summary>
    HardestNegative,
}

namespace Tercet.Backends;

/// <summary>Which extremes <see cref="IMiningKernels.FindExtremes"/> finds.</summary>
[Flags]
public enum ExtremeKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>argmax over the positives.</summary>
    FarthestPositive = 1,

    /// <summary>argmin over the positives.</summary>
    NearestPositive = 2,

    /// <summary>argmin over the negatives.</summary>
    NearestNegative = 4,
}

namespace Tercet.Mining;

/// <summary>How the terms of a triplet loss become one number. The gradient is that of the same number.</summary>
public enum LossReduction
{
    /// <summary>The sum over all terms.</summary>
    Sum,

    /// <summary>The sum divided by the number of terms; 0 when there are none.</summary>
    Mean,

    /// <summary>The sum divided by the number of terms above zero; 0 when there are none.</summary>
    MeanNonZero,
}

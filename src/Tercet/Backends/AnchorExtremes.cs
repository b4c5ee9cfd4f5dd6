namespace Tercet.Backends;

/// <summary>The extreme rows of one anchor, as gallery positions; −1 where there is none, or where it was not asked for.</summary>
public record struct AnchorExtremes
{
    /// <summary>Nothing found yet.</summary>
    public static readonly AnchorExtremes None = new()
    {
        FarthestPositive = -1,
        NearestPositive = -1,
        NearestNegative = -1,
        FarthestPositiveKey = double.NaN,
        NearestPositiveKey = double.NaN,
        NearestNegativeKey = double.NaN,
    };

    /// <summary>argmax key over the positives.</summary>
    public int FarthestPositive { get; set; }

    /// <summary>argmin key over the positives.</summary>
    public int NearestPositive { get; set; }

    /// <summary>argmin key over the negatives.</summary>
    public int NearestNegative { get; set; }

    /// <summary>The exact key of <see cref="FarthestPositive"/>; NaN where the backend leaves it to <see cref="IMiningKernels.ExactKey"/>.</summary>
    public double FarthestPositiveKey { get; set; }

    /// <summary>The same of <see cref="NearestPositive"/>.</summary>
    public double NearestPositiveKey { get; set; }

    /// <summary>The same of <see cref="NearestNegative"/>.</summary>
    public double NearestNegativeKey { get; set; }
}

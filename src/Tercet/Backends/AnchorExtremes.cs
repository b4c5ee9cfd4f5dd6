namespace Tercet.Backends;

/// <summary>The extreme rows of one anchor, as gallery positions; −1 where there is none, or where it was not asked for.</summary>
public record struct AnchorExtremes
{
    /// <summary>Nothing found yet.</summary>
    public static readonly AnchorExtremes None = new() { FarthestPositive = -1, NearestPositive = -1, NearestNegative = -1 };

    /// <summary>argmax key over the positives.</summary>
    public int FarthestPositive { get; set; }

    /// <summary>argmin key over the positives.</summary>
    public int NearestPositive { get; set; }

    /// <summary>argmin key over the negatives.</summary>
    public int NearestNegative { get; set; }
}

namespace Tercet.Mining;

/// <summary>What one worker needs to decide one anchor after another, and what it has counted.</summary>
internal sealed class AnchorScratch : IDisposable
{
    public AnchorPositives Positives { get; } = new();

    public NegativeRanking Negatives { get; } = new();

    public DistanceWeights Weights { get; } = new();

    /// <summary>Valid triplets with a gap ≤ 0.</summary>
    public long Hard { get; set; }

    /// <summary>Valid triplets with a gap ≤ α.</summary>
    public long Violating { get; set; }

    /// <summary>Makes sure that there is one scratch for each worker, with its counts at zero.</summary>
    public static void Prepare(ref AnchorScratch[] scratches, int workers)
    {
        if (scratches.Length < workers)
        {
            int previous = scratches.Length;
            Array.Resize(ref scratches, workers);
            for (int i = previous; i < workers; i++)
                scratches[i] = new AnchorScratch();
        }

        foreach (AnchorScratch scratch in scratches)
        {
            scratch.Hard = 0;
            scratch.Violating = 0;
        }
    }

    /// <summary>The counts of all workers together.</summary>
    public static TripletCounts Counts(AnchorScratch[] scratches, long validTriplets)
    {
        long hard = 0;
        long violating = 0;
        foreach (AnchorScratch scratch in scratches)
        {
            hard += scratch.Hard;
            violating += scratch.Violating;
        }

        return new TripletCounts(hard, violating - hard, validTriplets - violating);
    }

    /// <summary>Counts the loaded anchor's triplets.</summary>
    public void CountTriplets(double margin)
    {
        foreach (double distance in Positives.Values)
        {
            Hard += Negatives.CountWithin(distance, 0, strictly: false);
            Violating += Negatives.CountWithin(distance, margin, strictly: false);
        }
    }

    public void Dispose()
    {
        Positives.Dispose();
        Negatives.Dispose();
        Weights.Dispose();
    }
}

namespace Tercet.Train.Learning;

/// <summary>What one step did.</summary>
internal sealed record StepReport
{
    public int Step { get; init; }

    /// <summary>Seconds of training up to its end, over all its processes; refreshes are in it, validation is not.</summary>
    public double Seconds { get; init; }

    public double LearningRate { get; init; }

    public TrainingRule Rule { get; init; }

    public double Loss { get; init; }

    /// <summary>Triplets that the loss was taken over.</summary>
    public long Triplets { get; init; }

    /// <summary>The fraction of them inside the margin.</summary>
    public double Active { get; init; }

    /// <summary>The collapse statistic: 1 for embeddings all over the sphere, 0 for one point.</summary>
    public double Spread { get; init; }

    public double MeanPositiveDistance { get; init; }

    public double MeanNegativeDistance { get; init; }

    public double BatchMs { get; init; }

    public double ForwardMs { get; init; }

    public double MineMs { get; init; }

    public double LossMs { get; init; }

    public double BackwardMs { get; init; }

    /// <summary>Offline: the refresh before this step; 0 without one.</summary>
    public double RefreshMs { get; init; }

    /// <summary>Whether this step made the guard switch.</summary>
    public bool Switched { get; init; }

    /// <summary>All of the step without refresh.</summary>
    public double StepMs => BatchMs + ForwardMs + MineMs + LossMs + BackwardMs;
}

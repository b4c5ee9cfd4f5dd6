using Tercet.Mining;

namespace Tercet.Train;

/// <summary>Everything that decides what a run computes. It is kept in each checkpoint, and a resumed run takes it from there.</summary>
internal sealed record TrainingOptions
{
    /// <summary>A folder of images, one subfolder an identity, or an IDX file of images.</summary>
    public required string Data { get; init; }

    /// <summary>The same, to validate on; null means <see cref="ValidationIdentities"/> of the data.</summary>
    public string? Validation { get; init; }

    /// <summary>Identities kept from training to validate on.</summary>
    public int ValidationIdentities { get; init; }

    /// <summary>Most rows to validate on, the same number of each identity.</summary>
    public int ValidationRows { get; init; } = 2000;

    /// <summary>Side that images of a folder are resized to.</summary>
    public int Size { get; init; } = 64;

    /// <summary>Whether images of a folder lose their colours.</summary>
    public bool Grey { get; init; }

    /// <summary>Dimension of the embedding.</summary>
    public int Dimension { get; init; } = 64;

    /// <summary>Channels of the first convolution; later ones have twice as many.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>Identities a batch.</summary>
    public int Identities { get; init; } = 30;

    /// <summary>Images of each.</summary>
    public int PerIdentity { get; init; } = 40;

    /// <summary>Random negatives beside them.</summary>
    public int RandomNegatives { get; init; } = 600;

    public MiningMode Mining { get; init; } = MiningMode.Online;

    public TrainingRule Rule { get; init; } = TrainingRule.SemiHard;

    public LossForm Loss { get; init; } = LossForm.Hinge;

    /// <summary>The metric, and the margin's unit.</summary>
    public DistanceMetric Metric { get; init; } = DistanceMetric.SquaredEuclidean;

    /// <summary>α.</summary>
    public double Margin { get; init; } = 0.2;

    /// <summary>Offline: steps between two refreshes of the list.</summary>
    public int RefreshEvery { get; init; } = 50;

    /// <summary>Offline: rows of the training set that a refresh embeds and mines in.</summary>
    public int RefreshSubset { get; init; } = 5000;

    /// <summary>Whether a collapse under hard-negative or batch-hard switches to semi-hard.</summary>
    public bool Guard { get; init; } = true;

    /// <summary>Spread at or below which a batch counts as collapsed.</summary>
    public double CollapseThreshold { get; init; } = 0.05;

    /// <summary>Collapsed batches in a row that make a collapse.</summary>
    public int CollapsePatience { get; init; } = 3;

    public int Steps { get; init; } = 1000;

    public double LearningRate { get; init; } = 1e-3;

    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>Steps over which the rate rises from 0.</summary>
    public int WarmUpSteps { get; init; }

    public int ValidateEvery { get; init; } = 50;

    public int CheckpointEvery { get; init; } = 50;

    public ulong Seed { get; init; }

    /// <summary>Threads of torch and of the engine; 0 means every processor.</summary>
    public int Threads { get; init; }

    /// <summary>Images of a step.</summary>
    public int BatchRows => (Identities * PerIdentity) + RandomNegatives;
}

using Tercet.Train.Learning;

namespace Tercet.Train.Checkpoints;

/// <summary>The part of a checkpoint that a person can read.</summary>
internal sealed record CheckpointHeader
{
    public required TrainingOptions Options { get; init; }

    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>Seconds of training up to there.</summary>
    public double Seconds { get; init; }

    /// <summary>Digest of the training set.</summary>
    public required string Fingerprint { get; init; }

    public ulong SamplerSeed { get; init; }

    public long SamplerBatch { get; init; }

    public long SamplerEpoch { get; init; }

    public int SamplerCursor { get; init; }

    public required int[] SamplerCarried { get; init; }

    public required CollapseGuard Guard { get; init; }

    /// <summary>Offline: triplets of the list used.</summary>
    public int ListUsed { get; init; }
}

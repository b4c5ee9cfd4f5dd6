namespace Tercet.Train.Checkpoints;

/// <summary>All that the next step of a run depends on.</summary>
internal sealed record Checkpoint
{
    public required CheckpointHeader Header { get; init; }

    /// <summary>The network's parameters and running statistics.</summary>
    public required byte[] Weights { get; init; }

    /// <summary>The optimiser's state.</summary>
    public required byte[] Optimizer { get; init; }

    /// <summary>Offline: rows of the list, three a triplet.</summary>
    public required int[] List { get; init; }
}

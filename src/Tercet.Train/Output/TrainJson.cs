namespace Tercet.Train.Output;

/// <summary>The answer of a run.</summary>
internal sealed record TrainJson
{
    public required string Folder { get; init; }

    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>Whether they are all that were asked for.</summary>
    public bool Finished { get; init; }

    /// <summary>The checkpoint's step that it went on from; null for a new run.</summary>
    public int? ResumedFrom { get; init; }

    /// <summary>Seconds of training, over all its runs.</summary>
    public double Seconds { get; init; }

    public double StepMsMedian { get; init; }

    /// <summary>Mining's part of a step, over this process's steps.</summary>
    public double MiningShare { get; init; }

    /// <summary>Milliseconds of all offline refreshes of this process.</summary>
    public double RefreshMs { get; init; }

    /// <summary>The step at which a collapse switched the rule; null without.</summary>
    public int? SwitchedAt { get; init; }

    public double? Recall1 { get; init; }

    public double? MapAtR { get; init; }

    public double? ValAtFar01 { get; init; }

    public double? ValAtFar001 { get; init; }

    /// <summary>Digest of the weights, bit for bit.</summary>
    public required string WeightsSha256 { get; init; }

    /// <summary>The ONNX file; null for a run that was interrupted.</summary>
    public string? Model { get; init; }
}

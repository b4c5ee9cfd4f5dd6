namespace Tercet.Backends.Cpu.Search;

/// <summary>A companion that was made earlier, where it lies (<see cref="CompanionShape"/>).</summary>
internal readonly ref struct StoredCompanion
{
    /// <summary>One factor a row, padded.</summary>
    public required ReadOnlySpan<float> Factors { get; init; }

    /// <summary>One bias a row, padded; +∞ for a row that nothing may find.</summary>
    public required ReadOnlySpan<float> Biases { get; init; }

    /// <summary>The first block of codes, the others behind it; empty where they are not to be used.</summary>
    public required ReadOnlySpan<byte> Codes { get; init; }

    /// <summary>The largest norm of a row.</summary>
    public required double GreatestNorm { get; init; }

    /// <summary>Rows that are not masked.</summary>
    public required int LiveCount { get; init; }
}

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// One anchor's thresholds as 16-bit integers, of keys mapped by <c>key × Scale + Offset</c> and rounded to the nearest. A key whose integer is
/// <see cref="Band"/> or more from a threshold's lies on the same side of it as the exact key.
/// </summary>
internal readonly unsafe struct WordThresholds
{
    /// <summary>Length of a table; its last place stays above every key.</summary>
    public const int TableLength = 64;

    /// <summary>Integers behind the last table that may be read; their values do not matter.</summary>
    public const int Padding = 16;

    // Room on both sides for the band.
    private const int LargestWord = 32000;

    // A larger offset's rounding would move the thresholds out of the room.
    private const double LargestOffset = 1 << 30;
    private const double SmallestDivisor = 1e-30;

    // Finer steps than this part of the slack would decide no more keys.
    private const double StepsPerSlack = 256;

    /// <summary>Maps an anchor's thresholds.</summary>
    /// <param name="table">Receives them, ascending: <see cref="TableLength"/> integers.</param>
    /// <param name="keys">The thresholds as keys, ascending; fewer than <see cref="TableLength"/>, at least 1.</param>
    /// <param name="slack">A bound on what separates a float32 key and a threshold from the exact ones.</param>
    // SAFETY: the table has that length and stays where it is as long as this is in use.
    public WordThresholds(short* table, ReadOnlySpan<float> keys, float slack)
    {
        Table = table;
        Count = keys.Length;
        double scale = Math.Min(2.0 * LargestWord / Math.Max((double)keys[^1] - keys[0], SmallestDivisor), StepsPerSlack / Math.Max(slack, SmallestDivisor));
        Scale = (float)Math.Min(scale, LargestOffset / Math.Max(keys[^1], SmallestDivisor));
        Offset = (float)(-LargestWord - ((double)keys[0] * Scale));
        new Span<short>(table, TableLength).Fill(short.MaxValue);

        // The offset's own rounding moves keys and thresholds alike. What is lost: half a step each, and the rounding of the product and the sum.
        for (int i = 0; i < keys.Length; i++)
            table[i] = (short)Math.Clamp(Math.Round(((double)keys[i] * Scale) + Offset), short.MinValue, short.MaxValue);
        Band = (short)Math.Ceiling((slack * (double)Scale) + 1.02);
    }

    /// <summary>The thresholds, then the largest integer.</summary>
    public short* Table { get; }

    /// <summary>Number of thresholds.</summary>
    public int Count { get; }

    /// <summary>Steps per unit of a key.</summary>
    public float Scale { get; }

    /// <summary>What a key of 0 maps to.</summary>
    public float Offset { get; }

    /// <summary>The distance, in steps, from which on the order of integers is that of exact keys.</summary>
    public short Band { get; }
}

namespace Tercet.Mining;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood 2014): a small generator whose sequence for a seed never changes, whatever the runtime. Not for secrets.
/// </summary>
internal struct SplitMix64
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state;

    internal SplitMix64(ulong seed)
    {
        _state = seed;
    }

    /// <summary>An independent generator for each (seed, stream, number): what is drawn for one never depends on what was drawn for another.</summary>
    internal SplitMix64(ulong seed, ulong stream, ulong number)
    {
        _state = Mix(Mix(Mix(seed + Step) ^ (stream * Step)) ^ (number * 0xD1342543DE82EF95));
    }

    internal ulong Next()
    {
        _state += Step;
        return Mix(_state);
    }

    /// <summary>A whole number in [0, bound), each equally likely (Lemire 2019).</summary>
    internal ulong Next(ulong bound)
    {
        ulong high = Math.BigMul(Next(), bound, out ulong low);
        if (low < bound)
        {
            ulong threshold = unchecked(0 - bound) % bound;
            while (low < threshold)
                high = Math.BigMul(Next(), bound, out low);
        }

        return high;
    }

    /// <summary>A whole number in [0, bound), each equally likely.</summary>
    internal int Next(int bound) => (int)Next((ulong)bound);

    /// <summary>Puts the items into a random order, each equally likely (Fisher, Yates).</summary>
    internal void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

namespace Tercet.Evaluation;

/// <summary>
/// How many pairs of each kind have a float32 key in each bin. A bin is the floats that agree in sign, exponent and the first eleven bits behind the point: 2⁻¹¹ of its edge
/// wide, whatever the scale of the data. Keys below 0 count as 0.
/// </summary>
internal sealed class PairBins : IPairConsumer
{
    private const int Shift = 12;
    private const int Bins = 1 << (31 - Shift);

    // Beyond this two keys differ as float32 distances do: half a unit in the last place, of a root as well.
    private const double Rounding = 1.0 / (1 << 21);

    private long[][] _same = [];
    private long[][] _different = [];

    /// <summary>No float32 key is farther than this from the exact one.</summary>
    public double Tolerance { get; private set; }

    public void Prepare(int workers, double tolerance)
    {
        Tolerance = Math.Max(Tolerance, tolerance);
        int have = _same.Length;
        if (have >= workers)
            return;
        Array.Resize(ref _same, workers);
        Array.Resize(ref _different, workers);
        for (int worker = have; worker < workers; worker++)
            (_same[worker], _different[worker]) = (new long[Bins], new long[Bins]);
    }

    public void Consume(in PairRow row)
    {
        Count(row.Same, _same[row.Worker]);
        Count(row.Different, _different[row.Worker]);
    }

    /// <summary>Adds up what the threads counted. To be called once, after the last pair.</summary>
    public void Complete()
    {
        Accumulate(_same);
        Accumulate(_different);
    }

    /// <summary>Pairs of a kind in the bins below one.</summary>
    public long Below(bool same, int bin) => bin == 0 ? 0 : (same ? _same : _different)[0][bin - 1];

    /// <summary>The bin of the pair that has so many of its kind before it, by key.</summary>
    public int BinOf(bool same, long rank) => FirstBin(bin => Below(same, bin + 1) > rank);

    /// <summary>The first bin at whose end something that goes on to hold does hold.</summary>
    public static int FirstBin(Func<int, bool> holdsAtEnd)
    {
        int low = 0, high = Bins - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (holdsAtEnd(middle))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    /// <summary>The smallest exact key that a pair of a bin can have.</summary>
    public double LowEdge(int bin) => bin == 0 ? double.NegativeInfinity : Edge(bin) - Tolerance;

    /// <summary>The largest exact key that a pair of a bin can have.</summary>
    public double HighEdge(int bin) => bin == Bins - 1 ? double.PositiveInfinity : Edge(bin + 1) + Tolerance;

    /// <summary>The float32 keys of every pair whose distance may equal one with an exact key in a range.</summary>
    public PairWindow Around(double low, double high) => new(Outwards(low, -1), Outwards(high, 1));

    /// <summary>The window that holds whatever has its place in a bin, and the pair before it if one has its place in another.</summary>
    public PairWindow WithPairBefore(int bin)
    {
        PairWindow own = Around(LowEdge(bin), HighEdge(bin));
        int before = bin;
        while (--before >= 0)
        {
            bool isEmpty = Below(true, before + 1) == Below(true, before) && Below(false, before + 1) == Below(false, before);
            if (!isEmpty && Edge(before + 1) <= own.Low)
                return own with { Low = Around(LowEdge(before), 0).Low };
        }

        return own with { Low = float.NegativeInfinity };
    }

    private float Outwards(double key, int sign)
    {
        double moved = key + (sign * ((1.01 * Tolerance) + (Rounding * Math.Abs(key))));
        if (Math.Abs(moved) > float.MaxValue)
            return Math.Sign(moved) == sign ? sign * float.PositiveInfinity : Math.Sign(moved) * float.MaxValue;
        return sign < 0 ? MathF.BitDecrement((float)moved) : MathF.BitIncrement((float)moved);
    }

    private static float Edge(int bin) => BitConverter.Int32BitsToSingle(bin << Shift);

    private static void Count(ReadOnlySpan<float> keys, long[] bins)
    {
        foreach (float key in keys)
            bins[BitConverter.SingleToInt32Bits(MathF.Max(key, 0)) >> Shift]++;
    }

    private static void Accumulate(long[][] workers)
    {
        long[] total = workers[0];
        long sum = 0;
        for (int bin = 0; bin < Bins; bin++)
        {
            for (int worker = 0; worker < workers.Length; worker++)
                sum += workers[worker][bin];
            total[bin] = sum;
        }
    }
}

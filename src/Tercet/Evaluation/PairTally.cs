using System.Numerics;
using System.Runtime.InteropServices;

namespace Tercet.Evaluation;

/// <summary>Counts for some thresholds how many accepted pairs of each kind every identity has a part in: what an interval over identities is made of. Takes 4 bytes a row, threshold and thread.</summary>
internal sealed class PairTally(RowDistances rows, LabelGroups groups, double[] thresholds, Func<double, PairWindow> around) : IPairConsumer
{
    private readonly PairWindow[] _windows = [.. thresholds.Select(around)];
    private int[][] _byPosition = [];
    private long[][] _same = [];

    public void Prepare(int workers, double tolerance)
    {
        int have = _same.Length;
        if (have >= workers)
            return;
        Array.Resize(ref _same, workers);
        Array.Resize(ref _byPosition, workers);
        for (int worker = have; worker < workers; worker++)
            (_same[worker], _byPosition[worker]) = (new long[groups.GroupCount * thresholds.Length], new int[checked(rows.Count * thresholds.Length)]);
    }

    public void Consume(in PairRow row)
    {
        int group = groups.GroupOf[groups.Rows[row.Position]];
        for (int t = 0; t < thresholds.Length; t++)
        {
            Span<int> counts = _byPosition[row.Worker].AsSpan(t * rows.Count, rows.Count);
            counts[row.Position] += Scan(row, same: false, t, counts[row.DifferentPosition..]);
            _same[row.Worker][(t * groups.GroupCount) + group] += Scan(row, same: true, t, default);
        }
    }

    /// <summary>Accepted pairs of one identity, by group.</summary>
    public long[] Same(int threshold)
    {
        long[] sums = new long[groups.GroupCount];
        foreach (long[] worker in _same)
        {
            for (int group = 0; group < sums.Length; group++)
                sums[group] += worker[(threshold * sums.Length) + group];
        }

        return sums;
    }

    /// <summary>Accepted pairs of two identities, by group: each stands there twice.</summary>
    public long[] Different(int threshold)
    {
        long[] sums = new long[groups.GroupCount];
        foreach (int[] worker in _byPosition)
        {
            for (int position = 0; position < rows.Count; position++)
                sums[groups.GroupOf[groups.Rows[position]]] += worker[(threshold * rows.Count) + position];
        }

        return sums;
    }

    // The row's accepted pairs; each is added to the partner's count where one is kept.
    private int Scan(in PairRow row, bool same, int threshold, Span<int> partners)
    {
        ReadOnlySpan<float> keys = row.Of(same);
        PairWindow window = _windows[threshold];
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(keys);
        Span<Vector<int>> counts = MemoryMarshal.Cast<int, Vector<int>>(partners);
        Vector<float> low = new(window.Low), high = new(window.High);
        Vector<int> sure = Vector<int>.Zero;
        int sum = 0;
        for (int i = 0; i < vectors.Length; i++)
        {
            Vector<int> below = Vector.LessThan(vectors[i], low);
            sure -= below;
            if (!same)
                counts[i] -= below;
            if (Vector.AndNot(Vector.LessThanOrEqual(vectors[i], high), below) != Vector<int>.Zero)
                sum += Look(row, same, threshold, partners, i * Vector<float>.Count, Vector<float>.Count);
        }

        int done = vectors.Length * Vector<float>.Count;
        for (int i = done; i < keys.Length; i++)
        {
            if (keys[i] >= window.Low)
                continue;
            sum++;
            if (!same)
                partners[i]++;
        }

        return sum + Vector.Sum(sure) + Look(row, same, threshold, partners, done, keys.Length - done);
    }

    private int Look(in PairRow row, bool same, int threshold, Span<int> partners, int start, int count)
    {
        ReadOnlySpan<float> keys = row.Of(same);
        int found = 0;
        for (int i = start; i < start + count; i++)
        {
            if (keys[i] < _windows[threshold].Low || keys[i] > _windows[threshold].High || RowDistances.Of(rows.Metric, row.ExactKey(same, i)) > thresholds[threshold])
                continue;
            found++;
            if (!same)
                partners[i]++;
        }

        return found;
    }
}

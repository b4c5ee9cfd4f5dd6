using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>
/// The definitions as plain loops over a float64 distance matrix: slow, and meant to be checked by eye. "First wins" loops with a strict comparison give ties
/// to the lowest row.
/// </summary>
internal sealed class Oracle
{
    private readonly MiningCase _case;
    private readonly double[,] _distance;
    private readonly bool _isExact;

    public Oracle(MiningCase miningCase, DistanceMetric metric, bool normalize = false)
    {
        _case = miningCase;
        Metric = metric;
        _isExact = miningCase.IsExact && !normalize && metric != DistanceMetric.Cosine;
        float[,] anchors = normalize ? Normalized(miningCase.Anchors) : miningCase.Anchors;
        float[,] gallery = normalize ? Normalized(miningCase.Gallery) : miningCase.Gallery;
        _distance = new double[anchors.GetLength(0), gallery.GetLength(0)];
        for (int a = 0; a < AnchorRows; a++)
        {
            for (int g = 0; g < GalleryRows; g++)
                _distance[a, g] = Distance(metric, anchors, a, gallery, g);
        }
    }

    public DistanceMetric Metric { get; }

    public int AnchorRows => _distance.GetLength(0);

    public int GalleryRows => _distance.GetLength(1);

    /// <summary>d(a, g); under cosine possibly a rounding below 0.</summary>
    public double this[int a, int g] => _distance[a, g];

    public static double Distance(DistanceMetric metric, float[,] left, int a, float[,] right, int b)
    {
        double squared = 0, xx = 0, yy = 0, xy = 0;
        for (int k = 0; k < left.GetLength(1); k++)
        {
            double x = left[a, k], y = right[b, k];
            squared += (x - y) * (x - y);
            xx += x * x;
            yy += y * y;
            xy += x * y;
        }

        return metric switch
        {
            DistanceMetric.SquaredEuclidean => squared,
            DistanceMetric.Euclidean => Math.Sqrt(squared),
            _ => xx == 0 || yy == 0 ? 1 : 1 - (xy / (Math.Sqrt(xx) * Math.Sqrt(yy))),
        };
    }

    public static float[,] Normalized(float[,] rows)
    {
        float[,] result = (float[,])rows.Clone();
        for (int i = 0; i < rows.GetLength(0); i++)
        {
            double squared = 0;
            for (int k = 0; k < rows.GetLength(1); k++)
                squared += (double)rows[i, k] * rows[i, k];
            for (int k = 0; k < rows.GetLength(1) && squared > 0; k++)
                result[i, k] = (float)(rows[i, k] / Math.Sqrt(squared));
        }

        return result;
    }

    public bool IsPositive(int a, int g) =>
        _case.AnchorLabels[a] != _case.NegativeOnlyLabel && _case.GalleryLabels[g] == _case.AnchorLabels[a] && _case.GalleryRowOf(a) != g;

    public bool IsNegative(int a, int g) =>
        _case.AnchorLabels[a] != _case.NegativeOnlyLabel && _case.GalleryLabels[g] != _case.AnchorLabels[a];

    public List<int> Positives(int a) => [.. Enumerable.Range(0, GalleryRows).Where(g => IsPositive(a, g))];

    public List<int> Negatives(int a) => [.. Enumerable.Range(0, GalleryRows).Where(g => IsNegative(a, g))];

    /// <summary>The candidate with the smallest distance; −1 where there is none.</summary>
    public int Nearest(int a, IEnumerable<int> candidates)
    {
        int best = -1;
        foreach (int g in candidates)
        {
            if (best < 0 || this[a, g] < this[a, best])
                best = g;
        }

        return best;
    }

    /// <summary>The candidate with the largest distance; −1 where there is none.</summary>
    public int Farthest(int a, IEnumerable<int> candidates)
    {
        int best = -1;
        foreach (int g in candidates)
        {
            if (best < 0 || this[a, g] > this[a, best])
                best = g;
        }

        return best;
    }

    /// <summary>What a rule that does not draw selects.</summary>
    public List<Triplet> Mine(MiningOptions options)
    {
        List<Triplet> selected = [];
        for (int a = 0; a < AnchorRows; a++)
        {
            List<int> positives = Positives(a), negatives = Negatives(a);
            if (positives.Count == 0 || negatives.Count == 0)
                continue;
            foreach (int p in CandidatePositives(a, positives, negatives, options))
            {
                int n = SelectNegative(a, p, negatives, options);
                if (n >= 0)
                    selected.Add(Triplet(a, p, n));
            }
        }

        return selected;
    }

    /// <summary>The negatives that a rule may draw for a pair.</summary>
    public List<int> Drawable(int a, int p, MiningOptions options) =>
    [
        .. Negatives(a).Where(n => options.Rule switch
        {
            MiningRule.RandomSemiHard => this[a, n] > this[a, p] && this[a, n] < this[a, p] + options.Margin,
            MiningRule.RandomHard => this[a, n] < this[a, p] + options.Margin,
            _ => OnSphere(this[a, n]) < options.DistanceWeightedLimit,
        }),
    ];

    /// <summary>DistanceWeighted: log 1/q(u), up to a constant.</summary>
    public double LogWeight(int a, int n, MiningOptions options)
    {
        double u = Math.Max(options.DistanceWeightedCutoff, OnSphere(this[a, n]));
        int depth = _case.Anchors.GetLength(1);
        return -((depth - 2) * Math.Log(u)) - ((depth - 3) / 2.0 * Math.Log(1 - (u * u / 4)));
    }

    /// <summary>Every triplet of a kind, in ascending order of anchor, positive and negative.</summary>
    public List<Triplet> Stream(TripletKind kind, double margin)
    {
        List<Triplet> streamed = [];
        for (int a = 0; a < AnchorRows; a++)
        {
            for (int p = 0; p < GalleryRows; p++)
            {
                for (int n = 0; n < GalleryRows; n++)
                {
                    if (IsPositive(a, p) && IsNegative(a, n) && IsOfKind(kind, this[a, n] - this[a, p], margin))
                        streamed.Add(Triplet(a, p, n));
                }
            }
        }

        return streamed;
    }

    /// <summary>The exact counts over all valid triplets.</summary>
    public TripletCounts Counts(double margin)
    {
        long hard = 0, semiHard = 0, easy = 0;
        for (int a = 0; a < AnchorRows; a++)
        {
            foreach (int p in Positives(a))
            {
                for (int n = 0; n < GalleryRows; n++)
                {
                    if (!IsNegative(a, n))
                        continue;
                    double gap = this[a, n] - this[a, p];
                    hard += gap <= 0 ? 1 : 0;
                    semiHard += gap > 0 && gap <= margin ? 1 : 0;
                    easy += gap > margin ? 1 : 0;
                }
            }
        }

        return new TripletCounts(hard, semiHard, easy);
    }

    /// <summary>The multi-similarity rule: per anchor the positives, then the negatives.</summary>
    public List<MinedPair> Pairs(double epsilon)
    {
        List<MinedPair> pairs = [];
        for (int a = 0; a < AnchorRows; a++)
        {
            List<int> positives = Positives(a), negatives = Negatives(a);
            if (positives.Count == 0 || negatives.Count == 0)
                continue;
            double farthestPositive = positives.Max(p => this[a, p]), nearestNegative = negatives.Min(n => this[a, n]);
            pairs.AddRange(positives.Where(p => this[a, p] > nearestNegative - epsilon).Select(p => new MinedPair(a, p, true, Reported(a, p))));
            pairs.AddRange(negatives.Where(n => this[a, n] < farthestPositive + epsilon).Select(n => new MinedPair(a, n, false, Reported(a, n))));
        }

        return pairs;
    }

    /// <summary>
    /// Whether the definitions leave an anchor's selection open: two different rows at distances (or distances and margin) that agree to 1e-12, so that the order
    /// of a float64 sum decides. Bitwise equal rows, and small integers under a Euclidean metric, are never open.
    /// </summary>
    public bool IsOpen(int a, params double[] margins)
    {
        if (_isExact)
            return false;
        for (int i = 0; i < GalleryRows; i++)
        {
            for (int j = 0; j < GalleryRows; j++)
            {
                if (IsOpenGap(a, i, j, margins))
                    return true;
            }
        }

        return false;
    }

    /// <summary>How many valid triplets lie, to 1e-12, on the border between two kinds.</summary>
    public long OpenTriplets(double margin)
    {
        long open = 0;
        for (int a = 0; a < AnchorRows && !_isExact; a++)
        {
            List<int> negatives = Negatives(a);
            foreach (int p in Positives(a))
                open += negatives.Count(n => IsOpenGap(a, n, p, margin));
        }

        return open;
    }

    /// <summary>Whether a reported distance is the float64 distance rounded once, the order of its sum aside.</summary>
    public bool IsReported(int a, int g, float value)
    {
        double distance = Math.Max(0, this[a, g]), tolerance = Tolerance(distance);
        return value >= (float)Math.Max(0, distance - tolerance) && value <= (float)(distance + tolerance);
    }

    private static bool IsOfKind(TripletKind kind, double gap, double margin) => kind switch
    {
        TripletKind.All => gap <= margin,
        TripletKind.Hard => gap <= 0,
        TripletKind.SemiHard => gap > 0 && gap <= margin,
        _ => gap > margin,
    };

    private bool IsOpenGap(int a, int i, int j, params double[] margins)
    {
        double gap = this[a, i] - this[a, j], tolerance = Tolerance(Math.Max(Math.Abs(this[a, i]), Math.Abs(this[a, j])));
        return (Math.Abs(gap) <= tolerance && !_case.SameGalleryRow(i, j)) || margins.Any(margin => margin > 0 && Math.Abs(gap - margin) <= tolerance);
    }

    // Cosine distances are differences from 1, so their rounding does not shrink with them.
    private double Tolerance(double scale) => 1e-12 * (Metric == DistanceMetric.Cosine ? 1 : scale);

    private double OnSphere(double distance) => Metric switch
    {
        DistanceMetric.SquaredEuclidean => Math.Sqrt(distance),
        DistanceMetric.Euclidean => distance,
        _ => Math.Sqrt(2 * Math.Max(0, distance)),
    };

    private List<int> CandidatePositives(int a, List<int> positives, List<int> negatives, MiningOptions options)
    {
        if (options.Rule == MiningRule.BatchHard)
            return [Farthest(a, positives)];
        if (options.Rule != MiningRule.EasyPositive)
            return positives;
        double nearestNegative = this[a, Nearest(a, negatives)];
        int easy = options.EasyPositive == EasyPositiveVariant.Nearest
            ? Nearest(a, positives)
            : Nearest(a, positives.Where(p => this[a, p] > nearestNegative));
        return easy < 0 ? [] : [easy];
    }

    private int SelectNegative(int a, int p, List<int> negatives, MiningOptions options)
    {
        if (options.Rule != MiningRule.SemiHard)
            return Nearest(a, negatives);
        int semiHard = Nearest(a, negatives.Where(n => this[a, n] > this[a, p] && (!options.WithinMargin || this[a, n] < this[a, p] + options.Margin)));
        if (semiHard >= 0)
            return semiHard;
        return options.Fallback switch
        {
            SemiHardFallback.EasiestNegative => Farthest(a, negatives),
            SemiHardFallback.HardestNegative => Nearest(a, negatives),
            _ => -1,
        };
    }

    private Triplet Triplet(int a, int p, int n) => new(a, p, n, Reported(a, p), Reported(a, n));

    private float Reported(int a, int g) => (float)Math.Max(0, this[a, g]);
}

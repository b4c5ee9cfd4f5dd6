using Tercet.Backends.Cpu;

namespace Tercet.Evaluation;

/// <summary>
/// What verification says over every pair of a set, none of them held. A first pass bins float32 keys; a second counts around the bins that decide, where float64 has the word, so
/// that every figure is the one that sorting all distances would give; a third, where thresholds are to be suggested, counts by identity.
/// </summary>
internal sealed class AllPairs
{
    private readonly RowDistances _rows;
    private readonly LabelGroups _groups;
    private readonly EvaluationOptions _options;
    private readonly PairBins _bins = new();
    private readonly List<PairWindow> _windows = [];

    private AllPairs(RowDistances rows, LabelGroups groups, EvaluationOptions options) => (_rows, _groups, _options) = (rows, groups, options);

    /// <summary>Puts what all pairs say into a report that a sample of them made.</summary>
    /// <param name="report">The report.</param>
    /// <param name="rows">The rows; norms are at most <see cref="RowDistances.LargestTiledNorm"/>.</param>
    /// <param name="groups">Their labels; there are pairs of both kinds.</param>
    /// <param name="options">What to measure.</param>
    /// <param name="bands">See <see cref="PairScan"/>.</param>
    /// <param name="cancellationToken">Stops between tiles.</param>
    public static VerificationReport Complete(
        VerificationReport report, RowDistances rows, LabelGroups groups, EvaluationOptions options, int bands, CancellationToken cancellationToken)
    {
        using CpuBackend backend = new();
        using PairScan scan = new(backend, rows, groups, bands, cancellationToken);
        return new AllPairs(rows, groups, options).Measure(report, scan);
    }

    private VerificationReport Measure(VerificationReport report, PairScan scan)
    {
        scan.Run(_bins);
        _bins.Complete();

        double[] rates = [.. _options.FalseAcceptRates.Concat(_options.WantedFalseAcceptRates)];
        foreach (double rate in rates)
            _windows.Add(WindowOf(RocCurve.Allowed(rate, _groups.DifferentPairs)));
        int errorBin = PairBins.FirstBin(bin =>
            PairAccuracy.Rate(_bins.Below(false, bin + 1), _groups.DifferentPairs) >= PairAccuracy.Rate(_groups.SamePairs - _bins.Below(true, bin + 1), _groups.SamePairs));
        _windows.Add(_bins.Around(_bins.LowEdge(errorBin), _bins.HighEdge(errorBin)));
        if (_options.Threshold is double asked)
            _windows.Add(WindowAt(asked));

        PairWindows counts = new(_rows.Metric, [.. _windows]);
        scan.Run(counts);
        counts.Complete();

        ValidationAtFar[] points = [.. rates.Select((rate, i) => PointOf(rate, counts[i, true], counts[i, false]))];
        int wanted = _options.FalseAcceptRates.Count;
        return report with
        {
            ValidationAtFar = points[..wanted],
            EqualErrorRate = ErrorOf(counts[rates.Length, true], counts[rates.Length, false]),
            AtThreshold = _options.Threshold is double threshold ? AccuracyAt(threshold, counts[rates.Length + 1, true], counts[rates.Length + 1, false]) : null,
            Suggestions = wanted == rates.Length ? [] : Suggest(points[wanted..], scan),
        };
    }

    // What may hold the different pair that must stay out first, and the pair of either kind before it; with none, the last pair of all.
    private PairWindow WindowOf(long allowed)
    {
        if (allowed < _groups.DifferentPairs)
            return _bins.WithPairBefore(_bins.BinOf(false, allowed));
        int last = Math.Max(_bins.BinOf(false, _groups.DifferentPairs - 1), _bins.BinOf(true, _groups.SamePairs - 1));
        return _bins.Around(_bins.LowEdge(last), double.PositiveInfinity);
    }

    private PairWindow WindowAt(double threshold)
    {
        if (threshold < 0)
            return new PairWindow(float.NegativeInfinity, float.NegativeInfinity);
        double key = RowDistances.KeyOf(_rows.Metric, threshold);
        return _bins.Around(key, key);
    }

    private ValidationAtFar PointOf(double far, WindowCounts same, WindowCounts different)
    {
        long allowed = RocCurve.Allowed(far, _groups.DifferentPairs);
        (long falseAccepts, long accepts, double first) = (_groups.DifferentPairs, _groups.SamePairs, double.PositiveInfinity);
        if (allowed < _groups.DifferentPairs)
        {
            first = different.At(allowed);
            (falseAccepts, accepts) = (different.NearerThan(first), same.NearerThan(first));
        }

        double threshold = Math.Max(same.LargestBelow(first), different.LargestBelow(first));
        return new ValidationAtFar(far, PairAccuracy.Rate(falseAccepts, _groups.DifferentPairs), falseAccepts, PairAccuracy.Rate(accepts, _groups.SamePairs), threshold);
    }

    private EqualErrorRate ErrorOf(WindowCounts same, WindowCounts different)
    {
        (double far, double frr) = Rates(same.Below, different.Below);
        SortedSet<float> distances = [.. same.Distances, .. different.Distances];
        foreach (float at in distances)
        {
            (double nextFar, double nextFrr) = Rates(same.UpTo(at), different.UpTo(at));
            if (nextFar >= nextFrr)
            {
                double before = frr - far;
                return new EqualErrorRate(far + (before / (before - (nextFrr - nextFar)) * (nextFar - far)), at);
            }

            (far, frr) = (nextFar, nextFrr);
        }

        throw new InvalidOperationException("The rates do not meet where the keys say that they do.");
    }

    private (double Far, double Frr) Rates(long same, long different) =>
        (PairAccuracy.Rate(different, _groups.DifferentPairs), PairAccuracy.Rate(_groups.SamePairs - same, _groups.SamePairs));

    private PairAccuracy AccuracyAt(double threshold, WindowCounts same, WindowCounts different) => PairAccuracy.Of(
        threshold,
        PairAccuracy.Rate(same.UpTo(threshold), _groups.SamePairs),
        _groups.SamePairs,
        PairAccuracy.Rate(different.UpTo(threshold), _groups.DifferentPairs),
        _groups.DifferentPairs);

    private ThresholdSuggestion[] Suggest(ValidationAtFar[] points, PairScan scan)
    {
        PairTally tally = new(_rows, _groups, [.. points.Select(point => point.Threshold)], WindowAt);
        scan.Run(tally);
        (long[] samePairs, long[] differentPairs) = (new long[_groups.GroupCount], new long[_groups.GroupCount]);
        for (int row = 0; row < _rows.Count; row++)
        {
            samePairs[_groups.GroupOf[row]] = (long)_groups.Size[row] * (_groups.Size[row] - 1) / 2;
            differentPairs[_groups.GroupOf[row]] = (long)_groups.Size[row] * (_rows.Count - _groups.Size[row]);
        }

        return [.. points.Select((point, i) =>
        {
            ConfidenceInterval far = Interval(point.FalseAccepts, _groups.DifferentPairs, tally.Different(i), differentPairs);
            long[] accepted = tally.Same(i);
            return new ThresholdSuggestion(
                point.TargetFar,
                point.Threshold,
                point.Far,
                point.FalseAccepts,
                point.Validation,
                _options.Confidence,
                far,
                Interval(accepted.Sum(), _groups.SamePairs, accepted, samePairs),
                Thresholds(point.Threshold, far));
        })];
    }

    private ConfidenceInterval Interval(long hits, long pairs, long[] hitsOf, long[] pairsOf)
    {
        ConfidenceInterval wilson = ConfidenceInterval.Wilson(hits, pairs, _options.Confidence);
        return IdentityJackknife.Interval(hits, pairs, hitsOf, pairsOf, _options.Confidence) is { } identities ? wilson.Or(identities) : wilson;
    }

    private ConfidenceInterval Thresholds(double threshold, ConfidenceInterval far)
    {
        long last = _groups.DifferentPairs - 1;
        double low = _bins.LowEdge(_bins.BinOf(false, Math.Clamp((long)(far.Low * _groups.DifferentPairs), 0, last)));
        double high = _bins.HighEdge(_bins.BinOf(false, Math.Clamp((long)Math.Ceiling(far.High * _groups.DifferentPairs), 0, last)));
        return new ConfidenceInterval(Math.Min(threshold, RowDistances.Of(_rows.Metric, Math.Max(0, low))), RowDistances.Of(_rows.Metric, Math.Max(0, high)));
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Every anchor's thresholds: its positives' exact distances plus the margin, ascending, in float64, and the same as float32 keys in tables that a
/// search without branches reads. A negative violates the positives whose thresholds lie above its distance.
/// </summary>
internal sealed unsafe class ThresholdTables(CpuSession session, bool countsWords) : ITeamJob, IDisposable
{
    /// <summary>Thresholds of one table; one place of 64 stays above every key.</summary>
    public const int TableThresholds = 63;

    /// <summary>Floats of one table.</summary>
    public const int TableLength = 7 * 16;

    /// <summary>Every fourth threshold from the fourth, moved by three places.</summary>
    public const int FourthsBy3 = 0;

    /// <summary>Every fourth threshold from the fourth, moved by one place.</summary>
    public const int FourthsBy1 = 16;

    /// <summary>Every fourth threshold from the fourth.</summary>
    public const int Fourths = 32;

    /// <summary>Every fourth threshold from the third.</summary>
    public const int Thirds = 48;

    /// <summary>Every fourth threshold from the second.</summary>
    public const int Seconds = 64;

    /// <summary>Every fourth threshold from the first.</summary>
    public const int Firsts = 80;

    /// <summary>The key from which on no threshold of the table lies above.</summary>
    public const int Top = 96;

    /// <summary>Number of thresholds in the table.</summary>
    public const int Total = 97;

    // Below the keys of padding and of what is masked, above those of real rows.
    private const float LargestThreshold = 9e37f;

    /// <summary>Below this many tolerances the relative error of a float32 key is worth a float64 evaluation.</summary>
    public const float SmallKeyFactor = 1024;

    // A threshold is rounded once to a float, and a key once when the slack is taken from it or added: 2⁻²⁴ each.
    private const double ThresholdRounding = 3e-7;

    private const int AnchorsPerItem = 16;
    private const int LargestRanked = 128;

    private readonly PositiveDistances _distances = new(session);
    private readonly KeyErrors _errors = new(session);
    private PinnedBuffer<AnchorTerms> _terms = new(0);
    private PinnedBuffer<float> _tables = new(0);
    private PinnedBuffer<double> _thresholds = new(0);
    private PinnedBuffer<int> _ranks = new(0);
    private PinnedBuffer<short> _words = new(0);
    private double _margin;

    /// <summary>By anchor.</summary>
    // SAFETY: here and below, native memory with one element an anchor or a positive pair, replaced only by Build.
    public AnchorTerms* Terms => (AnchorTerms*)_terms.DangerousGetAddress();

    /// <summary>Tallies of all anchors.</summary>
    public long TallyCount { get; private set; }

    /// <summary>The parts that keys are accumulated in.</summary>
    public KeyParts Parts { get; private set; }

    /// <summary>A bound on the error of an anchor's keys.</summary>
    public float KeyTolerance(int anchor) => _errors.ToleranceOf(anchor);

    /// <summary>Tables of an anchor.</summary>
    public static int ChunksOf(int count) => (count + TableThresholds - 1) / TableThresholds;

    /// <summary>An anchor's first table; where it has words, its thresholds as they stand.</summary>
    public float* TablesOf(int anchor) => (float*)_tables.DangerousGetAddress() + (Terms[anchor].FirstTable * TableLength);

    /// <summary>An anchor's positives' distances, by position.</summary>
    public ReadOnlySpan<double> Distances(int anchor) => _distances.Of(anchor);

    /// <summary>An anchor's thresholds, ascending.</summary>
    public ReadOnlySpan<double> Thresholds(int anchor) => Of(_thresholds, anchor);

    /// <summary>For each of an anchor's positives, by position, where its threshold stands.</summary>
    public ReadOnlySpan<int> Ranks(int anchor) => Of(_ranks, anchor);

    /// <summary>Evaluates the positives and builds the tables.</summary>
    public void Build(double margin)
    {
        RowLayout layout = session.Layout;
        _margin = margin;
        Parts = new KeyParts(session.Gallery.Depth);
        PinnedBuffer.Grow(ref _terms, layout.AnchorCount);
        PinnedBuffer.Grow(ref _thresholds, layout.PairCount);
        PinnedBuffer.Grow(ref _ranks, layout.PairCount);
        long tables = 0;
        long tallies = 0;
        for (int anchor = 0; anchor < layout.AnchorCount; anchor++)
        {
            int count = layout.PositiveCount(anchor);
            Terms[anchor] = new AnchorTerms { Count = count, FirstTable = tables, FirstTally = tallies };
            tables += ChunksOf(count);
            tallies += Tallies.LengthFor(count);
        }

        TallyCount = tallies;
        PinnedBuffer.Grow(ref _tables, tables * TableLength);
        if (countsWords)
            PinnedBuffer.Grow(ref _words, (tables * WordThresholds.TableLength) + WordThresholds.Padding);
        int items = (layout.AnchorCount + AnchorsPerItem - 1) / AnchorsPerItem;
        int workers = session.WorkersFor((double)layout.PairCount * session.Gallery.Depth);
        _errors.Measure(Parts);
        _distances.Evaluate(workers);
        session.Team.Run(this, items, workers, session.Cancellation);
        FillReferences();
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int end = Math.Min(session.Layout.AnchorCount, (item + 1) * AnchorsPerItem);
        for (int anchor = item * AnchorsPerItem; anchor < end; anchor++)
        {
            if (Terms[anchor].Count > 0)
                BuildTables(anchor);
        }
    }

    public void Dispose()
    {
        _terms.Dispose();
        _tables.Dispose();
        _distances.Dispose();
        _errors.Dispose();
        _thresholds.Dispose();
        _ranks.Dispose();
        _words.Dispose();
    }

    private Span<T> Of<T>(PinnedBuffer<T> pairs, int anchor)
        where T : unmanaged => pairs.Span.Slice((int)session.Layout.PairOffsets[anchor], Terms[anchor].Count);

    private void BuildTables(int anchor)
    {
        Sort(_distances.Of(anchor), Of(_thresholds, anchor), Of(_ranks, anchor));
        AnchorTerms* terms = Terms + anchor;
        ReadOnlySpan<double> thresholds = Thresholds(anchor);
        float tolerance = KeyTolerance(anchor);
        double largestKey = 4 * ((double)session.Anchors.HalfNorms[anchor] + session.Gallery.LargestHalfNorm);
        double largest = MetricKey.FromValue(session.Metric, thresholds[^1]);
        terms->Slack = (float)((1.001 * tolerance) + (ThresholdRounding * Math.Min(largest, largestKey)));
        terms->SmallKey = SmallKeyFactor * tolerance;
        terms->Reference = (float)Math.Min(thresholds[thresholds.Length / 2], MetricKey.ToValue(session.Metric, largestKey));

        float* table = TablesOf(anchor);
        if (countsWords && thresholds.Length <= TableThresholds && float.IsFinite(terms->Slack))
        {
            terms->Words = ToWords(terms, thresholds);
            return;
        }

        for (int first = 0; first < thresholds.Length; first += TableThresholds, table += TableLength)
            Fill(table, thresholds.Slice(first, Math.Min(TableThresholds, thresholds.Length - first)), terms->Slack);
    }

    // SAFETY: of as many tables of words as of floats each has its length.
    private WordThresholds ToWords(AnchorTerms* terms, ReadOnlySpan<double> thresholds)
    {
        Span<float> keys = new(TablesOf((int)(terms - Terms)), TableLength);
        for (int i = 0; i < thresholds.Length; i++)
            keys[i] = ToKey(thresholds[i]);
        keys[thresholds.Length] = float.PositiveInfinity;
        return new WordThresholds((short*)_words.DangerousGetAddress() + (terms->FirstTable * WordThresholds.TableLength), keys[..thresholds.Length], terms->Slack);
    }

    private float ToKey(double threshold) => (float)Math.Min(MetricKey.FromValue(session.Metric, threshold), LargestThreshold);

    // A row without positives has weights too: those that others give it.
    private void FillReferences()
    {
        float last = 0;
        for (int anchor = 0; anchor < session.Layout.AnchorCount; anchor++)
        {
            if (Terms[anchor].Count == 0)
                Terms[anchor].Reference = last;
            last = Terms[anchor].Reference;
        }
    }

    // SAFETY: a table has TableLength floats.
    private void Fill(float* table, ReadOnlySpan<double> thresholds, float slack)
    {
        new Span<float>(table, Top).Fill(float.PositiveInfinity);
        for (int i = 0; i < thresholds.Length; i++)
        {
            float key = ToKey(thresholds[i]);
            table[Firsts - (16 * (i % 4)) + (i / 4)] = key;
            table[Top] = key + (1.001f * slack);
        }

        for (int group = 0; group < 15; group++)
            table[FourthsBy1 + group] = table[Fourths + group + 1];
        for (int group = 0; group < 13; group++)
            table[FourthsBy3 + group] = table[Fourths + group + 3];
        table[Total] = thresholds.Length;
    }

    private void Sort(ReadOnlySpan<double> distances, Span<double> thresholds, Span<int> ranks)
    {
        for (int i = 0; i < distances.Length; i++)
            thresholds[i] = distances[i] + _margin;
        if (distances.Length <= LargestRanked)
        {
            Rank(thresholds, ranks);
            for (int i = 0; i < distances.Length; i++)
                thresholds[ranks[i]] = distances[i] + _margin;
            return;
        }

        thresholds.Sort();
        for (int i = 0; i < distances.Length; i++)
        {
            int found = thresholds.BinarySearch(distances[i] + _margin);
            ranks[i] = found;
        }
    }

    // A value's rank is the number of values below it, and of equal ones before it. SAFETY: the copy is padded to whole vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rank(ReadOnlySpan<double> values, Span<int> ranks)
    {
        double* padded = stackalloc double[LargestRanked];
        values.CopyTo(new Span<double>(padded, LargestRanked));
        for (int first = 0; first < values.Length; first += 8)
        {
            Vector512<double> own = Vector512.Load(padded + first);
            Vector512<long> rank = Vector512<long>.Zero;
            int end = Math.Min(values.Length, first + 8);
            for (int i = 0; i < first; i++)
                rank -= Vector512.LessThanOrEqual(Vector512.Create(padded[i]), own).AsInt64();
            for (int i = first; i < end; i++)
            {
                Vector512<double> value = Vector512.Create(padded[i]);
                Vector512<long> isBefore = Vector512.GreaterThan(Vector512.Create(0L, 1, 2, 3, 4, 5, 6, 7), Vector512.Create((long)(i - first)));
                rank -= Vector512.LessThan(value, own).AsInt64() | (Vector512.Equals(value, own).AsInt64() & isBefore);
            }

            for (int i = end; i < values.Length; i++)
                rank -= Vector512.LessThan(Vector512.Create(padded[i]), own).AsInt64();
            for (int i = first; i < end; i++)
                ranks[i] = (int)rank[i - first];
        }
    }
}

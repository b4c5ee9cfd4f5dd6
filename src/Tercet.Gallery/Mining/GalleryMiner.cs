using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>
/// Mines a commit of a gallery under every rule: its own rows, or other anchors, against all of its rows. The triplets are those of <see cref="TripletMiner"/> over the same
/// rows in memory, in order of id. Anchors are taken some at a time, so that what is in memory grows by 32 bytes a row beyond what
/// the rectangular form of <see cref="MiningInput"/> says, and not by the rows. Serves one thread at a time.
/// </summary>
/// <remarks>
/// One float32 segment of which nothing was removed (<see cref="GalleryWriter.Compact"/> makes one) is mined where it lies. Otherwise, and under
/// <see cref="MiningOptions.Normalize"/>, the rows are first copied into a file, which is mapped and goes away again. Segments of float16 are widened in memory.
/// </remarks>
public sealed class GalleryMiner : IDisposable
{
    private const int LargestStepPairs = 1 << 22;

    private readonly GallerySnapshot _snapshot;
    private readonly GalleryMiningOptions _options;
    private readonly MiningOptions _mining;
    private readonly TripletMiner _miner;
    private readonly MinedRows _rows;
    private readonly AnchorRows _anchors;
    private readonly string _key;
    private PinnedBuffer<Triplet> _room = new(0);

    /// <summary>Looks at every row once.</summary>
    /// <param name="snapshot">The commit; stays the caller's, and may be disposed before this.</param>
    /// <param name="options">What to mine; <see langword="null"/> means semi-hard triplets of all rows.</param>
    /// <param name="anchors">Anchors that are no rows of the gallery; <see langword="null"/> means its own rows, none of which is its own positive.</param>
    /// <exception cref="ArgumentException">An option cannot be used, or the anchors do not fit.</exception>
    /// <exception cref="GalleryException">There are no rows to mine, a block is damaged, or a working copy cannot be written.</exception>
    public GalleryMiner(GallerySnapshot snapshot, GalleryMiningOptions? options = null, GalleryAnchors? anchors = null)
        : this(snapshot, options ?? new GalleryMiningOptions(), anchors, null)
    {
    }

    private GalleryMiner(GallerySnapshot snapshot, GalleryMiningOptions options, GalleryAnchors? anchors, string? resultPath)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AnchorsAtOnce, 1, nameof(options));
        if (options.Mining.NegativeOnlyLabel is not null)
            throw new ArgumentException("'NegativeOnlyLabel' is a number; name the label's text in GalleryMiningOptions.", nameof(options));
        if (options is { Kind: not null, PairEpsilon: not null })
            throw new ArgumentException("'Kind' and 'PairEpsilon' exclude each other.", nameof(options));
        snapshot.State.Keep();
        _snapshot = new GallerySnapshot(snapshot.State);
        try
        {
            string copy = Path.Combine(options.WorkFolder ?? Path.GetTempPath(), $"tercet-{Guid.NewGuid():n}.rows");
            if (options.WorkFolder is null && resultPath is not null)
                copy = resultPath + ".rows";
            LabelCodes codes = new(options.NegativeOnlyLabel);
            _rows = new MinedRows(_snapshot, options, codes, copy);
            _anchors = new AnchorRows(_rows, codes, anchors, options.Mining.Normalize);
            _key = MiningKey.Of(_snapshot.State.Manifest, options, _rows, _anchors);
            _options = options;
            _mining = options.Mining with { Normalize = false, NegativeOnlyLabel = LabelCodes.NegativeOnly };
            _miner = new TripletMiner(options.Backend);
        }
        catch
        {
            _rows?.Dispose();
            _snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Ids.Length;

    /// <summary>Number of anchors, those that have no positive among them.</summary>
    public int AnchorCount => _anchors.Count;

    /// <summary>The ids of the rows by the numbers that triplets name them by, ascending.</summary>
    public ReadOnlySpan<long> Ids => _rows.Ids;

    /// <summary>Mines into a file that names rows by id, and goes on with what an earlier call with the same arguments left undone.</summary>
    /// <param name="snapshot">The commit.</param>
    /// <param name="path">
    /// The file: <c>.npy</c>, int64 <c>[T, 3]</c> (anchor, positive, negative), or <c>.csv</c>, with distances; −1, or nothing, stands for what a pair has not. Until it is whole it is called
    /// <c>PATH.part</c>, with <c>PATH.progress</c> beside it. Anchors that are no rows are named by number.
    /// </param>
    /// <param name="options">What to mine; <see langword="null"/> means semi-hard triplets of all rows.</param>
    /// <param name="anchors">Anchors that are no rows of the gallery; <see langword="null"/> means its own rows.</param>
    /// <param name="cancellationToken">Stops between tiles; what whole steps have found stays for the next call.</param>
    /// <returns>The statistics of the whole.</returns>
    /// <exception cref="ArgumentException">An option cannot be used, the anchors do not fit, or the name has another ending.</exception>
    /// <exception cref="GalleryException">There are no rows to mine, a block is damaged, or a file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static MiningStatistics MineTo(GallerySnapshot snapshot, string path, GalleryMiningOptions? options = null, GalleryAnchors? anchors = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!TripletFile.IsKnown(path))
            throw new ArgumentException($"'path' is {path}; the name must end in .npy or .csv.", nameof(path));
        using GalleryMiner miner = new(snapshot, options ?? new GalleryMiningOptions(), anchors, Path.GetFullPath(path));
        return miner.MineTo(Path.GetFullPath(path), cancellationToken);
    }

    /// <summary>Mines.</summary>
    /// <param name="consumer">Takes the triplets, which name rows by number (<see cref="Ids"/>), in the order of <see cref="TripletMiner"/>; of pairs the side that is not meant is −1.</param>
    /// <param name="cancellationToken">Stops between tiles.</param>
    /// <returns>What was found; the counts are those of <see cref="MiningOptions.Statistics"/>.</returns>
    /// <exception cref="ArgumentException">An option cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public MiningStatistics Mine(ITripletConsumer consumer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        TotalsSink sink = new(consumer);
        for (int next = 0; next < AnchorCount;)
            next = Step(next, sink, cancellationToken);
        return sink.Totals.Statistics;
    }

    /// <summary>Lets go of the rows. No call may be running.</summary>
    public void Dispose()
    {
        _miner.Dispose();
        _room.Dispose();
        _rows.Dispose();
        _snapshot.Dispose();
    }

    private MiningStatistics MineTo(string path, CancellationToken cancellationToken)
    {
        string progressPath = path + ".progress";
        try
        {
            MiningProgress? before = MiningProgress.Read(progressPath, _key);
            if (before is not null && !(new FileInfo(TripletFile.PartOf(path)) is { Exists: true } part && part.Length >= before.Bytes))
                before = null;
            using TripletFile file = new(path, _anchors.Ids, _rows.Ids, before?.Bytes ?? 0);
            TotalsSink sink = new(file) { Totals = before?.Totals ?? new MiningTotals() };
            for (int next = before?.Next ?? 0; next < AnchorCount;)
            {
                next = Step(next, sink, cancellationToken);
                new MiningProgress { Key = _key, Next = next, Bytes = file.Flush(), Totals = sink.Totals }.Write(progressPath);
                _options.Progress?.Invoke(next);
            }

            file.Complete(sink.Totals.Statistics.Selected);
            File.Delete(progressPath);
            return sink.Totals.Statistics;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new GalleryException(path, $"cannot be written: {failure.Message}; mine again, which goes on from the last step", failure);
        }
    }

    private int Step(int first, TotalsSink sink, CancellationToken cancellationToken)
    {
        int end = _anchors.EndOfStep(first, _options.AnchorsAtOnce, LargestStepPairs);
        MiningInput input = _anchors.Input(first, end);
        MiningStatistics found = _options switch
        {
            { Kind: { } kind } => _miner.Stream(input, kind, _mining, sink, cancellationToken),
            { PairEpsilon: { } epsilon } => _miner.StreamPairs(input, epsilon, _mining, sink.Consume, cancellationToken),
            _ => Select(input, sink, cancellationToken),
        };
        sink.Totals = sink.Totals.With(found);
        return end;
    }

    private MiningStatistics Select(MiningInput input, TotalsSink sink, CancellationToken cancellationToken)
    {
        PinnedBuffer.Grow(ref _room, _miner.Capacity(input, _mining));
        int count = _miner.Mine(input, _mining, _room.Span, out MiningStatistics statistics, cancellationToken);
        if (count > 0)
            sink.Consume(_room.Span[..count]);
        return statistics;
    }
}

using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>The working memory of one mining call. Lent by the miner and kept between calls, so that a call allocates nothing once it has grown.</summary>
internal sealed class MiningWorkspace : IDisposable
{
    private PinnedBuffer<float> _wideAnchors = new(0);
    private PinnedBuffer<float> _wideGallery = new(0);
    private PinnedBuffer<float> _normalizedAnchors = new(0);
    private PinnedBuffer<float> _normalizedGallery = new(0);
    private PinnedBuffer<int> _anchorOfRow = new(0);

    public RowLayoutBuilder Rows { get; } = new();

    public RowMoments Moments { get; } = new();

    public ExtremesProgram Extremes { get; } = new();

    public PairRuleProgram Pairs { get; } = new();

    public TripletStreamProgram Stream { get; } = new();

    public PairStreamProgram PairStream { get; } = new();

    public BatchAllProgram BatchAll { get; } = new();

    /// <summary>Whether the last input's rows have been measured here; else the backend does that.</summary>
    public bool HasMeasured { get; private set; }

    /// <summary>Checks the input, scales its rows if asked to, and takes their moments where the backend does not.</summary>
    /// <returns>The input that the backend is to see.</returns>
    public MiningInput Prepare(MiningInput input, MiningOptions options, IMiningBackend backend)
    {
        ArgumentNullException.ThrowIfNull(options);
        InputCheck.Validate(options);
        InputCheck.Validate(input);
        HasMeasured = options.Normalize || !backend.MeasuresRows || (input.IsResidentOnly && !backend.Reads(input.Resident.Memory!));
        if (!HasMeasured)
            return input;
        input = BringToHost(input);

        // The gallery last: its moments are the ones reported.
        if (!input.IsSquare)
            Moments.Compute(input.Anchors, options.Metric, "anchors");
        Moments.Compute(input.Gallery, options.Metric, input.IsSquare ? "embeddings" : "gallery");
        if (!options.Normalize)
            return input;

        ReadOnlySpan2D<float> gallery = UnitRows.Scale(input.Gallery, ref _normalizedGallery);
        Moments.Compute(gallery, options.Metric, "gallery");
        if (input.IsSquare)
            return MiningInput.Batch(gallery, input.GalleryLabels);
        ReadOnlySpan2D<float> anchors = UnitRows.Scale(input.Anchors, ref _normalizedAnchors);
        return MiningInput.AgainstGallery(anchors, input.AnchorLabels, gallery, input.GalleryLabels, input.AnchorRows);
    }

    /// <summary>A problem that was meant for a backend that measures rows, for one that does not.</summary>
    /// <exception cref="ArgumentException">A row is not finite, or too long.</exception>
    public MiningProblem OnHost(MiningProblem problem)
    {
        MiningInput input = problem.IsSquare
            ? MiningInput.Batch(problem.Gallery, default, problem.NarrowGallery, problem.Resident)
            : MiningInput.AgainstGallery(problem.Anchors, problem.NarrowAnchors, problem.Gallery, problem.NarrowGallery);
        input = BringToHost(input);
        if (!input.IsSquare)
            Moments.Compute(input.Anchors, problem.Metric, "anchors");
        Moments.Compute(input.Gallery, problem.Metric, input.IsSquare ? "embeddings" : "gallery");
        return new MiningProblem(input.Anchors, input.Gallery, problem.Layout, problem.Metric, problem.Threads)
        {
            IsSquare = problem.IsSquare,
            SquaredNorms = Moments.SquaredNorms,
        };
    }

    private MiningInput BringToHost(MiningInput input)
    {
        if (input.IsResidentOnly)
        {
            DeviceMatrix resident = input.Resident;
            int length = checked(resident.Rows * resident.Columns);
            using PinnedBuffer<float> landing = new(length, resident.Memory!.Host);
            resident.Memory.CopyToHost(landing.DangerousGetAddress(), resident.Address, (long)length * sizeof(float));
            PinnedBuffer.Grow(ref _wideGallery, length);
            landing.Span.CopyTo(_wideGallery.Span);
            ReadOnlySpan2D<float> rows = _wideGallery.AsMatrix(resident.Rows, resident.Columns);
            return input.WithRows(rows, rows);
        }

        if (input.NarrowGallery.IsEmpty)
            return input;
        ReadOnlySpan2D<float> gallery = input.NarrowGallery.Widen(ref _wideGallery);
        return input.WithRows(input.IsSquare ? gallery : input.NarrowAnchors.Widen(ref _wideAnchors), gallery);
    }

    /// <summary>The anchor position of each of the caller's rows, −1 where the row is no anchor.</summary>
    public ReadOnlySpan<int> AnchorOfRow(int rowCount)
    {
        PinnedBuffer.Grow(ref _anchorOfRow, rowCount);
        Span<int> anchorOfRow = _anchorOfRow.Span[..rowCount];
        anchorOfRow.Fill(-1);
        ReadOnlySpan<int> rows = Rows.Layout.AnchorRows;
        for (int anchor = 0; anchor < rows.Length; anchor++)
            anchorOfRow[rows[anchor]] = anchor;
        return anchorOfRow;
    }

    /// <summary>The statistics that follow from labels and moments.</summary>
    public MiningStatistics Statistics(MiningOptions options)
    {
        double spread = Moments.Spread(options.Metric, options.Margin);
        return new MiningStatistics
        {
            Metric = options.Metric,
            Margin = options.Margin,
            Anchors = Rows.Layout.AnchorCount,
            PositivePairs = Rows.PositivePairs,
            ValidTriplets = Rows.ValidTriplets,
            MeanEmbeddingNorm = Moments.MeanEmbeddingNorm,
            RootMeanSquareNorm = Moments.RootMeanSquareNorm,
            MeanPairwiseDistance = Moments.MeanPairwiseDistance(options.Metric),
            Spread = spread,
            CollapseThreshold = options.CollapseThreshold,
            IsCollapsed = Rows.Layout.GalleryCount > 1 && spread <= options.CollapseThreshold,
            EmptyReason = Rows.PositivePairs == 0 ? EmptyReason.NoPositives
                : Rows.Layout.AnchorCount == 0 ? EmptyReason.NoNegatives
                : EmptyReason.None,
        };
    }

    public void Dispose()
    {
        _wideAnchors.Dispose();
        _wideGallery.Dispose();
        _normalizedAnchors.Dispose();
        _normalizedGallery.Dispose();
        _anchorOfRow.Dispose();
        Rows.Dispose();
        Moments.Dispose();
        Extremes.Dispose();
        Pairs.Dispose();
        Stream.Dispose();
        PairStream.Dispose();
        BatchAll.Dispose();
    }
}

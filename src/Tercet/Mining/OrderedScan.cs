using Tercet.Backends;

namespace Tercet.Mining;

/// <summary>
/// A scan over rows of keys whose results leave in ascending order of anchor, one worker at a time: each worker prepares its anchor alone,
/// then waits for its turn to hand it on.
/// </summary>
internal abstract class OrderedScan : IMiningProgram, IKeyRowConsumer, IDisposable
{
    private readonly Turnstile _turnstile = new();
    private AnchorScratch[] _scratches = [];

    protected RowLayout Layout { get; private set; } = null!;

    protected MiningOptions Options { get; private set; } = null!;

    /// <summary>Triplets or pairs handed on so far.</summary>
    public long Emitted { get; protected set; }

    /// <summary>How many of them have a positive.</summary>
    public long PositivesEmitted { get; protected set; }

    /// <summary>How many of them have a negative.</summary>
    public long NegativesEmitted { get; protected set; }

    /// <summary>Sum of d(a,p) over them.</summary>
    public double PositiveDistances { get; protected set; }

    /// <summary>Sum of d(a,n) over them.</summary>
    public double NegativeDistances { get; protected set; }

    /// <inheritdoc/>
    public bool CanRunAgain => Emitted == 0;

    /// <inheritdoc/>
    public void Run(IMiningKernels kernels)
    {
        AnchorScratch.Prepare(ref _scratches, kernels.Workers);
        _turnstile.Reset();
        kernels.ScanRows(this);
    }

    /// <summary>The counts over all valid triplets; null where they were not asked for.</summary>
    public TripletCounts? Counts(long validTriplets) =>
        Options.Statistics == StatisticsLevel.Full ? AnchorScratch.Counts(_scratches, validTriplets) : null;

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        try
        {
            AnchorScratch scratch = _scratches[worker];
            scratch.Positives.Load(kernels, Layout, Options.Metric, anchor);
            scratch.Negatives.Load(kernels, Layout, Options.Metric, anchor, keys);
            if (Options.Statistics == StatisticsLevel.Full)
                scratch.CountTriplets(Options.Margin);
            if (!_turnstile.Enter(anchor))
                return;
            Emit(scratch, anchor);
            _turnstile.Leave();
        }
        catch
        {
            _turnstile.Close();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (AnchorScratch scratch in _scratches)
            scratch.Dispose();
    }

    protected void Prepare(RowLayout layout, MiningOptions options)
    {
        (Layout, Options) = (layout, options);
        Emitted = 0;
        PositivesEmitted = 0;
        NegativesEmitted = 0;
        PositiveDistances = 0;
        NegativeDistances = 0;
    }

    /// <summary>Hands one anchor's results on; never called by two workers at once.</summary>
    protected abstract void Emit(AnchorScratch scratch, int anchor);
}

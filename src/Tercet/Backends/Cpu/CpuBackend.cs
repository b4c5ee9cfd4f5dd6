using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The embedded default: tile kernels in the widest vectors that the processor has, several threads, and working memory that is reused from
/// call to call. Safe to use from many threads; concurrent calls do not wait for each other.
/// </summary>
public sealed class CpuBackend : IMiningBackend
{
    private readonly TileKernel _kernel;
    private readonly WorkerTeam _team = new();
    private readonly Stack<CpuSession> _idle = new();
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Creates a backend with the widest vectors, or those that the environment variable <c>TERCET_LANES</c> names.</summary>
    /// <exception cref="TercetException"><c>TERCET_LANES</c> names a width that does not exist or that this processor does not run.</exception>
    public CpuBackend()
        : this(TileKernel.Preferred)
    {
    }

    /// <summary>Creates a backend with one vector width.</summary>
    /// <param name="lanes">The width.</param>
    /// <exception cref="TercetException">This processor does not run that width.</exception>
    public CpuBackend(CpuLanes lanes) => _kernel = TileKernel.For(lanes);

    /// <summary>The widths that this processor runs, widest first.</summary>
    public static IReadOnlyList<CpuLanes> SupportedLanes => [.. TileKernel.Supported];

    /// <summary>The width in use.</summary>
    public CpuLanes Lanes => _kernel.Lanes;

    /// <summary>
    /// Bytes of working memory for a gallery in the rectangular form: its rows as the kernels read them, and the keys of the anchors under way. A gallery
    /// whose rows alone take more is packed a window at a time: the same result, and the gallery read once for every group of anchors whose keys
    /// fit. Never less than one panel of rows and one tile's rows of keys. 256 MiB.
    /// </summary>
    internal long GalleryBudget { get; init; } = 256L << 20;

    /// <summary>Bytes that idle sessions hold for packed galleries and keys.</summary>
    internal long HeldGalleryBytes
    {
        get
        {
            lock (_lock)
                return _idle.Sum(session => session.HeldGalleryBytes);
        }
    }

    /// <inheritdoc/>
    public string Name => Lanes switch
    {
        CpuLanes.Scalar => "cpu (scalar)",
        CpuLanes.Bits128 => "cpu (128-bit)",
        CpuLanes.Bits256 => "cpu (256-bit)",
        _ => "cpu (512-bit)",
    };

    /// <inheritdoc/>
    public unsafe void Execute(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        CpuSession session = Rent();
        try
        {
            // SAFETY: the rows stay pinned for the whole call; the session forgets the pointers before it returns.
            fixed (float* anchors = &problem.Anchors.DangerousGetReference())
            fixed (float* gallery = &problem.Gallery.DangerousGetReference())
            fixed (double* squaredNorms = problem.SquaredNorms)
            {
                session.Load(
                    SourceRows.Of(problem.Anchors, anchors),
                    SourceRows.Of(problem.Gallery, gallery),
                    squaredNorms,
                    problem.Gallery.Width,
                    problem.Layout,
                    problem.Metric,
                    problem.Threads,
                    cancellationToken);
                program.Run(session);
            }
        }
        finally
        {
            session.Unload();
            Return(session);
        }
    }

    /// <summary>Ends the threads and frees the working memory. No call may be running.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            while (_idle.TryPop(out CpuSession? session))
                session.Dispose();
        }

        _team.Dispose();
    }

    private CpuSession Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _idle.TryPop(out CpuSession? session) ? session : new CpuSession(_kernel, _team, GalleryBudget);
        }
    }

    private void Return(CpuSession session)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(session);
                return;
            }
        }

        session.Dispose();
    }
}

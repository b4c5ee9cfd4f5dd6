using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Mining on an NVIDIA GPU, compute capability 7.5 or newer: distances fused with the search for extremes, no N × N matrix, the same rows selected as on
/// the CPU. Safe to use from many threads. Semi-hard negatives are picked on the host from the
/// device's rows of keys, and the loss over all triplets is computed by the CPU backend: they have no kernels yet.
/// Not yet run on a GPU: the kernels are proven by simulation and by compiling.
/// </summary>
public sealed class CudaBackend : IMiningBackend
{
    private const long DefaultKeyBudget = 256L << 20;

    private readonly ICudaDriver _driver;
    private readonly nint _module;
    private readonly (CudaKernels SquaredEuclidean, CudaKernels Cosine) _kernels;
    private readonly WorkerTeam _team = new();
    private readonly CpuBackend _cpu = new();
    private readonly Stack<CudaSession> _idle = new();
    private readonly Lock _lock = new();
    private CudaException? _lost;
    private bool _disposed;

    /// <summary>Opens a device, through its primary context, which other libraries of the process share.</summary>
    /// <param name="device">The device's number.</param>
    /// <exception cref="CudaException">This build has no CUDA support, there is no driver or device, the driver is too old, or there are no kernels for the device.</exception>
    public CudaBackend(int device = 0)
        : this(new CudaOptions { Device = device })
    {
    }

    /// <summary>Opens a device, through its primary context, which other libraries of the process share.</summary>
    /// <param name="options">Which device, and where kernels that are compiled on this machine are kept.</param>
    /// <exception cref="CudaException">This build has no CUDA support, there is no driver or device, the driver is too old, or there are no kernels for the device.</exception>
    public CudaBackend(CudaOptions options)
        : this(CudaDrivers.Open((options ?? throw new ArgumentNullException(nameof(options))).Device), KernelModule.Of(options))
    {
    }

    internal CudaBackend(ICudaDriver driver, byte[] image)
        : this(driver, new KernelModule(() => image, compiled: null))
    {
    }

    internal CudaBackend(ICudaDriver driver, KernelModule kernels)
    {
        _driver = driver;
        try
        {
            driver.Enter();
            _module = kernels.Load(driver);
            _kernels = CudaKernels.Find(driver, _module);
        }
        catch
        {
            driver.Dispose();
            throw;
        }
    }

    /// <summary>Whether this build can open a device at all: it was built with <c>EnableCuda</c>.</summary>
    public static bool IsEnabled => CudaDrivers.IsEnabled;

    /// <inheritdoc/>
    public string Name => $"cuda:{_driver.Device.Ordinal} ({_driver.Device.Name})";

    /// <summary>Bytes of device memory, and twice as much page-locked memory, for the keys of a chunk of anchors. Never less than one panel of anchors takes. 256 MiB.</summary>
    internal long KeyBudget { get; init; } = DefaultKeyBudget;

    /// <inheritdoc/>
    /// <exception cref="CudaException">A call of the driver failed. After a fault of a kernel every further call fails: the process' context is lost.</exception>
    public unsafe void Execute(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        _driver.Enter();
        CudaSession session = Rent();
        bool isSound = false;
        try
        {
            // SAFETY: the rows stay pinned for the whole call; the session forgets the pointers before it returns.
            fixed (float* anchors = &problem.Anchors.DangerousGetReference())
            fixed (float* gallery = &problem.Gallery.DangerousGetReference())
            {
                session.Load(problem, SourceRows.Of(problem.Anchors, anchors), SourceRows.Of(problem.Gallery, gallery), cancellationToken);
                program.Run(session);
            }

            isSound = true;
        }
        catch (CudaException exception)
        {
            if (exception.IsFatal)
                Interlocked.CompareExchange(ref _lost, exception, null);
            throw;
        }
        catch
        {
            // The program or the token stopped the call; the session waited for its stream.
            isSound = true;
            throw;
        }
        finally
        {
            session.Unload();
            Return(session, isSound);
        }
    }

    /// <summary>Frees the device's memory and the module. No call may be running.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _team.Dispose();
        _cpu.Dispose();

        // A lost context takes its memory along, and answers nothing.
        if (_lost is null)
        {
            _driver.Enter();
            while (_idle.TryPop(out CudaSession? session))
                session.Dispose();
            _driver.UnloadModule(_module);
        }

        _driver.Dispose();
    }

    private CudaSession Rent()
    {
        if (_lost is CudaException lost)
            throw new CudaException($"The device {Name} was lost in an earlier call; restart the process, or mine on the CPU.", lost.Status, lost);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idle.TryPop(out CudaSession? session))
                return session;
        }

        return new CudaSession(_driver, _kernels, _team, _cpu, KeyBudget);
    }

    // A session that a failure of the driver went through is not used again: what it holds is given back where the context still lives.
    private void Return(CudaSession session, bool isSound)
    {
        lock (_lock)
        {
            if (isSound && !_disposed)
            {
                _idle.Push(session);
                return;
            }
        }

        if (_lost is null)
            session.Dispose();
    }
}

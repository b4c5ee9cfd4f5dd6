using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Mining on an NVIDIA GPU, compute capability 7.5 or newer: distances fused with the search for extremes, no N × N matrix, the same rows selected as on
/// the CPU. Safe to use from many threads. A call makes the device's primary context the calling thread's current one, and leaves it so.
/// Not yet run on a GPU: the kernels are proven by simulation and by compiling.
/// </summary>
public sealed class CudaBackend : IMiningBackend
{
    private const long DefaultKeyBudget = 256L << 20;

    private readonly CountingDriver _driver;
    private readonly nint _module;
    private readonly (CudaKernels SquaredEuclidean, CudaKernels Cosine) _kernels;
    private readonly PageLockedAllocator _pageLocked;
    private readonly CudaMemory _memory;
    private readonly WorkerTeam _team = new();
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

    internal CudaBackend(ICudaDriver driver, KernelModule kernels, string memoryName = "Cuda")
    {
        _driver = new CountingDriver(driver);
        _pageLocked = new PageLockedAllocator(_driver);
        _memory = new CudaMemory(_driver, _pageLocked, memoryName);
        try
        {
            CudaRequirements.Check(driver.Device);
            driver.Enter();
            _module = kernels.Load(driver);
            _kernels = CudaKernels.Find(driver, _module, Environment.GetEnvironmentVariable(ProductUnits.Variable));
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

    /// <summary>
    /// The device's memory. With it in <see cref="Forward.EmbedderOptions.DeviceMemory"/> the forward pass writes its embeddings where mining reads them, and page-locked buffers are what
    /// ONNX Runtime is bound to. An embedder that uses it must be disposed before the backend.
    /// </summary>
    public IDeviceMemory Memory => _memory;

    /// <inheritdoc/>
    public bool MeasuresRows => true;

    /// <inheritdoc/>
    public bool Reads(IDeviceMemory memory) => ReferenceEquals(memory, _memory);

    /// <summary>What has been copied between host and device so far, by all calls together.</summary>
    public CudaCopies Copies => _driver.Copies;

    /// <summary>Bytes of device memory, and twice as much page-locked memory, for the keys of a chunk of anchors; the same of device memory for its buckets, or for the weights of a chunk of a loss. Never less than one panel of anchors takes. 256 MiB.</summary>
    internal long KeyBudget { get; init; } = DefaultKeyBudget;

    /// <inheritdoc/>
    /// <remarks>
    /// A device short of memory first gives up what idle calls hold, then takes the work in chunks; a batch that does not fit even so is refused with the driver's text.
    /// </remarks>
    /// <exception cref="CudaException">A call of the driver failed. After a fault of a kernel every further call fails: the process' context is lost.</exception>
    public void Execute(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(program);
        try
        {
            ExecuteOnce(in problem, program, cancellationToken);
            return;
        }
        catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory && program.CanRunAgain)
        {
            FreeIdleSessions();
        }

        ExecuteOnce(in problem, program, cancellationToken);
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

        // A lost context takes its memory along, and answers nothing.
        if (_lost is null)
        {
            FreeIdleSessions();
            _memory.Dispose();
            _driver.UnloadModule(_module);
        }

        _driver.Dispose();
    }

    private unsafe void ExecuteOnce(in MiningProblem problem, IMiningProgram program, CancellationToken cancellationToken)
    {
        CudaSession? session = null;
        bool isSound = false;
        try
        {
            session = Rent();

            // SAFETY: the rows stay pinned for the whole call; the session forgets the pointers before it returns.
            fixed (float* anchors = &problem.Anchors.DangerousGetReference())
            fixed (float* gallery = &problem.Gallery.DangerousGetReference())
            fixed (ushort* narrowAnchors = &problem.NarrowAnchors.Bits.DangerousGetReference())
            fixed (ushort* narrowGallery = &problem.NarrowGallery.Bits.DangerousGetReference())
            {
                session.Load(
                    problem,
                    SourceRows.Of(problem.Anchors, anchors),
                    SourceRows.Of(problem.Gallery, gallery),
                    narrowAnchors == null ? HostRows.Of(problem.Anchors, anchors, RowFormat.Binary32) : HostRows.Of(problem.NarrowAnchors.Bits, narrowAnchors, problem.NarrowAnchors.Format),
                    narrowGallery == null ? HostRows.Of(problem.Gallery, gallery, RowFormat.Binary32) : HostRows.Of(problem.NarrowGallery.Bits, narrowGallery, problem.NarrowGallery.Format),
                    cancellationToken);
                program.Run(session);
                session.Wait();
                session.RequireSoundRows();
            }

            isSound = true;
        }
        catch (CudaException exception)
        {
            Note(exception);

            // What has been begun may still be reading memory of the caller's, or of the session, that is given back now.
            if (session is not null && _lost is null)
                _ = HasCome(session);
            throw;
        }
        catch
        {
            // The program or the token stopped the call.
            isSound = session is not null && HasCome(session);
            throw;
        }
        finally
        {
            session?.Unload();
            if (session is not null)
                Return(session, isSound);
        }
    }

    private bool HasCome(CudaSession session)
    {
        try
        {
            session.Abandon();
            return true;
        }
        catch (CudaException exception)
        {
            Note(exception);
            return false;
        }
    }

    private void FreeIdleSessions()
    {
        _driver.Enter();
        while (true)
        {
            CudaSession? session;
            lock (_lock)
            {
                if (!_idle.TryPop(out session))
                    return;
            }

            session.Dispose();
        }
    }

    /// <summary>The device's driver, which counts copies.</summary>
    internal ICudaDriver Driver => _driver;

    /// <summary>Says what calls that read rows at an address wait for.</summary>
    internal void Announce(nint address, nint marker) => _memory.Announce(address, marker);

    /// <summary>Page-locked memory.</summary>
    internal PageLockedAllocator PageLocked => _pageLocked;

    /// <summary>The kernels of a metric's keys.</summary>
    internal CudaKernels KernelsOf(DistanceMetric metric) => metric == DistanceMetric.Cosine ? _kernels.Cosine : _kernels.SquaredEuclidean;

    /// <summary>Makes the context current on the calling thread.</summary>
    /// <exception cref="CudaException">The device has been lost.</exception>
    internal void Enter()
    {
        // First: a lost context does not become current either, and its own text would not say what happened.
        if (_lost is CudaException lost)
            throw new CudaException($"The device {Name} was lost in an earlier call; restart the process, or mine on the CPU.", lost.Status, lost);
        lock (_lock)
            ObjectDisposedException.ThrowIf(_disposed, this);
        _driver.Enter();
    }

    /// <summary>The same for whoever gives memory back; whether there is anything left to give back to.</summary>
    internal bool TryEnter()
    {
        lock (_lock)
        {
            if (_lost is not null || _disposed)
                return false;
        }

        _driver.Enter();
        return true;
    }

    /// <summary>Keeps in mind that the device was lost, where a failure says so.</summary>
    internal void Note(CudaException failure)
    {
        if (failure.IsFatal)
            Interlocked.CompareExchange(ref _lost, failure, null);
    }

    private CudaSession Rent()
    {
        Enter();
        lock (_lock)
        {
            if (_idle.TryPop(out CudaSession? session))
                return session;
        }

        return new CudaSession(_driver, _kernels, _pageLocked, _memory, _team, KeyBudget);
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

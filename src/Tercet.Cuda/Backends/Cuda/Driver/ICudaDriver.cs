namespace Tercet.Backends.Cuda.Driver;

/// <summary>
/// What the backend asks of a CUDA driver, for one device and its primary context. Handles and device addresses are plain numbers, so that nothing
/// is boxed or allocated on the way. Every method but <see cref="Enter"/> needs the context to be current on the calling thread, and every one throws
/// <see cref="CudaException"/> with the driver's status where it fails.
/// </summary>
internal interface ICudaDriver : IDisposable
{
    /// <summary>The device.</summary>
    CudaDevice Device { get; }

    /// <summary>Makes the context current on the calling thread.</summary>
    void Enter();

    /// <summary>Loads a module from an image: a fatbin, a cubin or PTX.</summary>
    nint LoadModule(byte[] image);

    /// <summary>Unloads a module.</summary>
    void UnloadModule(nint module);

    /// <summary>Finds a kernel by name.</summary>
    nint GetFunction(nint module, string name);

    /// <summary>Allows a kernel's launches that much dynamic shared memory.</summary>
    void AllowShared(nint function, int bytes);

    /// <summary>How many blocks of a kernel one multiprocessor holds at once.</summary>
    int BlocksPerMultiprocessor(nint function, int threads);

    /// <summary>Allocates device memory, not initialised.</summary>
    nint AllocateDevice(long bytes);

    /// <summary>Frees device memory.</summary>
    void FreeDevice(nint address);

    /// <summary>Allocates page-locked host memory, not initialised.</summary>
    nint AllocateHost(nuint bytes);

    /// <summary>Frees page-locked host memory; from any thread, context current or not.</summary>
    void FreeHost(nint address);

    /// <summary>Creates a stream.</summary>
    nint CreateStream();

    /// <summary>Destroys a stream.</summary>
    void DestroyStream(nint stream);

    /// <summary>Waits until a stream's work is done.</summary>
    void Synchronize(nint stream);

    /// <summary>Creates an event.</summary>
    nint CreateEvent();

    /// <summary>Destroys an event.</summary>
    void DestroyEvent(nint marker);

    /// <summary>Marks the place that a stream has reached.</summary>
    void Record(nint marker, nint stream);

    /// <summary>Waits until a marked place has been passed.</summary>
    void Wait(nint marker);

    /// <summary>What follows on a stream waits until a place that has been marked, on another, has been passed; the host does not.</summary>
    void Follow(nint stream, nint marker);

    /// <summary>Milliseconds between two marked places that have been passed.</summary>
    float ElapsedMilliseconds(nint start, nint end);

    /// <summary>Copies page-locked host memory to the device, in the stream's order.</summary>
    void CopyToDevice(nint device, nint host, long bytes, nint stream);

    /// <summary>Copies device memory to page-locked host memory, in the stream's order.</summary>
    void CopyToHost(nint host, nint device, long bytes, nint stream);

    /// <summary>Fills 32-bit words of device memory, in the stream's order.</summary>
    void Fill(nint device, uint value, long count, nint stream);

    /// <summary>From here on this thread's calls on a stream are collected, not done.</summary>
    void BeginCapture(nint stream);

    /// <summary>Ends <see cref="BeginCapture"/>.</summary>
    /// <returns>What was collected, to be launched as a whole any number of times. Copies read and write the memory of the call, parameters are as they were.</returns>
    nint EndCapture(nint stream);

    /// <summary>Launches what was collected, in the stream's order.</summary>
    void LaunchGraph(nint graph, nint stream);

    /// <summary>Gives back what <see cref="EndCapture"/> returned.</summary>
    void DestroyGraph(nint graph);

    /// <summary>Launches a kernel whose only parameter is a struct, in the stream's order.</summary>
    /// <param name="function">The kernel.</param>
    /// <param name="grid">Blocks and threads.</param>
    /// <param name="parameters">Address of the struct, read before the call returns.</param>
    /// <param name="stream">The stream.</param>
    void Launch(nint function, LaunchGrid grid, nint parameters, nint stream);
}

namespace Tercet.Backends.Cuda.Driver;

/// <summary>A driver whose copies are counted; everything else goes through as it is.</summary>
internal sealed class CountingDriver(ICudaDriver driver) : ICudaDriver
{
    private long _toDevice;
    private long _bytesToDevice;
    private long _toHost;
    private long _bytesToHost;

    /// <inheritdoc/>
    public CudaDevice Device => driver.Device;

    /// <summary>What has been copied so far.</summary>
    public CudaCopies Copies => new(Volatile.Read(ref _toDevice), Volatile.Read(ref _bytesToDevice), Volatile.Read(ref _toHost), Volatile.Read(ref _bytesToHost));

    /// <inheritdoc/>
    public void CopyToDevice(nint device, nint host, long bytes, nint stream)
    {
        driver.CopyToDevice(device, host, bytes, stream);
        Interlocked.Increment(ref _toDevice);
        Interlocked.Add(ref _bytesToDevice, bytes);
    }

    /// <inheritdoc/>
    public void CopyToHost(nint host, nint device, long bytes, nint stream)
    {
        driver.CopyToHost(host, device, bytes, stream);
        Interlocked.Increment(ref _toHost);
        Interlocked.Add(ref _bytesToHost, bytes);
    }

    /// <inheritdoc/>
    public void Enter() => driver.Enter();

    /// <inheritdoc/>
    public nint LoadModule(byte[] image) => driver.LoadModule(image);

    /// <inheritdoc/>
    public void UnloadModule(nint module) => driver.UnloadModule(module);

    /// <inheritdoc/>
    public nint GetFunction(nint module, string name) => driver.GetFunction(module, name);

    /// <inheritdoc/>
    public int BlocksPerMultiprocessor(nint function, int threads) => driver.BlocksPerMultiprocessor(function, threads);

    /// <inheritdoc/>
    public nint AllocateDevice(long bytes) => driver.AllocateDevice(bytes);

    /// <inheritdoc/>
    public void FreeDevice(nint address) => driver.FreeDevice(address);

    /// <inheritdoc/>
    public nint AllocateHost(nuint bytes) => driver.AllocateHost(bytes);

    /// <inheritdoc/>
    public void FreeHost(nint address) => driver.FreeHost(address);

    /// <inheritdoc/>
    public nint CreateStream() => driver.CreateStream();

    /// <inheritdoc/>
    public void DestroyStream(nint stream) => driver.DestroyStream(stream);

    /// <inheritdoc/>
    public void Synchronize(nint stream) => driver.Synchronize(stream);

    /// <inheritdoc/>
    public nint CreateEvent() => driver.CreateEvent();

    /// <inheritdoc/>
    public void DestroyEvent(nint marker) => driver.DestroyEvent(marker);

    /// <inheritdoc/>
    public void Record(nint marker, nint stream) => driver.Record(marker, stream);

    /// <inheritdoc/>
    public void Wait(nint marker) => driver.Wait(marker);

    /// <inheritdoc/>
    public float ElapsedMilliseconds(nint start, nint end) => driver.ElapsedMilliseconds(start, end);

    /// <inheritdoc/>
    public void Fill(nint device, uint value, long count, nint stream) => driver.Fill(device, value, count, stream);

    /// <inheritdoc/>
    public void Launch(nint function, LaunchGrid grid, nint parameters, nint stream) => driver.Launch(function, grid, parameters, stream);

    /// <inheritdoc/>
    public void Dispose() => driver.Dispose();
}

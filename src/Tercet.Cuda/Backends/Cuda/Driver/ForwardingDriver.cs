namespace Tercet.Backends.Cuda.Driver;

/// <summary>A driver in front of another: every call goes through as it is, but for those that a derived class takes.</summary>
/// <param name="driver">The driver below.</param>
internal abstract class ForwardingDriver(ICudaDriver driver) : ICudaDriver
{
    /// <inheritdoc/>
    public CudaDevice Device => Below.Device;

    /// <summary>The driver below.</summary>
    protected ICudaDriver Below { get; } = driver;

    /// <inheritdoc/>
    public virtual void Enter() => Below.Enter();

    /// <inheritdoc/>
    public virtual nint LoadModule(byte[] image) => Below.LoadModule(image);

    /// <inheritdoc/>
    public virtual void UnloadModule(nint module) => Below.UnloadModule(module);

    /// <inheritdoc/>
    public virtual nint GetFunction(nint module, string name) => Below.GetFunction(module, name);

    /// <inheritdoc/>
    public virtual void AllowShared(nint function, int bytes) => Below.AllowShared(function, bytes);

    /// <inheritdoc/>
    public virtual int BlocksPerMultiprocessor(nint function, int threads) => Below.BlocksPerMultiprocessor(function, threads);

    /// <inheritdoc/>
    public virtual nint AllocateDevice(long bytes) => Below.AllocateDevice(bytes);

    /// <inheritdoc/>
    public virtual void FreeDevice(nint address) => Below.FreeDevice(address);

    /// <inheritdoc/>
    public virtual nint AllocateHost(nuint bytes) => Below.AllocateHost(bytes);

    /// <inheritdoc/>
    public virtual void FreeHost(nint address) => Below.FreeHost(address);

    /// <inheritdoc/>
    public virtual nint CreateStream() => Below.CreateStream();

    /// <inheritdoc/>
    public virtual void DestroyStream(nint stream) => Below.DestroyStream(stream);

    /// <inheritdoc/>
    public virtual void Synchronize(nint stream) => Below.Synchronize(stream);

    /// <inheritdoc/>
    public virtual nint CreateEvent() => Below.CreateEvent();

    /// <inheritdoc/>
    public virtual void DestroyEvent(nint marker) => Below.DestroyEvent(marker);

    /// <inheritdoc/>
    public virtual void Record(nint marker, nint stream) => Below.Record(marker, stream);

    /// <inheritdoc/>
    public virtual void Wait(nint marker) => Below.Wait(marker);

    /// <inheritdoc/>
    public virtual void Follow(nint stream, nint marker) => Below.Follow(stream, marker);

    /// <inheritdoc/>
    public virtual float ElapsedMilliseconds(nint start, nint end) => Below.ElapsedMilliseconds(start, end);

    /// <inheritdoc/>
    public virtual void CopyToDevice(nint device, nint host, long bytes, nint stream) => Below.CopyToDevice(device, host, bytes, stream);

    /// <inheritdoc/>
    public virtual void CopyToHost(nint host, nint device, long bytes, nint stream) => Below.CopyToHost(host, device, bytes, stream);

    /// <inheritdoc/>
    public virtual void Fill(nint device, uint value, long count, nint stream) => Below.Fill(device, value, count, stream);

    /// <inheritdoc/>
    public virtual void BeginCapture(nint stream) => Below.BeginCapture(stream);

    /// <inheritdoc/>
    public virtual nint EndCapture(nint stream) => Below.EndCapture(stream);

    /// <inheritdoc/>
    public virtual void LaunchGraph(nint graph, nint stream) => Below.LaunchGraph(graph, stream);

    /// <inheritdoc/>
    public virtual void DestroyGraph(nint graph) => Below.DestroyGraph(graph);

    /// <inheritdoc/>
    public virtual void Launch(nint function, LaunchGrid grid, nint parameters, nint stream) => Below.Launch(function, grid, parameters, stream);

    /// <summary>Gives back what this driver holds; whether the driver below too is for the derived class to say.</summary>
    public abstract void Dispose();
}

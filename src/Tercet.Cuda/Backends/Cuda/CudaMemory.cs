using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The memory of a backend's device, lent to the forward pass.</summary>
internal sealed class CudaMemory(ICudaDriver driver, PageLockedAllocator host, string name) : IDeviceMemory, IDisposable
{
    private readonly Lock _lock = new();
    private nint _stream;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public int Device => driver.Device.Ordinal;

    /// <inheritdoc/>
    public IBufferAllocator Host => host;

    /// <inheritdoc/>
    public nint Allocate(long bytes)
    {
        driver.Enter();
        return driver.AllocateDevice(bytes);
    }

    /// <inheritdoc/>
    public void Free(nint address)
    {
        driver.Enter();
        driver.FreeDevice(address);
    }

    /// <inheritdoc/>
    // One copy at a time: more would only share the same link.
    public void CopyToHost(nint host, nint device, long bytes)
    {
        driver.Enter();
        lock (_lock)
        {
            if (_stream == 0)
                _stream = driver.CreateStream();
            driver.CopyToHost(host, device, bytes, _stream);
            driver.Synchronize(_stream);
        }
    }

    public void Dispose()
    {
        if (_stream != 0)
            driver.DestroyStream(_stream);
        _stream = 0;
    }
}

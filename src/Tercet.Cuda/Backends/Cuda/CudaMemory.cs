using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The memory of a backend's device, lent to the forward pass.</summary>
internal sealed class CudaMemory(ICudaDriver driver, PageLockedAllocator host, string name) : IDeviceMemory, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<nint, nint> _arrivals = [];
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
            if (ArrivalOf(device) is not 0 and nint marker)
                driver.Follow(_stream, marker);
            driver.CopyToHost(host, device, bytes, _stream);
            driver.Synchronize(_stream);
        }
    }

    /// <summary>Says what must have been passed before memory that begins at an address is read; 0 takes it back.</summary>
    public void Announce(nint address, nint marker)
    {
        lock (_arrivals)
        {
            if (marker == 0)
                _arrivals.Remove(address);
            else
                _arrivals[address] = marker;
        }
    }

    /// <summary>The marker that was announced for an address, or 0.</summary>
    public nint ArrivalOf(nint address)
    {
        lock (_arrivals)
            return _arrivals.GetValueOrDefault(address);
    }

    public void Dispose()
    {
        if (_stream != 0)
            driver.DestroyStream(_stream);
        _stream = 0;
    }
}

namespace Tercet.Memory;

/// <summary>
/// A device's own memory, as a backend lends it: the forward pass writes its output there and the miner reads it where it lies. What is allocated must be freed before the
/// backend is disposed. Safe to use from many threads.
/// </summary>
public interface IDeviceMemory
{
    /// <summary>ONNX Runtime's name of the memory: <c>Cuda</c>.</summary>
    string Name { get; }

    /// <summary>The device's number.</summary>
    int Device { get; }

    /// <summary>Page-locked host memory, which the device copies from and to without buffers in between.</summary>
    IBufferAllocator Host { get; }

    /// <summary>Allocates device memory, not initialised.</summary>
    /// <param name="bytes">Number of bytes, at least 1.</param>
    /// <returns>The device's address.</returns>
    /// <exception cref="TercetException">The memory is not to be had.</exception>
    nint Allocate(long bytes);

    /// <summary>Gives back what <see cref="Allocate"/> returned.</summary>
    /// <param name="address">The address that <see cref="Allocate"/> returned.</param>
    void Free(nint address);

    /// <summary>Copies from the device, and waits for it.</summary>
    /// <param name="host">Address in memory of <see cref="Host"/>.</param>
    /// <param name="device">Address in memory of <see cref="Allocate"/>.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <exception cref="TercetException">The device failed.</exception>
    void CopyToHost(nint host, nint device, long bytes);
}

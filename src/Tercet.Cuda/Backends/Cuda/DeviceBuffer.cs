using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>Device memory that grows and is kept from call to call. Its content is not.</summary>
internal sealed class DeviceBuffer(ICudaDriver driver) : IDisposable
{
    /// <summary>The device's address of the first byte; 0 before the first growth.</summary>
    public nint Address { get; private set; }

    /// <summary>Bytes held.</summary>
    public long Bytes { get; private set; }

    /// <summary>Makes room. Where the device has too little for some to spare, exactly what is needed is tried.</summary>
    /// <exception cref="CudaException">The device has too little memory.</exception>
    public nint Grow(long bytes)
    {
        if (bytes <= Bytes)
            return Address;
        Dispose();
        long spare = bytes + (bytes / 4);
        try
        {
            Address = driver.AllocateDevice(spare);
            Bytes = spare;
        }
        catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory)
        {
            Address = driver.AllocateDevice(bytes);
            Bytes = bytes;
        }

        return Address;
    }

    public void Dispose()
    {
        if (Address != 0)
            driver.FreeDevice(Address);
        (Address, Bytes) = (0, 0);
    }
}

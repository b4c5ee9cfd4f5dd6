using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Batches on their way to the device, two at a time: while the device mines one, the next is copied there on a stream of its own. Fill <see cref="Next"/>, <see cref="Send"/>
/// it, and mine what the last call returned (<see cref="MiningInput.Batch(DeviceMatrix, ReadOnlySpan{long})"/>); the miner waits for the copy, the caller does not. One thread at a time.
/// </summary>
public sealed class CudaInput : IDisposable
{
    private readonly CudaBackend _backend;
    private readonly ICudaDriver _driver;
    private readonly Slot[] _slots;
    private readonly nint _stream;
    private int _next;
    private bool _disposed;

    /// <summary>Allocates two batches of page-locked and of device memory.</summary>
    /// <param name="backend">The device; it must be disposed after this.</param>
    /// <param name="rows">The most rows of a batch, at least 1.</param>
    /// <param name="columns">Dimension of a row, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is below 1.</exception>
    /// <exception cref="CudaException">The device failed, or has too little memory.</exception>
    public CudaInput(CudaBackend backend, int rows, int columns)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        (_backend, _driver, MaxRows, Columns) = (backend, backend.Driver, rows, columns);
        backend.Enter();
        _stream = _driver.CreateStream();
        _slots = [new Slot(_driver), new Slot(_driver)];
        try
        {
            foreach (Slot slot in _slots)
                slot.Allocate(checked(rows * columns), backend.PageLocked);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The most rows of a batch.</summary>
    public int MaxRows { get; }

    /// <summary>Dimension of a row.</summary>
    public int Columns { get; }

    /// <summary>Where the next batch is written, <c>[MaxRows, Columns]</c>, page-locked. Waits until the batch before last, which lay there, has left.</summary>
    /// <exception cref="CudaException">The device failed.</exception>
    /// <exception cref="ObjectDisposedException">The input has been disposed.</exception>
    public Span2D<float> Next
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Slot slot = _slots[_next];
            if (slot.IsUnderWay)
                WaitFor(slot);
            return slot.Host.AsMatrix(MaxRows, Columns);
        }
    }

    /// <summary>Begins to copy the first rows of <see cref="Next"/>, and returns at once.</summary>
    /// <param name="rows">Number of rows, 1 to <see cref="MaxRows"/>.</param>
    /// <returns>The batch on the device, for mining. It is overwritten by the second call after this one, by when no call may mine it any more.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is out of range.</exception>
    /// <exception cref="CudaException">The device failed.</exception>
    /// <exception cref="ObjectDisposedException">The input has been disposed.</exception>
    public DeviceMatrix Send(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MaxRows);
        _ = Next;
        Slot slot = _slots[_next];
        try
        {
            _backend.Enter();
            _driver.CopyToDevice(slot.Device.Address, slot.Host.DangerousGetAddress(), (long)rows * Columns * sizeof(float), _stream);
            _driver.Record(slot.Arrived, _stream);
        }
        catch (CudaException exception)
        {
            _backend.Note(exception);
            throw;
        }

        slot.IsUnderWay = true;
        _backend.Announce(slot.Device.Address, slot.Arrived);
        _next ^= 1;
        return new DeviceMatrix(_backend.Memory, slot.Device.Address, rows, Columns);
    }

    /// <summary>Waits for copies under way, and gives the memory back. No call may mine a batch of it.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;

        // A lost context takes its memory along, and answers nothing.
        if (!_backend.TryEnter())
            return;
        _driver.Synchronize(_stream);
        foreach (Slot slot in _slots)
        {
            _backend.Announce(slot.Device.Address, 0);
            slot.Dispose();
        }

        _driver.DestroyStream(_stream);
    }

    private void WaitFor(Slot slot)
    {
        try
        {
            _backend.Enter();
            _driver.Wait(slot.Arrived);
        }
        catch (CudaException exception)
        {
            _backend.Note(exception);
            throw;
        }

        slot.IsUnderWay = false;
    }

    private sealed class Slot(ICudaDriver driver) : IDisposable
    {
        public PinnedBuffer<float> Host { get; private set; } = null!;

        public DeviceBuffer Device { get; } = new(driver);

        public nint Arrived { get; } = driver.CreateEvent();

        public bool IsUnderWay { get; set; }

        public void Allocate(int floats, IBufferAllocator pageLocked)
        {
            Host = new PinnedBuffer<float>(floats, pageLocked);
            Device.Grow((long)floats * sizeof(float));
        }

        public void Dispose()
        {
            Host?.Dispose();
            Device.Dispose();
            driver.DestroyEvent(Arrived);
        }
    }
}

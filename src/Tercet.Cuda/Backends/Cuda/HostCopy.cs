using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The device's float32 rows on the host, copied at the first question of a call: for what is decided here of rows that lie here in another format, or not at all.</summary>
internal sealed unsafe class HostCopy(ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private readonly Lock _lock = new();
    private PinnedBuffer<float> _rows = new(1, pageLocked);
    private bool _isThere;

    /// <summary>The rows; from many threads at once.</summary>
    /// <param name="source">The device's address of the first.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="depth">Dimension of a row.</param>
    /// <param name="stream">The stream that has brought them there.</param>
    public SourceRows Of(nint source, int count, int depth, nint stream)
    {
        if (!Volatile.Read(ref _isThere))
            Fetch(source, count, depth, stream);

        // SAFETY: page-locked memory does not move, and is kept until the session is disposed or asked for more, which is behind Forget.
        return new SourceRows((float*)_rows.DangerousGetAddress(), depth);
    }

    /// <summary>The next call has other rows.</summary>
    public void Forget() => _isThere = false;

    public void Dispose() => _rows.Dispose();

    private void Fetch(nint source, int count, int depth, nint stream)
    {
        lock (_lock)
        {
            if (_isThere)
                return;
            driver.Enter();
            int length = checked(count * depth);
            PinnedBuffer.Grow(ref _rows, length, pageLocked);
            driver.CopyToHost(_rows.DangerousGetAddress(), source, (long)length * sizeof(float), stream);
            driver.Synchronize(stream);
            Volatile.Write(ref _isThere, true);
        }
    }
}

using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>Two pieces of page-locked memory in turn, through which rows that lie elsewhere are copied to the device: while one piece travels, the host fills the other.</summary>
internal sealed class Staging : IDisposable
{
    // Bytes; a row that is longer is a piece.
    private const int LargestPiece = 8 << 20;

    private readonly ICudaDriver _driver;
    private readonly IBufferAllocator _pageLocked;
    private readonly PinnedBuffer<byte>[] _pieces;
    private readonly nint[] _left;
    private readonly PieceState[] _states = new PieceState[2];
    private readonly int _largestPiece;
    private int _next;

    public Staging(ICudaDriver driver, IBufferAllocator pageLocked, int largestPiece = LargestPiece)
    {
        (_driver, _pageLocked, _largestPiece) = (driver, pageLocked, largestPiece);
        _pieces = [new PinnedBuffer<byte>(1, pageLocked), new PinnedBuffer<byte>(1, pageLocked)];
        _left = [driver.CreateEvent(), driver.CreateEvent()];
    }

    private enum PieceState
    {
        Free,
        Travels,
        Marked,
    }

    /// <summary>Copies rows, in the stream's order. The last pieces may still be under way when this returns.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="target">The device's address.</param>
    /// <param name="stream">The stream.</param>
    public void Copy(HostRows rows, nint target, nint stream)
    {
        int rowsAtATime = Math.Max(1, _largestPiece / rows.RowBytes);
        for (int start = 0; start < rows.Count; start += rowsAtATime)
        {
            int count = Math.Min(rows.Count - start, rowsAtATime), bytes = checked(count * rows.RowBytes);
            int piece = _next;
            Claim(piece, bytes, stream);
            rows.CopyTo(start, count, _pieces[piece].Span);
            _driver.CopyToDevice(target + (nint)((long)start * rows.RowBytes), _pieces[piece].DangerousGetAddress(), bytes, stream);
            _states[piece] = PieceState.Travels;

            // Only where the piece will be wanted again: small batches are one piece, and a mark would end what is held back for a graph.
            if (start + (2 * rowsAtATime) < rows.Count)
            {
                _driver.Record(_left[piece], stream);
                _states[piece] = PieceState.Marked;
            }

            _next ^= 1;
        }
    }

    /// <summary>The stream has been waited for. The same rows take the same pieces again, as a graph has them.</summary>
    public void Forget()
    {
        Array.Clear(_states);
        _next = 0;
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<byte> piece in _pieces)
            piece.Dispose();
        foreach (nint marker in _left)
            _driver.DestroyEvent(marker);
    }

    private void Claim(int piece, int bytes, nint stream)
    {
        if (_states[piece] == PieceState.Marked)
            _driver.Wait(_left[piece]);
        else if (_states[piece] == PieceState.Travels)
            _driver.Synchronize(stream);
        PinnedBuffer.Grow(ref _pieces[piece], bytes, _pageLocked);
    }
}

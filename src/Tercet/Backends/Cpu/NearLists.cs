using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>Every anchor's window and the keys kept for it: <c>O(anchors × positives)</c> of memory. Reused from call to call.</summary>
internal sealed unsafe class NearLists : IDisposable
{
    private const long LargestBytes = 256L << 20;
    private const int Spare = NearPass.LargestBlock + 16;
    private const int RoomPerPositive = 10;

    // The more rows, the more of them share a fine bin with a threshold.
    private const int RowsPerRoom = 8192;
    private const int FixedRoom = 128;

    private PinnedBuffer<AnchorWindow> _windows = new(0);
    private PinnedBuffer<float> _keys = new(0);
    private PinnedBuffer<int> _positions = new(0);
    private int _stride;

    /// <summary>Keys that an anchor keeps; a block more may come before they are sifted.</summary>
    public int Room { get; private set; }

    /// <summary>An anchor's window.</summary>
    // SAFETY: here and below, anchors are those that Prepare was given, and lists hold Room keys, a block's, and a vector.
    public AnchorWindow* Window(int anchor) => (AnchorWindow*)_windows.DangerousGetAddress() + anchor;

    /// <summary>An anchor's kept keys.</summary>
    public float* Keys(int anchor) => (float*)_keys.DangerousGetAddress() + ((nint)anchor * _stride);

    /// <summary>Their gallery positions.</summary>
    public int* Positions(int anchor) => (int*)_positions.DangerousGetAddress() + ((nint)anchor * _stride);

    /// <summary>Asks for an anchor's list before it is needed: it was last written a while ago.</summary>
    public void AskFor(int anchor)
    {
        Ahead.Rows(Keys(anchor), 0, Window(anchor)->Count, 1);
        Ahead.Rows((float*)Positions(anchor), 0, Window(anchor)->Count, 1);
        AskForWindow(anchor + 1);
    }

    /// <summary>Asks for the end of an anchor's list, where the next keys go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AskForEnd(int anchor)
    {
        int end = Math.Max(Window(anchor)->Count, 0);
        float* key = Keys(anchor) + end;
        int* position = Positions(anchor) + end;
        Ahead.Line(key);
        Ahead.Line(key + 16);
        Ahead.Line(position);
        Ahead.Line(position + 16);
    }

    /// <summary>Asks for an anchor's window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AskForWindow(int anchor)
    {
        Ahead.Line(Window(anchor));
        Ahead.Line((byte*)Window(anchor) + 64);
        Ahead.Line((byte*)Window(anchor) + 128);
    }

    /// <summary>Makes room for every anchor of a layout.</summary>
    /// <returns>Whether there is enough of it.</returns>
    public bool Prepare(RowLayout layout)
    {
        int anchors = layout.AnchorCount;
        long positives = (layout.PairCount + anchors - 1) / Math.Max(anchors, 1);
        long most = Math.Min((LargestBytes / (2 * sizeof(float)) / Math.Max(anchors, 1)) - Spare, layout.GalleryCount);
        long wanted = Math.Min(layout.GalleryCount, FixedRoom + (RoomPerPositive * positives * ((layout.GalleryCount + RowsPerRoom - 1) / RowsPerRoom)));
        if (most < wanted)
            return false;
        Room = (int)wanted;
        _stride = (Room + Spare + 15) & ~15;
        PinnedBuffer.Grow(ref _windows, anchors);
        PinnedBuffer.Grow(ref _keys, (long)anchors * _stride);
        PinnedBuffer.Grow(ref _positions, (long)anchors * _stride);
        for (int anchor = 0; anchor < anchors; anchor++)
            Window(anchor)->Count = AnchorWindow.Unplaced;
        return true;
    }

    public void Dispose()
    {
        _windows.Dispose();
        _keys.Dispose();
        _positions.Dispose();
    }
}

using System.Runtime.InteropServices;
using Tercet.Memory;

namespace Tercet.Imaging;

/// <summary>The pixels of one image, for <see cref="ImagePreprocessor"/>. Disposing it gives them back to the decoder's pool.</summary>
public sealed class DecodedImage : IDisposable
{
    private readonly PinnedBuffer<byte> _pixels;

    internal DecodedImage(PinnedBuffer<byte> pixels, int storedWidth, int storedHeight, AffineMap toStored, bool swapsSides)
    {
        _pixels = pixels;
        StoredWidth = storedWidth;
        StoredHeight = storedHeight;
        ToStored = toStored;
        Width = swapsSides ? storedHeight : storedWidth;
        Height = swapsSides ? storedWidth : storedHeight;
    }

    /// <summary>Width in pixels as the image is seen, EXIF orientation applied.</summary>
    public int Width { get; }

    /// <summary>Height in pixels as the image is seen, EXIF orientation applied.</summary>
    public int Height { get; }

    internal int StoredWidth { get; }

    internal int StoredHeight { get; }

    /// <summary>From a pixel of the upright image to a stored pixel.</summary>
    internal AffineMap ToStored { get; }

    /// <summary>One value a stored pixel, rows top to bottom: red in the lowest byte, then green, blue, alpha.</summary>
    /// <exception cref="ObjectDisposedException">The image has been disposed.</exception>
    internal ReadOnlySpan<uint> Pixels => MemoryMarshal.Cast<byte, uint>(_pixels.Span);

    /// <summary>The colour of one pixel of the upright image.</summary>
    /// <param name="x">0 to <see cref="Width"/> − 1.</param>
    /// <param name="y">0 to <see cref="Height"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pixel is outside the image.</exception>
    /// <exception cref="ObjectDisposedException">The image has been disposed.</exception>
    public (byte Red, byte Green, byte Blue) GetPixel(int x, int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(x, Width);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, Height);
        Point2 stored = ToStored.Apply(new Point2(x, y));
        uint pixel = Pixels[((int)stored.Y * StoredWidth) + (int)stored.X];
        return ((byte)pixel, (byte)(pixel >> 8), (byte)(pixel >> 16));
    }

    /// <summary>Gives the memory back. Further calls do nothing.</summary>
    public void Dispose() => _pixels.Dispose();
}

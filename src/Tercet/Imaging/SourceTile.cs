using System.Buffers;
using System.Numerics;

namespace Tercet.Imaging;

/// <summary>
/// The part of an image that one output needs, as floating-point colours, reduced by whole numbers so that an output pixel steps over about one
/// tile pixel: each tile pixel is the mean of a box of <c>kx × ky</c> image pixels (fewer at the right and bottom edge), <c>k = ⌊step + ½⌋</c>.
/// </summary>
internal readonly struct SourceTile : IDisposable
{
    private readonly Vector4[] _colours;

    /// <param name="image">The image.</param>
    /// <param name="map">From an output pixel to a stored pixel.</param>
    /// <param name="width">Width of the output.</param>
    /// <param name="height">Height of the output.</param>
    internal SourceTile(DecodedImage image, AffineMap map, int width, int height)
    {
        int boxX = BoxSide(map.A, map.B, image.StoredWidth);
        int boxY = BoxSide(map.D, map.E, image.StoredHeight);

        // The centre of box i is image pixel i·k + (k − 1)/2.
        AffineMap inBoxes = new AffineMap(1.0 / boxX, 0, (1.0 - boxX) / (2 * boxX), 0, 1.0 / boxY, (1.0 - boxY) / (2 * boxY)).After(map);
        (int left, int right) = Range(inBoxes.A, inBoxes.B, inBoxes.C, width, height, (image.StoredWidth + boxX - 1) / boxX);
        (int top, int bottom) = Range(inBoxes.D, inBoxes.E, inBoxes.F, width, height, (image.StoredHeight + boxY - 1) / boxY);

        Width = right - left + 1;
        Height = bottom - top + 1;
        Map = inBoxes with { C = inBoxes.C - left, F = inBoxes.F - top };

        // Taken before the rented array, so that a disposed image throws with nothing to give back.
        ReadOnlySpan<uint> pixels = image.Pixels;
        _colours = ArrayPool<Vector4>.Shared.Rent(checked(Width * Height));
        for (int y = 0; y < Height; y++)
        {
            int row = (top + y) * boxY;
            int rows = Math.Min(boxY, image.StoredHeight - row);
            for (int x = 0; x < Width; x++)
            {
                int column = (left + x) * boxX;
                int columns = Math.Min(boxX, image.StoredWidth - column);
                _colours[(y * Width) + x] = Mean(pixels[((row * image.StoredWidth) + column)..], image.StoredWidth, columns, rows);
            }
        }
    }

    internal int Width { get; }

    internal int Height { get; }

    /// <summary>From an output pixel to a tile pixel.</summary>
    internal AffineMap Map { get; }

    public void Dispose() => ArrayPool<Vector4>.Shared.Return(_colours);

    /// <summary>The colour at a place between four pixels, red in X, edges clamped.</summary>
    internal Vector4 Sample(double x, double y)
    {
        x = Math.Clamp(x, 0, Width - 1);
        y = Math.Clamp(y, 0, Height - 1);
        int left = (int)x;
        int top = (int)y;
        int right = Math.Min(left + 1, Width - 1);
        int upper = top * Width;
        int lower = Math.Min(top + 1, Height - 1) * Width;
        float across = (float)(x - left);
        Vector4 above = Vector4.Lerp(_colours[upper + left], _colours[upper + right], across);
        Vector4 below = Vector4.Lerp(_colours[lower + left], _colours[lower + right], across);
        return Vector4.Lerp(above, below, (float)(y - top));
    }

    private static int BoxSide(double alongX, double alongY, int size) =>
        (int)Math.Clamp(Math.Floor(double.Hypot(alongX, alongY) + 0.5), 1, size);

    /// <summary>The boxes that the output reaches in one direction, clipped to those that exist. An affine map has its extremes in the corners.</summary>
    private static (int First, int Last) Range(double a, double b, double c, int width, int height, int count)
    {
        double x = a * (width - 1);
        double y = b * (height - 1);
        double least = c + Math.Min(0, x) + Math.Min(0, y);
        double most = c + Math.Max(0, x) + Math.Max(0, y);
        return ((int)Math.Clamp(Math.Floor(least), 0, count - 1), (int)Math.Clamp(Math.Floor(most) + 1, 0, count - 1));
    }

    private static Vector4 Mean(ReadOnlySpan<uint> pixels, int stride, int columns, int rows)
    {
        Vector4 total = default;
        for (int y = 0; y < rows; y++)
        {
            uint red = 0;
            uint green = 0;
            uint blue = 0;
            foreach (uint pixel in pixels.Slice(y * stride, columns))
            {
                red += pixel & 0xFF;
                green += (pixel >> 8) & 0xFF;
                blue += (pixel >> 16) & 0xFF;
            }

            total += new Vector4(red, green, blue, 0);
        }

        return total / ((float)columns * rows);
    }
}

using System.Numerics;

namespace Tercet.Imaging;

/// <summary>
/// Brings a decoded image into the form a model takes, straight into the caller's memory: sampled through an affine map with bilinear
/// interpolation and clamped edges, then <c>(pixel − mean) · scale</c>. Safe to use from many threads.
/// </summary>
/// <remarks>
/// Where an output pixel steps over 1.5 image pixels or more, boxes of <c>⌊step + ½⌋</c> image pixels are averaged first, in each direction for itself, so that
/// a large photo does not alias; below that the interpolation is the plain one. Colours are float32, coordinates float64.
/// </remarks>
public sealed class ImagePreprocessor
{
    private readonly Vector4 _mean;
    private readonly Vector4 _scale;

    /// <summary>Creates a preprocessor.</summary>
    /// <param name="preprocessing">What the model expects.</param>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public ImagePreprocessor(Preprocessing preprocessing)
    {
        ArgumentNullException.ThrowIfNull(preprocessing);
        if (preprocessing.FindFault() is { } fault)
            throw new ArgumentException($"The preprocessing cannot be used: {fault}.", nameof(preprocessing));
        Preprocessing = preprocessing;
        _mean = InRgb(preprocessing.Mean.AsSpan(), preprocessing.ChannelOrder);
        _scale = InRgb(preprocessing.Scale.AsSpan(), preprocessing.ChannelOrder);
    }

    /// <summary>What the model expects.</summary>
    public Preprocessing Preprocessing { get; }

    /// <summary>Writes one image, aligned as <see cref="Preprocessing.Alignment"/> says.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">Receives <see cref="Preprocessing.Length"/> floats: <c>[3, Height, Width]</c> or <c>[Height, Width, 3]</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="ObjectDisposedException">The image has been disposed.</exception>
    public void Write(DecodedImage image, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(image);
        Write(image, Preprocessing.Alignment.MapFor(image.Width, image.Height, Preprocessing.Width, Preprocessing.Height), destination);
    }

    /// <summary>Writes one image, aligned by a map of its own.</summary>
    /// <param name="image">The image.</param>
    /// <param name="map">From a pixel of the output to a pixel of the image as it is seen; <see cref="AffineMap.FromLandmarks"/> makes one.</param>
    /// <param name="destination">Receives <see cref="Preprocessing.Length"/> floats: <c>[3, Height, Width]</c> or <c>[Height, Width, 3]</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length, or the map is not finite.</exception>
    /// <exception cref="ObjectDisposedException">The image has been disposed.</exception>
    public void Write(DecodedImage image, AffineMap map, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(image);
        (int width, int height) = (Preprocessing.Width, Preprocessing.Height);
        if (destination.Length != Preprocessing.Length)
            throw new ArgumentException($"One image is {Preprocessing.Length} floats (3 × {height} × {width}), not {destination.Length}.", nameof(destination));
        if (!map.IsFinite)
            throw new ArgumentException($"The map {map} is not finite.", nameof(map));

        bool planar = Preprocessing.Layout == TensorLayout.Nchw;
        int pixelStep = planar ? 1 : 3;
        int channelStep = planar ? width * height : 1;
        int red = Preprocessing.ChannelOrder == ChannelOrder.Rgb ? 0 : 2 * channelStep;
        int blue = (2 * channelStep) - red;

        using SourceTile tile = new(image, image.ToStored.After(map), width, height);
        AffineMap toTile = tile.Map;
        int at = 0;
        for (int y = 0; y < height; y++)
        {
            double rowX = (toTile.B * y) + toTile.C;
            double rowY = (toTile.E * y) + toTile.F;
            for (int x = 0; x < width; x++, at += pixelStep)
            {
                Vector4 colour = (tile.Sample((toTile.A * x) + rowX, (toTile.D * x) + rowY) - _mean) * _scale;
                destination[at + red] = colour.X;
                destination[at + channelStep] = colour.Y;
                destination[at + blue] = colour.Z;
            }
        }
    }

    private static Vector4 InRgb(ReadOnlySpan<float> values, ChannelOrder order) =>
        order == ChannelOrder.Rgb ? new Vector4(values[0], values[1], values[2], 0) : new Vector4(values[2], values[1], values[0], 0);
}

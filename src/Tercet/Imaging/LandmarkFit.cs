namespace Tercet.Imaging;

/// <summary>Fits a similarity to the ArcFace template.</summary>
internal static class LandmarkFit
{
    /// <summary>Width and height of the image that the template is given for.</summary>
    internal const int TemplateSize = 112;

    /// <summary>Eyes, nose tip and corners of the mouth in an aligned 112 × 112 face (Deng et al. 2019, the reference points of the ArcFace code).</summary>
    internal static ReadOnlySpan<Point2> Template => TemplatePoints;

    private static readonly Point2[] TemplatePoints =
    [
        new(38.2946, 51.6963),
        new(73.5318, 51.5014),
        new(56.0252, 71.7366),
        new(41.5493, 92.3655),
        new(70.7299, 92.2041),
    ];

    internal static AffineMap Fit(ReadOnlySpan<Point2> five, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (five.Length != TemplatePoints.Length)
            throw new ArgumentException($"Five landmarks are needed, not {five.Length}.", nameof(five));
        for (int i = 0; i < five.Length; i++)
        {
            if (!double.IsFinite(five[i].X) || !double.IsFinite(five[i].Y))
                throw new ArgumentException($"Landmark {i} is ({five[i].X}, {five[i].Y}), not a finite point.", nameof(five));
        }

        Span<Point2> target = stackalloc Point2[TemplatePoints.Length];
        double scale = (double)height / TemplateSize;
        double shift = (width - height) / 2.0;
        for (int i = 0; i < target.Length; i++)
            target[i] = new Point2(((TemplatePoints[i].X + 0.5) * scale) - 0.5 + shift, ((TemplatePoints[i].Y + 0.5) * scale) - 0.5);

        AffineMap map = FitInverse(five, target);
        return map.IsFinite ? map : throw new ArgumentException("The landmarks do not fix a scale and a rotation: they coincide or cancel out.", nameof(five));
    }

    /// <summary>
    /// With points as complex numbers the similarity is w = αz + β, and least squares gives α = Σ z̄w / Σ |z|² over the centred points: the
    /// best of all similarities without reflection, no singular value decomposition needed. The result is z = (w − β) / α.
    /// </summary>
    private static AffineMap FitInverse(ReadOnlySpan<Point2> source, ReadOnlySpan<Point2> target)
    {
        Point2 z = Centre(source);
        Point2 w = Centre(target);
        double real = 0;
        double imaginary = 0;
        double spread = 0;
        for (int i = 0; i < source.Length; i++)
        {
            double zx = source[i].X - z.X;
            double zy = source[i].Y - z.Y;
            double wx = target[i].X - w.X;
            double wy = target[i].Y - w.Y;
            real += (zx * wx) + (zy * wy);
            imaginary += (zx * wy) - (zy * wx);
            spread += (zx * zx) + (zy * zy);
        }

        // 1/α = ᾱ/|α|², with α = (real + i imaginary) / spread.
        double size = (real * real) + (imaginary * imaginary);
        double a = real * spread / size;
        double b = imaginary * spread / size;
        return new AffineMap(a, b, z.X - (a * w.X) - (b * w.Y), -b, a, z.Y + (b * w.X) - (a * w.Y));
    }

    private static Point2 Centre(ReadOnlySpan<Point2> points)
    {
        double x = 0;
        double y = 0;
        foreach (Point2 point in points)
        {
            x += point.X;
            y += point.Y;
        }

        return new Point2(x / points.Length, y / points.Length);
    }
}

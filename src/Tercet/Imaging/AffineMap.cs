namespace Tercet.Imaging;

/// <summary>
/// Maps an output pixel to the place in the source image that it is sampled from: <c>x' = A x + B y + C</c>, <c>y' = D x + E y + F</c>, in pixels, with
/// whole numbers at pixel centres.
/// </summary>
/// <param name="A">Factor of x in x'.</param>
/// <param name="B">Factor of y in x'.</param>
/// <param name="C">Offset of x'.</param>
/// <param name="D">Factor of x in y'.</param>
/// <param name="E">Factor of y in y'.</param>
/// <param name="F">Offset of y'.</param>
public readonly record struct AffineMap(double A, double B, double C, double D, double E, double F)
{
    /// <summary>Maps every pixel to itself.</summary>
    public static AffineMap Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>Whether all six numbers are finite.</summary>
    public bool IsFinite =>
        double.IsFinite(A) && double.IsFinite(B) && double.IsFinite(C) && double.IsFinite(D) && double.IsFinite(E) && double.IsFinite(F);

    /// <summary>
    /// The alignment by five landmarks that face embedders are trained with: the similarity (scale, rotation, shift, no reflection) that brings the
    /// landmarks closest to the ArcFace template in the least-squares sense, measured in the output (Umeyama 1991), turned round so that it maps output
    /// pixels to source pixels.
    /// </summary>
    /// <param name="five">Left eye, right eye, nose tip, left and right corner of the mouth, as seen in the image, in source pixels.</param>
    /// <param name="width">Width of the output.</param>
    /// <param name="height">Height of the output. The 112 × 112 template is scaled by height / 112 about the pixel edges and centred in the width.</param>
    /// <exception cref="ArgumentException">There are not five points, one is not finite, or they do not fix a similarity (they coincide).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The output has no pixels.</exception>
    public static AffineMap FromLandmarks(ReadOnlySpan<Point2> five, int width = LandmarkFit.TemplateSize, int height = LandmarkFit.TemplateSize) =>
        LandmarkFit.Fit(five, width, height);

    /// <summary>Where <paramref name="point"/> of the output lies in the source.</summary>
    /// <param name="point">A point of the output.</param>
    public Point2 Apply(Point2 point) => new((A * point.X) + (B * point.Y) + C, (D * point.X) + (E * point.Y) + F);

    /// <summary>The map that applies <paramref name="first"/> and then this one.</summary>
    /// <param name="first">The map that sees the output pixel.</param>
    public AffineMap After(AffineMap first) => new(
        (A * first.A) + (B * first.D),
        (A * first.B) + (B * first.E),
        (A * first.C) + (B * first.F) + C,
        (D * first.A) + (E * first.D),
        (D * first.B) + (E * first.E),
        (D * first.C) + (E * first.F) + F);

    /// <summary>Stretches an output of one size over a source of another, pixel edges on pixel edges: <c>x' = (x + ½) s − ½</c> in each direction.</summary>
    internal static AffineMap Stretch(double scaleX, double scaleY) =>
        new(scaleX, 0, (0.5 * scaleX) - 0.5, 0, scaleY, (0.5 * scaleY) - 0.5);
}

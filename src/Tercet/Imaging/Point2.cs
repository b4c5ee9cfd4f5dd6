namespace Tercet.Imaging;

/// <summary>A point of an image in pixels. Whole numbers are pixel centres: (0, 0) is the centre of the top left pixel.</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Downwards.</param>
public readonly record struct Point2(double X, double Y);

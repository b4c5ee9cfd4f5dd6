using Tercet.Imaging;

namespace Tercet.Tests.Imaging;

public sealed class AffineMapTests
{
    private static Point2[] Template =>
        [new(38.2946, 51.6963), new(73.5318, 51.5014), new(56.0252, 71.7366), new(41.5493, 92.3655), new(70.7299, 92.2041)];

    [Fact]
    public void After_TwoMaps_AppliesTheFirstFirst()
    {
        AffineMap first = new(1, 2, 3, 4, 5, 6);
        AffineMap second = new(-1, 0.5, 2, 3, 0, -7);
        Point2 expected = second.Apply(first.Apply(new Point2(0.25, -3)));
        Assert.Equal(expected, second.After(first).Apply(new Point2(0.25, -3)));
    }

    [Theory]
    [InlineData(1, 0, 0, 0)]
    [InlineData(2.5, 0.3, 40, -12)]
    [InlineData(0.2, 3.0, 500, 800)]
    public void FromLandmarks_TemplateMovedBySimilarity_FindsTheSimilarity(double scale, double angle, double x, double y)
    {
        AffineMap truth = new(scale * Math.Cos(angle), -scale * Math.Sin(angle), x, scale * Math.Sin(angle), scale * Math.Cos(angle), y);
        Point2[] landmarks = [.. Template.Select(truth.Apply)];
        AssertClose(truth, AffineMap.FromLandmarks(landmarks), 1e-9);
    }

    [Fact]
    public void FromLandmarks_NoisyLandmarks_IsTheLeastSquaresOptimum()
    {
        Point2[] landmarks = [new(101, 98), new(160, 110), new(122, 150), new(95, 171), new(148, 185)];
        AffineMap map = AffineMap.FromLandmarks(landmarks);
        double best = TemplateError(landmarks, map);

        // Any other scale, rotation or shift brings the landmarks less close to the template.
        foreach (double step in new[] { -1e-3, 1e-3 })
        {
            Assert.True(best < TemplateError(landmarks, map with { A = map.A + step, E = map.E + step }));
            Assert.True(best < TemplateError(landmarks, map with { B = map.B + step, D = map.D - step }));
            Assert.True(best < TemplateError(landmarks, map with { C = map.C + step }));
            Assert.True(best < TemplateError(landmarks, map with { F = map.F + step }));
        }

        Assert.Equal(map.A, map.E, 12);
        Assert.Equal(map.B, -map.D, 12);
    }

    [Fact]
    public void FromLandmarks_MirroredFace_IsNotReflected()
    {
        AffineMap map = AffineMap.FromLandmarks([.. Template.Select(p => new Point2(-p.X, p.Y))]);
        Assert.True((map.A * map.E) - (map.B * map.D) > 0);
    }

    [Fact]
    public void FromLandmarks_OtherSize_KeepsTheFraming()
    {
        Point2[] landmarks = [new(101, 98), new(160, 110), new(122, 150), new(95, 171), new(148, 185)];
        AffineMap small = AffineMap.FromLandmarks(landmarks);
        AffineMap large = AffineMap.FromLandmarks(landmarks, 224, 224);
        AffineMap narrow = AffineMap.FromLandmarks(landmarks, 96, 112);

        // The corner of the first pixel, and a cut of 8 pixels on either side.
        AssertClose(small.Apply(new Point2(-0.5, -0.5)), large.Apply(new Point2(-0.5, -0.5)));
        AssertClose(small.Apply(new Point2(111.5, 111.5)), large.Apply(new Point2(223.5, 223.5)));
        AssertClose(small.Apply(new Point2(8, 0)), narrow.Apply(new Point2(0, 0)));
    }

    [Fact]
    public void FromLandmarks_BadLandmarks_Throws()
    {
        Assert.Throws<ArgumentException>("five", () => AffineMap.FromLandmarks(new Point2[4]));
        Assert.Throws<ArgumentException>("five", () => AffineMap.FromLandmarks(new Point2[5]));
        Assert.Throws<ArgumentException>("five", () => AffineMap.FromLandmarks([.. Template[..4], new Point2(double.NaN, 0)]));
        Assert.Throws<ArgumentOutOfRangeException>("width", () => AffineMap.FromLandmarks(Template, 0, 1));
    }

    private static double TemplateError(Point2[] landmarks, AffineMap map)
    {
        double determinant = (map.A * map.E) - (map.B * map.D);
        double total = 0;
        for (int i = 0; i < landmarks.Length; i++)
        {
            (double x, double y) = (landmarks[i].X - map.C, landmarks[i].Y - map.F);
            double u = ((map.E * x) - (map.B * y)) / determinant;
            double v = ((map.A * y) - (map.D * x)) / determinant;
            total += Math.Pow(u - Template[i].X, 2) + Math.Pow(v - Template[i].Y, 2);
        }

        return total;
    }

    private static void AssertClose(Point2 expected, Point2 actual)
    {
        Assert.Equal(expected.X, actual.X, 1e-9);
        Assert.Equal(expected.Y, actual.Y, 1e-9);
    }

    private static void AssertClose(AffineMap expected, AffineMap actual, double tolerance)
    {
        Assert.Equal(expected.A, actual.A, tolerance);
        Assert.Equal(expected.B, actual.B, tolerance);
        Assert.Equal(expected.C, actual.C, tolerance);
        Assert.Equal(expected.D, actual.D, tolerance);
        Assert.Equal(expected.E, actual.E, tolerance);
        Assert.Equal(expected.F, actual.F, tolerance);
    }
}

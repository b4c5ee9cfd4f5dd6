using Tercet.Imaging;

namespace Tercet.Tests.Imaging;

public sealed class AlignmentTests
{
    [Fact]
    public void MapFor_Resize_PutsEdgesOnEdges()
    {
        AffineMap map = Alignment.Resize.MapFor(300, 50, 100, 100);
        Assert.Equal(new Point2(-0.5, -0.5), map.Apply(new Point2(-0.5, -0.5)));
        Assert.Equal(new Point2(299.5, 49.5), map.Apply(new Point2(99.5, 99.5)));
        Assert.Equal(AffineMap.Identity, Alignment.Resize.MapFor(7, 9, 7, 9));
    }

    [Fact]
    public void MapFor_CenterCropOfWideImage_CutsTheSides()
    {
        AffineMap map = Alignment.CenterCrop.MapFor(300, 100, 50, 50);
        Assert.Equal(new Point2(99.5, -0.5), map.Apply(new Point2(-0.5, -0.5)));
        Assert.Equal(new Point2(199.5, 99.5), map.Apply(new Point2(49.5, 49.5)));
    }

    [Fact]
    public void MapFor_DlibChip_IsTheMeasuredMap()
    {
        AffineMap map = Alignment.DlibChip.MapFor(150, 150, 112, 112);
        Assert.Equal(new AffineMap(1.4313, -0.0130, -5.370, 0.0130, 1.4313, -29.387), map);

        // A chip of twice the size, the same part of it.
        Point2 corner = Alignment.DlibChip.MapFor(300, 300, 112, 112).Apply(new Point2(10, 20));
        Point2 before = map.Apply(new Point2(10, 20));
        Assert.Equal((2 * before.X) + 0.5, corner.X, 1e-9);
        Assert.Equal((2 * before.Y) + 0.5, corner.Y, 1e-9);
    }

    [Fact]
    public void MapFor_OwnMap_IsThatMap()
    {
        AffineMap map = new(1, 2, 3, 4, 5, 6);
        Assert.Equal(map, Alignment.FromMap(map).MapFor(1, 2, 3, 4));
        Assert.Throws<ArgumentException>("map", () => Alignment.FromMap(map with { E = double.PositiveInfinity }));
    }

    [Theory]
    [InlineData("resize")]
    [InlineData("center-crop")]
    [InlineData("dlib-chip")]
    public void Named_KnownName_HasThatName(string name) => Assert.Equal(name, Alignment.Named(name).Name);

    [Fact]
    public void Named_UnknownName_ListsTheNames()
    {
        ArgumentException failure = Assert.Throws<ArgumentException>("name", () => Alignment.Named("fit"));
        Assert.Contains("center-crop", failure.Message, StringComparison.Ordinal);
    }
}

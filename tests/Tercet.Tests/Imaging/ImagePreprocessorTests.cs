using SkiaSharp;
using Tercet.Imaging;

namespace Tercet.Tests.Imaging;

public sealed class ImagePreprocessorTests
{
    public static TheoryData<int, int, AffineMap, int, int> Maps => new()
    {
        { 9, 7, AffineMap.Identity, 9, 7 },
        { 1, 1, AffineMap.Identity, 5, 4 },
        { 150, 150, Alignment.DlibChip.MapFor(150, 150, 112, 112), 112, 112 },
        { 20, 30, Alignment.Resize.MapFor(20, 30, 47, 13), 47, 13 }, // up in one direction, down by 2.3 in the other
        { 301, 203, Alignment.Resize.MapFor(301, 203, 10, 9), 10, 9 }, // boxes with a rest at the edges
        { 301, 203, Alignment.CenterCrop.MapFor(301, 203, 16, 64), 16, 64 },
        { 64, 48, new AffineMap(0.8, 0.6, 5, -0.6, 0.8, 20), 40, 40 }, // turned
        { 200, 180, new AffineMap(2.1, 3.3, -60, -3.3, 2.1, 90), 33, 21 }, // turned, reduced by 4, partly outside
        { 10, 10, new AffineMap(1, 0, 1000, 0, 1, -1000), 4, 4 }, // all outside
        { 10, 10, new AffineMap(0, 0, 4.5, 0, 0, 4.25), 3, 2 }, // one point
        { 10, 10, new AffineMap(1e30, 0, 0, 0, 1e30, 0), 4, 4 },
        { 257, 3, new AffineMap(300, 0, 0, 0, 1, 0), 3, 3 }, // a box wider than the image
    };

    [Theory]
    [MemberData(nameof(Maps))]
    public void Write_AnyMap_EqualsTheReference(int sourceWidth, int sourceHeight, AffineMap map, int width, int height)
    {
        using DecodedImage image = Noise(sourceWidth, sourceHeight);
        foreach (TensorLayout layout in Enum.GetValues<TensorLayout>())
        {
            foreach (ChannelOrder order in Enum.GetValues<ChannelOrder>())
            {
                Preprocessing settings = new()
                {
                    Width = width,
                    Height = height,
                    Layout = layout,
                    ChannelOrder = order,
                    Mean = [120.5f, 3, 64],
                    Scale = [0.5f, 2, -0.0078125f],
                };
                float[] output = new float[settings.Length];
                new ImagePreprocessor(settings).Write(image, map, output);
                double[] expected = Reference(sourceWidth, sourceHeight, map, settings);
                for (int i = 0; i < output.Length; i++)
                    Assert.True(Math.Abs(expected[i] - output[i]) < 1e-3, $"{layout} {order} [{i}]: {expected[i]} expected, {output[i]} found");
            }
        }
    }

    [Fact]
    public void Write_StrongReduction_DoesNotAlias()
    {
        // A chessboard of single pixels: grey from afar, whereas plain interpolation between neighbours would see black, white or stripes.
        byte[] bytes = TestImages.Encode(SKEncodedImageFormat.Png, 512, 512, (x, y) => (x + y) % 2 == 0 ? SKColors.White : SKColors.Black);
        using DecodedImage image = new ImageDecoder().Decode(bytes, "board");
        float[] output = new float[3 * 32 * 32];
        new ImagePreprocessor(new Preprocessing { Width = 32, Height = 32 }).Write(image, output);
        Assert.All(output, value => Assert.Equal(127.5f, value, 0.01f));
    }

    [Fact]
    public void Write_OneColour_IsKeptAtEveryScale()
    {
        byte[] bytes = TestImages.Encode(SKEncodedImageFormat.Png, 61, 37, (_, _) => new SKColor(10, 20, 30));
        using DecodedImage image = new ImageDecoder().Decode(bytes, "plain");
        foreach (int size in new[] { 1, 5, 20, 100 })
        {
            float[] output = new float[3 * size * size];
            new ImagePreprocessor(new Preprocessing { Width = size, Height = size }).Write(image, output);
            for (int i = 0; i < output.Length; i++)
                Assert.Equal(10f * (1 + (i / (size * size))), output[i], 1e-4f);
        }
    }

    [Fact]
    public void Write_SteadyState_AllocatesNothing()
    {
        using DecodedImage image = Noise(150, 150);
        ImagePreprocessor preprocessor = new(new Preprocessing { Width = 112, Height = 112, Alignment = Alignment.DlibChip });
        float[] output = new float[preprocessor.Preprocessing.Length];
        for (int i = 0; i < 3; i++)
            preprocessor.Write(image, output);
        GC.Collect();
        long before = GC.GetAllocatedBytesForCurrentThread();
        preprocessor.Write(image, output);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Write_WrongArguments_Throws()
    {
        DecodedImage image = Noise(4, 4);
        ImagePreprocessor preprocessor = new(new Preprocessing { Width = 2, Height = 2 });
        Assert.Throws<ArgumentException>("destination", () => preprocessor.Write(image, new float[11]));
        Assert.Throws<ArgumentException>("map", () => preprocessor.Write(image, AffineMap.Identity with { C = double.NaN }, new float[12]));
        image.Dispose();
        Assert.Throws<ObjectDisposedException>(() => preprocessor.Write(image, new float[12]));
    }

    [Fact]
    public void Constructor_WrongSettings_NamesThem()
    {
        ArgumentException size = Assert.Throws<ArgumentException>("preprocessing", () => new ImagePreprocessor(new Preprocessing { Height = 2 }));
        Assert.Contains("width 0", size.Message, StringComparison.Ordinal);
        ArgumentException mean = Assert.Throws<ArgumentException>("preprocessing", () => new ImagePreprocessor(new Preprocessing { Width = 1, Height = 1, Mean = default }));
        Assert.Contains("mean", mean.Message, StringComparison.Ordinal);
    }

    private static DecodedImage Noise(int width, int height) =>
        new ImageDecoder().Decode(TestImages.Encode(SKEncodedImageFormat.Png, width, height, TestImages.Noise), "noise");

    /// <summary>The definition, in float64: reduce the whole image by boxes, then interpolate between the four nearest boxes.</summary>
    private static double[] Reference(int sourceWidth, int sourceHeight, AffineMap map, Preprocessing settings)
    {
        int boxX = (int)Math.Clamp(Math.Floor(Math.Sqrt((map.A * map.A) + (map.B * map.B)) + 0.5), 1, sourceWidth);
        int boxY = (int)Math.Clamp(Math.Floor(Math.Sqrt((map.D * map.D) + (map.E * map.E)) + 0.5), 1, sourceHeight);
        (int columns, int rows) = ((sourceWidth + boxX - 1) / boxX, (sourceHeight + boxY - 1) / boxY);
        double[,,] boxes = new double[rows, columns, 4];
        for (int y = 0; y < sourceHeight; y++)
        {
            for (int x = 0; x < sourceWidth; x++)
            {
                SKColor colour = TestImages.Noise(x, y);
                boxes[y / boxY, x / boxX, 0] += colour.Red;
                boxes[y / boxY, x / boxX, 1] += colour.Green;
                boxes[y / boxY, x / boxX, 2] += colour.Blue;
                boxes[y / boxY, x / boxX, 3]++;
            }
        }

        double[] output = new double[settings.Length];
        for (int y = 0; y < settings.Height; y++)
        {
            for (int x = 0; x < settings.Width; x++)
            {
                Point2 source = map.Apply(new Point2(x, y));
                double u = Math.Clamp((source.X - ((boxX - 1) / 2.0)) / boxX, 0, columns - 1);
                double v = Math.Clamp((source.Y - ((boxY - 1) / 2.0)) / boxY, 0, rows - 1);
                (int left, int top) = ((int)Math.Floor(u), (int)Math.Floor(v));
                (int right, int bottom) = (Math.Min(left + 1, columns - 1), Math.Min(top + 1, rows - 1));
                for (int channel = 0; channel < 3; channel++)
                {
                    int colour = settings.ChannelOrder == ChannelOrder.Rgb ? channel : 2 - channel;
                    double Box(int row, int column) => boxes[row, column, colour] / boxes[row, column, 3];
                    double above = Box(top, left) + ((Box(top, right) - Box(top, left)) * (u - left));
                    double below = Box(bottom, left) + ((Box(bottom, right) - Box(bottom, left)) * (u - left));
                    double value = above + ((below - above) * (v - top));
                    int at = settings.Layout == TensorLayout.Nchw
                        ? (((channel * settings.Height) + y) * settings.Width) + x
                        : (((y * settings.Width) + x) * 3) + channel;
                    output[at] = (value - settings.Mean[channel]) * settings.Scale[channel];
                }
            }
        }

        return output;
    }
}

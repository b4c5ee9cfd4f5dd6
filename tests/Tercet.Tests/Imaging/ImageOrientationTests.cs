using SkiaSharp;
using Tercet.Imaging;

namespace Tercet.Tests.Imaging;

public sealed class ImageOrientationTests
{
    private static readonly SKColor Red = new(255, 0, 0);
    private static readonly SKColor Green = new(0, 255, 0);
    private static readonly SKColor Blue = new(0, 0, 255);
    private static readonly SKColor White = new(255, 255, 255);

    // The colours of the upright image's corners: top left, top right, bottom left, bottom right. Stored: R G / B W.
    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(2, "GRWB")]
    [InlineData(3, "WBGR")]
    [InlineData(4, "BWRG")]
    [InlineData(5, "RBGW")]
    [InlineData(6, "BRWG")]
    [InlineData(7, "WGBR")]
    [InlineData(8, "GWRB")]
    public void Decode_ExifOrientation_TurnsTheImageUpright(byte orientation, string corners)
    {
        byte[] jpeg = TestImages.Encode(SKEncodedImageFormat.Jpeg, 64, 32, (x, y) => (x < 32, y < 16) switch
        {
            (true, true) => Red,
            (false, true) => Green,
            (true, false) => Blue,
            _ => White,
        });
        using DecodedImage image = new ImageDecoder().Decode(TestImages.WithOrientation(jpeg, orientation), "image");
        Assert.Equal(orientation >= 5 ? (32, 64) : (64, 32), (image.Width, image.Height));

        (int right, int bottom) = (image.Width - 1, image.Height - 1);
        string found = string.Concat(Name(image.GetPixel(0, 0)), Name(image.GetPixel(right, 0)), Name(image.GetPixel(0, bottom)), Name(image.GetPixel(right, bottom)));
        Assert.Equal(corners, found);

        // What the model gets is the same upright image.
        Preprocessing settings = new() { Width = image.Width, Height = image.Height, Layout = TensorLayout.Nhwc };
        float[] output = new float[settings.Length];
        new ImagePreprocessor(settings).Write(image, output);
        for (int i = 0; i < output.Length; i += 3)
        {
            (byte red, byte green, byte blue) = image.GetPixel(i / 3 % image.Width, i / 3 / image.Width);
            Assert.Equal([red, green, blue], output[i..(i + 3)]);
        }
    }

    private static string Name((byte Red, byte Green, byte Blue) colour) => (colour.Red > 128, colour.Green > 128, colour.Blue > 128) switch
    {
        (true, false, false) => "R",
        (false, true, false) => "G",
        (false, false, true) => "B",
        (true, true, true) => "W",
        _ => $"{colour}",
    };
}

using System.Text;
using SkiaSharp;
using Tercet.Imaging;
using Tercet.Memory;

namespace Tercet.Tests.Imaging;

public sealed class ImageDecoderTests : IDisposable
{
    private readonly TestImages _images = new();
    private readonly ImageDecoder _decoder = new();

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Decode_Png_ReturnsEveryPixel()
    {
        using DecodedImage image = _decoder.Decode(_images.Save("a.png", TestImages.Encode(SKEncodedImageFormat.Png, 13, 7, TestImages.Noise)));
        Assert.Equal((13, 7), (image.Width, image.Height));
        for (int y = 0; y < 7; y++)
        {
            for (int x = 0; x < 13; x++)
            {
                SKColor expected = TestImages.Noise(x, y);
                Assert.Equal((expected.Red, expected.Green, expected.Blue), image.GetPixel(x, y));
            }
        }
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_LossyFormat_ReturnsTheColour(SKEncodedImageFormat format)
    {
        byte[] bytes = TestImages.Encode(format, 32, 16, (_, _) => new SKColor(200, 100, 50));
        using DecodedImage image = _decoder.Decode(bytes, "image");
        (byte red, byte green, byte blue) = image.GetPixel(20, 9);
        Assert.Equal((32, 16), (image.Width, image.Height));
        Assert.InRange(red, 196, 204);
        Assert.InRange(green, 96, 104);
        Assert.InRange(blue, 46, 54);
    }

    [Fact]
    public void Decode_OnePixel_IsAnImage()
    {
        using DecodedImage image = _decoder.Decode(TestImages.Encode(SKEncodedImageFormat.Png, 1, 1, (_, _) => new SKColor(1, 2, 3)), "dot");
        Assert.Equal((1, 2, 3), image.GetPixel(0, 0));
    }

    [Theory]
    [InlineData(8, 0, new byte[] { 77 }, 77, 77, 77)] // grey
    [InlineData(16, 0, new byte[] { 77, 0 }, 77, 77, 77)]
    [InlineData(1, 0, new byte[] { 0x80 }, 255, 255, 255)]
    [InlineData(8, 4, new byte[] { 77, 0 }, 77, 77, 77)] // grey, fully transparent: the colour under it counts
    [InlineData(8, 6, new byte[] { 10, 20, 30, 128 }, 10, 20, 30)]
    [InlineData(16, 2, new byte[] { 10, 0, 20, 0, 30, 0 }, 10, 20, 30)]
    [InlineData(16, 6, new byte[] { 10, 0, 20, 0, 30, 0, 128, 0 }, 10, 20, 30)]
    [InlineData(4, 3, new byte[] { 0x10 }, 9, 8, 7)] // palette, entry 1
    public void Decode_PngOfAnyKind_BecomesEightBitColour(byte bitDepth, byte colourType, byte[] row, int red, int green, int blue)
    {
        byte[]? palette = colourType == 3 ? [1, 2, 3, 9, 8, 7] : null;
        using DecodedImage image = _decoder.Decode(PngBuilder.Build(1, 1, bitDepth, colourType, [row], palette), "image");
        Assert.Equal(((byte)red, (byte)green, (byte)blue), image.GetPixel(0, 0));
    }

    [Fact]
    public void Decode_CmykJpeg_BecomesRgb()
    {
        using DecodedImage image = _decoder.Decode(CmykJpeg.Red(), "cmyk.jpg");
        (byte red, byte green, byte blue) = image.GetPixel(4, 4);
        Assert.True(red > 200 && green < 60 && blue < 60, $"({red}, {green}, {blue})");
    }

    [Fact]
    public void Decode_SameSize_ReusesMemory()
    {
        using PinnedBufferPool pool = new();
        ImageDecoder decoder = new(pool: pool);
        byte[] bytes = TestImages.Encode(SKEncodedImageFormat.Png, 64, 64, TestImages.Noise);
        decoder.Decode(bytes, "image").Dispose();
        long idle = pool.IdleBytes;
        decoder.Decode(bytes, "image").Dispose();
        Assert.True(idle >= 64 * 64 * 4);
        Assert.Equal(idle, pool.IdleBytes);
    }

    [Fact]
    public void Decode_MissingFile_SaysNotFound() => AssertFails(_images.PathOf("none.jpg"), ImageErrorReason.NotFound);

    [Fact]
    public void Decode_MissingFolder_SaysNotFound() => AssertFails(_images.PathOf("none/none.jpg"), ImageErrorReason.NotFound);

    [Fact]
    public void Decode_Folder_SaysUnreadable() => AssertFails(_images.PathOf(""), ImageErrorReason.Unreadable);

    [Fact]
    public void Decode_ZeroBytes_SaysEmpty() => AssertFails(_images.Save("empty.jpg", []), ImageErrorReason.Empty);

    [Theory]
    [InlineData("This is a text, whatever its name says.")]
    [InlineData("BMW is a text as well.")]
    [InlineData("x")]
    public void Decode_Text_SaysNotAnImage(string text) => AssertFails(_images.Save("text.jpg", Encoding.UTF8.GetBytes(text)), ImageErrorReason.NotAnImage);

    [Fact]
    public void Decode_OtherImageFormat_NamesIt()
    {
        ImageException failure = AssertFails(_images.Save("a.jpg", [.. "GIF89a"u8, .. new byte[64]]), ImageErrorReason.UnsupportedFormat);
        Assert.Contains("GIF", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg, 4)]
    [InlineData(SKEncodedImageFormat.Jpeg, 200)]
    [InlineData(SKEncodedImageFormat.Jpeg, -2000)]
    [InlineData(SKEncodedImageFormat.Png, 8)]
    [InlineData(SKEncodedImageFormat.Png, 40)]
    [InlineData(SKEncodedImageFormat.Png, -2000)]
    [InlineData(SKEncodedImageFormat.Webp, 12)]
    [InlineData(SKEncodedImageFormat.Webp, -2000)]
    public void Decode_CutShort_SaysTruncated(SKEncodedImageFormat format, int length)
    {
        byte[] whole = TestImages.Encode(format, 96, 96, TestImages.Noise, quality: 90);
        byte[] cut = whole[..(length > 0 ? length : whole.Length + length)];
        AssertFails(_images.Save("cut", cut), ImageErrorReason.Truncated);
    }

    [Fact]
    public void Decode_DamagedPng_SaysTruncated()
    {
        byte[] bytes = TestImages.Encode(SKEncodedImageFormat.Png, 96, 96, TestImages.Noise);
        bytes.AsSpan(bytes.Length / 2, 64).Clear();
        AssertFails(_images.Save("damaged.png", bytes), ImageErrorReason.Truncated);
    }

    [Fact]
    public void Decode_FileOverTheLimit_SaysTooLarge()
    {
        string path = _images.Save("a.png", TestImages.Encode(SKEncodedImageFormat.Png, 9, 9, TestImages.Noise));
        long length = new FileInfo(path).Length;
        new ImageDecoder(new ImageLimits { MaxFileBytes = length }).Decode(path).Dispose();
        ImageException failure = Assert.Throws<ImageException>(() => new ImageDecoder(new ImageLimits { MaxFileBytes = length - 1 }).Decode(path));
        Assert.Equal(ImageErrorReason.TooLarge, failure.Reason);
        Assert.Contains($"{length - 1}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_HeaderOfTenBillionPixels_IsRefusedWithoutMemory()
    {
        using PinnedBufferPool pool = new();
        string path = _images.Save("bomb.png", PngBuilder.Build(100_000, 100_000, 8, 2, [new byte[300]]));
        ImageException failure = Assert.Throws<ImageException>(() => new ImageDecoder(pool: pool).Decode(path));
        Assert.Equal(ImageErrorReason.TooManyPixels, failure.Reason);
        Assert.Contains("100000 × 100000", failure.Message, StringComparison.Ordinal);
        Assert.True(pool.IdleBytes < 1 << 16);
    }

    [Fact]
    public void Decode_PixelsOverTheLimit_SaysTooManyPixels()
    {
        byte[] bytes = TestImages.Encode(SKEncodedImageFormat.Jpeg, 20, 10, TestImages.Noise);
        new ImageDecoder(new ImageLimits { MaxPixels = 200 }).Decode(bytes, "image").Dispose();
        ImageException failure = Assert.Throws<ImageException>(() => new ImageDecoder(new ImageLimits { MaxPixels = 199 }).Decode(bytes, "image"));
        Assert.Equal(ImageErrorReason.TooManyPixels, failure.Reason);
    }

    [Fact]
    public void Constructor_LimitOutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageDecoder(new ImageLimits { MaxPixels = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageDecoder(new ImageLimits { MaxFileBytes = 1L << 40 }));
    }

    [Fact]
    public void GetPixel_AfterDispose_Throws()
    {
        DecodedImage image = _decoder.Decode(TestImages.Encode(SKEncodedImageFormat.Png, 2, 2, TestImages.Noise), "image");
        image.Dispose();
        Assert.Throws<ObjectDisposedException>(() => image.GetPixel(0, 0));
    }

    private ImageException AssertFails(string path, ImageErrorReason reason)
    {
        ImageException failure = Assert.Throws<ImageException>(() => _decoder.Decode(path));
        Assert.Equal(reason, failure.Reason);
        Assert.Equal(path, failure.Path);
        Assert.StartsWith(path + ": ", failure.Message, StringComparison.Ordinal);
        return failure;
    }
}
